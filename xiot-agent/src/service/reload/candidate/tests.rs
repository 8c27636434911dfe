//! What is read of files and revisions, and what of it is left out.

use std::{fs, time::Duration};

use super::{Candidate, ReloadError, Seen, before, gateway_in_force};
use crate::{
    service::{
        files::{self, Files},
        keeper::Keeper,
        sample,
    },
    store::{Record, Text, Texts},
};

const POLICY: &str = "onboarding: learn\n";

/// A gateway file that says this beside its wire.
fn gateway(more: &str) -> String {
    format!("wires: [{{name: a, device: eth1, uplink: eth2}}]\n{more}")
}

/// An agent's directory, what it has in force, and who keeps its revisions.
struct Agent {
    directory: tempfile::TempDir,
    old: Files,
    keeper: Keeper,
}

impl Agent {
    /// That enforces by this gateway file.
    fn new(more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let [gateway_file, policy] =
            ["gateway.yaml", "policy.yaml"].map(|it| directory.path().join(it));
        fs::write(&gateway_file, gateway(more)).unwrap();
        fs::write(&policy, POLICY).unwrap();
        let checked = files::check(&gateway_file, &policy, 0).unwrap();
        Self {
            old: checked.into_files().unwrap(),
            keeper: Keeper::open(&directory.path().join("state")).unwrap(),
            directory,
        }
    }

    /// Another gateway file on the disk.
    fn write(&self, more: &str) {
        fs::write(self.directory.path().join("gateway.yaml"), gateway(more)).unwrap();
    }

    /// A revision with this gateway file comes into force.
    fn keep(&mut self, number: u64, more: &str, trial: Option<u64>) {
        let texts = Texts {
            gateway: gateway(more).into(),
            policy: POLICY.into(),
        };
        let record = Record {
            applied: None,
            gateway: Text::of("gateway.yaml", &texts.gateway),
            policy: Text::of("policy.yaml", &texts.policy),
            ..sample::record(number)
        };
        let begun = self.keeper.begin(record, texts);
        let trial = trial.map(|back_to| (back_to, Duration::from_mins(1)));
        self.keeper.ends(begun, trial).unwrap();
    }

    fn before(&mut self) -> Result<u64, ReloadError> {
        before(&mut self.keeper).map(|record| record.number)
    }

    /// Of how long the grace is by the gateway file that stays.
    fn grace_in_force(&mut self) -> Result<Duration, ReloadError> {
        let loaded = gateway_in_force(&mut self.keeper, &self.old, true)?;
        Ok(loaded.value.unwrap().grace)
    }
}

#[test]
fn a_policy_file_that_is_as_it_was_is_not_loaded_over_the_gateway_file() {
    let texts = |gateway: &str, policy: &str| [gateway.to_owned(), policy.to_owned()];
    let then = texts("g1", "p1");
    for (now, what) in [
        (texts("g1", "p1"), None),
        (texts("g2", "p1"), Some(Candidate::Gateway)),
        (texts("g1", "p2"), Some(Candidate::Files)),
        (texts("g2", "p2"), Some(Candidate::Files)),
    ] {
        assert_eq!(
            Candidate::of_news(&Seen(now.clone()), &then),
            what,
            "{now:?}"
        );
    }
}

#[test]
fn the_way_back_is_to_what_was_in_force() {
    let mut agent = Agent::new("");
    assert!(matches!(agent.before(), Err(ReloadError::NothingBefore)));
    agent.keep(1, "", None);
    assert!(matches!(agent.before(), Err(ReloadError::NothingBefore)));
    agent.keep(2, "", None);
    // It was never in force, however it came to be left.
    let unused = Record {
        applied: None,
        ..sample::record(3)
    };
    let texts = agent.keeper.get(2).unwrap().unwrap();
    let texts = agent.keeper.texts(&texts).unwrap();
    agent.keeper.begin(unused, texts).kept().unwrap();
    agent.keep(4, "", None);
    assert_eq!(agent.before().unwrap(), 2);
    // And from a trial to what that goes back to.
    agent.keep(5, "", Some(2));
    assert_eq!(agent.before().unwrap(), 2);
    agent.keeper.confirm().unwrap();
    assert_eq!(agent.before().unwrap(), 4);
}

#[test]
fn the_gateway_file_that_stays_is_that_in_force_whatever_is_on_the_disk() {
    let mut agent = Agent::new("grace: 1m\n");
    agent.write("grace: 2m\n");
    // Where nothing is kept, that on the disk is all there is.
    assert_eq!(agent.grace_in_force().unwrap(), Duration::from_mins(2));
    agent.keep(1, "grace: 1m\n", None);
    assert_eq!(agent.grace_in_force().unwrap(), Duration::from_mins(1));
    // What is kept is of another start: that of this one could not be written down.
    agent.keep(2, "grace: 3m\ncapacity: {flows: 100}\n", None);
    assert_eq!(agent.grace_in_force().unwrap(), Duration::from_mins(2));
    agent.write("pins: /sys/fs/bpf/other\n");
    let refused = agent.grace_in_force().unwrap_err();
    assert!(
        matches!(&refused, ReloadError::Gateway { keys, .. } if *keys == ["pins"]),
        "{refused}"
    );
}

#[test]
fn a_gateway_file_that_takes_a_restart_is_refused_but_left_out_of_a_revision() {
    let mut agent = Agent::new("");
    agent.keep(1, "capacity: {flows: 100}\n", None);
    agent.keep(2, "", None);
    let old = agent.old.clone();
    let read = Candidate::Revision(None).read(&mut agent.keeper, &old, true);
    let read = read.unwrap();
    assert_eq!(read.revision, Some(1));
    assert!(read.remark.unwrap().contains("revision 1 is left out"));
    assert_eq!(&*read.both.texts().gateway, gateway(""));
    agent.write("capacity: {flows: 100}\n");
    let sent = Candidate::Policy {
        file: "sent.yaml".to_owned(),
        text: POLICY.into(),
    };
    for what in [Candidate::Files, Candidate::Gateway, sent] {
        let refused = what.read(&mut agent.keeper, &old, true).err().unwrap();
        assert!(matches!(refused, ReloadError::Gateway { .. }), "{refused}");
    }
}

#[test]
fn guards_take_a_program_that_has_them() {
    let mut agent = Agent::new("");
    let old = agent.old.clone();
    let refused = Candidate::Files.read(&mut agent.keeper, &old, false).err();
    assert!(matches!(refused, Some(ReloadError::Guards { .. })));
    let read = Candidate::Files.read(&mut agent.keeper, &old, true);
    assert_eq!(read.unwrap().revision, None);
}

#[test]
fn the_gateway_file_alone_comes_with_the_policy_in_force() {
    let mut agent = Agent::new("");
    agent.keep(1, "", None);
    agent.write("grace: 2m\n");
    fs::write(agent.directory.path().join("policy.yaml"), "nonsense: 1\n").unwrap();
    let read = Candidate::Gateway.read(&mut agent.keeper, &agent.old, true);
    let texts = read.unwrap().both.texts();
    assert_eq!(
        (&*texts.gateway, &*texts.policy),
        (&*gateway("grace: 2m\n"), POLICY)
    );
}
