//! The same frames before program and oracle: verdicts, and what is left behind.

use std::fmt;

use xiot_agent::{
    model::policy::Policy,
    oracle::{Limits, Oracle},
};

use crate::{audit, prog::Prog, shot::Shot, tally::Tally, verdict::Verdict};

/// Where the two part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// Position of the frame; for what is left behind, of the last one.
    pub at: usize,
    /// What the program says.
    pub program: String,
    /// What the oracle says.
    pub oracle: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            program,
            oracle,
        } = self;
        write!(f, "frame {at}\nprogram: {program}\noracle:  {oracle}")
    }
}

/// Program and oracle under one policy, both without flows at first.
#[derive(Debug)]
pub struct Trial<'t> {
    prog: &'t mut Prog,
    oracle: Oracle<'t>,
    now: u64,
    judged: usize,
    tally: Tally,
}

impl<'t> Trial<'t> {
    /// Puts the policy in force.
    pub fn new(prog: &'t mut Prog, policy: &'t Policy, wires: &'t [String]) -> Self {
        prog.apply(policy, wires);
        let room = usize::try_from(prog.room()).expect("a map's size");
        let tally = Tally::before(prog.counters(), policy);
        Self {
            prog,
            oracle: Oracle::with_limits(
                policy,
                wires,
                Limits {
                    flows: room,
                    ..Limits::default()
                },
            ),
            now: 0,
            judged: 0,
            tally,
        }
    }

    /// Judges the next frame twice.
    pub fn judge(&mut self, shot: &Shot) -> Result<Verdict, Difference> {
        self.now += u64::from(shot.after);
        let oracle = Verdict::from(self.oracle.judge(
            shot.side,
            usize::from(shot.wire),
            &shot.frame,
            self.now,
        ));
        let program = self.prog.judge(shot);
        let at = self.judged;
        self.judged += 1;
        self.tally.count(shot, program);
        if program == oracle {
            Ok(program)
        } else {
            Err(Difference {
                at,
                program: format!("{program:?}"),
                oracle: format!("{oracle:?}"),
            })
        }
    }

    /// Compares what is left behind: flows in all their state, and counters.
    pub fn finish(self) -> Result<(), Difference> {
        let at = self.judged.saturating_sub(1);
        let mine = audit::of_program(&self.prog.flows());
        let theirs = audit::of_oracle(&self.oracle, self.now);
        let (program, oracle) = audit::only_in_one(&mine, &theirs);
        if program != oracle {
            return Err(Difference {
                at,
                program: format!("has {program:#?}"),
                oracle: format!("has {oracle:#?}"),
            });
        }
        self.tally
            .check(self.prog.counters())
            .map_err(|(program, oracle)| Difference {
                at,
                program,
                oracle,
            })
    }
}

/// The first difference over all these frames.
pub fn first_difference(
    prog: &mut Prog,
    policy: &Policy,
    wires: &[String],
    shots: &[Shot],
) -> Option<Difference> {
    let mut trial = Trial::new(prog, policy, wires);
    shots
        .iter()
        .find_map(|shot| trial.judge(shot).err())
        .or_else(|| trial.finish().err())
}
