//! Who takes a router's place by other means than ICMP.

use xiot_agent::model::guard::{Guards, Level};
use xiot_common::reason::Reason::{
    self, AllowedFlow, AllowedRule, FragmentUntracked, Revoked, RouterMessage, WrongDirection,
};
use xiot_tests::{
    frame::{Extension, Frame, PacketEnvelope, flag::SYN, frame},
    ward::{PUMP, ROUTER, STRANGER},
};

use super::of_pump;
use crate::case::{Case, Event, case, device, uplink};

/// Virtual routers.
const VRRP: u8 = 112;

pub(super) fn cases() -> Vec<Case> {
    [messages(), flows()].concat()
}

fn says() -> PacketEnvelope {
    frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.4.7")
}

fn says6() -> PacketEnvelope {
    frame(PUMP, ROUTER).ip("fd00::11", "fd00::7")
}

fn messages() -> Vec<Case> {
    const OPTIONS: Extension = Extension::Options {
        kind: 60,
        units: 0,
        fourth: 0,
    };
    let denied = |frame: &Frame| of_pump(frame, RouterMessage);
    let allowed = |frame: &Frame| of_pump(frame, AllowedRule).by_rule(9);
    let datagram = {
        let mut bytes = vec![0xc3, 0x50, 0x07, 0xc1, 0x02, 0, 0, 0];
        bytes.resize(512, 0);
        bytes
    };
    let back = frame(ROUTER, PUMP)
        .ip("10.0.4.7", "10.0.0.11")
        .protocol(VRRP, &[0; 8]);
    vec![
        case(
            "a device is no virtual router",
            [
                denied(&says().protocol(VRRP, &[0; 8])),
                denied(&says().hop_limit(255).protocol(VRRP, &[])),
                denied(&says6().protocol(VRRP, &[0; 8])),
                denied(&says6().extension(OPTIONS).protocol(VRRP, &[0; 8])),
                denied(&says().fragment(0, true).protocol(VRRP, &[0; 48])),
                of_pump(
                    &says().fragment(8, false).protocol(VRRP, &[0; 48]),
                    FragmentUntracked,
                ),
                of_pump(
                    &says6().fragment(64, false).protocol(VRRP, &[0; 8]),
                    FragmentUntracked,
                ),
                allowed(&says().protocol(111, &[0; 8])),
                allowed(&says().protocol(113, &[0; 8])),
                device(
                    &frame(STRANGER, ROUTER)
                        .ip("10.0.0.99", "10.0.4.7")
                        .protocol(VRRP, &[0; 8]),
                    RouterMessage,
                ),
                uplink(&back, WrongDirection).of_device(1),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "a device is no standby router",
            [
                denied(&says().udp(50000, 1985)),
                denied(&says().udp(50000, 2029)),
                denied(&says().udp(50000, 3222)),
                denied(&says6().udp(50000, 1985)),
                denied(&says6().udp(50000, 2029)),
                denied(&says6().udp(50000, 3222)),
                denied(&says().fragment(0, true).protocol(17, &datagram)),
                denied(&says6().fragment(0, true).protocol(17, &datagram)),
                allowed(&says().udp(1985, 50000)),
                allowed(&says().udp(50000, 1984)),
                allowed(&says().udp(50000, 1986)),
                allowed(&says().udp(50000, 2028)),
                allowed(&says().udp(50000, 3223)),
                allowed(&says().tcp(50000, 1985, SYN)),
            ],
        )
        .guarded(Level::Enforce),
    ]
}

fn flows() -> Vec<Case> {
    let router = |level| Guards {
        router: level,
        ..Guards::all(Level::Off)
    };
    let hello = says().udp(1985, 1985);
    let watched = || of_pump(&hello, RouterMessage).forwarded();
    let answered = |reason: Reason| uplink(&hello.reply(), reason).of_device(1);
    vec![
        case(
            "what a device says as a router goes on where that is watched",
            [
                watched(),
                watched().by_flow().after(Event::Touch),
                answered(RouterMessage).forwarded().by_flow(),
            ],
        )
        .behind(router(Level::Monitor)),
        case(
            "what a device says as a router ends where that is denied",
            [
                watched(),
                answered(Revoked).after(Event::Rewire),
                of_pump(&hello, RouterMessage),
            ],
        )
        .behind(router(Level::Monitor))
        .then_behind(router(Level::Enforce)),
        case(
            "what a device says as a router is allowed again where nobody watches",
            [
                watched(),
                answered(AllowedFlow)
                    .by_rule(9)
                    .by_flow()
                    .after(Event::Rewire),
            ],
        )
        .behind(router(Level::Monitor))
        .then_behind(router(Level::Off)),
    ]
}
