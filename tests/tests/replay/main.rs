//! Captures of other people's networks through the program: every frame gets a verdict, nothing is lost, and the
//! oracle says the same.

#![expect(clippy::print_stdout, reason = "says what was skipped")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use ipnetwork::IpNetwork;
use xiot_agent::{
    model::policy::{
        Clause, Device, IcmpType, Initiator, Limits, Mode, Policy, Position, Profile, Rule,
        Timeouts,
    },
    oracle::Side,
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    capture::{self, Opening},
    compare::{Trial, first_difference},
    frame::Mac,
    prog::Prog,
    shot::Shot,
    ward,
};

/// Shortest frame that the kernel runs.
const SHORTEST: usize = 14;

/// Devices made of one capture's MACs.
const DEVICES: usize = 8;

/// Rules learned for one device.
const RULES: usize = 40;

/// Room for flows.
const ROOM: u32 = 1 << 16;

/// All captures with their frames; none where they are not there.
fn captures() -> Option<Vec<(String, Vec<Vec<u8>>)>> {
    let directory = env::var_os("XIOT_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures"),
        PathBuf::from,
    );
    let index = directory.join("index.csv");
    let Ok(text) = fs::read_to_string(&index) else {
        println!(
            "skipped: no captures at {}; XIOT_CAPTURES names another place",
            directory.display()
        );
        return None;
    };
    let captures = text
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let frames = capture::read(&directory.join(fields[0]));
            assert_eq!(
                frames.len().to_string(),
                fields[3],
                "frames of {}",
                fields[0]
            );
            (fields[0].to_owned(), frames)
        })
        .collect();
    Some(captures)
}

#[test]
fn captures_are_judged_as_the_oracle_judges_them() {
    let Some(captures) = captures() else { return };
    let mut prog = Prog::load(ROOM);
    let mut seen: BTreeMap<Reason, u64> = BTreeMap::new();
    let (mut frames, mut short) = (0, 0);
    for (number, (name, capture)) in captures.iter().enumerate() {
        let policy = learned(number, capture);
        let shots = shots(&policy, capture);
        short += capture.len() - shots.len();
        if let Some(difference) = first_difference(&mut prog, &policy, &ward::wires(), &shots) {
            panic!(
                "{name}: {difference}\n{:02x?}\n{policy:#?}",
                shots[difference.at].frame
            );
        }
        frames += shots.len() as u64;
    }
    let counters = prog
        .counters()
        .reasons([0, 1])
        .expect("counters can be read");
    for counter in counters {
        let total = counter.total.forwarded_frames + counter.total.dropped_frames;
        *seen.entry(counter.reason).or_default() += total;
    }
    for (reason, count) in seen.iter().filter(|(_, count)| **count > 0) {
        println!("{count:9} {}", reason.name());
    }
    println!(
        "{frames:9} frames of {} captures, {short} more left out: no link type known here, or too short for the kernel",
        captures.len()
    );
    assert_eq!(seen.values().sum::<u64>(), frames, "each frame counts once");
    let allowed: u64 = [
        Reason::AllowedRule,
        Reason::AllowedFlow,
        Reason::AllowedService,
    ]
    .map(|reason| seen.get(&reason).copied().unwrap_or(0))
    .iter()
    .sum();
    assert!(
        allowed > frames / 10,
        "the learned rules allow next to nothing"
    );
}

/// Day one: nothing is listed, onboarding is learn, and nothing but nonsense is stopped.
#[test]
fn learning_stops_nothing_that_has_a_meaning() {
    let Some(captures) = captures() else { return };
    let mut prog = Prog::load(ROOM);
    let policy = Policy {
        onboarding: Mode::Learn,
        ..Policy::default()
    };
    let wires = ward::wires();
    let mut malformed = 0;
    for (name, capture) in &captures {
        let mut trial = Trial::new(&mut prog, &policy, &wires);
        let of_capture = learned(0, capture);
        for shot in shots(&of_capture, capture) {
            let verdict = trial
                .judge(&shot)
                .unwrap_or_else(|difference| panic!("{name}: {difference}"));
            let is_malformed = verdict.reason.class() == Class::Malformed;
            assert_eq!(
                verdict.dropped, is_malformed,
                "{name}: {verdict:?} {:02x?}",
                shot.frame
            );
            malformed += u64::from(is_malformed);
        }
        assert_eq!(trial.finish(), Ok(()), "{name}");
    }
    println!("{malformed} malformed frames");
}

/// The capture's frames that the kernel runs: those of devices from the device side, all others from the uplink.
fn shots(policy: &Policy, capture: &[Vec<u8>]) -> Vec<Shot> {
    let devices: BTreeSet<Mac> = policy.devices.iter().map(|device| device.mac).collect();
    capture
        .iter()
        .filter(|frame| frame.len() >= SHORTEST)
        .map(|frame| Shot {
            after: 0,
            wire: 0,
            side: if devices.contains(&source(frame)) {
                Side::Device
            } else {
                Side::Uplink
            },
            frame: frame.clone(),
        })
        .collect()
}

fn source(frame: &[u8]) -> Mac {
    mac_at(frame, 6)
}

fn mac_at(frame: &[u8], at: usize) -> Mac {
    frame[at..at + 6].try_into().expect("six bytes")
}

/// A policy that makes every second MAC of the capture a device, and allows what the first third of the frames
/// shows of it.
fn learned(number: usize, capture: &[Vec<u8>]) -> Policy {
    let mut macs: Vec<Mac> = Vec::new();
    for frame in capture.iter().filter(|frame| frame.len() >= SHORTEST) {
        let mac = source(frame);
        if mac[0] & 1 == 0 && !macs.contains(&mac) {
            macs.push(mac);
        }
    }
    let part = &capture[..capture.len().div_ceil(3)];
    let mut policy = Policy {
        onboarding: [Mode::Enforce, Mode::Monitor, Mode::Learn][number % 3],
        ..ward::policy()
    };
    policy.profiles.clear();
    policy.devices.clear();
    policy.services.dhcp.clear();
    let mut next_rule = 1;
    for (position, mac) in macs.into_iter().step_by(2).take(DEVICES).enumerate() {
        let (rules, own) = rules(part, mac, &mut next_rule);
        policy.profiles.push(Profile {
            name: format!("profile-{position}"),
            criticality: None,
            arp: true,
            nd: true,
            dhcp: true,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            rules,
            at: Position::default(),
        });
        policy.devices.push(Device {
            name: format!("device-{position}"),
            mac,
            vlan: None,
            wire: None,
            addresses: if position % 3 == 2 { own } else { Vec::new() },
            profile: position,
            mode: if position % 4 == 3 {
                Mode::Monitor
            } else {
                Mode::Enforce
            },
            criticality: None,
            location: None,
            groups: Vec::new(),
            at: Position::default(),
        });
    }
    policy.default_profile = (number % 5 == 4 && !policy.profiles.is_empty()).then_some(0);
    policy
}

/// What a device opened and was opened with, as rules, and the addresses that it used.
fn rules(part: &[Vec<u8>], mac: Mac, next: &mut u32) -> (Vec<Rule>, Vec<std::net::IpAddr>) {
    let (mut rules, mut own): (Vec<Rule>, BTreeSet<_>) = (Vec::new(), BTreeSet::new());
    for frame in part.iter().filter(|frame| frame.len() >= SHORTEST) {
        let Some(opening) = capture::opening(frame) else {
            continue;
        };
        let (initiator, peer) = if source(frame) == mac {
            own.insert(opening.source);
            (Initiator::Device, opening.destination)
        } else if mac_at(frame, 0) == mac {
            (Initiator::Peer, opening.source)
        } else {
            continue;
        };
        let peers = vec![IpNetwork::from(peer)];
        let clauses = vec![clause(&opening)];
        let is_known = rules.iter().any(|rule| {
            rule.initiator == initiator && rule.peers == peers && rule.clauses == clauses
        });
        if !is_known && rules.len() < RULES {
            rules.push(Rule {
                id: *next,
                initiator,
                peers,
                clauses,
                label: String::new(),
                note: None,
                owner: None,
                at: Position::default(),
            });
            *next += 1;
        }
    }
    (
        rules,
        own.into_iter()
            .filter(|address| !address.is_unspecified())
            .collect(),
    )
}

fn clause(opening: &Opening) -> Clause {
    let ports = vec![opening.service..=opening.service];
    let types = || {
        vec![IcmpType {
            kind: u8::try_from(opening.service).expect("an ICMP type"),
            code: None,
        }]
    };
    match opening.protocol {
        6 => Clause::Tcp(ports),
        17 => Clause::Udp(ports),
        1 if opening.source.is_ipv4() => Clause::Icmp(types()),
        58 if opening.source.is_ipv6() => Clause::Icmpv6(types()),
        number => Clause::Protocol(number),
    }
}
