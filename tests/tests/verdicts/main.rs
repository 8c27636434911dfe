//! Frames and the verdicts on them, one sentence each: a table that the oracle and the program both answer for.

mod case;
mod devices;
mod flows;
mod modes;
mod parse;
mod rules;
mod services;
mod tcp;
mod time;
mod transport;

use std::collections::BTreeSet;

use xiot_agent::oracle::{Limits, Oracle, Side};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{clock, compare::Trial, prog::Prog, verdict::Verdict, ward};

use self::case::Case;

fn all() -> Vec<Case> {
    [
        parse::cases(),
        transport::cases(),
        devices::cases(),
        services::cases(),
        rules::cases(),
        flows::cases(),
        time::cases(),
        tcp::cases(),
        modes::cases(),
    ]
    .concat()
}

#[test]
fn the_oracle_says_so() {
    let wires = ward::wires();
    for case in all() {
        let mut oracle = Oracle::with_limits(
            &case.policy,
            &wires,
            Limits {
                flows: case.flows as usize,
                ..Limits::default()
            },
        );
        let mut now = 0;
        for (number, step) in case.steps.iter().enumerate() {
            let shot = &step.shot;
            now += u64::from(shot.after);
            let verdict = Verdict::from(oracle.judge(shot.side, 0, &shot.frame, now));
            assert_eq!(verdict, step.expected, "{}, frame {number}", case.name);
        }
    }
}

#[test]
fn the_program_says_so() {
    let wires = ward::wires();
    let mut roomy = Prog::load(case::MANY_FLOWS);
    let mut tight = Prog::load(case::FEW_FLOWS);
    for case in all() {
        let prog = if case.flows == case::FEW_FLOWS {
            &mut tight
        } else {
            &mut roomy
        };
        // Timeouts are tried to the second.
        let (verdicts, left_behind) = clock::within_one_second(|| {
            let mut trial = Trial::new(prog, &case.policy, &wires);
            let verdicts: Vec<_> = case
                .steps
                .iter()
                .map(|step| trial.judge(&step.shot))
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
