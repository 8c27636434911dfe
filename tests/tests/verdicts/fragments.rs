//! Fragments: lengths that cannot be, and later ones that inherit the verdict of the first.

use xiot_agent::model::policy::Limits;
use xiot_common::reason::Reason::{
    self, AllowedFragment, AllowedRule, BadIpv6Extension, BadTcpFlags, BadTcpHeader, BadUdpHeader,
    FragmentBadLength, FragmentBudget, FragmentHeaderIncomplete, FragmentOffsetOne,
    FragmentOutOfOrder, FragmentOverlap, FragmentTiny, FragmentUntracked, NoPort,
};
use xiot_tests::{
    frame::{Extension, Frame, PacketEnvelope, flag::*, frame},
    ward::{self, PUMP, ROUTER, WATCHED},
};

use crate::case::{Case, Event, Step, case, device, uplink};

pub(crate) fn cases() -> Vec<Case> {
    [lengths(), headers(), trains(), policy()].concat()
}

pub(crate) fn v4() -> PacketEnvelope {
    frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.4.1")
}

fn v6() -> PacketEnvelope {
    frame(PUMP, ROUTER).ip("fd00::11", "fd00:8::11")
}

/// A UDP header to port 514, of a datagram of 1500 bytes, and data up to `length`.
pub(crate) fn udp(length: usize) -> Vec<u8> {
    let mut bytes = vec![0xc3, 0x50, 2, 2, 5, 0xdc, 0, 0];
    bytes.resize(length, 7);
    bytes
}

/// A SYN to port 3613, and data up to `length`.
fn tcp(length: usize, flags: u8) -> Vec<u8> {
    let mut bytes = vec![0; 20];
    bytes[..4].copy_from_slice(&[0xc3, 0x50, 0x0e, 0x1d]);
    bytes[12] = 0x50;
    bytes[13] = flags;
    bytes.resize(length, 7);
    bytes
}

/// The first 64 bytes.
pub(crate) fn first() -> Step {
    device(&v4().fragment(0, true).protocol(17, &udp(64)), AllowedRule)
        .by_rule(3)
        .of_device(1)
}

/// The same again, in its flow.
fn first_by_flow() -> Step {
    let frame = v4().fragment(0, true).protocol(17, &udp(64));
    device(&frame, Reason::AllowedFlow)
        .by_rule(3)
        .of_device(1)
        .by_flow()
}

/// 64 bytes at this offset, in units of 8.
pub(crate) fn part(offset: u16) -> Frame {
    v4().fragment(offset, true).protocol(17, &[7; 64])
}

/// So many at this offset, and no more.
pub(crate) fn last(offset: u16, length: usize) -> Frame {
    v4().fragment(offset, false).protocol(17, &vec![7; length])
}

pub(crate) fn follows(frame: &Frame) -> Step {
    device(frame, AllowedFragment).by_rule(3).of_device(1)
}

pub(crate) fn untracked(frame: &Frame) -> Step {
    device(frame, FragmentUntracked).of_device(1)
}

fn lengths() -> Vec<Case> {
    let v6_part =
        |offset, more, length: usize| v6().fragment(offset, more).protocol(6, &tcp(length, SYN));
    vec![
        case(
            "all fragments but the last hold a multiple of 8 bytes",
            [
                device(
                    &v4().fragment(0, true).protocol(17, &udp(60)),
                    FragmentBadLength,
                ),
                device(
                    &v4().fragment(8, true).protocol(17, &[7; 68]),
                    FragmentBadLength,
                ),
                device(&v6_part(0, true, 516), FragmentBadLength),
                untracked(&last(8, 3)),
            ],
        ),
        case(
            "a later fragment holds something",
            [
                device(&last(8, 0), FragmentBadLength),
                untracked(&last(8, 1)),
            ],
        ),
        case(
            "no fragment ends beyond the largest datagram",
            [
                device(&last(8191, 8), FragmentBadLength),
                untracked(&last(8191, 7)),
                device(&last(8189, 24), FragmentBadLength),
            ],
        ),
        case(
            "no TCP fragment begins at the flags",
            [
                device(
                    &v4().fragment(1, false).protocol(6, &[7; 64]),
                    FragmentOffsetOne,
                ),
                device(&v6_part(1, true, 512), FragmentOffsetOne),
                device(
                    &v4().fragment(1, true).protocol(6, &[7; 60]),
                    FragmentBadLength,
                ),
                untracked(&v4().fragment(1, false).protocol(17, &[7; 64])),
                untracked(&v4().fragment(2, false).protocol(6, &[7; 64])),
            ],
        ),
        case(
            "no fragment before the last is smaller than any network needs",
            [
                device(&v4().fragment(0, true).protocol(17, &udp(40)), FragmentTiny),
                device(&v4().fragment(9, true).protocol(17, &[7; 40]), FragmentTiny),
                device(&v4().fragment(0, true).protocol(17, &udp(48)), AllowedRule)
                    .by_rule(3)
                    .of_device(1),
                device(&v6_part(0, true, 504), FragmentTiny),
                device(&v6_part(0, true, 512), AllowedRule)
                    .by_rule(1)
                    .of_device(1),
            ],
        ),
    ]
}

fn headers() -> Vec<Case> {
    let v4_first = |protocol, bytes: &[u8]| v4().fragment(0, true).protocol(protocol, bytes);
    let to_server = |bytes: &[u8]| {
        frame(PUMP, ROUTER)
            .ip("10.0.0.11", "10.0.8.11")
            .fragment(0, true)
            .protocol(6, bytes)
    };
    let long = |length: usize| {
        let mut bytes = tcp(length, SYN);
        bytes[12] = 0xf0;
        bytes
    };
    let mut short = tcp(64, SYN);
    short[12] = 0x40;
    let mut empty = udp(64);
    empty[4..6].copy_from_slice(&[0, 7]);
    vec![
        case(
            "a first fragment is judged by its ports",
            [device(&to_server(&tcp(64, SYN)), AllowedRule)
                .by_rule(1)
                .of_device(1)],
        ),
        case(
            "an atomic fragment is a whole packet",
            [
                device(&v6().fragment(0, false).tcp(50000, 3613, SYN), AllowedRule)
                    .by_rule(1)
                    .of_device(1),
            ],
        ),
        case(
            "a first fragment without its whole transport header is refused",
            [
                device(&to_server(&long(56)), FragmentHeaderIncomplete),
                device(&behind_options(508, &[7; 4]), FragmentHeaderIncomplete),
            ],
        ),
        case(
            "a first fragment with an impossible header is bad in its own way",
            [
                device(&to_server(&short), BadTcpHeader),
                device(&v4_first(17, &empty), BadUdpHeader),
                device(&to_server(&tcp(64, 0)), BadTcpFlags),
            ],
        ),
        case(
            "two fragment headers are one too many",
            [device(
                &v6()
                    .fragment(0, true)
                    .fragment(0, true)
                    .protocol(6, &tcp(520, SYN)),
                BadIpv6Extension,
            )],
        ),
    ]
}

/// A first fragment of IPv6 whose TCP header comes behind so many bytes of options; 4 less than a multiple of 8.
fn behind_options(length: usize, rest: &[u8]) -> Frame {
    let units = u8::try_from((length + 4) / 8 - 1).expect("short");
    let options = Extension::Options {
        kind: 60,
        units,
        fourth: 0,
    };
    v6().fragment(0, true)
        .extension(options)
        .protocol(6, &[rest, &[7; 4]].concat())
}

fn trains() -> Vec<Case> {
    let other = v4()
        .identification(0x4321)
        .fragment(8, false)
        .protocol(17, &[7; 64]);
    let back = frame(ROUTER, PUMP)
        .ip("10.0.4.1", "10.0.0.11")
        .fragment(8, false)
        .protocol(17, &[7; 64]);
    let icmp = v4().fragment(8, false).protocol(1, &[7; 64]);
    let options = Extension::Options {
        kind: 60,
        units: 0,
        fourth: 0,
    };
    let v6_first = v6().fragment(0, true).protocol(6, &tcp(512, SYN));
    let v6_last = v6()
        .fragment(64, false)
        .extension(options)
        .protocol(6, &[7; 64]);
    vec![
        case(
            "later fragments follow their first one",
            [first(), follows(&part(8)), follows(&last(16, 3))],
        ),
        case(
            "later fragments may overtake each other",
            [
                first(),
                follows(&last(24, 3)),
                follows(&part(16)),
                follows(&part(8)),
            ],
        ),
        case(
            "a later fragment does not come before the first",
            [untracked(&part(8)), first(), follows(&part(8))],
        ),
        case(
            "a datagram that is whole is over",
            [
                first(),
                follows(&last(8, 3)),
                untracked(&last(8, 3)),
                first_by_flow(),
                follows(&part(8)),
            ],
        ),
        case(
            "a datagram has 30 seconds",
            [
                first(),
                follows(&part(8)).at(30),
                untracked(&part(16)).at(31),
            ],
        ),
        case(
            "another datagram has other fragments",
            [
                first(),
                untracked(&other),
                uplink(&back, FragmentUntracked).of_device(1),
                untracked(&icmp),
            ],
        ),
        case(
            "fragments of IPv6 may say what they like of what follows",
            [
                device(&v6_first, AllowedRule).by_rule(1).of_device(1),
                device(&v6_last, AllowedFragment).by_rule(1).of_device(1),
            ],
        ),
        case(
            "so many parts as are kept track of may touch no other",
            [
                first(),
                follows(&part(16)),
                follows(&part(32)),
                follows(&part(48)),
                device(&part(64), FragmentOutOfOrder).of_device(1),
                follows(&part(8)),
                follows(&part(64)),
            ],
        ),
    ]
}

fn policy() -> Vec<Case> {
    let mut other = ward::policy();
    other.profiles[0].rules[2].peers = vec!["10.0.4.0/29".parse().expect("a network")];
    let mut elsewhere = ward::policy();
    elsewhere.profiles[1].arp = true;
    let watched = |frame: PacketEnvelope, bytes: &[u8], reason: Reason| {
        device(&frame.protocol(17, bytes), reason)
            .of_device(2)
            .forwarded()
    };
    let to_watched = || frame(WATCHED, ROUTER).ip("10.0.0.12", "10.0.4.1");
    let mut wrong_port = udp(64);
    wrong_port[3] = 3;
    let mut frugal = ward::policy();
    frugal.profiles[0].limits = Limits {
        fragments: 2,
        ..Limits::default()
    };
    let of = |id| {
        v4().identification(id)
            .fragment(0, true)
            .protocol(17, &udp(64))
    };
    let by_flow = |id| {
        device(&of(id), Reason::AllowedFlow)
            .by_rule(3)
            .of_device(1)
            .by_flow()
    };
    vec![
        case(
            "a denied datagram that the mode lets through is denied as a whole",
            [
                watched(to_watched().fragment(0, true), &wrong_port, NoPort),
                watched(to_watched().fragment(8, true), &[7; 64], NoPort),
                watched(to_watched().fragment(7, true), &[7; 64], FragmentOverlap)
                    .of_device(0)
                    .dropped(),
                watched(to_watched().fragment(16, true), &[7; 64], FragmentOverlap)
                    .of_device(0)
                    .dropped(),
            ],
        ),
        case(
            "a policy that judges the device as before cuts no datagram",
            [
                first(),
                follows(&part(8)).after(Event::Touch),
                follows(&part(16)).after(Event::Swap),
            ],
        )
        .then(elsewhere),
        case(
            "nobody finishes the datagram of the other side under its addresses",
            [
                first(),
                uplink(
                    &frame(ROUTER, PUMP)
                        .ip("10.0.0.11", "10.0.4.1")
                        .fragment(8, true)
                        .protocol(17, &[7; 64]),
                    FragmentUntracked,
                )
                .of_device(1),
                follows(&part(8)),
            ],
        ),
        case(
            "another policy for the device cuts its datagrams",
            [first(), untracked(&part(8)).after(Event::Swap)],
        )
        .then(other),
        case(
            "a device has only so many datagrams in a second",
            [
                device(&of(1), AllowedRule).by_rule(3).of_device(1),
                by_flow(2),
                device(&of(3), FragmentBudget).of_device(1),
                by_flow(4).at(1),
            ],
        )
        .under(frugal),
    ]
}
