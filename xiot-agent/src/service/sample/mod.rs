//! A small hospital as plain values, for the tests of this module and of the surfaces.

mod binding;
mod decided;
mod fake;
mod revision;

pub(crate) use binding::binding;
pub(crate) use decided::time;
pub(crate) use fake::Fake;
pub(crate) use revision::{plan, record, reloaded};

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{
    names::Names,
    state::{
        Agent, AuditInfo, Device, Drop, Endpoint, EventTotals, Flow, Gauge, Mode, Modes, Observed,
        Opener, PolicyInfo, Port, ProfileTotals, Reason, Reloads, RevisionInfo, Side, Stage,
        Status, Traffic, Verdict, Vlans, Wire,
    },
    view,
};
use crate::{
    collect::ReasonTotal,
    compile::Assignment,
    model::policy::{
        self, Clause, Criticality, IcmpType, Initiator, PeerSet, Policy, Position, Profile, Rule,
    },
};
use ipnetwork::IpNetwork;

pub(crate) const PUMP: [u8; 6] = [0x00, 0x03, 0xb1, 0x00, 0x00, 0x12];
pub(crate) const MONITOR: [u8; 6] = [0x00, 0x09, 0xfb, 0, 0, 7];
pub(crate) const STRANGER: [u8; 6] = [0x02, 0, 0, 0, 0, 0x66];

fn at(line: u32) -> Position {
    Position { line, column: 9 }
}

fn networks(list: &[&str]) -> Vec<IpNetwork> {
    list.iter()
        .map(|network| network.parse().unwrap())
        .collect()
}

fn rule(id: u32, initiator: Initiator, peers: &[&str], clause: Clause, label: &str) -> Rule {
    Rule {
        id,
        initiator,
        peers: networks(peers),
        clauses: vec![clause],
        times: crate::model::times::Times::default(),
        label: label.to_owned(),
        note: None,
        owner: None,
        at: at(10 + id),
    }
}

/// A pump and a monitor; the pump talks to its server, biomedical engineers to the pump.
pub(crate) fn policy() -> Policy {
    let profile = |name: &str, rules, line| Profile {
        name: name.to_owned(),
        criticality: Some(Criticality::LifeSustaining),
        arp: true,
        nd: true,
        dhcp: true,
        timeouts: policy::Timeouts::default(),
        limits: policy::Limits::default(),
        rules,
        at: at(line),
    };
    let device = |name: &str, mac, address: &str, profile, mode, line| policy::Device {
        name: name.to_owned(),
        mac,
        vlan: None,
        wire: None,
        addresses: vec![address.parse().unwrap()],
        profile,
        mode,
        criticality: Some(Criticality::LifeSustaining),
        location: Some("ICU-3".to_owned()),
        groups: vec!["icu".to_owned()],
        at: at(line),
    };
    let ssh_and_more = Clause::Tcp(vec![22..=22, 8000..=8009]);
    let pump_rules = vec![
        rule(
            1,
            Initiator::Device,
            &["10.20.8.11/32", "fd00:20:8::11/128"],
            Clause::Tcp(vec![3613..=3613]),
            "to pump-server tcp 3613",
        ),
        rule(
            2,
            Initiator::Peer,
            &["10.40.0.0/24"],
            ssh_and_more,
            "from biomed tcp 22,8000-8009",
        ),
        rule(
            3,
            Initiator::Device,
            &["10.30.0.1/32"],
            Clause::Icmp(vec![IcmpType {
                kind: 8,
                code: None,
            }]),
            "to gw icmp echo-request",
        ),
    ];
    let monitor_rules = vec![rule(
        4,
        Initiator::Peer,
        &["10.30.1.12/32"],
        Clause::Udp(vec![161..=161]),
        "from pump-icu-12 udp 161",
    )];
    Policy {
        file: "policy.yaml".to_owned(),
        onboarding: Mode::Learn,
        peer_sets: vec![
            PeerSet {
                name: "pump-server".to_owned(),
                networks: networks(&["10.20.8.11/32", "fd00:20:8::11/128"]),
                at: at(3),
            },
            PeerSet {
                name: "biomed".to_owned(),
                networks: networks(&["10.40.0.0/24"]),
                at: at(4),
            },
        ],
        profiles: From::from(vec![
            profile("infusion-pump", pump_rules.into(), 9),
            profile("patient-monitor", monitor_rules.into(), 14),
        ]),
        devices: From::from(vec![
            device("pump-icu-12", PUMP, "10.30.1.12", 0, Mode::Enforce, 20),
            device("monitor-7", MONITOR, "10.30.1.70", 1, Mode::Monitor, 21),
        ]),
        ..Policy::default()
    }
}

pub(crate) fn names() -> Names {
    let policy = policy();
    let ids = Assignment::fresh(&policy);
    Names::new(
        Arc::new(policy),
        Arc::from(["ward-3".to_owned()]),
        Arc::new(ids),
    )
}

fn port(interface: &str, ifindex: u32) -> Port {
    Port {
        interface: interface.to_owned(),
        ifindex,
        xdp: "native",
    }
}

fn traffic() -> Traffic {
    Traffic {
        from_frames: 120,
        from_bytes: 16_384,
        to_frames: 110,
        to_bytes: 12_000,
        from_dropped: 3,
        to_dropped: 1,
        would_drop: 0,
    }
}

pub(crate) fn status() -> Status {
    let names = names();
    let counters: Vec<_> = (0..2)
        .flat_map(|port| {
            Reason::ALL.iter().map(move |&reason| ReasonTotal {
                port,
                reason,
                total: Default::default(),
            })
        })
        .collect();
    let mut frames = view::frames(&counters);
    for total in &mut frames {
        if total.side == Side::Device && total.reason == Reason::AllowedFlow {
            total.frames = 120;
            total.bytes = 16_384;
        }
        if total.side == Side::Device
            && total.reason == Reason::NoPort
            && total.verdict == Verdict::Dropped
        {
            total.frames = 3;
            total.bytes = 180;
        }
    }
    Status {
        agent: Agent {
            version: "0.1.0",
            abi: 1,
            pid: 4711,
            started: time(),
        },
        policy: PolicyInfo {
            file: "policy.yaml".to_owned(),
            digest: [0xab; 32],
            compiled_at: time(),
            revision: 3,
            epoch: 5,
            applied_at: time(),
            reloads: Reloads {
                applied: 2,
                unchanged: 1,
                refused: 4,
            },
            onboarding: Mode::Learn,
            devices: 2,
            profiles: 2,
            rules: 4,
            image_bytes: Gauge {
                used: 4096,
                capacity: 16 << 20,
            },
            revisions: RevisionInfo {
                in_force: Some(record(3)),
                trial: Some(time()),
                trouble: None,
                audited: AuditInfo {
                    head: Some(crate::store::audit::Place {
                        sequence: 17,
                        hash: "cd".repeat(32),
                    }),
                    trouble: None,
                },
            },
        },
        wires: vec![Wire {
            name: "ward-3".to_owned(),
            device: Some(port("eth1", 3)),
            uplink: Some(port("eth2", 4)),
            fail: Some("closed"),
            fail_trouble: None,
        }],
        devices: view::modes(&names),
        unlisted: 1,
        unlisted_forgotten: 0,
        flows: Gauge {
            used: 1,
            capacity: 131_072,
        },
        half_open: Gauge {
            used: 7,
            capacity: 65536,
        },
        observed: Gauge {
            used: 4,
            capacity: 131_072,
        },
        bindings: binding::count(),
        events: EventTotals {
            sent: 3,
            suppressed: 2,
            lost: 0,
        },
        frames,
        decisions: vec![decided::decided()],
        profiles: vec![ProfileTotals {
            profile: "infusion-pump".to_owned(),
            devices: Modes {
                learn: 0,
                monitor: 0,
                enforce: 1,
            },
            traffic: traffic(),
            rule_hits: 2,
        }],
    }
}

pub(crate) fn devices() -> Vec<Device> {
    let names = names();
    let now = super::clock::Now {
        monotonic: Duration::from_millis(1_000_500),
        wall: time(),
    };
    let seen = [view::Seen {
        whose: view::Whose {
            mac: STRANGER,
            vlans: Vlans::default(),
            wire: 0,
        },
        addresses: vec!["10.30.1.66".parse().unwrap()],
        last_frame: 940,
    }];
    let mut devices = view::devices(&names, now, |_| Default::default(), &seen);
    if let Some(pump) = devices.first_mut() {
        pump.traffic = Some(traffic());
        pump.last_seen = Some(time());
    }
    devices
}

pub(crate) fn flow() -> Flow {
    let names = names();
    Flow {
        wire: "ward-3".to_owned(),
        vlans: Vlans::default(),
        device: Some("pump-icu-12".to_owned()),
        mac: PUMP,
        protocol: 6,
        device_address: "10.30.1.12".parse().unwrap(),
        device_port: 49_152,
        peer_address: "10.20.8.11".parse().unwrap(),
        peer_port: 3613,
        opener: Opener::Device,
        midstream: false,
        stage: Stage::Established,
        half_open: false,
        reason: Reason::AllowedFlow,
        would_drop: false,
        rule: names.rule(1),
        opened: Some(time()),
        idle: Duration::from_secs(4),
        timeout: Duration::from_hours(24),
        from_frames: 60,
        from_bytes: 8_192,
        to_frames: 55,
        to_bytes: 6_000,
    }
}

/// What the pump does with its server.
pub(crate) fn observed() -> Observed {
    Observed {
        wire: "ward-3".to_owned(),
        vlans: Vlans::default(),
        device: Some("pump-icu-12".to_owned()),
        mac: PUMP,
        device_address: "10.30.1.12".parse().unwrap(),
        peer_address: "10.20.8.11".parse().unwrap(),
        initiator: Opener::Device,
        midstream: false,
        protocol: 6,
        port: 3613,
        conversations: 2,
        frames: 115,
        bytes: 14_192,
        first_seen: Some(time()),
        last_seen: Some(time() + Duration::from_mins(2)),
        reason: Reason::AllowedRule,
        verdict: Verdict::Forwarded,
        rule: names().rule(1),
    }
}

pub(crate) fn drop(sequence: u64) -> Drop {
    let end = |address: &str, port| {
        Some(Endpoint {
            address: address.parse::<IpAddr>().unwrap(),
            port,
        })
    };
    Drop {
        sequence,
        time: time(),
        wire: "ward-3".to_owned(),
        side: Side::Device,
        dropped: true,
        mode: Mode::Enforce,
        reason: Reason::NoPort,
        device: Some("pump-icu-12".to_owned()),
        src_mac: PUMP,
        dst_mac: [0x02, 0, 0, 0, 0, 1],
        vlans: Vlans::default(),
        ethertype: 0x0800,
        protocol: 6,
        src: end("10.30.1.12", 49_153),
        dst: end("10.20.8.11", 22),
        tcp_flags: 0x02,
        length: 74,
        rule: None,
        suppressed: 2,
    }
}
