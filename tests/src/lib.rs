//! Harness of the integration tests: frames, policies, the program to try them on, and hosts on real wires.
#![expect(
    clippy::panic,
    reason = "what a harness cannot do fails the test that asked for it"
)]

mod audit;
mod budgets;
pub mod capture;
pub mod clock;
pub mod compare;
pub mod coverage;
pub mod cpu;
pub mod decide;
pub mod effort;
pub mod frame;
pub mod generate;
mod holdings;
pub mod judged;
pub mod kernel;
pub mod kind;
pub mod net;
pub mod numbers;
pub mod pcap;
pub mod prog;
pub mod report;
pub mod shot;
pub mod shrink;
pub mod step;
mod tally;
pub mod until;
pub mod verdict;
pub mod ward;
