//! The guard `binding`: whom it asks, what it lets pass, and at which level.

use std::net::{Ipv4Addr, Ipv6Addr};

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::Mode,
};
use xiot_common::reason::Reason::{
    self, AllowedRule, AllowedService, ArpInvalid, ArpSpoofed, Bpdu, EthertypeDenied,
    FragmentUntracked, SourceAddressStolen, SourceAddressUnbound, UnknownDevice, WrongWire,
};
use xiot_tests::{
    frame::{Frame, Mac, frame, lease::request},
    ward::{self, BROADCAST, MOVED, PUMP, ROUTER, STRANGER, WATCHED},
};

use super::{
    STRICT, binding, discovers, log, logs, number, only, says, strict, unlisted, uses, v4, v6,
};
use crate::case::{Case, Event, Step, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [own(), asked(), takes(), order(), levels(), settling()].concat()
}

fn later_fragment(mac: Mac, last: u8) -> Frame {
    frame(mac, ROUTER)
        .packet(v4(last).into(), v4(1).into())
        .fragment(64, false)
        .protocol(17, &[0; 8])
}

fn own() -> Vec<Case> {
    let discover = frame(PUMP, BROADCAST)
        .ip("0.0.0.0", "255.255.255.255")
        .datagram(68, 67, &request(PUMP, Ipv4Addr::UNSPECIFIED));
    let tries = discovers(PUMP, 135, Ipv6Addr::UNSPECIFIED, v6(0x78));
    vec![
        strict(
            "the unspecified address is anybody's own",
            [
                device(&discover, AllowedService).of_device(1),
                device(&tries, AllowedService).of_device(1),
                device(
                    &frame(PUMP, BROADCAST).arp_as(1, PUMP, [0, 0, 0, 0].into()),
                    AllowedService,
                )
                .of_device(1),
            ],
        ),
        strict(
            "what is listed for a device is its own",
            [
                logs(PUMP, (11, 50001), AllowedRule),
                says(PUMP, 11, AllowedService),
                uses(PUMP, 0x11, AllowedService),
            ],
        ),
    ]
}

fn asked() -> Vec<Case> {
    let of = |mac, reason| device(&log(mac, 12, 50001), reason);
    let mut elsewhere = ward::policy();
    elsewhere.devices[1].mode = Mode::Enforce;
    vec![
        strict(
            "a listed device has no IPv4 address that is neither listed nor leased",
            [
                logs(WATCHED, (12, 50001), SourceAddressUnbound),
                logs(PUMP, (12, 50001), SourceAddressUnbound),
                says(WATCHED, 12, SourceAddressUnbound),
                device(&later_fragment(WATCHED, 12), SourceAddressUnbound).of_device(2),
                device(&later_fragment(PUMP, 12), SourceAddressUnbound).of_device(1),
                device(&later_fragment(PUMP, 11), FragmentUntracked).of_device(1),
            ],
        ),
        strict(
            "binding has nothing against who is not listed, or not there",
            [
                of(STRANGER, UnknownDevice),
                of(MOVED, WrongWire).of_device(5),
                device(
                    &frame(STRANGER, BROADCAST).arp_as(1, STRANGER, v4(12)),
                    UnknownDevice,
                ),
                // Two tags make another device of it.
                device(
                    &frame(WATCHED, ROUTER)
                        .service_tagged(30)
                        .tagged(31)
                        .ip("10.0.0.12", "10.0.4.1")
                        .udp(50001, 514),
                    UnknownDevice,
                ),
            ],
        ),
        strict(
            "binding has nothing against other Ethernet types, and nothing against the uplink",
            [
                device(
                    &frame(PUMP, ROUTER).other(0x88b5, &[0; 46]),
                    EthertypeDenied,
                )
                .of_device(1),
                uplink(
                    &frame(ROUTER, WATCHED)
                        .ip("10.0.9.1", "10.0.0.12")
                        .tcp(50000, 22, 2),
                    AllowedRule,
                )
                .of_device(2)
                .by_rule(2),
                uplink(
                    &frame(PUMP, WATCHED)
                        .ip("10.0.9.1", "10.0.0.12")
                        .tcp(50001, 22, 2),
                    AllowedRule,
                )
                .of_device(2)
                .by_rule(2),
            ],
        ),
        strict(
            "a device that came to another wire is asked there",
            [device(&log(MOVED, 12, 50001), SourceAddressUnbound)
                .of_device(5)
                .elsewhere()],
        )
        .under(elsewhere),
    ]
}

fn takes() -> Vec<Case> {
    let local = |mac, reason| {
        let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, mac_end(mac));
        device(&discovers(mac, 135, source, v6(0x99)), reason).of_device(number(mac))
    };
    let beside = |mac, reason| {
        let source = Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, mac_end(mac));
        device(&discovers(mac, 135, source, v6(0x99)), reason).of_device(number(mac))
    };
    let pings = |source: &str| {
        let frame = frame(WATCHED, ROUTER).ip(source, "fd00::1").icmp(128, 0, 7);
        device(&frame, SourceAddressUnbound).of_device(2)
    };
    vec![
        strict(
            "a device without listed addresses takes any IPv6 address, others link-local ones",
            [
                uses(WATCHED, 0x78, AllowedService),
                local(WATCHED, AllowedService),
                beside(WATCHED, AllowedService),
                uses(PUMP, 0x79, SourceAddressUnbound),
                local(PUMP, AllowedService),
                beside(PUMP, SourceAddressUnbound),
            ],
        ),
        strict(
            "a device does not take what no host has",
            [pings("ff02::1"), pings("ff00::"), pings("::1")],
        )
        .behind(binding(Level::Enforce)),
        strict(
            "a device does not take what is somebody else's",
            [
                uses(WATCHED, 0x11, SourceAddressUnbound),
                uses(WATCHED, 0x12, AllowedService),
                uses(PUMP, 0x12, SourceAddressUnbound),
            ],
        )
        .behind(binding(Level::Enforce)),
        strict(
            "a device that has an address by use may use it on",
            [
                uses(WATCHED, 0x78, AllowedService),
                uses(WATCHED, 0x78, AllowedService).at(3000),
                uses(WATCHED, 0x78, AllowedService).at(6000),
            ],
        ),
    ]
}

fn mac_end(mac: Mac) -> u16 {
    mac[5].into()
}

fn order() -> Vec<Case> {
    const SWITCH: Mac = [0x01, 0x80, 0xc2, 0, 0, 0];
    let to_switch = frame(WATCHED, SWITCH)
        .ip("10.0.0.12", "10.0.4.1")
        .udp(50001, 514);
    let monitor = only(Guards::all(Level::Monitor), Level::Monitor);
    let steps = |forwarded: bool| {
        let steps: [Step; 5] = [
            device(&to_switch, Bpdu).of_device(2),
            logs(WATCHED, (11, 50002), SourceAddressStolen),
            says(WATCHED, 11, ArpSpoofed),
            device(
                &frame(WATCHED, BROADCAST).arp_as(3, WATCHED, v4(12)),
                ArpInvalid,
            )
            .of_device(2),
            says(WATCHED, 12, SourceAddressUnbound),
        ];
        if forwarded {
            steps.map(Step::forwarded)
        } else {
            steps
        }
    };
    vec![
        strict(
            "binding is the last of the devices' side that drops",
            steps(false),
        ),
        strict(
            "binding is the last of the devices' side that watches",
            steps(true),
        )
        .behind(monitor),
    ]
}

fn levels() -> Vec<Case> {
    vec![
        strict(
            "binding that watches counts, and that is off says nothing",
            [
                logs(WATCHED, (12, 50001), SourceAddressUnbound).forwarded(),
                says(WATCHED, 12, SourceAddressUnbound).forwarded(),
                says(WATCHED, 12, AllowedService).after(Event::Rewire),
                logs(WATCHED, (12, 50002), AllowedRule),
            ],
        )
        .behind(only(STRICT, Level::Monitor))
        .then_behind(only(STRICT, Level::Off)),
        strict(
            "what binding watches goes on under its reason",
            [
                logs(WATCHED, (12, 50001), SourceAddressUnbound).forwarded(),
                logs(WATCHED, (12, 50001), SourceAddressUnbound)
                    .forwarded()
                    .by_flow(),
                uplink(&log(WATCHED, 12, 50001).reply(), SourceAddressUnbound)
                    .of_device(2)
                    .forwarded()
                    .by_flow(),
            ],
        )
        .behind(only(STRICT, Level::Monitor)),
    ]
}

fn settling() -> Vec<Case> {
    let settles = |step: Step| step.after(Event::Settle(60));
    let v4_says = |reason: Reason| logs(WATCHED, (12, 50001), reason);
    vec![
        strict(
            "before the wire is settled binding drops no IPv4 and no ARP",
            [
                settles(logs(WATCHED, (12, 50001), SourceAddressUnbound)).forwarded(),
                says(WATCHED, 12, SourceAddressUnbound).forwarded(),
                device(&later_fragment(WATCHED, 12), SourceAddressUnbound)
                    .of_device(2)
                    .forwarded(),
                says(WATCHED, 12, SourceAddressUnbound).forwarded().at(59),
                says(WATCHED, 12, SourceAddressUnbound).at(60),
                logs(WATCHED, (12, 50002), SourceAddressUnbound).at(60),
            ],
        ),
        strict(
            "before the wire is settled binding drops IPv6 as ever",
            [
                settles(uses(PUMP, 0x78, SourceAddressUnbound)),
                uses(PUMP, 0x78, SourceAddressUnbound).at(60),
            ],
        ),
        strict(
            "settling makes nothing stricter than its level",
            [
                settles(v4_says(SourceAddressUnbound)).forwarded(),
                says(WATCHED, 12, SourceAddressUnbound).forwarded().at(60),
                says(WATCHED, 12, AllowedService)
                    .after(Event::Rewire)
                    .at(60),
            ],
        )
        .under(unlisted())
        .behind(only(STRICT, Level::Monitor))
        .then_behind(only(STRICT, Level::Off)),
    ]
}
