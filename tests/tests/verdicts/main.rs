//! Frames and the verdicts on them, one sentence each: a table that the oracle and the program both answer for.

mod budgets;
mod case;
mod decided;
mod devices;
mod errors;
mod flows;
mod fragments;
mod grace;
mod guarded;
mod guards;
mod modes;
mod multicast;
mod overlaps;
mod parse;
mod revoked;
mod rules;
mod schedule;
mod services;
mod tcp;
mod time;
mod transport;

use std::collections::BTreeSet;

use xiot_agent::{
    compile,
    oracle::{Oracle, Side},
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    clock,
    compare::{self, Trial},
    prog::Prog,
    ward,
};

use self::case::{Case, Event, Instance};

/// What the policies fit.
const LIMITS: compile::Limits = compile::Limits {
    slot_lines: 4096,
    devices: 64,
    rules: 64,
};

fn all() -> Vec<Case> {
    [
        parse::cases(),
        transport::cases(),
        devices::cases(),
        multicast::cases(),
        services::cases(),
        rules::cases(),
        flows::cases(),
        time::cases(),
        tcp::cases(),
        modes::cases(),
        fragments::cases(),
        overlaps::cases(),
        errors::cases(),
        revoked::cases(),
        grace::cases(),
        budgets::cases(),
        decided::cases(),
        guards::cases(),
        guarded::cases(),
        schedule::cases(),
    ]
    .concat()
}

#[test]
fn the_oracle_says_so() {
    let mut wrong = Vec::new();
    for case in all() {
        let numbers = compare::numbers(&case.policies, &LIMITS);
        let (mut in_force, mut wired) = (0, 0);
        let wires = &case.wirings[wired];
        let first = &case.policies[in_force];
        let mut oracle = Oracle::with_limits(first, wires, case.instance.limits());
        let mut now: u64 = 1000;
        oracle.set_clock(compare::ahead(compare::START, now));
        for (number, step) in case.steps.iter().enumerate() {
            match step.event {
                None => {}
                Some(Event::Swap) => {
                    in_force += 1;
                    oracle.swap(&case.policies[in_force]);
                }
                Some(Event::Rewire) => {
                    wired += 1;
                    oracle.rewire(&case.wirings[wired]);
                }
                Some(Event::Touch) => oracle.touch(),
                Some(Event::Settle(seconds)) => oracle.settle_at(now + u64::from(seconds)),
                Some(Event::Clock(second)) => oracle.set_clock(compare::ahead(second, now)),
                Some(Event::Decide(decide)) => decide.tell(&mut oracle, now),
                Some(Event::Grace(seconds)) => oracle.grant_grace_until(now + u64::from(seconds)),
            }
            let shot = &step.shot;
            now += u64::from(shot.after);
            let wire = usize::from(shot.wire);
            let outcome = oracle.judge(shot.side, wire, &shot.frame, now);
            let verdict = compare::numbered(outcome, &numbers[in_force]);
            if verdict != step.expected {
                let expected = step.expected;
                wrong.push(format!(
                    "{}, frame {number}: {verdict:?}, not {expected:?}",
                    case.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_says_so() {
    let mut instances: Vec<(Instance, Prog)> = Vec::new();
    for case in all() {
        let known = instances
            .iter()
            .position(|&(kind, _)| kind == case.instance);
        let at = known.unwrap_or_else(|| {
            let prog = Prog::load_limited(case.instance.limits());
            instances.push((case.instance, prog));
            instances.len() - 1
        });
        let prog = &mut instances[at].1;
        // Timeouts are tried to the second.
        let (verdicts, left_behind) = clock::within_one_second(|| {
            let mut trial = Trial::over(prog, &case.policies, &case.wirings[0]);
            let mut wirings = case.wirings.iter().skip(1);
            let verdicts: Vec<_> = case
                .steps
                .iter()
                .map(|step| {
                    match step.event {
                        None => {}
                        Some(Event::Swap) => trial.swap(),
                        Some(Event::Rewire) => {
                            trial.rewire(wirings.next().expect("guards for each event"));
                        }
                        Some(Event::Touch) => trial.touch(),
                        Some(Event::Settle(seconds)) => trial.settle(seconds),
                        Some(Event::Clock(second)) => trial.set_clock(second),
                        Some(Event::Decide(decide)) => trial.decide(&decide),
                        Some(Event::Grace(seconds)) => trial.grant_grace(seconds),
                    }
                    trial.judge(&step.shot)
                })
                .collect();
            (verdicts, trial.finish())
        });
        for (number, (step, verdict)) in case.steps.iter().zip(verdicts).enumerate() {
            assert_eq!(verdict, Ok(step.expected), "{}, frame {number}", case.name);
        }
        assert_eq!(left_behind, Ok(()), "{}", case.name);
    }
}

#[test]
fn every_reason_has_a_case() {
    let seen: BTreeSet<Reason> = all()
        .iter()
        .flat_map(|case| &case.steps)
        .map(|step| step.expected.reason)
        .collect();
    let missing: Vec<&Reason> = Reason::ALL
        .iter()
        .filter(|reason| reason.class() != Class::Gateway && !seen.contains(reason))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn names_are_sentences_and_unique() {
    let cases = all();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len());
    assert!(names.iter().all(|name| name.split(' ').count() > 2));
}

/// The kernel runs no frames this short: the oracle alone.
#[test]
fn a_frame_shorter_than_an_ethernet_header_is_truncated() {
    let (policy, wires) = (ward::policy(), ward::wires());
    for length in 0..14 {
        let outcome = Oracle::new(&policy, &wires).judge(Side::Device, 0, &vec![2; length], 0);
        assert_eq!(outcome.reason, Reason::TruncatedEthernet, "{length} bytes");
        assert!(outcome.dropped);
    }
}

#[test]
fn a_wire_that_the_gateway_does_not_have_is_not_a_port() {
    let (policy, wires) = (ward::policy(), ward::wires());
    let outcome = Oracle::new(&policy, &wires).judge(Side::Device, 2, &[0; 60], 0);
    assert_eq!(outcome.reason, Reason::NotAPort);
    assert!(outcome.dropped);
}
