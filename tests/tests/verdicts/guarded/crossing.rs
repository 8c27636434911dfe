//! Devices on the wrong side, and what the uplink opened to them before guards looked.

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::Policy,
};
use xiot_common::reason::Reason::{
    self, AllowedFlow, AllowedRule, EthertypeDenied, MacClaimed, Revoked, SourceAddressStolen,
};
use xiot_tests::{
    frame::{Envelope, Frame, frame},
    ward::{self, ALL_NODES, BROADCAST, MOVED, PUMP, ROUTER, STRANGER, TWICE, WATCHED},
};

use super::{
    of_pump, unbound,
    uplink::{arp, routed, ssh},
};
use crate::case::{Case, Event, Step, case, uplink};

pub(super) fn cases() -> Vec<Case> {
    [macs(), again()].concat()
}

fn only_source(level: Level) -> Guards {
    Guards {
        source: level,
        ..Guards::all(Level::Off)
    }
}

fn macs() -> Vec<Case> {
    let claimed = |frame: &Frame| uplink(frame, MacClaimed);
    let to_watched = |mac| {
        frame(mac, WATCHED)
            .ip("10.0.0.11", "10.0.0.12")
            .tcp(50000, 22, 2)
    };
    let other = |new: Envelope| new.other(0x88cc, &[0; 46]);
    let of = |mac| frame(mac, BROADCAST);
    let part = frame(PUMP, STRANGER)
        .ip("10.0.0.11", "10.0.0.99")
        .fragment(64, false)
        .protocol(17, &[0; 8]);
    let cut_off = frame(PUMP, ALL_NODES)
        .ip("fd00::11", "ff02::1")
        .hop_limit(255)
        .icmp(136, 0, 0);
    vec![
        case(
            "a device that is listed for a wire sends nothing from its uplink",
            [
                claimed(&arp(PUMP, 2, [10, 0, 0, 11])),
                claimed(&to_watched(PUMP)).of_device(2),
                claimed(&other(of(PUMP))),
                claimed(&other(of(PUMP).tagged(7))),
                claimed(&part),
                claimed(&cut_off),
            ],
        )
        .under(wired())
        .guarded(Level::Enforce),
        case(
            "a device may be on either side of where it is not listed for",
            [
                uplink(&other(of(WATCHED)), EthertypeDenied),
                uplink(&other(of(MOVED)), EthertypeDenied),
                claimed(&other(of(MOVED))).elsewhere(),
                uplink(&other(of(PUMP)), EthertypeDenied).elsewhere(),
                uplink(&other(of(STRANGER)), EthertypeDenied),
                claimed(&other(of(TWICE).tagged(30))),
                uplink(&other(of(TWICE)), EthertypeDenied),
                uplink(&other(of(TWICE).tagged(31)), EthertypeDenied),
                uplink(
                    &other(of(PUMP).service_tagged(5).tagged(6)),
                    EthertypeDenied,
                ),
            ],
        )
        .under(wired())
        .guarded(Level::Enforce),
    ]
}

/// The pump, and one of two devices with a MAC, are listed for this wire.
fn wired() -> Policy {
    let mut policy = ward::policy();
    for device in [0, 2] {
        policy.devices[device].wire = Some("ward-3".to_owned());
    }
    policy
}

fn again() -> Vec<Case> {
    let opened = |last| {
        uplink(&ssh(PUMP, last), AllowedRule)
            .of_device(1)
            .by_rule(2)
    };
    let answer = |last, reason: Reason| of_pump(&ssh(PUMP, last).reply().flags(0x12), reason);
    let claims = frame(PUMP, WATCHED)
        .ip("10.0.9.1", "10.0.0.12")
        .tcp(50000, 22, 2);
    let claim = |level| Guards {
        claim: level,
        ..Guards::all(Level::Off)
    };
    let watched = |frame: &Frame| uplink(frame, MacClaimed).of_device(2).forwarded();
    vec![
        case(
            "what the uplink opened to another's address ends where that is denied",
            [
                opened(12),
                answer(12, Revoked).after(Event::Rewire),
                answer(12, SourceAddressStolen),
            ],
        )
        .under(unbound())
        .behind(only_source(Level::Off))
        .then_behind(only_source(Level::Enforce)),
        case(
            "what the uplink opened to another's address is watched from now on",
            [
                opened(12),
                answer(12, SourceAddressStolen)
                    .forwarded()
                    .by_flow()
                    .after(Event::Rewire),
            ],
        )
        .under(unbound())
        .behind(only_source(Level::Off))
        .then_behind(only_source(Level::Monitor)),
        case(
            "what the uplink opened under an address of its own ends where that is denied",
            [
                opened(1),
                answer(1, Revoked).after(Event::Rewire),
                answer(1, SourceAddressStolen),
            ],
        )
        .under(routed())
        .behind(only_source(Level::Off))
        .then_behind(only_source(Level::Enforce)),
        case(
            "what the uplink opened is asked about as it was opened",
            [
                nowhere(),
                by_flow(uplink(&to_nowhere(), AllowedFlow)).after(Event::Rewire),
                of_pump(&to_nowhere().reply().flags(0x12), AllowedFlow)
                    .by_rule(2)
                    .by_flow(),
            ],
        )
        .under(unbound())
        .behind(only_source(Level::Off))
        .then_behind(only_source(Level::Enforce)),
        case(
            "what the uplink opened with a device's MAC ends where that is denied",
            [
                watched(&claims),
                watched(&claims).by_flow().after(Event::Touch),
                uplink(&claims, Revoked).of_device(2).after(Event::Rewire),
                uplink(&claims, MacClaimed).of_device(2),
            ],
        )
        .under(wired())
        .behind(claim(Level::Monitor))
        .then_behind(claim(Level::Enforce)),
    ]
}

/// To an address that no host has.
fn to_nowhere() -> Frame {
    frame(ROUTER, PUMP)
        .ip("10.0.9.1", "240.0.0.1")
        .tcp(50000, 22, 2)
}

fn nowhere() -> Step {
    uplink(&to_nowhere(), AllowedRule).of_device(1).by_rule(2)
}

fn by_flow(step: Step) -> Step {
    step.of_device(1).by_rule(2).by_flow()
}
