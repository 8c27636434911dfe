//! What says something where guards do not look: inside of SNAP, and in the ends of datagrams without a start.

use xiot_agent::model::guard::{Guards, Level};
use xiot_common::reason::Reason::{
    self, AllowedFragment, AllowedRule, EthertypeDenied, FragmentUntracked, NdInvalid,
    SnapEncapsulated, SourceAddressStolen, SourceMacInvalid, UnknownDevice,
};
use xiot_tests::{
    frame::{Frame, Mac, flag::SYN, frame},
    ward::{self, BROADCAST, PUMP, ROUTER, STRANGER, WATCHED},
};

use super::{known, of_pump};
use crate::case::{Case, Step, case, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [snap(), parts()].concat()
}

/// LLC and SNAP with this organization before a type.
fn in_snap(organization: [u8; 3], kind: u16) -> Vec<u8> {
    let mut bytes = vec![0xaa, 0xaa, 3];
    bytes.extend(organization);
    bytes.extend(kind.to_be_bytes());
    bytes.resize(46, 0);
    bytes
}

fn says(mac: Mac, length: u16, bytes: &[u8]) -> Frame {
    frame(mac, BROADCAST).other(length, bytes)
}

fn snap() -> Vec<Case> {
    const RFC_1042: [u8; 3] = [0; 3];
    const BRIDGED: [u8; 3] = [0, 0, 0xf8];
    let of_kind = |kind, reason| of_pump(&says(PUMP, 46, &in_snap(RFC_1042, kind)), reason);
    let of = |length, organization, reason| {
        of_pump(&says(PUMP, length, &in_snap(organization, 0x0806)), reason)
    };
    let but = |at: usize, byte| {
        let mut bytes = in_snap(RFC_1042, 0x0806);
        bytes[at] = byte;
        of_pump(&says(PUMP, 46, &bytes), EthertypeDenied)
    };
    let cut = |length: usize, reason| {
        let bytes = in_snap(RFC_1042, 0x0800);
        of_pump(&says(PUMP, 8, &bytes[..length]), reason)
    };
    let arp = in_snap(RFC_1042, 0x0806);
    let mut wires = ward::wires();
    for wire in &mut wires {
        wire.guards = Guards::all(Level::Enforce);
        wire.ethertypes = vec![0x0600];
    }
    vec![
        case(
            "what the other guards ask about is nothing to say inside of SNAP",
            [
                of_kind(0x0800, SnapEncapsulated),
                of_kind(0x0806, SnapEncapsulated),
                of_kind(0x86dd, SnapEncapsulated),
                of_kind(0x8100, SnapEncapsulated),
                of_kind(0x88a8, SnapEncapsulated),
                of_kind(0x0801, EthertypeDenied),
                of_kind(0x809b, EthertypeDenied),
                of_kind(0x9100, EthertypeDenied),
                of_kind(0x88cc, EthertypeDenied),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "SNAP is what begins so behind a length",
            [
                of(46, BRIDGED, SnapEncapsulated),
                of(46, [0, 0, 0x0c], EthertypeDenied),
                of(46, [0, 1, 0], EthertypeDenied),
                of(46, [1, 0, 0], EthertypeDenied),
                of(0, RFC_1042, SnapEncapsulated),
                of(0x05ff, RFC_1042, SnapEncapsulated),
                of(0x0600, RFC_1042, EthertypeDenied),
                but(0, 0xab),
                but(1, 0xab),
                but(2, 0x13),
                cut(8, SnapEncapsulated),
                cut(7, EthertypeDenied),
                cut(0, EthertypeDenied),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "SNAP is read behind tags, of devices alone, after who sends it",
            [
                of_pump(
                    &frame(PUMP, BROADCAST).tagged(0).other(46, &arp),
                    SnapEncapsulated,
                ),
                device(
                    &frame(PUMP, BROADCAST)
                        .service_tagged(5)
                        .tagged(6)
                        .other(46, &arp),
                    SnapEncapsulated,
                ),
                device(&says([0; 6], 46, &arp), SourceMacInvalid),
                of_pump(&frame(PUMP, PUMP).other(46, &arp), SourceMacInvalid),
                device(&says(STRANGER, 46, &arp), SnapEncapsulated),
                uplink(&frame(ROUTER, PUMP).other(46, &arp), EthertypeDenied).of_device(1),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "SNAP that is watched passes where the mode lets it",
            [
                device(&says(WATCHED, 46, &arp), SnapEncapsulated)
                    .of_device(2)
                    .forwarded(),
                of_pump(&says(PUMP, 46, &arp), EthertypeDenied),
                device(&says(STRANGER, 46, &arp), UnknownDevice),
            ],
        )
        .guarded(Level::Monitor),
        case(
            "an allowed type is no length, whatever follows",
            [of_pump(&says(PUMP, 0x0600, &arp), Reason::AllowedEthertype)],
        )
        .on(wires),
    ]
}

/// The end of a datagram whose start nobody has seen.
fn end(mac: Mac, source: &str, next: u8) -> Frame {
    frame(mac, ROUTER)
        .ip(source, "fd00:8::11")
        .fragment(64, false)
        .protocol(next, &[0; 8])
}

fn parts() -> Vec<Case> {
    let pump = |next, reason| of_pump(&end(PUMP, "fd00::11", next), reason);
    let start = {
        let mut bytes = vec![0; 512];
        bytes[..4].copy_from_slice(&[0xc3, 0x50, 0x0e, 0x1d]);
        bytes[12..14].copy_from_slice(&[0x50, SYN]);
        frame(PUMP, ROUTER)
            .ip("fd00::11", "fd00:8::11")
            .fragment(0, true)
            .protocol(6, &bytes)
    };
    let of_v4 = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .fragment(64, false)
        .protocol(58, &[0; 8]);
    let back = frame(ROUTER, PUMP)
        .ip("fd00:8::11", "fd00::11")
        .fragment(64, false)
        .protocol(58, &[0; 8]);
    let nd = Guards {
        nd: Level::Enforce,
        ..Guards::all(Level::Off)
    };
    vec![
        case(
            "an end without a start may be neighbour discovery, if its header does not say otherwise",
            [
                pump(58, NdInvalid),
                pump(0, NdInvalid),
                pump(43, NdInvalid),
                pump(44, NdInvalid),
                pump(51, NdInvalid),
                pump(60, NdInvalid),
                pump(135, NdInvalid),
                pump(17, FragmentUntracked),
                pump(6, FragmentUntracked),
                pump(59, FragmentUntracked),
                pump(50, FragmentUntracked),
                pump(1, FragmentUntracked),
                pump(139, FragmentUntracked),
                of_pump(&of_v4, FragmentUntracked),
                uplink(&back, FragmentUntracked).of_device(1),
                device(&end(STRANGER, "fd00::99", 58), NdInvalid),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "an end whose start has passed may say what it likes of what follows",
            [
                of_pump(&start, AllowedRule).by_rule(1),
                of_pump(&end(PUMP, "fd00::11", 58), AllowedFragment).by_rule(1),
                pump(58, NdInvalid),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "the end of a datagram is asked for its source first, and by that guard alone",
            [
                of_pump(&end(PUMP, "fd00::12", 58), SourceAddressStolen),
                of_pump(&end(PUMP, "fd00::12", 58), NdInvalid).after(crate::case::Event::Rewire),
            ],
        )
        .under(known())
        .guarded(Level::Enforce)
        .then_behind(nd),
        case(
            "the end of a datagram is watched for neighbour discovery",
            [watched(&end(WATCHED, "fd00::12", 58))],
        )
        .guarded(Level::Monitor),
    ]
}

fn watched(frame: &Frame) -> Step {
    device(frame, NdInvalid).of_device(2).forwarded()
}
