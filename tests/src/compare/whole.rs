//! Whole sequences of frames.

use xiot_agent::model::{gateway::Wire, policy::Policy};

use super::{Difference, Setting, Trial};
use crate::{
    prog::Prog,
    shot::Shot,
    step::{self, Step},
};

/// Trials of one sequence in which a second passed while a frame was judged, at most.
const BLURRED_TRIALS: usize = 20;

/// The first difference over all these frames.
pub fn first_difference(
    prog: &mut Prog,
    policy: &Policy,
    wires: &[Wire],
    shots: &[Shot],
) -> Option<Difference> {
    let steps: Vec<Step> = shots.iter().cloned().map(Step::Shot).collect();
    let setting = Setting {
        wires,
        router: None,
    };
    first_difference_of_steps(prog, policy, setting, &steps)
}

/// The first difference over all these steps.
pub fn first_difference_of_steps(
    prog: &mut Prog,
    first: &Policy,
    setting: Setting<'_>,
    steps: &[Step],
) -> Option<Difference> {
    let policies = step::policies(first, steps);
    for _ in 0..BLURRED_TRIALS {
        let mut trial = Trial::within(prog, &policies, setting);
        let difference = steps
            .iter()
            .find_map(|step| trial.step(step).err())
            .or_else(|| trial.finish().err());
        if difference.is_none() || !trial.is_blurred() {
            return difference;
        }
    }
    None
}
