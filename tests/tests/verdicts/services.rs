//! What passes without a rule.

use xiot_agent::model::policy::{Policy, Services};
use xiot_common::reason::Reason::{
    AddressNotBound, AllowedService, FragmentUntracked, GroupDenied, NoPeer, NoPort, ServiceDenied,
};
use xiot_tests::{
    frame::{Extension, Frame, frame},
    ward::{self, ALL_NODES, BROADCAST, MUTE, PUMP, ROUTER},
};

use crate::case::{Case, case, device, uplink};

pub(crate) fn cases() -> Vec<Case> {
    [
        arp(),
        discovery(),
        listener(),
        dhcp(),
        dhcp_limits(),
        dhcpv6(),
    ]
    .concat()
}

fn arp() -> Vec<Case> {
    let ask = |mac| frame(mac, BROADCAST).arp([10, 0, 0, 11].into(), [10, 0, 0, 1].into());
    let mut bare = ward::policy();
    bare.profiles[0].arp = false;
    vec![
        case(
            "ARP passes both ways with its service",
            [
                device(&ask(PUMP), AllowedService).of_device(1),
                uplink(
                    &frame(ROUTER, PUMP).arp([10, 0, 0, 1].into(), [10, 0, 0, 11].into()),
                    AllowedService,
                )
                .of_device(1),
            ],
        ),
        case(
            "ARP needs its service",
            [device(&ask(MUTE), ServiceDenied).of_device(6)],
        ),
        case(
            "ARP to all needs some profile with the service",
            [uplink(&ask(ROUTER), GroupDenied)],
        )
        .under(bare),
    ]
}

fn discovery() -> Vec<Case> {
    let from = |hops, kind, code| {
        frame(PUMP, ALL_NODES)
            .ip("fe80::11", "ff02::1")
            .hop_limit(hops)
            .icmp(kind, code, 0)
    };
    let to = |kind| {
        frame(ROUTER, ALL_NODES)
            .ip("fe80::1", "ff02::1")
            .hop_limit(255)
            .icmp(kind, 0, 0)
    };
    let wrapped = |extension| {
        frame(PUMP, ALL_NODES)
            .ip("fe80::11", "ff02::1")
            .hop_limit(255)
            .extension(extension)
            .icmp(135, 0, 0)
    };
    let allowed = |frame: &Frame| device(frame, AllowedService).of_device(1);
    let mut solicitation = vec![0; 512];
    solicitation[0] = 135;
    let long_first = frame(PUMP, ROUTER)
        .ip("fd00::11", "fd00::1")
        .hop_limit(255)
        .fragment(0, true)
        .protocol(58, &solicitation);
    let denied = |frame: &Frame| device(frame, NoPeer).of_device(1);
    vec![
        case(
            "a device solicits and advertises",
            [
                allowed(&from(255, 133, 0)),
                allowed(&from(255, 135, 0)),
                allowed(&from(255, 136, 0)),
            ],
        ),
        case(
            "a device is no router and redirects nobody",
            [denied(&from(255, 134, 0)), denied(&from(255, 137, 0))],
        ),
        case(
            "neighbour discovery that crossed a router is none",
            [denied(&from(254, 135, 0)), denied(&from(64, 135, 0))],
        ),
        case(
            "neighbour discovery has code 0",
            [denied(&from(255, 135, 1))],
        ),
        case(
            "neighbour discovery hides behind no extension header",
            [
                denied(&wrapped(Extension::Options {
                    kind: 0,
                    units: 0,
                    fourth: 0,
                })),
                denied(&wrapped(Extension::Fragment {
                    offset: 0,
                    more: false,
                })),
            ],
        ),
        case(
            "a first fragment is no neighbour discovery",
            [
                device(&long_first, NoPort).of_device(1),
                device(
                    &wrapped(Extension::Fragment {
                        offset: 1,
                        more: false,
                    }),
                    FragmentUntracked,
                )
                .of_device(1),
            ],
        ),
        case(
            "routers advertise from the uplink",
            [
                uplink(&to(134), AllowedService),
                uplink(&to(135), AllowedService),
                uplink(&to(136), AllowedService),
                uplink(&to(133), GroupDenied),
                uplink(&to(137), GroupDenied),
            ],
        ),
        case(
            "neighbour discovery needs its service",
            [device(
                &frame(MUTE, ALL_NODES)
                    .ip("fe80::11", "ff02::1")
                    .hop_limit(255)
                    .icmp(135, 0, 0),
                NoPeer,
            )
            .of_device(6)],
        ),
    ]
}

fn listener() -> Vec<Case> {
    let hop_by_hop = Extension::Options {
        kind: 0,
        units: 0,
        fourth: 0,
    };
    let report = |hops, kind| {
        frame(PUMP, ALL_NODES)
            .ip("fe80::11", "ff02::16")
            .hop_limit(hops)
            .extension(hop_by_hop)
            .icmp(kind, 0, 0)
    };
    let query = frame(ROUTER, ALL_NODES)
        .ip("fe80::1", "ff02::1")
        .hop_limit(1)
        .extension(hop_by_hop)
        .icmp(130, 0, 0);
    vec![
        case(
            "a device reports what it listens to",
            [
                device(&report(1, 131), AllowedService).of_device(1),
                device(&report(1, 132), AllowedService).of_device(1),
                device(&report(1, 143), AllowedService).of_device(1),
            ],
        ),
        case(
            "a device queries no listeners",
            [device(&report(1, 130), NoPeer).of_device(1)],
        ),
        case(
            "listener reports go one hop",
            [device(&report(255, 143), NoPeer).of_device(1)],
        ),
        case(
            "queries come from the uplink",
            [uplink(&query, AllowedService)],
        ),
    ]
}

fn any_server() -> Policy {
    Policy {
        services: Services::default(),
        ..ward::policy()
    }
}

fn dhcp() -> Vec<Case> {
    let discover = frame(PUMP, BROADCAST)
        .ip("0.0.0.0", "255.255.255.255")
        .udp(68, 67);
    let renew = |server: &str| frame(PUMP, ROUTER).ip("10.0.0.11", server).udp(68, 67);
    let offer = |server: &str| frame(ROUTER, PUMP).ip(server, "10.0.0.11").udp(67, 68);
    vec![
        case(
            "a device asks for an address",
            [
                device(&discover, AllowedService).of_device(1),
                device(&renew("10.0.0.5"), AllowedService).of_device(1),
            ],
        ),
        case(
            "a device asks no other than the listed servers",
            [device(&renew("10.0.0.6"), NoPort).of_device(1)],
        ),
        case(
            "only listed servers answer",
            [
                uplink(&offer("10.0.0.5"), AllowedService).of_device(1),
                uplink(&offer("10.0.0.6"), NoPeer).of_device(1),
                uplink(
                    &frame(ROUTER, BROADCAST)
                        .ip("10.0.0.5", "255.255.255.255")
                        .udp(67, 68),
                    AllowedService,
                ),
                uplink(
                    &frame(ROUTER, BROADCAST)
                        .ip("10.0.0.6", "255.255.255.255")
                        .udp(67, 68),
                    GroupDenied,
                ),
            ],
        ),
        case(
            "without a list any server may answer, and none is spoken to alone",
            [
                device(&discover, AllowedService).of_device(1),
                uplink(&offer("10.0.0.6"), AllowedService).of_device(1),
                device(&renew("10.0.0.6"), NoPort).of_device(1),
            ],
        )
        .under(any_server()),
    ]
}

fn dhcp_limits() -> Vec<Case> {
    let renew = || frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.0.5").udp(68, 67);
    vec![
        case(
            "a device is no DHCP server",
            [device(
                &frame(PUMP, BROADCAST)
                    .ip("10.0.0.11", "255.255.255.255")
                    .udp(67, 68),
                NoPeer,
            )
            .of_device(1)],
        ),
        case(
            "DHCP ports mean DHCP in IPv4 only",
            [
                device(
                    &frame(PUMP, ROUTER).ip("fd00::11", "fd00::5").udp(68, 67),
                    NoPeer,
                )
                .of_device(1),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "11.0.0.5")
                        .udp(546, 547),
                    NoPeer,
                )
                .of_device(1),
            ],
        )
        .under(any_server()),
        case(
            "a service asks for no binding",
            [
                device(
                    &frame(PUMP, BROADCAST)
                        .ip("10.0.0.77", "255.255.255.255")
                        .udp(68, 67),
                    AllowedService,
                )
                .of_device(1),
                device(
                    &frame(PUMP, BROADCAST)
                        .ip("10.0.0.77", "255.255.255.255")
                        .udp(68, 69),
                    AddressNotBound,
                )
                .of_device(1),
            ],
        ),
        case(
            "a service makes no flow",
            [
                device(&renew(), AllowedService).of_device(1),
                uplink(
                    &frame(ROUTER, PUMP).ip("10.0.0.5", "10.0.0.11").udp(67, 68),
                    AllowedService,
                )
                .of_device(1),
                device(&renew(), AllowedService).of_device(1),
            ],
        ),
    ]
}

fn dhcpv6() -> Vec<Case> {
    let ask = |server: &str| frame(PUMP, ROUTER).ip("fe80::11", server).udp(546, 547);
    let answer = |server: &str| frame(ROUTER, PUMP).ip(server, "fe80::11").udp(547, 546);
    vec![
        case(
            "DHCPv6 asks all servers, a neighbour or a listed one",
            [
                device(&ask("ff02::1:2"), AllowedService).of_device(1),
                device(&ask("fe80::1"), AllowedService).of_device(1),
                device(&ask("fd00::5"), AllowedService).of_device(1),
                device(&ask("fd00::6"), NoPeer).of_device(1),
                device(&ask("ff02::1:3"), NoPeer).of_device(1),
            ],
        ),
        case(
            "without a list DHCPv6 asks all servers or a neighbour",
            [
                device(&ask("ff02::1:2"), AllowedService).of_device(1),
                device(&ask("fe80::1"), AllowedService).of_device(1),
                device(&ask("fd00::5"), NoPeer).of_device(1),
                uplink(&answer("fd00::6"), AllowedService).of_device(1),
            ],
        )
        .under(any_server()),
        case(
            "DHCPv6 answers come from a neighbour or a listed server",
            [
                uplink(&answer("fe80::1"), AllowedService).of_device(1),
                uplink(&answer("fd00::5"), AllowedService).of_device(1),
                uplink(&answer("fd00::6"), NoPeer).of_device(1),
            ],
        ),
    ]
}
