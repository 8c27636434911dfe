//! Sections 9.7 and 9.8, byte by byte.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xiot_common::reason::Reason::SourceAddressUnbound;

use super::{
    super::{Hold, Side},
    world::{PUMP, ROUTER, WHOLE, Ward, datagram, ip, policy, wires},
};
use crate::model::{
    gateway::Wire,
    guard::{Guards, Level},
    policy::{Mode, Policy},
};

/// Nothing is dropped, and everything is learnt.
fn watching() -> (Policy, Vec<Wire>) {
    let mut wires = wires();
    wires[0].guards = Guards {
        binding: Level::Monitor,
        ..Guards::all(Level::Off)
    };
    (policy(Mode::Learn), wires)
}

/// An address, how long it is bound, and how.
type Bound = (IpAddr, Option<u64>, Hold);

/// What the pump has after this packet from a server to it.
fn bound_by(packet: &[u8]) -> Vec<Bound> {
    let (policy, wires) = watching();
    let mut ward = Ward::new(&policy, &wires);
    let (_, dropped, ..) = ward.back(packet);
    assert!(!dropped, "all of it passes");
    let now = ward.now;
    let mut bound: Vec<Bound> = ward
        .oracle
        .bindings(now)
        .map(|it| {
            assert_eq!((it.wire, it.vlans, it.mac), (0, (0, 0), PUMP));
            (it.address, it.until.map(|until| until - now), it.holds)
        })
        .collect();
    bound.sort_by_key(|(address, ..)| *address);
    bound
}

fn carrying(from: IpAddr, to: IpAddr, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut udp = datagram(ports, payload.len());
    udp[8..].copy_from_slice(payload);
    ip(from, to, 17, WHOLE, &udp)
}

const GIVEN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 77);

fn v4(payload: &[u8]) -> Vec<Bound> {
    let (server, all) = (Ipv4Addr::new(10, 0, 0, 5), Ipv4Addr::BROADCAST);
    bound_by(&carrying(server.into(), all.into(), (67, 68), payload))
}

/// Without options.
fn reply() -> Vec<u8> {
    let mut message = vec![0; 240];
    message[..3].copy_from_slice(&[2, 1, 6]);
    message[16..20].copy_from_slice(&GIVEN.octets());
    message[28..34].copy_from_slice(&PUMP);
    message[236..].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
    message
}

const ACKNOWLEDGED: &[u8] = &[53, 1, 5];
const A_MINUTE: &[u8] = &[51, 4, 0, 0, 0, 60];

fn acknowledgement() -> Vec<u8> {
    [&reply()[..], ACKNOWLEDGED, A_MINUTE].concat()
}

fn for_a_minute(address: impl Into<IpAddr>) -> Vec<Bound> {
    vec![(address.into(), Some(60), Hold::Lease)]
}

#[test]
fn each_byte_of_an_acknowledgement_means_something_or_nothing() {
    let whole = acknowledgement();
    assert_eq!(v4(&whole), for_a_minute(GIVEN));
    for at in 0..240 {
        let mut message = whole.clone();
        message[at] ^= 1;
        let expected = match at {
            0..=2 | 28..=33 | 236..=239 => Vec::new(),
            16..=19 => {
                let mut octets = GIVEN.octets();
                octets[at - 16] ^= 1;
                for_a_minute(Ipv4Addr::from(octets))
            }
            _ => for_a_minute(GIVEN),
        };
        assert_eq!(v4(&message), expected, "byte {at}");
    }
    for length in 0..whole.len() {
        assert_eq!(v4(&whole[..length]), [], "{length} bytes");
    }
}

#[test]
fn options_are_read_up_to_the_128th() {
    let behind = |one: &[u8], count| {
        let many = one.repeat(count);
        v4(&[&reply()[..], &many, ACKNOWLEDGED, A_MINUTE].concat())
    };
    for one in [&[0][..], &[12, 0], &[12, 2, 53, 51]] {
        assert_eq!(behind(one, 126), for_a_minute(GIVEN));
        assert_eq!(behind(one, 127), []);
    }
}

#[test]
fn the_last_of_a_code_counts() {
    let said = |options: &[&[u8]]| v4(&[reply(), options.concat()].concat());
    let hour: &[u8] = &[51, 4, 0, 0, 14, 16];
    let table: [(&[&[u8]], Option<u64>); 9] = [
        (&[ACKNOWLEDGED, A_MINUTE, hour], Some(3600)),
        (&[ACKNOWLEDGED, hour, A_MINUTE], Some(60)),
        (&[A_MINUTE, &[53, 1, 2], ACKNOWLEDGED], Some(60)),
        (&[A_MINUTE, ACKNOWLEDGED, &[53, 1, 2]], None),
        (&[A_MINUTE, ACKNOWLEDGED, &[53, 2, 5, 5]], None),
        (&[ACKNOWLEDGED, A_MINUTE, &[51, 0]], None),
        (&[ACKNOWLEDGED, A_MINUTE, &[255], hour], Some(60)),
        (&[ACKNOWLEDGED, A_MINUTE, &[51, 5, 0, 0, 14, 16]], Some(60)),
        (&[&[51, 9], ACKNOWLEDGED, A_MINUTE], None),
    ];
    for (options, seconds) in table {
        let expected: Vec<Bound> = seconds
            .map(|seconds| (GIVEN.into(), Some(seconds), Hold::Lease))
            .into_iter()
            .collect();
        assert_eq!(said(options), expected, "{options:?}");
    }
}

#[test]
fn a_time_may_be_without_end() {
    let lasting = |seconds: u32| {
        let time = [&[51, 4], &seconds.to_be_bytes()[..]].concat();
        v4(&[&reply()[..], ACKNOWLEDGED, &time].concat())
    };
    // The ward's clock shows 1000.
    let last = u32::MAX - 1000;
    assert_eq!(lasting(0), []);
    assert_eq!(lasting(1), [(GIVEN.into(), Some(1), Hold::Lease)]);
    let ends = [(GIVEN.into(), Some(u64::from(last)), Hold::Lease)];
    assert_eq!(lasting(last), ends);
    for seconds in [last + 1, u32::MAX - 1, u32::MAX] {
        assert_eq!(lasting(seconds), [(GIVEN.into(), None, Hold::Lease)]);
    }
}

#[test]
fn what_no_host_has_is_not_leased() {
    let gives = |address: [u8; 4]| {
        let mut message = acknowledgement();
        message[16..20].copy_from_slice(&address);
        v4(&message)
    };
    for address in [
        [0, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 255, 255, 255],
        [127, 0, 0, 0],
        [127, 255, 255, 255],
        [224, 0, 0, 0],
        [239, 255, 255, 255],
        [240, 0, 0, 0],
        [255, 255, 255, 254],
        [255, 255, 255, 255],
    ] {
        assert_eq!(gives(address), [], "{address:?}");
    }
    for address in [
        [1, 0, 0, 0],
        [126, 255, 255, 255],
        [128, 0, 0, 0],
        [169, 254, 0, 1],
        [223, 255, 255, 255],
    ] {
        let expected = for_a_minute(Ipv4Addr::from(address));
        assert_eq!(gives(address), expected, "{address:?}");
    }
}

const GIVEN6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x77);

fn v6(payload: &[u8]) -> Vec<Bound> {
    let local = |last| Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last);
    let packet = carrying(local(5).into(), local(1).into(), (547, 546), payload);
    bound_by(&packet)
}

fn option6(code: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).expect("short").to_be_bytes();
    [&[0, code], &length[..], value].concat()
}

fn address6(address: Ipv6Addr, valid: u32) -> Vec<u8> {
    let value = [&address.octets()[..], &[9; 4], &valid.to_be_bytes()].concat();
    option6(5, &value)
}

/// With an `IA_NA`.
fn reply6(options: &[u8]) -> Vec<u8> {
    let association = option6(3, &[&[0; 12], options].concat());
    [&[7, 1, 2, 3], &association[..]].concat()
}

#[test]
fn each_byte_of_a_reply_means_something_or_nothing() {
    let whole = reply6(&address6(GIVEN6, 60));
    assert_eq!(v6(&whole), for_a_minute(GIVEN6));
    for length in 0..whole.len() {
        assert_eq!(v6(&whole[..length]), [], "{length} bytes");
    }
    for at in 0..whole.len() {
        let mut message = whole.clone();
        message[at] ^= 0x40;
        let expected = match at {
            // Type, and codes and lengths of both options.
            0 | 4..=7 | 20..=23 => Vec::new(),
            24..=39 => {
                let mut octets = GIVEN6.octets();
                octets[at - 24] ^= 0x40;
                for_a_minute(Ipv6Addr::from(octets))
            }
            44..=47 => {
                let seconds = 0x3c ^ 0x40 << (8 * (47 - at));
                vec![(GIVEN6.into(), Some(seconds), Hold::Lease)]
            }
            _ => for_a_minute(GIVEN6),
        };
        assert_eq!(v6(&message), expected, "byte {at}");
    }
}

#[test]
fn options_of_both_associations_are_read_up_to_the_64th() {
    let behind = |one: &[u8], count| {
        let many = one.repeat(count);
        v6(&[&[7, 0, 0, 0], &many[..], &address6(GIVEN6, 60)].concat())
    };
    for one in [
        option6(1, &[]),
        option6(13, &[3; 5]),
        option6(3, &[0; 12]),
        option6(4, &[0; 4]),
    ] {
        assert_eq!(behind(&one, 63), for_a_minute(GIVEN6));
        assert_eq!(behind(&one, 64), []);
    }
}

#[test]
fn addresses_are_leased_one_by_one() {
    let other = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x78);
    let both = [address6(other, 3600), address6(GIVEN6, 60)].concat();
    let expected = vec![
        (GIVEN6.into(), Some(60), Hold::Lease),
        (other.into(), Some(3600), Hold::Lease),
    ];
    assert_eq!(v6(&reply6(&both)), expected);
    let ended = [both, address6(other, 0)].concat();
    assert_eq!(v6(&reply6(&ended)), for_a_minute(GIVEN6));
    let mapped = GIVEN.to_ipv6_mapped();
    for address in ["::", "::1", "ff00::", "ff02::1", "fe80::1", "febf::1"] {
        let address = address.parse().expect("an address");
        assert_eq!(v6(&reply6(&address6(address, 60))), [], "{address}");
    }
    assert_eq!(v6(&reply6(&address6(mapped, 60))), []);
    for address in ["::2", "fe00::1", "fec0::1", "::fffe:10.0.0.77"] {
        let address: Ipv6Addr = address.parse().expect("an address");
        let expected = for_a_minute(address);
        assert_eq!(v6(&reply6(&address6(address, 60))), expected, "{address}");
    }
}

#[test]
fn a_device_has_sixteen_places() {
    let (policy, wires) = watching();
    let mut ward = Ward::new(&policy, &wires);
    let own = |last| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 1, last);
    let mut port = 0;
    let mut uses = |ward: &mut Ward<'_>, last| {
        // No flow answers for it.
        port += 1;
        let packet = ip(
            own(last).into(),
            GIVEN6.into(),
            17,
            WHOLE,
            &datagram((port, 9), 4),
        );
        ward.out(&packet).0 != SourceAddressUnbound
    };
    for last in 1..=16 {
        assert!(uses(&mut ward, last));
    }
    assert!(!uses(&mut ward, 17));
    assert_eq!(ward.oracle.bindings(ward.now).count(), 32);
    ward.now += 3599;
    assert!(!uses(&mut ward, 17));
    ward.now += 1;
    assert_eq!(ward.oracle.bindings(ward.now).count(), 0);
    assert!(uses(&mut ward, 17));
}

/// What is for another MAC than the client's is not its lease.
#[test]
fn the_client_is_who_is_spoken_to_or_everybody() {
    let (policy, wires) = watching();
    let packet = carrying(
        Ipv4Addr::new(10, 0, 0, 5).into(),
        GIVEN.into(),
        (67, 68),
        &acknowledgement(),
    );
    for (to, expected) in [
        (PUMP, 1),
        ([0xff; 6], 1),
        ([1, 0, 0, 0, 0, 1], 1),
        ([2, 0, 0, 0, 0, 9], 0),
    ] {
        let mut ward = Ward::new(&policy, &wires);
        let frame = [&to[..], &ROUTER, &[8, 0], &packet].concat();
        let _said = ward.frame(Side::Uplink, &frame);
        assert_eq!(ward.oracle.bindings(ward.now).count(), expected, "{to:?}");
    }
}
