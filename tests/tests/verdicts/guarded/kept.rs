//! What flows and denials keep of guards, and what they do not.

use xiot_agent::model::guard::{Guards, Level};
use xiot_common::reason::Reason::{
    AllowedFlow, AllowedRule, AllowedService, Bpdu, DhcpServer, GroupRate, NoPeer, Revoked,
    SourceAddressStolen, SourceMacInvalid, UnknownDevice,
};
use xiot_tests::{
    frame::{Frame, Mac, flag::*, frame},
    ward::{self, BROADCAST, MOVED, PUMP, ROUTER, WATCHED},
};

use super::{of_pump, unbound};
use crate::case::{Case, Event, case, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [denied(), kept(), storms()].concat()
}

/// What was denied a moment ago is not asked again, unless a guard may think otherwise.
fn denied() -> Vec<Case> {
    const SWITCH: Mac = [0x01, 0x80, 0xc2, 0, 0, 0];
    let scan = |to| frame(PUMP, to).ip("10.0.0.11", "192.168.9.9").udp(50000, 7);
    let serves = |to| frame(PUMP, to).ip("10.0.0.11", "192.168.9.9").udp(67, 7);
    vec![
        case(
            "a denial stands for no frame that guards look at in another way",
            [
                of_pump(&scan(ROUTER), NoPeer),
                of_pump(&scan(SWITCH), Bpdu),
                of_pump(&scan(PUMP), SourceMacInvalid),
                of_pump(&scan(ROUTER), NoPeer),
                of_pump(&serves(ROUTER), DhcpServer),
                of_pump(&serves(SWITCH), DhcpServer),
                of_pump(&serves(PUMP), SourceMacInvalid),
                of_pump(&serves(ROUTER), DhcpServer),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "a denial ends with the guards that it was under",
            [
                of_pump(&serves(ROUTER), DhcpServer),
                of_pump(&serves(ROUTER), NoPeer).after(Event::Rewire),
                of_pump(&serves(ROUTER), DhcpServer).after(Event::Rewire),
            ],
        )
        .guarded(Level::Enforce)
        .then_behind(Guards::all(Level::Off))
        .then_behind(Guards::all(Level::Enforce)),
    ]
}

fn kept() -> Vec<Case> {
    let syn = frame(PUMP, ROUTER)
        .ip("10.0.0.12", "10.0.8.11")
        .tcp(50000, 3613, SYN);
    let answer = syn.reply().flags(SYN | ACK);
    let watched = |frame: &Frame| of_pump(frame, SourceAddressStolen).forwarded();
    let answered = |frame: &Frame| {
        uplink(frame, SourceAddressStolen)
            .of_device(1)
            .forwarded()
            .by_flow()
    };
    let dhcp = |level| Guards {
        dhcp_server: level,
        dhcp_client: level,
        ..Guards::all(Level::Off)
    };
    let serves = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.7")
        .udp(67, 4000);
    let served = serves.reply();
    vec![
        case(
            "a session that is watched lives as long as any, and gives way to no SYN",
            [
                watched(&syn),
                answered(&answer),
                watched(&syn).at(301),
                watched(&syn.clone().flags(ACK)).by_flow().at(301),
                answered(&answer.clone().flags(ACK)).at(3900),
            ],
        )
        .under(unbound())
        .guarded(Level::Monitor),
        case(
            "what a device says as a DHCP server ends where that is denied",
            [
                of_pump(&serves, DhcpServer).forwarded(),
                uplink(&served, DhcpServer)
                    .of_device(1)
                    .forwarded()
                    .by_flow(),
                uplink(&served, Revoked).of_device(1).after(Event::Rewire),
                of_pump(&serves, DhcpServer),
            ],
        )
        .behind(dhcp(Level::Monitor))
        .then_behind(dhcp(Level::Enforce)),
        case(
            "a session is allowed again where nobody watches any more",
            [
                of_pump(&serves, DhcpServer).forwarded(),
                of_pump(&serves, DhcpServer)
                    .forwarded()
                    .by_flow()
                    .after(Event::Touch),
                of_pump(&serves, AllowedFlow)
                    .by_rule(9)
                    .by_flow()
                    .after(Event::Rewire),
            ],
        )
        .behind(dhcp(Level::Monitor))
        .then_behind(dhcp(Level::Off)),
        case(
            "segments without a flow are asked too",
            [
                of_pump(&syn.clone().flags(ACK), SourceAddressStolen),
                uplink(&answer, SourceAddressStolen).of_device(1),
            ],
        )
        .under(unbound())
        .guarded(Level::Enforce),
    ]
}

fn storms() -> Vec<Case> {
    let log = frame(PUMP, BROADCAST)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50000, 514);
    let opened = || of_pump(&log, AllowedRule).by_rule(3);
    let goes_on = || of_pump(&log, AllowedFlow).by_rule(3).by_flow();
    let says = |mac| frame(mac, BROADCAST).arp([10, 0, 0, 99].into(), [10, 0, 0, 1].into());
    let mut wired = ward::policy();
    wired.devices[1].wire = Some("ward-3".to_owned());
    let group = |level| Guards {
        group: level,
        ..Guards::all(Level::Off)
    };
    vec![
        case(
            "broadcast beyond the rate is dropped out of its flow, which goes on",
            [
                opened(),
                goes_on(),
                of_pump(&log, GroupRate),
                goes_on().at(1),
            ],
        )
        .behind(group(Level::Enforce))
        .with_few_group_frames(),
        case(
            "broadcast that is watched counts beside its flow, which keeps nothing of it",
            [
                opened(),
                goes_on(),
                of_pump(&log, GroupRate).forwarded(),
                goes_on().at(1),
            ],
        )
        .behind(group(Level::Monitor))
        .with_few_group_frames(),
        case(
            "broadcast of listed devices that are there does not count for the port, of others it does",
            [
                device(&says([2, 0, 0, 0, 1, 1]), UnknownDevice),
                device(&says([2, 0, 0, 0, 1, 2]), UnknownDevice),
                // On two tags no device is listed.
                device(
                    &frame(PUMP, BROADCAST)
                        .service_tagged(5)
                        .tagged(6)
                        .arp([10, 0, 0, 11].into(), [10, 0, 0, 1].into()),
                    UnknownDevice,
                ),
                device(&says(MOVED), GroupRate).of_device(5),
                device(&says([2, 0, 0, 0, 1, 3]), GroupRate),
                device(&says(WATCHED), AllowedService).of_device(2),
                device(&says(WATCHED), AllowedService).of_device(2),
                device(&says(WATCHED), GroupRate).of_device(2),
            ],
        )
        .under(wired)
        .behind(group(Level::Enforce))
        .with_few_group_frames(),
    ]
}
