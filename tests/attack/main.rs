//! Attacks on a wire that the real agent enforces, by real tools and by frames that no stack sends. `attacks.toml` says what
//! must come of each; `docs/attacks.md` is made from it. One process per test (nextest), each with namespaces of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test that called them"
)]
#![expect(
    clippy::print_stdout,
    reason = "how long each attack took is shown where one fails"
)]

mod attempt;
mod bystander;
mod catalogue;
mod crafted;
mod decisions;
mod floods;
mod fragments;
mod frames;
mod ground;
mod guards;
mod headers;
mod icmp;
mod identities;
mod scans;
mod sessions;
mod vlans;

/// The agent.
const AGENT: &str = env!("CARGO_BIN_EXE_xiot-agent-under-test");

/// The list and the tests cannot drift apart: no family without its test, no test that is not in the list but this.
#[test]
fn every_family_has_its_test() {
    let all = catalogue::read().unwrap();
    let mut listed: Vec<_> = all.families.iter().map(|family| &*family.test).collect();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--list", "--format", "terse"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let tests = said.lines().filter_map(|line| line.strip_suffix(": test"));
    let mut tests: Vec<_> = tests.filter(|test| test.contains("::")).collect();
    listed.sort_unstable();
    tests.sort_unstable();
    assert_eq!(tests, listed);
}
