//! Frames and the verdicts on them, one sentence each: a table that the oracle and the program both answer for.

mod budgets;
mod calendar;
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
mod names;
mod overlaps;
mod parse;
mod revoked;
mod routed;
mod rules;
mod schedule;
mod services;
mod tcp;
mod time;
mod transport;

use std::collections::BTreeSet;

use xiot_agent::{
    compile,
    oracle::{Limits, Oracle, Side},
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    clock,
    compare::{self, Setting, Trial},
    judged::Judged,
    net::routes::Routes,
    numbers,
    prog::Prog,
    ward,
};

use self::case::{Case, Event, Instance};

/// What the policies fit.
const POLICY_LIMITS: compile::Limits = compile::Limits {
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
        names::cases(),
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
        calendar::cases(),
        schedule::cases(),
        routed::cases(),
    ]
    .concat()
}

#[test]
fn the_oracle_says_so() {
    let mut wrong = Vec::new();
    for case in all() {
        let numbers = numbers::numbers(&case.policies, &POLICY_LIMITS);
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
            let numbers = &numbers[in_force];
            let judged = match &case.router {
                None => {
                    let outcome = oracle.judge(shot.side, usize::from(shot.wire), &shot.frame, now);
                    Judged::on_wire(numbers::numbered(outcome, numbers))
                }
                Some(router) => {
                    let port = compare::router_port(shot);
                    let routed = oracle.judge_routed(router, port, &shot.frame, now);
                    Judged::routed(&routed, numbers)
                }
            };
            let expected = &step.expected;
            if judged != *expected {
                wrong.push(format!(
                    "{}, frame {number}: {judged:?}, not {expected:?}",
                    case.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_says_so() {
    let cases = all().into_iter().filter(|case| case.router.is_none());
    let mut instances = Instances::default();
    let wrong: Vec<String> = cases
        .filter_map(|case| check(instances.of(case.instance, Prog::load_limited), &case).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_routes_so() {
    let routes = Routes::new();
    let wrong = routes.inside(|| {
        let mut instances = Instances::default();
        let mut wrong = Vec::new();
        for case in all() {
            if let Some(router) = &case.router {
                routes.lay(router);
                wrong.extend(check(instances.of(case.instance, Prog::load_router), &case).err());
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Programs that are loaded so far.
#[derive(Default)]
struct Instances(Vec<(Instance, Prog)>);

impl Instances {
    fn of(&mut self, instance: Instance, load: fn(Limits) -> Prog) -> &mut Prog {
        let known = self.0.iter().position(|&(kind, _)| kind == instance);
        let at = known.unwrap_or_else(|| {
            let prog = load(instance.limits());
            self.0.push((instance, prog));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

fn check(prog: &mut Prog, case: &Case) -> Result<(), String> {
    // Timeouts are tried to the second.
    let (judged, left_behind) = clock::within_one_second(|| {
        let setting = Setting {
            wires: &case.wirings[0],
            router: case.router.as_ref(),
        };
        let mut trial = Trial::within(prog, &case.policies, setting);
        let mut wirings = case.wirings.iter().skip(1);
        let judged: Vec<_> = case
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
                trial.judge_all(&step.shot)
            })
            .collect();
        (judged, trial.finish())
    });
    for (number, (step, judged)) in case.steps.iter().zip(judged).enumerate() {
        let expected = Ok(step.expected.clone());
        if judged != expected {
            return Err(format!(
                "{}, frame {number}: {judged:?}, not {expected:?}",
                case.name
            ));
        }
    }
    left_behind.map_err(|difference| format!("{}: {difference}", case.name))
}

#[test]
fn every_reason_has_a_case() {
    let seen: BTreeSet<Reason> = all()
        .iter()
        .flat_map(|case| &case.steps)
        .flat_map(|step| &step.expected.verdicts)
        .map(|verdict| verdict.reason)
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
