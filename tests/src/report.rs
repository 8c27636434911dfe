//! Leaves a counterexample behind where a person can look at it.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use xiot_agent::{
    compile::Assignment,
    oracle::{Limits, Oracle},
};

use crate::{
    compare::{self, Difference, Setting},
    judged::Judged,
    pcap,
    shrink::Counterexample,
    step::{self, Step},
    verdict::Verdict,
};

/// Writes capture and description under `target/differential` and returns the description.
///
/// # Panics
/// Where nothing can be written there.
pub fn write(
    seed: u64,
    setting: Setting<'_>,
    limits: Limits,
    found: &Counterexample,
    difference: &Difference,
) -> String {
    let directory = target().join("differential");
    fs::create_dir_all(&directory).expect("target is ours to write");
    let capture = directory.join(format!("{seed}.pcap"));
    let frames: Vec<&[u8]> = found
        .steps
        .iter()
        .filter_map(|step| Some(step.shot()?.frame.as_slice()))
        .collect();
    pcap::write(&capture, &frames).expect("target is ours to write");
    let text = describe(seed, setting, limits, found, difference, &capture);
    fs::write(directory.join(format!("{seed}.txt")), &text).expect("target is ours to write");
    text
}

fn describe(
    seed: u64,
    setting: Setting<'_>,
    limits: Limits,
    found: &Counterexample,
    difference: &Difference,
    capture: &Path,
) -> String {
    let mut text = String::new();
    let mut line = |part: std::fmt::Arguments<'_>| {
        text.write_fmt(part).expect("a string takes all");
        text.push('\n');
    };
    line(format_args!("XIOT_SEED={seed} finds this first."));
    line(format_args!("{difference}"));
    line(format_args!("frames:  {}", capture.display()));
    let policies = step::policies(&found.policy, &found.steps);
    let mut oracle = Oracle::with_limits(&policies[0], setting.wires, limits);
    let mut next = policies.iter().skip(1);
    let mut now = 1_000_000;
    oracle.set_clock(compare::ahead(compare::START, now));
    let mut swaps = Vec::new();
    for (number, step) in found.steps.iter().enumerate() {
        match step {
            Step::Shot(shot) => {
                now += u64::from(shot.after);
                let wire = usize::from(shot.wire);
                let judged = match setting.router {
                    None => {
                        let outcome = oracle.judge(shot.side, wire, &shot.frame, now);
                        Judged::on_wire(Verdict::from(outcome))
                    }
                    Some(router) => {
                        let port = compare::router_port(shot);
                        let routed = oracle.judge_routed(router, port, &shot.frame, now);
                        Judged::routed(&routed, &Assignment::fresh(&policies[0]))
                    }
                };
                line(format_args!(
                    "{number:3} at {now} s on wire {wire} from {:?}, {} bytes, oracle {judged:?}\n    {}",
                    shot.side,
                    shot.frame.len(),
                    hex(&shot.frame)
                ));
            }
            Step::Swap(edit) => {
                now += 1;
                line(format_args!("{number:3} swap by {edit:?}"));
                let policy = next.next().expect("a policy for each swap");
                oracle.swap(policy);
                swaps.push((number, policy));
            }
            Step::Grace(seconds) => {
                line(format_args!("{number:3} {seconds} s of grace"));
                oracle.grant_grace_until(now + u64::from(*seconds));
            }
            Step::Clock(second) => {
                line(format_args!("{number:3} wall clock {second}"));
                oracle.set_clock(compare::ahead(*second, now));
            }
            Step::Decide(decide) => {
                line(format_args!("{number:3} {decide:?}"));
                decide.tell(&mut oracle, now);
            }
            Step::Rewire(wires) => {
                for wire in wires {
                    line(format_args!(
                        "{number:3} {} has {:?}, lets pass {:x?}",
                        wire.name, wire.guards, wire.ethertypes
                    ));
                }
                oracle.rewire(wires);
            }
            Step::Touch => {
                line(format_args!("{number:3} another epoch"));
                oracle.touch();
            }
        }
    }
    if let Some(router) = setting.router {
        line(format_args!("router:"));
        let ports = router.ports.iter().map(|it| format!("{it:?}"));
        let routes = router
            .routes
            .iter()
            .map(|it| format!("{} {:?}", it.to, it.way));
        let detours = router.detours.iter().map(|it| format!("{it:?}"));
        let neighbours = router.neighbours.iter().map(|it| format!("{it:?}"));
        for text in ports.chain(detours).chain(routes).chain(neighbours) {
            line(format_args!("    {text}"));
        }
    }
    line(format_args!("policy:\n{:#?}", found.policy));
    for (number, policy) in swaps {
        line(format_args!("policy after step {number}:\n{policy:#?}"));
    }
    text
}

/// The headers; the capture has the rest.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(160)
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes all");
            text
        })
}

/// Cargo's target directory, from where this test was built into.
fn target() -> PathBuf {
    let binary = std::env::current_exe().expect("a running test has a path");
    binary
        .ancestors()
        .find(|path| path.file_name().is_some_and(|name| name == "target"))
        .map_or_else(std::env::temp_dir, Path::to_path_buf)
}
