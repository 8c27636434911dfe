//! What is kept is found again, what is damaged is set aside, and power may fail at any byte.

mod damage;
pub(super) mod disk;
mod full;
mod power;

use std::fs;

use jiff::Timestamp;

use super::{
    copy::read,
    database::{OpenError, Opened, open},
    record::{Author, Cause, Record, Summary, Text, Texts, Trial},
    revisions::Revisions,
};

/// Texts that differ from revision to revision, too long for one page.
fn texts(number: u64) -> Texts {
    let lines = (0..200).map(|line| format!("  - {{name: pump-{line}, revision: {number}}}\n"));
    Texts {
        gateway: "wires: []\n".into(),
        policy: lines.collect::<String>().into(),
    }
}

fn record(number: u64) -> Record {
    let texts = texts(number);
    Record {
        number,
        written: Timestamp::from_second(1_000_000).unwrap(),
        applied: None,
        cause: Cause::Apply,
        author: Author::User {
            uid: 0,
            name: Some("root".to_owned()),
        },
        reason: Some(format!("reason {number}")),
        image: "00".repeat(32),
        compiled_at: number,
        policy: Text::of("policy.yaml", &texts.policy),
        gateway: Text::of("gateway.yaml", &texts.gateway),
        seen: [String::new(), String::new()],
        summary: Summary::default(),
        back_to: None,
        confirmed: None,
    }
}

/// Writes it down and marks it, as one that is put in force.
fn put(revisions: &Revisions, mut record: Record) {
    revisions.begin(&record, &texts(record.number)).unwrap();
    record.applied = Some(record.written);
    revisions.applied(&record).unwrap();
}

fn opened(directory: &tempfile::TempDir) -> Opened<Revisions> {
    open(directory.path()).unwrap()
}

#[test]
fn what_is_put_in_force_is_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let before = opened(&directory);
    assert!(before.set_aside.is_none());
    assert_eq!(before.content.in_force().unwrap(), None);
    put(&before.content, record(1));
    put(&before.content, record(2));
    before.content.begin(&record(3), &texts(3)).unwrap();
    drop(before);

    let Opened {
        content: revisions,
        set_aside,
    } = opened(&directory);
    assert_eq!(set_aside, None);
    let in_force = revisions.in_force().unwrap().unwrap();
    assert_eq!(in_force.number, 2);
    assert_eq!(revisions.texts(&in_force).unwrap(), texts(2));
    assert_eq!(revisions.newest().unwrap(), Some(record(3)));
    revisions.withdraw(3).unwrap();
    let numbers: Vec<_> = revisions.list(9).unwrap();
    let numbers: Vec<_> = numbers.iter().map(|record| record.number).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(revisions.list(1).unwrap().len(), 1);
    assert_eq!(revisions.count().unwrap(), 2);
    assert_eq!(revisions.get(9).unwrap(), None);
}

#[test]
fn a_trial_lasts_until_it_is_confirmed_or_something_else_is_in_force() {
    let directory = tempfile::tempdir().unwrap();
    let Opened {
        content: revisions, ..
    } = opened(&directory);
    put(&revisions, record(1));
    let on_trial = |number| Record {
        back_to: Some(1),
        ..record(number)
    };
    put(&revisions, on_trial(2));
    assert_eq!(
        revisions.trial().unwrap(),
        Some(Trial {
            number: 2,
            back_to: 1
        })
    );
    let now = Timestamp::from_second(5).unwrap();
    revisions.confirm(2, now).unwrap();
    assert_eq!(revisions.trial().unwrap(), None);
    let confirmed = revisions.get(2).unwrap().unwrap();
    assert_eq!((confirmed.back_to, confirmed.confirmed), (None, Some(now)));
    put(&revisions, on_trial(3));
    put(&revisions, record(4));
    assert_eq!(revisions.trial().unwrap(), None);
}

#[test]
fn the_oldest_go_and_what_is_in_force_or_may_come_back_stays() {
    let directory = tempfile::tempdir().unwrap();
    let Opened {
        content: revisions, ..
    } = opened(&directory);
    put(&revisions, record(1));
    put(&revisions, record(2));
    // Written down all at once: a thousand commits take a while.
    for number in 3..=1_001 {
        revisions.begin(&record(number), &texts(3)).unwrap();
    }
    put(
        &revisions,
        Record {
            back_to: Some(1),
            ..record(1_002)
        },
    );
    assert_eq!(revisions.count().unwrap(), 1_000);
    let first = revisions.get(1).unwrap().unwrap();
    assert_eq!(revisions.texts(&first).unwrap(), texts(1));
    assert_eq!(revisions.get(2).unwrap(), None);
    assert!(revisions.texts(&record(2)).is_err(), "its text is gone too");
}

#[test]
fn one_agent_has_a_state_directory() {
    let directory = tempfile::tempdir().unwrap();
    let first = opened(&directory);
    let second = open::<Revisions>(directory.path());
    assert!(
        matches!(second, Err(OpenError::InUse(_))),
        "{second:?} beside {first:?}"
    );
}

#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::MetadataExt as _;
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("a/b");
    let opened = open::<Revisions>(&state).unwrap();
    let mode = |path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(state.clone()), 0o700);
    assert_eq!(mode(state.join("revisions.redb")), 0o600);
    drop(opened);
}
