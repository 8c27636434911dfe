//! The generated frames are worth judging: they meet every reason, often.

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use xiot_agent::{
    model::policy::Policy,
    oracle::{Fate, Limits, Oracle, RoutedVerdict},
};
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    compare,
    coverage::Seen,
    frame::{Extension, Frame, flag::SYN, frame},
    generate::{self, Dice, Traffic, policies, wires},
    net::routes::Routes,
    shot::Shot,
    step::{self, Step},
    ward::{self, PUMP, ROUTER},
};

const POLICIES: u64 = 200;
const STEPS: usize = 1000;

fn policy(seed: u64) -> Policy {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &Dice::new(seed).bytes32());
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let tree = policies().new_tree(&mut runner);
    tree.expect("a policy").current()
}

/// Little room every fifth time.
fn limits(seed: u64) -> Limits {
    if !seed.is_multiple_of(5) {
        return Limits::default();
    }
    Limits {
        flows: 2,
        new_flows_unlisted: 3,
        new_flows_per_cpu: 4,
        group_frames_per_sender: 3,
        group_frames_per_port: 5,
        addresses_per_device: 2,
        ..Limits::default()
    }
}

/// Has an oracle take the steps.
fn judge(
    seed: u64,
    policy: &Policy,
    steps: &[Step],
    mut ask: impl FnMut(&mut Oracle<'_>, &Shot, u64),
) {
    let wires = wires();
    let policies = step::policies(policy, steps);
    let mut oracle = Oracle::with_limits(&policies[0], &wires, limits(seed));
    let mut next = policies.iter().skip(1);
    let mut now = 1;
    oracle.set_clock(compare::ahead(compare::START, now));
    for step in steps {
        match step {
            Step::Shot(shot) => {
                now += u64::from(shot.after);
                ask(&mut oracle, shot, now);
            }
            Step::Swap(_) => oracle.swap(next.next().expect("a policy for each swap")),
            Step::Rewire(wires) => oracle.rewire(wires),
            Step::Settle(seconds) => oracle.settle_at(now + u64::from(*seconds)),
            Step::Touch => oracle.touch(),
            Step::Clock(second) => oracle.set_clock(compare::ahead(*second, now)),
            Step::Decide(decide) => decide.tell(&mut oracle, now),
            Step::Grace(seconds) => oracle.grant_grace_until(now + u64::from(*seconds)),
        }
    }
}

#[test]
fn every_reason_is_met() {
    let mut seen = Seen::default();
    let mut frames = 0;
    for seed in 0..POLICIES {
        let policy = policy(seed);
        let steps = Traffic::new(seed, &policy).steps(STEPS);
        judge(seed, &policy, &steps, |oracle, shot, now| {
            let wire = usize::from(shot.wire);
            let outcome = oracle.judge(shot.side, wire, &shot.frame, now);
            seen.count(outcome.reason, outcome.dropped, outcome.flow_hit);
            frames += 1;
        });
    }
    let hits = seen.hits();
    print!("{seen}");
    println!("{hits:6} of {frames} by flow");
    for reason in Reason::ALL {
        let is_rare = matches!(
            reason,
            Reason::FlowTableFull
                | Reason::TruncatedEthernet
                | Reason::FragmentHeaderIncomplete
                | Reason::AllowedGrace
                | Reason::Revoked
                | Reason::FragmentBudget
                | Reason::FragmentOutOfOrder
                | Reason::FlowBudgetCpu
        );
        let enough = if is_rare { 5 } else { 50 };
        let count = seen.of(*reason);
        assert!(
            count >= enough || reason.class() == Class::Gateway || *reason == Reason::ToGateway,
            "{} only {count} times",
            reason.name()
        );
        if let Some(of_flows) = guard(*reason) {
            let (dropped, forwarded, by_flow) = seen.fates(*reason);
            assert!(
                dropped > 10 && forwarded > 10 && (by_flow > 10 || !of_flows),
                "{}: {dropped} dropped, {forwarded} forwarded, {by_flow} of them by flow",
                reason.name()
            );
        }
    }
    assert!(hits > frames / 12, "few frames follow on others");
}

#[test]
fn routed_frames_take_every_way() {
    let mut seen = Seen::default();
    let (mut frames, mut twice, mut hit_twice, mut out, mut stack) = (0, 0, 0, 0, 0);
    for seed in 0..POLICIES / 2 {
        let policy = policy(seed);
        let router = generate::router(seed, &policy);
        let steps = Traffic::new(seed, &policy).routed(&router).steps(STEPS);
        judge(seed, &policy, &steps, |oracle, shot, now| {
            let port = compare::router_port(shot);
            let routed = oracle.judge_routed(&router, port, &shot.frame, now);
            frames += 1;
            for RoutedVerdict { outcome, .. } in &routed.verdicts {
                seen.count(outcome.reason, outcome.dropped, outcome.flow_hit);
            }
            let is_hit = |verdict: &RoutedVerdict| verdict.outcome.flow_hit;
            twice += u32::from(routed.verdicts.len() == 2);
            hit_twice += u32::from(routed.verdicts.iter().filter(|it| is_hit(it)).count() == 2);
            out += u32::from(matches!(routed.fate, Fate::Out(..)));
            stack += u32::from(routed.fate == Fate::Stack);
        });
    }
    print!("{seen}");
    println!(
        "{frames} frames, {twice} judged twice, {hit_twice} by two flows, {out} out, {stack} to the stack"
    );
    for reason in [
        Reason::ToGateway,
        Reason::RoutedVlan,
        Reason::NotForRouter,
        Reason::NotRoutable,
        Reason::NeighbourUnknown,
        Reason::NoEgress,
        Reason::AllowedFlow,
        Reason::AllowedRule,
        Reason::AllowedFragment,
        Reason::AllowedRelated,
        Reason::Quarantined,
        Reason::WrongWire,
        Reason::Revoked,
        Reason::GroupRate,
        Reason::GroupDenied,
        Reason::FragmentOverlap,
    ] {
        assert!(seen.of(reason) >= 20, "{} too rarely", reason.name());
    }
    assert!(twice > frames / 20 && hit_twice > frames / 200);
    assert!(out > frames / 12 && stack > frames / 20);
}

/// Whether flows may have a guard's reason; none where it is no guard's.
fn guard(reason: Reason) -> Option<bool> {
    let of_flows = matches!(
        reason,
        Reason::SourceMacInvalid
            | Reason::SourceAddressInvalid
            | Reason::SourceAddressStolen
            | Reason::SourceAddressUnbound
            | Reason::DhcpServer
            | Reason::DhcpSpoofed
            | Reason::RouterMessage
            | Reason::Bpdu
    );
    let of_frames = matches!(
        reason,
        Reason::ArpInvalid
            | Reason::ArpSpoofed
            | Reason::NdInvalid
            | Reason::NdSpoofed
            | Reason::SnapEncapsulated
            | Reason::AddressClaimed
            | Reason::MacClaimed
            | Reason::GroupRate
    );
    (of_flows || of_frames).then_some(of_flows)
}

#[test]
fn the_kernel_takes_generated_routes() {
    let routes = Routes::new();
    for seed in 0..30 {
        routes.lay(&generate::router(seed, &policy(seed)));
    }
}

#[test]
fn the_same_seed_makes_the_same_frames() {
    let policy = ward::policy();
    let first: Vec<_> = Traffic::new(7, &policy).take(200).collect();
    let second: Vec<_> = Traffic::new(7, &policy).take(200).collect();
    let other: Vec<_> = Traffic::new(8, &policy).take(200).collect();
    assert_eq!(first, second);
    assert_ne!(first, other);
}

/// The builder's own lengths and checksums, by somebody else's parser.
#[test]
fn built_frames_are_whole() {
    let v4 = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .options(&[1; 8]);
    let v6 = frame(PUMP, ROUTER)
        .service_tagged(100)
        .tagged(30)
        .ip("fd00::11", "fd00:8::11")
        .extension(Extension::Options {
            kind: 0,
            units: 1,
            fourth: 0,
        })
        .extension(Extension::Authentication { words: 4 });
    let frames: [Frame; 6] = [
        v4.clone().tcp(50000, 3613, SYN),
        v4.clone().udp(50000, 514),
        v4.icmp(8, 0, 7),
        v6.clone().tcp(50000, 3613, SYN),
        v6.clone().udp(50000, 514),
        v6.icmp(128, 0, 7),
    ];
    for built in frames {
        let bytes = built.build();
        let packet = etherparse::PacketHeaders::from_ethernet_slice(&bytes).expect("a whole frame");
        let net = packet.net.expect("an IP header");
        let payload = packet.payload.slice();
        let mut transport = packet.transport.expect("a transport header");
        let before = transport.clone();
        match net {
            etherparse::NetHeaders::Ipv4(header, _) => {
                assert_eq!(header.header_checksum, header.calc_header_checksum());
                transport
                    .update_checksum_ipv4(&header, payload)
                    .expect("short");
            }
            etherparse::NetHeaders::Ipv6(header, _) => {
                transport
                    .update_checksum_ipv6(&header, payload)
                    .expect("short");
            }
            etherparse::NetHeaders::Arp(_) => panic!("no ARP was built"),
        }
        assert_eq!(before, transport, "{built:?}");
    }
}
