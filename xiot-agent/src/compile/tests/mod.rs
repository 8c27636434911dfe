//! The image against the policy it was made of.

pub(super) mod build;
mod equivalence;
pub(super) mod generate;
mod keys;
pub(super) mod naive;
mod numbers;
mod refusals;
mod scale;
mod shapes;

use crate::model::{self, policy::Policy};

use super::{Assignment, CompileError, Image, Limits, compile};

const ROOMY: Limits = Limits {
    slot_lines: 1 << 24,
    devices: 1 << 24,
    rules: 1 << 24,
};

fn compile_for(policy: &Policy, limits: &Limits) -> Result<Image, CompileError> {
    let wires = ["w0", "w1"].map(str::to_owned);
    compile(policy, &wires, limits, &Assignment::fresh(policy), 7, 1_000)
}
