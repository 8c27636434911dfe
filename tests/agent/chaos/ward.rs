//! The gateway that is tormented, and what must be in force on it.

use std::{
    collections::HashMap,
    fs,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;
use xiot_agent::netns::process::Running;
use xiot_tests::{generate::Dice, net::rig::Rig, until::pace};

use super::{
    frames::Watch,
    policy::{self, PORTS, Policy, sha256},
    traffic::Traffic,
};
use crate::agent::{Agent, KEEP, run, write};

/// Flows that there is room for: more in each than this traffic has.
const FLOWS: [u32; 3] = [30_000, 60_000, 128 * 1024];

/// What is decided about the device that changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decision {
    Quarantine,
    BreakGlass,
}

/// The gateway.
pub(super) struct Ward<'t> {
    pub(super) rig: &'t Rig,
    gateway: String,
    traffic: &'t Traffic,
    watch: &'t Watch,
    pub(super) dice: Dice,
    agent: Option<Agent<'t>>,
    /// How long a start took.
    pub(super) start: Duration,
    /// What must be in force.
    pub(super) in_force: Policy,
    /// What comes back unless somebody confirms it.
    pub(super) trial: Option<Policy>,
    pub(super) decision: Option<Decision>,
    /// A good policy that lies there and that no agent has loaded.
    pub(super) waiting: Option<Policy>,
    /// Every policy there was, by the hash of its text.
    known: HashMap<String, Policy>,
    /// Policies so far.
    policies: u64,
}

impl<'t> Ward<'t> {
    pub(super) fn new(
        rig: &'t Rig,
        gateway: &str,
        seed: u64,
        (traffic, watch): (&'t Traffic, &'t Watch),
    ) -> Self {
        let first = Policy::first();
        write(rig, gateway, &first.text());
        let start = Instant::now();
        let agent = start_agent(rig);
        Self {
            rig,
            gateway: gateway.to_owned(),
            traffic,
            watch,
            dice: Dice::new(seed),
            agent: Some(agent),
            start: start.elapsed(),
            known: HashMap::from([(sha256(&first.text()), first.clone())]),
            in_force: first,
            trial: None,
            decision: None,
            waiting: None,
            policies: 0,
        }
    }

    pub(super) fn agent(&self) -> &Agent<'t> {
        self.agent.as_ref().unwrap()
    }

    pub(super) fn running(&mut self) -> &mut Running {
        self.agent.as_mut().unwrap().running()
    }

    /// A policy that there was never before.
    pub(super) fn another(&mut self) -> Policy {
        self.policies += 1;
        let policy = Policy::throw(&mut self.dice, self.policies);
        self.known.insert(sha256(&policy.text()), policy.clone());
        policy
    }

    /// That of this hash.
    pub(super) fn known(&self, sha256: &Value) -> Policy {
        self.known[sha256.as_str().unwrap()].clone()
    }

    /// Puts text in the place of the agent's policy file, in one step.
    pub(super) fn put(&self, text: &str) {
        fs::write(self.rig.file("new"), text).unwrap();
        fs::rename(self.rig.file("new"), self.rig.file("policy.yaml")).unwrap();
    }

    /// Puts what can't be used in the place of the agent's policy file.
    pub(super) fn put_bad(&mut self) {
        let bad = policy::bad(&mut self.dice, &self.in_force);
        self.put(&bad);
        self.waiting = None;
    }

    /// Has the gateway file ask for a flow table of another size. The next agent takes it.
    pub(super) fn resize(&mut self) {
        let flows = self.dice.pick(&FLOWS);
        let gateway = format!("{}capacity: {{flows: {flows}}}\n", self.gateway);
        fs::write(self.rig.file("gateway.yaml"), gateway).unwrap();
    }

    /// Writes a policy beside that of the agent.
    pub(super) fn beside(&self, policy: &Policy) -> String {
        let file = self.rig.file("other.yaml");
        fs::write(&file, policy.text()).unwrap();
        file.display().to_string()
    }

    /// Runs a command and wants this exit code of it.
    #[track_caller]
    pub(super) fn command(&self, args: &[&str], exit: i32) -> Output {
        let output = self.agent().client(args).output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{args:?}: {output:?}");
        output
    }

    /// Ends the agent as it is asked to.
    pub(super) fn stop(&mut self) {
        self.agent.take().unwrap().stop();
    }

    /// Ends the agent without a word.
    pub(super) fn kill(&mut self) {
        let mut agent = self.agent.take().unwrap();
        kill(agent.running());
    }

    /// Runs a command and kills the agent in the middle of it.
    pub(super) fn kill_amid(&mut self, args: &[&str]) {
        let mut client = self.agent().client(args);
        client.stdout(Stdio::null()).stderr(Stdio::null());
        let mut client = Running::start(&mut client).unwrap();
        let moment = self.dice.below(120);
        pace(Instant::now() + Duration::from_millis(moment as u64));
        self.kill();
        client.wait(Duration::from_secs(30)).unwrap().unwrap();
    }

    /// Starts an agent and kills it on its way up.
    pub(super) fn kill_start(&mut self) {
        let mut command = run(self.rig, &[]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut agent = Running::start(&mut command).unwrap();
        let part = self.dice.below(1200);
        agent
            .wait(self.start * u32::try_from(part).unwrap() / 1000)
            .unwrap();
        kill(&mut agent);
    }

    /// Starts an agent. Nobody confirmed what was on trial; a file that came meanwhile is loaded.
    pub(super) fn start(&mut self) {
        self.agent = Some(start_agent(self.rig));
        let next = self.trial.take().or_else(|| self.waiting.take());
        if let Some(policy) = next {
            self.in_force = policy;
        }
    }

    /// One more agent, which takes all of it away when it ends.
    pub(super) fn clean_up(self) {
        Agent::start_as_is(self.rig, &[]).stop();
    }

    /// After an agent that was killed nobody knows which of two is in force, but one of them.
    pub(super) fn one_of(&mut self, policies: &[Policy; 2]) {
        let sha256 = self.agent().json(&["status"])["policy"]["kept"]["policy_sha256"].clone();
        let policy = self.known(&sha256);
        assert!(policies.contains(&policy), "{policy:?} of {policies:?}");
        self.in_force = policy;
    }

    /// The same for what is decided.
    pub(super) fn decision_is(&mut self, one: Option<Decision>) {
        let status = self.agent().json(&["status"]);
        let decided = status["decisions"].as_array().unwrap();
        let decision = decided.first().map(|it| match it["decision"].as_str() {
            Some("quarantine") => Decision::Quarantine,
            _ => Decision::BreakGlass,
        });
        assert!(
            decided.len() <= 1 && [self.decision, one].contains(&decision),
            "{decided:?}"
        );
        self.decision = decision;
    }

    /// Which ports must be open to the device that changes.
    fn open(&self) -> [bool; PORTS.len()] {
        match self.decision {
            None => self.in_force.open,
            Some(Decision::Quarantine) => [false; PORTS.len()],
            Some(Decision::BreakGlass) => [true; PORTS.len()],
        }
    }

    /// Frames say that what must be in force is.
    #[track_caller]
    pub(super) fn enforces(&self, after: &str) {
        let open = self.watch.open(self.rig, after);
        assert_eq!(open, self.open(), "{:?} after {after}", self.in_force);
    }

    /// So does the agent, and nothing was lost.
    #[track_caller]
    pub(super) fn is_well(&self, after: &str) {
        self.enforces(after);
        let status = self.agent().json(&["status"]);
        let said = &status["policy"];
        assert_eq!(
            said["kept"]["policy_sha256"].as_str(),
            Some(sha256(&self.in_force.text()).as_str()),
            "after {after}: {said}"
        );
        assert_eq!(said["on_trial_until"].is_string(), self.trial.is_some());
        assert_eq!(
            status["decisions"].as_array().unwrap().len(),
            usize::from(self.decision.is_some())
        );
        for trouble in [&said["revisions_trouble"], &said["audit"]["trouble"]] {
            assert!(trouble.is_null(), "after {after}: {trouble}");
        }
        self.traffic.goes_on(after);
    }
}

/// Starts an agent that gives memory back as soon as it is free, so that what it holds shows.
fn start_agent(rig: &Rig) -> Agent<'_> {
    let mut command = run(rig, &[]);
    command.args(KEEP).envs([
        ("MALLOC_ARENA_MAX", "1"),
        ("MALLOC_MMAP_THRESHOLD_", "65536"),
        ("MALLOC_TRIM_THRESHOLD_", "65536"),
    ]);
    Agent::start_by(rig, &mut command)
}

fn kill(agent: &mut Running) {
    agent.signal(Signal::KILL).unwrap();
    agent.wait(Duration::from_secs(10)).unwrap().unwrap();
}
