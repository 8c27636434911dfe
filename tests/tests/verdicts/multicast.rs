//! Groups that a policy lists: who may speak to everybody.

use std::time::Duration;

use xiot_agent::{model::policy::Mode, oracle::Decision};
use xiot_common::reason::Reason::{
    AddressNotBound, AllowedFlow, AllowedFragment, AllowedRule, AllowedService, EthertypeDenied,
    GroupDenied, IcmpErrorUnrelated, NoPeer, NoPort, NoProtocol, Revoked,
};
use xiot_tests::{
    decide::Decide,
    frame::{Frame, flag::*, frame},
    ward::{self, ALL_NODES, BROADCAST, GROUP, PUMP, ROUTER},
};

use crate::case::{Case, Event, Step, case, device, uplink};

/// What a rule lets the servers say to the group.
fn announcement() -> Frame {
    frame(ROUTER, GROUP)
        .ip("10.0.8.11", "224.0.23.63")
        .udp(5000, 24105)
}

fn heard() -> Step {
    uplink(&announcement(), AllowedRule)
        .by_rule(10)
        .of_device(7)
}

fn heard_again() -> Step {
    uplink(&announcement(), AllowedFlow)
        .by_rule(10)
        .of_device(7)
        .by_flow()
}

pub(crate) fn cases() -> Vec<Case> {
    [spoken_to(), addressed(), shared(), changed()]
        .concat()
        .into_iter()
        .map(|case| Case {
            policies: [vec![ward::with_groups()], case.policies[1..].to_vec()].concat(),
            ..case
        })
        .collect()
}

fn spoken_to() -> Vec<Case> {
    let from = |source: &str| frame(ROUTER, GROUP).ip(source, "224.0.23.63");
    let part = |offset| from("10.0.8.11").fragment(offset, true);
    let mut datagram = [7; 64];
    datagram[..8].copy_from_slice(&[0x13, 0x88, 0x5e, 0x29, 5, 0xdc, 0, 0]);
    vec![
        case(
            "whom a rule names may speak to a group",
            [heard(), heard_again()],
        ),
        case(
            "nobody else may, nor about anything else",
            [
                uplink(&from("10.0.9.11").udp(5000, 24105), NoPeer).of_device(7),
                uplink(&from("10.0.8.11").udp(5000, 24106), NoPort).of_device(7),
                uplink(&from("10.0.8.11").tcp(5000, 24105, SYN), NoProtocol).of_device(7),
                uplink(&from("10.0.8.11").icmp(3, 3, 0), IcmpErrorUnrelated).of_device(7),
                uplink(
                    &frame(ROUTER, GROUP).other(0x88cc, &[0; 46]),
                    EthertypeDenied,
                )
                .of_device(7),
            ],
        ),
        case(
            "a group in mode monitor lets pass and counts",
            [uplink(
                &frame(ROUTER, BROADCAST)
                    .ip("10.0.9.11", "10.0.0.255")
                    .udp(5000, 24105),
                NoPeer,
            )
            .of_device(8)
            .forwarded()],
        ),
        case(
            "fragments to a group go with their first",
            [
                uplink(&part(0).protocol(17, &datagram), AllowedRule)
                    .by_rule(10)
                    .of_device(7),
                uplink(&part(8).protocol(17, &[7; 64]), AllowedFragment)
                    .by_rule(10)
                    .of_device(7),
            ],
        ),
        case(
            "a device speaks to a group by its own rules",
            [device(
                &frame(PUMP, GROUP)
                    .ip("10.0.0.11", "224.0.23.63")
                    .udp(5000, 24105),
                NoPeer,
            )
            .of_device(1)],
        ),
    ]
}

fn addressed() -> Vec<Case> {
    let to = |address: &str| {
        frame(ROUTER, GROUP)
            .ip("10.0.8.11", address)
            .udp(5000, 24105)
    };
    vec![
        case(
            "a group has its own address alone, though others share its MAC",
            [
                uplink(&to("225.128.23.63"), AddressNotBound).of_device(7),
                uplink(&to("255.255.255.255"), AddressNotBound).of_device(7),
                uplink(&to("10.0.0.11"), AddressNotBound).of_device(7),
                uplink(&to("0.0.0.0"), AddressNotBound).of_device(7),
            ],
        ),
        case(
            "broadcast has the addresses of subnets too",
            [
                uplink(
                    &frame(ROUTER, BROADCAST)
                        .ip("10.0.8.11", "10.0.0.255")
                        .udp(5000, 24105),
                    AllowedRule,
                )
                .by_rule(10)
                .of_device(8),
                uplink(
                    &frame(ROUTER, BROADCAST)
                        .ip("10.0.8.11", "10.0.1.255")
                        .udp(5000, 24105),
                    AddressNotBound,
                )
                .of_device(8)
                .forwarded(),
            ],
        ),
        case(
            "a group on another wire is nobody here",
            [uplink(
                &frame(ROUTER, ALL_NODES)
                    .ip("fd00:8::11", "ff02::1")
                    .udp(5000, 24105),
                GroupDenied,
            )],
        ),
    ]
}

fn shared() -> Vec<Case> {
    vec![
        case(
            "services of all profiles reach a listed group, whatever its own",
            [
                uplink(
                    &frame(ROUTER, BROADCAST).arp([10, 0, 0, 1].into(), [10, 0, 0, 11].into()),
                    AllowedService,
                )
                .of_device(8),
                uplink(
                    &frame(ROUTER, BROADCAST)
                        .ip("10.0.0.5", "255.255.255.255")
                        .udp(67, 68),
                    AllowedService,
                )
                .of_device(8),
            ],
        ),
        case(
            "nothing is decided about a group",
            [heard().after(quarantine(GROUP)), heard_again()],
        ),
    ]
}

fn quarantine(mac: [u8; 6]) -> Event {
    Event::Decide(Decide {
        mac,
        vlan: None,
        decision: Some(Decision::Quarantine),
        seconds: 0,
    })
}

fn changed() -> Vec<Case> {
    let mut monitored = ward::with_groups();
    monitored.devices[6].mode = Mode::Monitor;
    monitored.profiles[2].rules[0].peers = vec!["10.0.9.0/24".parse().expect("a network")];
    let mut unlisted = ward::with_groups();
    unlisted.devices.truncate(6);
    unlisted.default_profile = Some(2);
    let mut watched = unlisted.clone();
    watched.onboarding = Mode::Monitor;
    watched.profiles[2].timeouts.udp_unreplied = Duration::from_mins(1);
    vec![
        case(
            "nor has a conversation with it the timeouts of the default",
            [
                heard(),
                uplink(&announcement(), GroupDenied)
                    .by_flow()
                    .forwarded()
                    .after(Event::Swap),
            ],
        )
        .then(watched),
        case(
            "a group that is not listed has no profile, not even the default",
            [
                heard(),
                uplink(&announcement(), Revoked).after(Event::Swap),
                uplink(&announcement(), GroupDenied),
            ],
        )
        .then(unlisted),
        case(
            "who is no longer listed is no longer spoken to",
            [
                heard(),
                uplink(&announcement(), Revoked).after(Event::Swap),
                uplink(&announcement(), GroupDenied),
            ],
        )
        .then(ward::policy()),
        case(
            "a group's conversation is judged again under the next policy",
            [
                heard(),
                uplink(&announcement(), NoPeer)
                    .of_device(7)
                    .by_flow()
                    .forwarded()
                    .after(Event::Swap),
            ],
        )
        .then(monitored),
    ]
}
