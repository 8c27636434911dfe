//! Decisions about single devices beside the policy (docs/judgement.md section 11).

use xiot_agent::oracle::Decision;
use xiot_common::reason::Reason::{
    AllowedFlow, AllowedRule, AllowedService, NoPort, Quarantined, Revoked, UnknownDevice,
};
use xiot_tests::{
    decide::Decide,
    frame::{Envelope, Frame, Mac, frame},
    ward::{self, BROADCAST, PUMP, ROUTER, STRANGER, TWICE, WATCHED},
};

use crate::{
    case::{Case, Event, case, device, uplink},
    flows::{goes_on, log, opened},
};

fn about(mac: Mac, decision: Option<Decision>, seconds: u32) -> Event {
    Event::Decide(Decide {
        mac,
        vlan: None,
        decision,
        seconds,
    })
}

fn quarantine(mac: Mac) -> Event {
    about(mac, Some(Decision::Quarantine), 0)
}

/// Break-glass: denied frames pass.
fn watch(mac: Mac, seconds: u32) -> Event {
    about(mac, Some(Decision::Monitor), seconds)
}

/// No rule allows this port.
fn odd() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50001, 515)
}

fn in_vlan(id: u16) -> Frame {
    frame(TWICE, ROUTER)
        .tagged(id)
        .ip("10.0.0.13", "10.0.4.1")
        .udp(50001, 514)
}

fn two_tags(new: Envelope) -> Frame {
    new.service_tagged(31)
        .tagged(30)
        .ip("10.0.0.13", "10.0.4.1")
        .udp(1, 514)
}

fn service_tag(new: Envelope) -> Frame {
    new.service_tagged(31)
        .ip("10.0.0.13", "10.0.4.1")
        .udp(1, 514)
}

pub(crate) fn cases() -> Vec<Case> {
    [quarantines(), any_vlan(), break_glass()].concat()
}

fn quarantines() -> Vec<Case> {
    let arp = || frame(WATCHED, BROADCAST).arp([10, 0, 0, 12].into(), [10, 0, 0, 1].into());
    let to_pump = frame(ROUTER, PUMP)
        .ip("10.0.7.1", "10.0.0.11")
        .tcp(50000, 22, 2);
    let stranger = frame(STRANGER, ROUTER)
        .ip("10.0.0.99", "10.0.4.1")
        .udp(50000, 514);
    let mut elsewhere = ward::policy();
    elsewhere.profiles[1].arp = true;
    vec![
        case(
            "a quarantine ends what was allowed, from both sides",
            [
                opened(&log(), 3),
                device(&log(), Revoked).of_device(1).after(quarantine(PUMP)),
                uplink(&log().reply(), Quarantined).of_device(1),
                uplink(&to_pump, Quarantined).of_device(1),
            ],
        ),
        case(
            "a quarantine enforces whatever the mode, services too, and leaves others alone",
            [
                device(&arp(), AllowedService).of_device(2),
                device(&arp(), Quarantined)
                    .of_device(2)
                    .after(quarantine(WATCHED)),
                opened(&log(), 3),
            ],
        ),
        case(
            "a quarantine outlives the next policy, and ends when it is ended",
            [
                device(&log(), Quarantined)
                    .of_device(1)
                    .after(quarantine(PUMP)),
                device(&log(), Quarantined).of_device(1).after(Event::Swap),
                opened(&log(), 3).after(about(PUMP, None, 0)),
            ],
        )
        .then(elsewhere),
        case(
            "a quarantine ends with its second",
            [
                device(&log(), Quarantined).of_device(1).after(about(
                    PUMP,
                    Some(Decision::Quarantine),
                    60,
                )),
                device(&log(), Quarantined).of_device(1).at(59),
                opened(&log(), 3).at(60),
            ],
        ),
        case(
            "devices that are not listed can be quarantined",
            [
                device(&stranger, Quarantined).after(quarantine(STRANGER)),
                device(&stranger, UnknownDevice).after(about(STRANGER, None, 0)),
            ],
        ),
        case(
            "a quarantine on one VLAN wins over what is decided on any",
            [
                device(&in_vlan(31), Quarantined)
                    .of_device(4)
                    .after(quarantine(TWICE)),
                device(&in_vlan(30), Quarantined).of_device(3),
                device(&in_vlan(30), AllowedRule)
                    .of_device(3)
                    .by_rule(3)
                    .after(Event::Decide(Decide {
                        mac: TWICE,
                        vlan: Some((30, 0)),
                        decision: Some(Decision::Monitor),
                        seconds: 0,
                    })),
                device(&in_vlan(31), Quarantined).of_device(4),
            ],
        ),
    ]
}

fn any_vlan() -> Vec<Case> {
    vec![
        case(
            "a quarantine on any VLAN is about frames with two tags and with service tags",
            [
                device(&two_tags(frame(TWICE, ROUTER)), Quarantined).after(quarantine(TWICE)),
                device(&service_tag(frame(TWICE, ROUTER)), Quarantined),
                uplink(&two_tags(frame(ROUTER, TWICE)), Quarantined),
                device(&two_tags(frame(TWICE, ROUTER)), UnknownDevice).after(about(TWICE, None, 0)),
            ],
        ),
        case(
            "what is decided for two tags wins over what is decided for any",
            [
                device(&two_tags(frame(TWICE, ROUTER)), UnknownDevice)
                    .forwarded()
                    .after(Event::Decide(Decide {
                        mac: TWICE,
                        vlan: Some((31, 30)),
                        decision: Some(Decision::Monitor),
                        seconds: 0,
                    })),
                device(&two_tags(frame(TWICE, ROUTER)), UnknownDevice)
                    .forwarded()
                    .by_flow()
                    .after(quarantine(TWICE)),
                device(&service_tag(frame(TWICE, ROUTER)), Quarantined),
            ],
        ),
    ]
}

fn break_glass() -> Vec<Case> {
    let passes = || device(&odd(), NoPort).of_device(1).forwarded();
    vec![
        case(
            "under break-glass what policy denies passes, counted as a would-be drop",
            [
                device(&odd(), NoPort).of_device(1),
                passes().after(watch(PUMP, 0)),
                passes().by_flow(),
                uplink(&odd().reply(), NoPort)
                    .of_device(1)
                    .forwarded()
                    .by_flow(),
            ],
        ),
        case(
            "break-glass disturbs no conversation, neither when it begins nor when it ends",
            [
                opened(&log(), 3),
                goes_on(device(&log(), AllowedFlow), 3).after(watch(PUMP, 20)),
                goes_on(uplink(&log().reply(), AllowedFlow), 3),
                goes_on(device(&log(), AllowedFlow), 3).at(20),
            ],
        ),
        case(
            "what break-glass let pass ends with its second, without anybody doing anything",
            [
                passes().after(watch(PUMP, 20)),
                passes().by_flow().at(19),
                device(&odd(), Revoked).of_device(1).at(20),
                device(&odd(), NoPort).of_device(1).at(20),
            ],
        ),
    ]
}
