//! Harness of the integration tests: frames, policies, and the program to try them on.
#![expect(
    clippy::panic,
    reason = "what a harness cannot do fails the test that asked for it"
)]

pub mod compare;
pub mod frame;
pub mod generate;
pub mod pcap;
pub mod prog;
pub mod report;
pub mod shot;
pub mod shrink;
pub mod verdict;
pub mod ward;
