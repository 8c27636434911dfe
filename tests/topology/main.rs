//! The whole gateway on real traffic: hosts in network namespaces, real tools, the agent as an operator runs
//! it. One process per test (nextest), each with namespaces of its own.
#![expect(
    clippy::unwrap_used,
    clippy::get_unwrap,
    clippy::panic,
    reason = "helpers of tests fail the test that called them"
)]
#![expect(clippy::print_stdout, reason = "says what was skipped")]

mod conversations;
mod demo;
mod denied;
mod frames;
mod harness;
mod lifecycle;
mod local;
mod modes;
mod multicast;
mod policy;
mod router;
mod scan;
mod swap;
mod unchanged;

use xiot_tests::net::{gateway::Gateway, rig::Rig};

/// The agent.
const AGENT: &str = env!("CARGO_BIN_EXE_xiot-agent-under-test");

/// Starts the agent on a rig.
#[track_caller]
fn gateway<'r>(rig: &'r Rig, policy: &str) -> Gateway<'r> {
    Gateway::start(rig, AGENT, policy)
}
