//! Whose frame it is, and whether it may be there.

use xiot_agent::model::policy::Mode;
use xiot_common::reason::Reason::{
    AddressNotBound, AllowedRule, AllowedService, EthertypeDenied, FragmentUntracked, GroupDenied,
    NoPeer, NoPort, TcpNoFlow, UnknownDevice, WrongWire,
};
use xiot_tests::{
    frame::{Frame, Mac, flag::*, frame},
    ward::{self, BROADCAST, MOVED, MUTE, PUMP, ROUTER, STRANGER, TWICE},
};

use crate::case::{Case, case, device, uplink};

fn call(mac: Mac) -> Frame {
    frame(mac, ROUTER)
        .ip("10.0.0.12", "10.0.8.11")
        .tcp(50000, 3613, SYN)
}

pub(crate) fn cases() -> Vec<Case> {
    [listed(), unlisted(), groups(), bindings()].concat()
}

fn listed() -> Vec<Case> {
    let on = |outer, inner| {
        let envelope = frame(TWICE, ROUTER).tagged(outer);
        let envelope = if inner == 0 {
            envelope
        } else {
            envelope.tagged(inner)
        };
        envelope.ip("10.0.0.12", "10.0.8.11").tcp(50000, 3613, SYN)
    };
    vec![
        case(
            "a device listed with the VLAN wins over one without",
            [device(&on(30, 0), AllowedRule).by_rule(1).of_device(3)],
        ),
        case(
            "on another VLAN the device without one is meant",
            [
                device(&on(31, 0), NoPeer).of_device(4),
                device(&call(TWICE), NoPeer).of_device(4),
            ],
        ),
        case(
            "a device without a VLAN is not behind two tags",
            [device(&on(30, 31), UnknownDevice)],
        ),
        case(
            "a device on another wire than its own is refused",
            [
                device(&call(MOVED), WrongWire).of_device(5),
                uplink(&call(MOVED).reply(), WrongWire).of_device(5),
                device(&frame(MOVED, BROADCAST).other(0x88cc, &[0; 46]), WrongWire).of_device(5),
            ],
        ),
        case(
            "from the uplink the device is who is spoken to",
            [uplink(
                &frame(ROUTER, MUTE).ip("10.0.8.11", "10.0.0.12").udp(1, 2),
                NoPeer,
            )
            .of_device(6)],
        ),
    ]
}

fn unlisted() -> Vec<Case> {
    let arp = frame(STRANGER, BROADCAST).arp([10, 0, 0, 99].into(), [10, 0, 0, 1].into());
    vec![
        case(
            "a device that is not listed is unknown",
            [
                device(&call(STRANGER), UnknownDevice),
                device(&arp, UnknownDevice),
                device(
                    &frame(STRANGER, ROUTER).other(0x88cc, &[0; 46]),
                    UnknownDevice,
                ),
                uplink(&call(STRANGER).reply(), UnknownDevice),
            ],
        ),
        case(
            "a default profile judges what is not listed",
            [
                device(&call(STRANGER), AllowedRule).by_rule(1),
                device(&arp, AllowedService),
                device(
                    &frame(STRANGER, ROUTER).other(0x88cc, &[0; 46]),
                    EthertypeDenied,
                ),
            ],
        )
        .under(ward::with_default_profile()),
        case(
            "onboarding decides over what is not listed",
            [device(&arp, UnknownDevice).forwarded()],
        )
        .under(ward::onboarding(Mode::Learn)),
    ]
}

fn groups() -> Vec<Case> {
    let from_router = || frame(ROUTER, BROADCAST);
    vec![
        case(
            "a group address from the uplink is no device's",
            [
                uplink(
                    &from_router().arp([10, 0, 0, 1].into(), [10, 0, 0, 11].into()),
                    AllowedService,
                ),
                uplink(
                    &from_router().ip("10.0.8.11", "10.255.255.255").udp(1, 514),
                    GroupDenied,
                ),
                uplink(&from_router().other(0x88cc, &[0; 46]), EthertypeDenied),
                uplink(
                    &from_router()
                        .ip("10.0.8.11", "10.255.255.255")
                        .fragment(9, false)
                        .udp(1, 514),
                    FragmentUntracked,
                ),
            ],
        ),
        case(
            "onboarding decides over what is no device's",
            [
                uplink(
                    &from_router().ip("10.0.8.11", "10.255.255.255").udp(1, 514),
                    GroupDenied,
                )
                .forwarded(),
                uplink(
                    &from_router().ip("10.0.8.11", "10.255.255.255").udp(1, 514),
                    GroupDenied,
                )
                .forwarded(),
            ],
        )
        .under(ward::onboarding(Mode::Monitor)),
        case(
            "a device may send to a group if a rule says so",
            [device(
                &frame(PUMP, BROADCAST)
                    .ip("10.0.0.11", "10.255.255.255")
                    .udp(123, 123),
                AllowedRule,
            )
            .by_rule(6)
            .of_device(1)],
        ),
    ]
}

fn bindings() -> Vec<Case> {
    let from = |source: &str, destination: &str| frame(PUMP, ROUTER).ip(source, destination);
    let to = |source: &str, destination: &str| frame(ROUTER, PUMP).ip(source, destination);
    vec![
        case(
            "a device uses only its own addresses",
            [
                device(
                    &from("10.0.0.12", "10.0.8.11").tcp(50000, 3613, SYN),
                    AddressNotBound,
                )
                .of_device(1),
                device(
                    &from("fd00::12", "fd00:8::11").tcp(50000, 3613, SYN),
                    AddressNotBound,
                )
                .of_device(1),
                device(
                    &from("10.0.0.12", "10.0.8.11").tcp(50000, 3613, ACK),
                    AddressNotBound,
                )
                .of_device(1),
                uplink(
                    &to("10.0.9.1", "10.0.0.12").tcp(50000, 22, SYN),
                    AddressNotBound,
                )
                .of_device(1),
            ],
        ),
        case(
            "unspecified and link-local addresses need no binding",
            [
                device(&from("0.0.0.0", "10.0.8.12").udp(1, 2), NoPort).of_device(1),
                device(&from("fe80::1", "fd00:2::1").udp(1, 2), NoPeer).of_device(1),
                device(&from("::", "fd00:2::1").udp(1, 2), NoPeer).of_device(1),
            ],
        ),
        case(
            "IPv4 link-local addresses do need a binding",
            [device(&from("169.254.0.1", "10.0.8.12").udp(1, 2), AddressNotBound).of_device(1)],
        ),
        case(
            "multicast and broadcast to a device need no binding",
            [
                uplink(&to("11.0.9.1", "224.0.0.1").udp(1, 2), NoPeer).of_device(1),
                uplink(&to("11.0.9.1", "255.255.255.255").udp(1, 2), NoPeer).of_device(1),
                uplink(&to("fd00:2::1", "ff02::1").udp(1, 2), NoPeer).of_device(1),
            ],
        ),
        case(
            "multicast from a device does need a binding",
            [
                device(&from("224.0.0.1", "10.0.8.11").udp(1, 2), AddressNotBound).of_device(1),
                device(
                    &from("255.255.255.255", "10.0.8.11").udp(1, 2),
                    AddressNotBound,
                )
                .of_device(1),
                device(&from("ff02::1", "fd00:2::1").udp(1, 2), AddressNotBound).of_device(1),
            ],
        ),
        case(
            "the binding is asked before the conversation",
            [device(
                &from("10.0.0.11", "10.0.8.11").tcp(50000, 3613, ACK),
                TcpNoFlow,
            )
            .of_device(1)],
        ),
    ]
}
