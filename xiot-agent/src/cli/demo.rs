//! `demo`: a small hospital in network namespaces, with this agent in line.

use super::exit::{Exit, OrExit as _, Outcome};
use crate::demo::{self, Ending};

/// Play a small hospital in network namespaces: learning first, then enforcement against attacks and accidents.
///
/// Needs root; touches nothing but what it makes. Fails if any expectation is not met.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    demo: demo::Options,
}

pub(super) fn run(args: &Args) -> Outcome {
    match demo::run(&args.demo).or_exit(Exit::Failed)? {
        Ending::Met => Ok(Exit::Success),
        Ending::Unmet => Ok(Exit::Failed),
    }
}
