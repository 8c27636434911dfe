//! A small hospital as plain values, for the tests of this module and of the surfaces.

mod binding;
mod comparison;
mod decided;
mod fake;
mod learned;
mod named;
mod promoted;
mod revision;
mod status;

pub(crate) use binding::binding;
pub(crate) use comparison::comparison;
pub(crate) use decided::time;
pub(crate) use fake::Fake;
pub(crate) use learned::learned;
pub(crate) use named::named;
pub(crate) use promoted::promoted;
pub(crate) use revision::{plan, record, reloaded};
pub(crate) use status::status;

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{
    names::Names,
    state::{
        Device, DeviceTotal, Drop, Endpoint, Flow, Mode, Observed, Opener, Reason, Side, Stage,
        Traffic, Verdict, Vlans,
    },
    view,
};
use crate::{
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
        names: Vec::new(),
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
                names: Vec::new(),
                at: at(3),
            },
            PeerSet {
                name: "biomed".to_owned(),
                networks: networks(&["10.40.0.0/24"]),
                names: Vec::new(),
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

/// Of a group, or all.
pub(crate) fn device_totals(group: Option<&str>) -> Vec<DeviceTotal> {
    let now = super::clock::Now {
        monotonic: Duration::from_millis(1_000_500),
        wall: time(),
    };
    let mut totals = view::device_totals(&names(), now, group, |_| Default::default());
    if let Some(pump) = totals.first_mut() {
        pump.traffic = traffic();
        pump.last_seen = Some(time());
    }
    totals
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
