//! What is done to a gateway that runs. Each deed leaves an agent at work, and says what must be in force then.

use rustix::process::Signal;
use xiot_tests::until::until;

use super::{
    policy::sha256,
    ward::{Decision, Ward},
};
use crate::agent::{ended, run};

/// A deed and how it is called.
type Deed = (&'static str, fn(&mut Ward<'_>));

/// All of them; what is named twice is done twice as often.
const DEEDS: &[Deed] = &[
    ("a restart", restart),
    ("a restart", restart),
    ("a kill", kill),
    ("a kill", kill),
    ("starts that were killed", killed_starts),
    ("starts that were killed", killed_starts),
    ("another size", resize),
    ("killed starts with another size", killed_resizes),
    ("a reload", reload),
    ("a reload", reload),
    ("a reload by SIGHUP", hangup),
    ("a bad file", bad_file),
    ("a policy that was sent", apply),
    ("a trial", trial),
    ("a rollback", rollback),
    ("a decision", decide),
    ("a decision", decide),
    ("a kill amid a reload", kill_amid_reload),
    ("a kill amid an apply", kill_amid_apply),
    ("a kill amid a decision", kill_amid_decision),
    ("a second agent", second_agent),
];

/// Number of them.
pub(super) const ALL: u64 = DEEDS.len() as u64;

/// Deeds in an order that chance gives, each as often as the others.
#[derive(Default)]
pub(super) struct Deck(Vec<Deed>);

impl Deck {
    /// Does the next, and looks whether all is well. Returns its name.
    pub(super) fn next(&mut self, ward: &mut Ward<'_>) -> &'static str {
        if self.0.is_empty() {
            self.0.extend(DEEDS);
        }
        let (name, deed) = self.0.swap_remove(ward.dice.below(self.0.len()));
        deed(ward);
        ward.is_well(name);
        name
    }
}

/// Deeds that one agent does and undoes, so that after them it is as it was.
pub(super) fn settled(ward: &mut Ward<'_>) {
    for deed in [
        reload,
        hangup,
        bad_file_refused,
        apply,
        rollback,
        decide,
        decide,
    ] {
        deed(ward);
    }
    ward.command(
        &[
            "explain", "--device", "pump-1", "--to", "server", "tcp", "3613",
        ],
        0,
    );
    ward.is_well("rounds of the same");
}

/// While there is no agent the program enforces what it did.
fn alone(ward: &mut Ward<'_>) {
    if ward.dice.percent(50) {
        ward.enforces("the end of an agent");
    }
}

fn restart(ward: &mut Ward<'_>) {
    ward.stop();
    alone(ward);
    ward.start();
}

fn kill(ward: &mut Ward<'_>) {
    ward.kill();
    alone(ward);
    ward.start();
}

fn killed_starts(ward: &mut Ward<'_>) {
    ward.stop();
    for _ in 0..=ward.dice.below(3) {
        ward.kill_start();
        alone(ward);
    }
    ward.start();
}

fn resize(ward: &mut Ward<'_>) {
    ward.resize();
    restart(ward);
}

fn killed_resizes(ward: &mut Ward<'_>) {
    ward.resize();
    killed_starts(ward);
}

fn reload(ward: &mut Ward<'_>) {
    let policy = ward.another();
    ward.put(&policy.text());
    ward.command(&["reload"], 0);
    ward.in_force = policy;
}

fn hangup(ward: &mut Ward<'_>) {
    let policy = ward.another();
    ward.put(&policy.text());
    ward.running().signal(Signal::HUP).unwrap();
    let sha256 = sha256(&policy.text());
    until("the reload", || {
        let status = ward.agent().json(&["status"]);
        (status["policy"]["kept"]["policy_sha256"] == *sha256).then_some(())
    });
    ward.in_force = policy;
}

fn bad_file_refused(ward: &mut Ward<'_>) {
    ward.put_bad();
    ward.command(&["reload"], 1);
    ward.command(&["apply", "--yes"], 1);
}

fn bad_file(ward: &mut Ward<'_>) {
    bad_file_refused(ward);
    if ward.dice.percent(30) {
        restart(ward);
    }
}

fn apply(ward: &mut Ward<'_>) {
    let policy = ward.another();
    let file = ward.beside(&policy);
    ward.command(&["apply", &file, "--dry-run"], 0);
    ward.command(&["apply", &file, "--yes"], 0);
    ward.in_force = policy;
}

fn trial(ward: &mut Ward<'_>) {
    let (before, policy) = (ward.in_force.clone(), ward.another());
    let file = ward.beside(&policy);
    let ends = ward.dice.below(4);
    let within = if ends == 0 { "1s" } else { "1h" };
    ward.command(&["apply", &file, "--yes", "--confirm-within", within], 0);
    if ends == 0 {
        until("the end of the trial", || {
            ward.agent().json(&["status"])["policy"]["on_trial_until"]
                .is_null()
                .then_some(())
        });
        return;
    }
    (ward.in_force, ward.trial) = (policy, Some(before.clone()));
    ward.is_well("the beginning of a trial");
    ward.command(&["reload"], 6);
    match ends {
        1 => {
            ward.command(&["confirm"], 0);
        }
        2 => {
            ward.command(&["rollback", "--yes"], 0);
            ward.in_force = before;
        }
        _ => return kill(ward),
    }
    ward.trial = None;
}

fn rollback(ward: &mut Ward<'_>) {
    let now = ward.agent().json(&["status"])["policy"]["kept"]["number"].clone();
    let history = ward.agent().json(&["history"]);
    let older = history.as_array().unwrap().iter().find(|revision| {
        revision["number"].as_u64() < now.as_u64() && revision["applied"].is_string()
    });
    let Some(older) = older else {
        ward.command(&["rollback", "--yes"], 2);
        return;
    };
    let policy = ward.known(&older["policy_sha256"]);
    ward.command(&["rollback", "--yes", "--reason", "chaos"], 0);
    ward.in_force = policy;
}

/// What can be decided, in words and in the model.
fn decision(ward: &mut Ward<'_>) -> (Vec<&'static str>, Option<Decision>) {
    match (ward.decision, ward.dice.below(2)) {
        (None, 0) => (vec!["quarantine", "scanner-1"], Some(Decision::Quarantine)),
        (None, _) => {
            let args = "break-glass scanner-1 --for 20h --reason chaos";
            (args.split(' ').collect(), Some(Decision::BreakGlass))
        }
        (Some(_), _) => (vec!["release", "scanner-1"], None),
    }
}

fn decide(ward: &mut Ward<'_>) {
    let (args, decided) = decision(ward);
    ward.command(&args, 0);
    ward.decision = decided;
}

fn kill_amid_reload(ward: &mut Ward<'_>) {
    let policy = ward.another();
    ward.put(&policy.text());
    ward.waiting = Some(policy);
    ward.kill_amid(&["reload"]);
    ward.start();
}

fn kill_amid_apply(ward: &mut Ward<'_>) {
    let policy = ward.another();
    let file = ward.beside(&policy);
    ward.kill_amid(&["apply", &file, "--yes"]);
    ward.start();
    let before = ward.in_force.clone();
    ward.one_of(&[before, policy]);
}

fn kill_amid_decision(ward: &mut Ward<'_>) {
    let (args, decided) = decision(ward);
    ward.kill_amid(&args);
    ward.start();
    ward.decision_is(decided);
}

fn second_agent(ward: &mut Ward<'_>) {
    let output = run(ward.rig, &[]).output().unwrap();
    let (exit, said) = ended(&output);
    assert_eq!(exit, 6, "{said}");
}
