//! Attacks on a wire that the real agent enforces, by real tools and by frames that no stack sends. `attacks.toml` says what
//! must come of each; `docs/attacks.md` is made from it. One process per test (nextest), each with namespaces of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test that called them"
)]

mod attempt;
mod bystander;
mod catalogue;
mod crafted;
mod floods;
mod fragments;
mod frames;
mod ground;
mod headers;
mod icmp;
mod identities;
mod scans;
mod sessions;
mod vlans;

/// The agent.
const AGENT: &str = env!("CARGO_BIN_EXE_xiot-agent-under-test");
