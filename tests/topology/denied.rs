//! Frames outside the allow-list never arrive, and each is counted under its reason.

use std::collections::BTreeMap;

use xiot_tests::{
    net::{
        capture::{Capture, arrived},
        gateway::Gateway,
        rig::{Host, Rig},
    },
    until::until,
};

use crate::{
    frames::{Way, destination_port, padded, tagged},
    gateway, policy,
};

/// A frame that must not arrive, and the reason it is counted under.
struct Denied {
    name: &'static str,
    frame: Vec<u8>,
    reason: &'static str,
}

fn denied(name: &'static str, reason: &'static str, frame: Vec<u8>) -> Denied {
    Denied {
        name,
        frame,
        reason,
    }
}

/// Sends the frames, then one that is allowed, and looks at what arrived and what was counted.
#[track_caller]
fn check(gateway: &Gateway<'_>, way: Way<'_>, allowed: &[u8], frames: &[Denied]) {
    let mut expected = BTreeMap::<&str, u64>::new();
    for frame in frames {
        *expected.entry(frame.reason).or_default() += 1;
    }
    let count = |reason: &&str| gateway.frames("dropped", reason);
    let before: BTreeMap<_, _> = expected.keys().map(|r| (*r, count(r))).collect();
    let seen = Capture::start(way.to);
    let socket = way.from.packets();
    for denied in frames {
        socket.send(&denied.frame).unwrap();
    }
    socket.send(allowed).unwrap();
    let all = seen.up_to("the allowed frame", |frame| frame.bytes == allowed);
    for denied in frames {
        let through = arrived(&all, |frame| frame == denied.frame);
        assert!(through.is_empty(), "{} arrived", denied.name);
    }
    for (reason, number) in expected {
        until(&format!("{number} drops counted as {reason}"), || {
            (count(&reason) - before[reason] >= number).then_some(())
        });
        assert_eq!(count(&reason) - before[reason], number, "{reason}");
    }
}

#[test]
fn what_the_device_may_not_send_does_not_arrive() {
    let rig = Rig::new();
    rig.quiet();
    let gateway = gateway(&rig, policy::PUMP);
    let way = Way {
        from: &rig.device,
        to: &rig.uplink,
    };
    let from_other_mac = {
        let mut frame = way.udp4(1000, 3613, b"x");
        frame[11] = 0x66;
        frame
    };
    let stranger = {
        let mut frame = way.udp4(1000, 3613, b"to a stranger");
        frame[33] = 99;
        ipv4_checksum(&mut frame);
        frame
    };
    let foreign_source = {
        let mut frame = way.udp4(1000, 3613, b"as somebody else");
        frame[29] = 99;
        ipv4_checksum(&mut frame);
        frame
    };
    check(
        &gateway,
        way,
        &way.marker(1),
        &[
            denied("another port", "no_port", way.udp4(1000, 514, b"syslog")),
            denied("a port above", "no_port", way.udp6(1000, 3614, b"x")),
            denied("tcp to another port", "no_port", way.syn4(1000, 445)),
            denied("another peer", "no_peer", stranger),
            denied(
                "another source address",
                "address_not_bound",
                foreign_source,
            ),
            denied(
                "another MAC with the pump's address",
                "unknown_device",
                from_other_mac,
            ),
            denied(
                "what only the server may open",
                "wrong_direction",
                way.syn4(8000, 8000),
            ),
            denied("a third tag", "too_many_vlan_tags", {
                let tags = [(0x8100, 1), (0x8100, 2), (0x8100, 3)];
                tagged(&way.udp4(1000, 3613, b"x"), &tags)
            }),
            denied("cut off", "truncated_ipv4", {
                let mut frame = way.udp4(1000, 3613, &[0; 100]);
                frame.truncate(60);
                frame
            }),
            denied("lldp", "ethertype_denied", lldp(&rig.device)),
        ],
    );
}

#[test]
fn what_the_uplink_may_not_send_does_not_arrive() {
    let rig = Rig::new();
    rig.quiet();
    let gateway = gateway(&rig, policy::PUMP);
    let way = Way {
        from: &rig.uplink,
        to: &rig.device,
    };
    check(
        &gateway,
        way,
        &way.syn4(1000, 8000),
        &[
            denied("a port beside", "no_port", way.syn4(1000, 8010)),
            denied("ssh", "no_port", way.syn4(1000, 22)),
            denied("udp", "wrong_direction", way.udp4(1000, 3613, b"x")),
            denied("a broadcast", "group_denied", {
                let mut frame = way.udp4(1000, 137, b"who is there");
                frame[..6].fill(0xff);
                frame
            }),
            denied("a device that is not there", "unknown_device", {
                let mut frame = way.udp4(1000, 3613, b"x");
                frame[5] = 0x77;
                frame
            }),
            denied("padded frame of a denied kind", "no_port", {
                padded(way.syn4(1000, 23), 60, 0)
            }),
        ],
    );
}

#[test]
fn a_denied_frame_never_opens_the_way_for_the_next() {
    let rig = Rig::new();
    rig.quiet();
    let gateway = gateway(&rig, policy::PUMP);
    let way = Way {
        from: &rig.device,
        to: &rig.uplink,
    };
    let seen = Capture::start(&rig.uplink);
    let socket = rig.device.packets();
    for port in [514, 515, 514, 515, 514, 515] {
        socket.send(&way.udp4(1000, port, b"again")).unwrap();
    }
    socket.send(&way.marker(1)).unwrap();
    let all = seen.up_to("the marker", |frame| frame.bytes == way.marker(1));
    let through = arrived(&all, |f| matches!(destination_port(f), Some(514 | 515)));
    assert!(through.is_empty());
    assert_eq!(gateway.frames("dropped", "no_port"), 6);
}

fn lldp(host: &Host) -> Vec<u8> {
    let mut frame = vec![0x01, 0x80, 0xc2, 0, 0, 0x0e];
    frame.extend(host.mac);
    frame.extend([0x88, 0xcc]);
    padded(frame, 60, 0)
}

/// Puts the header checksum right after a change to the header of an untagged frame without options.
fn ipv4_checksum(frame: &mut [u8]) {
    frame[24..26].fill(0);
    let mut sum: u32 = frame[14..34]
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = !u16::try_from(sum).unwrap();
    frame[24..26].copy_from_slice(&checksum.to_be_bytes());
}
