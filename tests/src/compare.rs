//! The same frames before program and oracle.

use xiot_agent::{model::policy::Policy, oracle::Oracle};

use crate::{prog::Prog, shot::Shot, verdict::Verdict};

/// Where the two part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Difference {
    /// Position of the frame.
    pub at: usize,
    /// What the program says.
    pub program: Verdict,
    /// What the oracle says.
    pub oracle: Verdict,
}

/// Program and oracle under one policy, both without flows at first.
#[derive(Debug)]
pub struct Trial<'t> {
    prog: &'t mut Prog,
    oracle: Oracle<'t>,
    judged: usize,
}

impl<'t> Trial<'t> {
    /// Puts the policy in force. Room for flows must be what `prog` was loaded with.
    pub fn new(prog: &'t mut Prog, flows: u32, policy: &'t Policy, wires: &'t [String]) -> Self {
        prog.apply(policy, wires);
        let flows = usize::try_from(flows).expect("a map's size");
        Self {
            prog,
            oracle: Oracle::with_flow_capacity(policy, wires, flows),
            judged: 0,
        }
    }

    /// Judges the next frame twice.
    pub fn judge(&mut self, shot: &Shot) -> Result<Verdict, Difference> {
        // All frames come within moments, so that no flow ends by itself: any second does.
        let oracle = Verdict::from(self.oracle.judge(shot.side, 0, &shot.frame, 0));
        let program = self.prog.judge(shot);
        let at = self.judged;
        self.judged += 1;
        if program == oracle {
            Ok(program)
        } else {
            Err(Difference {
                at,
                program,
                oracle,
            })
        }
    }
}

/// The first difference over all these frames.
pub fn first_difference(
    prog: &mut Prog,
    flows: u32,
    policy: &Policy,
    wires: &[String],
    shots: &[Shot],
) -> Option<Difference> {
    let mut trial = Trial::new(prog, flows, policy, wires);
    shots.iter().find_map(|shot| trial.judge(shot).err())
}
