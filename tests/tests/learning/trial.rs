//! The program in the kernel, a learner beside it, and frames that are put to both as they came.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use tempfile::TempDir;
use xiot_agent::{
    compile::Assignment,
    service::{
        answers::Answers,
        clock::Now,
        learner::{Learner, Pace, ProposalError, Wanted, propose},
    },
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    clock,
    prog::{Copies, Prog},
    shot::Shot,
    verdict::Verdict,
    ward,
};

use crate::{film::Scene, habit::Habit, site};

/// Room for flows: few, because all are looked at wherever time passes.
const ROOM: u32 = 1024;

/// When each trial begins: a Monday morning, half an hour from the next hour.
const BEGIN: &str = "2026-11-02T10:30:00Z";

/// Seconds between two looks at what was observed.
const LOOK: u64 = 60;

/// Seconds of a day.
pub(crate) const DAY: u64 = 24 * 3600;

/// The program with what belongs to it.
#[derive(Debug)]
pub(crate) struct Trial {
    copies: Copies,
    prog: Prog,
    answers: Answers,
    /// Second of the trial up to which time has passed.
    second: u64,
}

/// What was learned in a trial, with the directory that it is kept in.
#[derive(Debug)]
pub(crate) struct Pupil {
    learner: Learner,
    _directory: TempDir,
}

/// What became of frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    /// Frames that mean something, whatever became of them.
    pub(crate) frames: u64,
    /// Those that mean nothing: no mode lets them pass.
    pub(crate) malformed: u64,
    /// Frames that are denied, by what they belong to and why.
    pub(crate) denied: BTreeMap<(Habit, Reason), u64>,
    /// Habits of which some frame was allowed, with the rules that allowed it.
    pub(crate) allowed: BTreeMap<Habit, Vec<u32>>,
}

impl Judged {
    /// Denied frames.
    pub(crate) fn denied_frames(&self) -> u64 {
        self.denied.values().sum()
    }

    /// Conversations with denied frames. What is not IP is the affair of the wire (`ethertypes`), and nothing that is learned.
    pub(crate) fn denied_habits(&self) -> Vec<Habit> {
        let talks = self.denied.keys().map(|(habit, _)| *habit);
        let mut talks: Vec<_> = talks
            .filter(|habit| matches!(habit, Habit::Talk { .. }))
            .collect();
        talks.dedup();
        talks
    }

    pub(crate) fn add(&mut self, habit: Habit, verdict: &Verdict) {
        match verdict.reason.class() {
            Class::Malformed => {
                self.malformed += 1;
                return;
            }
            Class::Allowed => {
                let rules = self.allowed.entry(habit).or_default();
                if verdict.rule != 0 && !rules.contains(&verdict.rule) {
                    rules.push(verdict.rule);
                }
            }
            Class::Denied | Class::Gateway => {
                *self.denied.entry((habit, verdict.reason)).or_default() += 1;
            }
        }
        self.frames += 1;
    }
}

impl Trial {
    pub(crate) fn new() -> Self {
        let prog = Prog::load(ROOM);
        Self {
            copies: Copies::of(&prog),
            prog,
            answers: Answers::default(),
            second: 0,
        }
    }

    /// Begins anew under this policy, as a gateway that was started just now: conversations that are there already are picked up.
    pub(crate) fn begin(&mut self, text: &str) {
        self.prog.apply(&site::policy(text), &ward::wires()[..1]);
        self.prog.forget_observed();
        self.prog.forget_copies();
        self.prog.set_grace(clock::second() + 24 * 3600);
        self.copies.take();
        self.answers = Answers::of(&site::policy(text), Now::read());
        self.second = 0;
    }

    /// Goes on under another policy.
    pub(crate) fn promote(&mut self, text: &str) {
        let policy = site::policy(text);
        for (device, told) in self.answers.places(&policy, Now::read()) {
            self.prog.tell(&device, &told);
        }
        let numbers = Assignment::fresh(&policy);
        self.prog.swap(&policy, &ward::wires()[..1], &numbers);
        // A gateway that runs picks nothing up.
        self.prog.set_grace(0);
    }

    /// Lets time pass up to a second of the trial.
    pub(crate) fn wait(&mut self, second: u64) {
        let gap = second.saturating_sub(self.second);
        if gap > 0 {
            self.prog
                .age_flows(u32::try_from(gap).expect("a short capture"));
            self.second = second;
        }
    }

    /// Lets so many seconds pass.
    pub(crate) fn sleep(&mut self, seconds: u64) {
        self.wait(self.second + seconds);
    }

    /// Puts the frames to the program, each in its second after `from`.
    pub(crate) fn judge(&mut self, scenes: &[Scene], from: u64) -> Judged {
        let mut judged = Judged::default();
        for scene in scenes {
            let verdict = self.shoot(scene, from);
            judged.add(scene.habit, &verdict);
        }
        judged
    }

    /// The same with one of them.
    pub(crate) fn shoot(&mut self, scene: &Scene, from: u64) -> Verdict {
        self.wait(from + scene.second);
        self.put(&scene.shot)
    }

    /// Puts a frame to the program right now.
    pub(crate) fn put(&mut self, shot: &Shot) -> Verdict {
        self.prog.judge(shot)
    }

    /// Learns from these frames, which come again on each of so many days.
    pub(crate) fn learn(&mut self, text: &str, scenes: &[Scene], days: u64) -> Pupil {
        self.begin(text);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut pupil = Pupil {
            learner: Learner::new(directory.path(), Pace::new(1, Now::read())),
            _directory: directory,
        };
        for day in 0..days {
            let mut looked = 0;
            for scene in scenes {
                if scene.second >= looked + LOOK {
                    self.teach(&mut pupil);
                    looked = scene.second;
                }
                self.wait(day * DAY + scene.second);
                // How many are copied in a second would depend on how fast the test runs.
                if scene.is_dns() {
                    self.prog.forget_copies();
                }
                let verdict = self.prog.judge(&scene.shot);
                let is_malformed = verdict.reason.class() == Class::Malformed;
                assert_eq!(
                    verdict.dropped, is_malformed,
                    "learning drops nothing: {verdict:?}"
                );
            }
            self.teach(&mut pupil);
        }
        pupil.learner.flush(|_| true).expect("it can be kept");
        pupil
    }

    fn teach(&mut self, pupil: &mut Pupil) {
        let now = now(self.second);
        pupil.learner.note(now, &self.prog.observed());
        for message in self.copies.take() {
            pupil.learner.hear(now, &message);
            self.answers.take(&message);
        }
    }

    /// The policy that was learned under, with what is proposed, and how many conversations are withheld of that.
    pub(crate) fn propose(&self, pupil: &mut Pupil, text: &str) -> (String, usize) {
        let wanted = Wanted::default();
        let now = now(self.second);
        let store = pupil.learner.lend().expect("it can be read");
        match propose(&store, ("policy.yaml", text), &wanted, |_| false, now) {
            Ok(proposal) => {
                let withheld = proposal.profiles.iter().map(|part| part.withheld);
                (proposal.text, withheld.sum())
            }
            // It only spoke what every device needs.
            Err(ProposalError::Nothing(_)) => (text.to_owned(), 0),
            Err(error) => panic!("there is no proposal: {error}\n{text}"),
        }
    }

    /// Conversations that were learned.
    pub(crate) fn learned(pupil: &mut Pupil) -> usize {
        let mut all = 0;
        let visited = pupil
            .learner
            .visit(|_, learned| all += learned.conversations().len());
        visited.expect("it can be read");
        all
    }
}

/// A second of the trial on both clocks.
fn now(second: u64) -> Now {
    let begin: Timestamp = BEGIN.parse().expect("a time");
    Now {
        monotonic: Now::read().monotonic,
        wall: begin + Duration::from_secs(second),
    }
}
