//! Tags that hop into another VLAN, and frames within frames.

use xiot_tests::frame::{Envelope, Frame, frame};

use crate::{
    attempt::Attempt,
    frames::{OPEN, PUMP, PUMP4, SCANNER, SERVER, SERVER4, pump},
    ground::{Deed, by_device, perform},
};

#[test]
fn vlans() {
    perform("vlans::vlans", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("vlan-other", other),
    by_device("vlan-double", double),
    by_device("vlan-double-open", double_open),
    by_device("vlan-priority", priority),
    by_device("vlan-reserved", reserved),
    by_device("vlan-three", three),
    by_device("vlan-inside-out", inside_out),
    by_device("vlan-old-types", old_types),
    by_device("vlan-cut", cut),
    by_device("vlan-any", any),
    by_device("vlan-tunnels", tunnels),
];

/// From the device that is listed on VLAN 20.
fn scanner(tags: impl Fn(Envelope) -> Envelope) -> Frame {
    tags(frame(SCANNER, SERVER))
        .ip("10.30.1.14", SERVER4)
        .udp(42_000, OPEN)
}

/// From the device that is listed without VLAN.
fn pump_tagged(tags: impl Fn(Envelope) -> Envelope) -> Frame {
    tags(frame(PUMP, SERVER))
        .ip(PUMP4, SERVER4)
        .udp(42_001, OPEN)
}

fn other(a: &mut Attempt<'_>) {
    a.lost(scanner(|e| e));
    for id in [0, 1, 19, 21, 30, 4094] {
        a.lost(scanner(|e| e.tagged(id)));
    }
    a.lost(scanner(|e| e.service_tagged(20)));
}

fn double(a: &mut Attempt<'_>) {
    a.lost(scanner(|e| e.tagged(20).tagged(30)));
    a.lost(scanner(|e| e.tagged(30).tagged(20)));
    a.lost(scanner(|e| e.service_tagged(20).tagged(20)));
}

fn double_open(a: &mut Attempt<'_>) {
    a.lost(pump_tagged(|e| e.tagged(1).tagged(20)));
    a.lost(pump_tagged(|e| e.service_tagged(1).tagged(20)));
    a.lost(pump_tagged(|e| e.service_tagged(1).service_tagged(20)));
}

fn priority(a: &mut Attempt<'_>) {
    a.lost(scanner(|e| e.tagged(0).tagged(20)));
    a.lost(scanner(|e| e.tagged(20).tagged(0)));
    a.lost(scanner(|e| e.service_tagged(0xe000).tagged(20)));
    a.lost(pump_tagged(|e| e.tagged(0).tagged(0)));
}

fn reserved(a: &mut Attempt<'_>) {
    a.lost(pump_tagged(|e| e.tagged(4095)));
    a.lost(pump_tagged(|e| e.service_tagged(4095)));
    a.lost(scanner(|e| e.tagged(20).tagged(4095)));
}

fn three(a: &mut Attempt<'_>) {
    a.lost(scanner(|e| e.tagged(20).tagged(20).tagged(20)));
    a.lost(pump_tagged(|e| e.service_tagged(1).tagged(1).tagged(20)));
}

fn inside_out(a: &mut Attempt<'_>) {
    a.lost(scanner(|e| e.tagged(20).service_tagged(30)));
    a.lost(pump_tagged(|e| e.tagged(1).service_tagged(20)));
}

fn old_types(a: &mut Attempt<'_>) {
    for kind in [0x9100_u16, 0x9200, 0x9300] {
        let mut bytes = scanner(|e| e.tagged(20)).build();
        bytes[12..14].copy_from_slice(&kind.to_be_bytes());
        // The scanner without a VLAN is nobody; the pump is.
        bytes[6..12].copy_from_slice(&PUMP);
        a.lost(bytes);
    }
}

fn cut(a: &mut Attempt<'_>) {
    for length in [14, 15, 16, 17] {
        a.lost(scanner(|e| e.tagged(20)).build()[..length].to_vec());
    }
    a.lost(scanner(|e| e.tagged(20).tagged(20)).build()[..20].to_vec());
}

fn any(a: &mut Attempt<'_>) {
    a.through(pump_tagged(|e| e.tagged(30)));
    a.through(pump_tagged(|e| e.tagged(0xe000)));
}

fn tunnels(a: &mut Attempt<'_>) {
    let inner = pump().udp(42_002, 22).build();
    // Provider backbone, MACsec, MPLS, PPPoE, and a frame in a frame.
    for kind in [0x88e7_u16, 0x88e5, 0x8847, 0x8864, 0x6558] {
        a.lost(frame(PUMP, SERVER).other(kind, &inner));
    }
    // IPv4 behind LLC and SNAP, which some hosts take for IPv4.
    let snap = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner[14..]].concat();
    let length = u16::try_from(snap.len()).unwrap();
    a.lost(frame(PUMP, SERVER).other(length, &snap));
}
