//! Frames that no meaning can be given to, and the nearest ones that have one.

use xiot_agent::model::policy::Policy;
use xiot_common::reason::Reason::{
    AllowedRule, BadArp, BadIpv4Header, BadIpv6Extension, BadIpv6Header, BadSourceMac,
    BadTcpHeader, BadVlanTags, EthertypeDenied, Ipv4SourceRoute, Ipv6SourceRoute, SameEndpoints,
    TooManyVlanTags, TruncatedEthernet, TruncatedIpv4, TruncatedIpv6, UnknownDevice,
};
use xiot_tests::{
    frame::{Extension, Frame, SERVICE_TAG, TAG, flag::*, frame},
    ward::{self, PUMP, ROUTER},
};

use crate::case::{Case, Step, case, device, device_bytes};

/// Offset of the IP header in an untagged frame.
pub(crate) const IP: usize = 14;

pub(crate) fn call() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .tcp(50000, 3613, SYN)
}

pub(crate) fn log() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50000, 514)
}

fn call_v6() -> Frame {
    frame(PUMP, ROUTER)
        .ip("fd00::11", "fd00:8::11")
        .tcp(50000, 3613, SYN)
}

fn options(kind: u8) -> Extension {
    Extension::Options {
        kind,
        units: 0,
        fourth: 0,
    }
}

fn call_through(extensions: &[Extension]) -> Frame {
    let packet = frame(PUMP, ROUTER).ip("fd00::11", "fd00:8::11");
    extensions
        .iter()
        .fold(packet, |packet, extension| packet.extension(*extension))
        .tcp(50000, 3613, SYN)
}

/// The frame with some of its bytes replaced.
pub(crate) fn edited(frame: &Frame, at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut out = frame.build();
    out[at..at + bytes.len()].copy_from_slice(bytes);
    out
}

fn cut(frame: &Frame, length: usize) -> Vec<u8> {
    let mut out = frame.build();
    out.truncate(length);
    out
}

pub(crate) fn allowed(frame: &Frame) -> Step {
    device(frame, AllowedRule).by_rule(1).of_device(1)
}

pub(crate) fn cases() -> Vec<Case> {
    [ethernet(), ipv4(), ipv4_options(), ipv6()].concat()
}

/// The pump is on VLAN 31 of 30.
fn behind_two_tags() -> Policy {
    let mut policy = ward::policy();
    policy.devices[0].vlan = Some((30, 31));
    policy
}

fn behind_a_service_tag() -> Policy {
    let mut policy = ward::policy();
    policy.devices[0].vlan = Some((30, 4095));
    policy
}

fn from_mac(source: [u8; 6]) -> Frame {
    Frame { source, ..call() }
}

fn tags(tags: &[(u16, u16)]) -> Frame {
    Frame {
        tags: tags.to_vec(),
        ..call()
    }
}

fn ethernet() -> Vec<Case> {
    let tagged = || frame(PUMP, ROUTER).service_tagged(30).tagged(31);
    let twice = tagged().ip("10.0.0.11", "10.0.8.11").tcp(50000, 3613, SYN);
    let thrice = tagged()
        .tagged(32)
        .ip("10.0.0.11", "10.0.8.11")
        .tcp(50000, 3613, SYN);
    let arp = frame(PUMP, ROUTER).arp([10, 0, 0, 11].into(), [10, 0, 0, 1].into());
    vec![
        case("two tags are read", [allowed(&twice)]).under(behind_two_tags()),
        case(
            "no station sends from a group address",
            [
                device(&from_mac([1, 0, 0, 0, 0, 1]), BadSourceMac),
                device(&from_mac([0xff; 6]), BadSourceMac),
            ],
        ),
        case(
            "tags that switches read differently are refused",
            [
                device(&tags(&[(TAG, 30), (SERVICE_TAG, 31)]), BadVlanTags),
                device(&tags(&[(TAG, 0), (TAG, 31)]), BadVlanTags),
                device(&tags(&[(SERVICE_TAG, 0), (TAG, 31)]), BadVlanTags),
                device(&tags(&[(TAG, 30), (TAG, 0)]), BadVlanTags),
                device(&tags(&[(SERVICE_TAG, 0)]), BadVlanTags),
                device(&tags(&[(SERVICE_TAG, 4095)]), BadVlanTags),
                device(&tags(&[(TAG, 4095)]), BadVlanTags),
                device(&tags(&[(TAG, 30), (TAG, 4095)]), BadVlanTags),
                allowed(&tags(&[(TAG, 0)])),
                allowed(&tags(&[(TAG, 4094)])),
            ],
        ),
        case(
            "a service tag alone is another VLAN than a customer tag",
            [
                device(&tags(&[(SERVICE_TAG, 30)]), UnknownDevice),
                allowed(&tags(&[(TAG, 30)])),
            ],
        ),
        case(
            "a device can be listed behind a service tag alone",
            [
                allowed(&tags(&[(SERVICE_TAG, 30)])),
                device(&tags(&[(TAG, 30)]), UnknownDevice),
                device(&tags(&[(SERVICE_TAG, 30), (TAG, 31)]), UnknownDevice),
            ],
        )
        .under(behind_a_service_tag()),
        case(
            "a tag that is cut off ends the frame too early",
            [
                device_bytes(cut(&twice, 17), TruncatedEthernet),
                device_bytes(cut(&twice, 21), TruncatedEthernet),
            ],
        ),
        case(
            "a third tag is one too many",
            [device(&thrice, TooManyVlanTags)],
        ),
        case(
            "a third tag is one too many even if cut off",
            [device_bytes(cut(&thrice, 22), TooManyVlanTags)],
        ),
        case(
            "a short ARP message is bad",
            [device_bytes(cut(&arp, 41), BadArp)],
        ),
        case(
            "ARP for another kind of address is bad",
            [
                device_bytes(edited(&arp, 14, &[0, 6]), BadArp),
                device_bytes(edited(&arp, 16, &[0x86, 0xdd]), BadArp),
                device_bytes(edited(&arp, 18, &[8]), BadArp),
                device_bytes(edited(&arp, 19, &[16]), BadArp),
            ],
        ),
        case(
            "an 802.3 frame is just another type",
            [device(
                &frame(PUMP, ROUTER).other(0x0026, &[0x42; 46]),
                EthertypeDenied,
            )
            .of_device(1)],
        ),
    ]
}

fn routed(options: &[u8]) -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .options(options)
        .tcp(50000, 3613, SYN)
}

fn ipv4_options() -> Vec<Case> {
    vec![
        case(
            "a source route leads elsewhere than the destination says",
            [
                device(&routed(&[131, 7, 4, 10, 0, 9, 9, 0]), Ipv4SourceRoute),
                device(&routed(&[137, 7, 4, 10, 0, 9, 9, 0]), Ipv4SourceRoute),
                device(&routed(&[1, 1, 1, 131]), Ipv4SourceRoute),
                device(&routed(&[148, 4, 0, 0, 131, 3, 4, 0]), Ipv4SourceRoute),
                device(
                    &routed(&[[1; 39].as_slice(), &[137]].concat()),
                    Ipv4SourceRoute,
                ),
            ],
        ),
        case(
            "what no host reads as an option is no source route",
            [allowed(&routed(&[0, 131, 3, 4]))],
        ),
        case(
            "the bytes of an option are no options",
            [allowed(&routed(&[148, 4, 131, 137]))],
        ),
        case(
            "options end with one of an impossible length",
            [allowed(&routed(&[148, 1, 131, 3]))],
        ),
    ]
}

fn ipv4() -> Vec<Case> {
    let with_options = frame(PUMP, ROUTER)
        .ip("10.0.0.11", "10.0.8.11")
        .options(&[1; 40])
        .tcp(50000, 3613, SYN);
    let mut padded = call();
    padded.padding = 6;
    vec![
        case("options are skipped", [allowed(&with_options)]),
        case("padding after the packet is ignored", [allowed(&padded)]),
        case(
            "an IPv4 header needs 20 bytes",
            [device_bytes(cut(&call(), IP + 19), TruncatedIpv4)],
        ),
        case(
            "an IPv4 packet does not end before its total length",
            [device_bytes(cut(&call(), IP + 39), TruncatedIpv4)],
        ),
        case(
            "IPv4 with another version is bad",
            [device_bytes(edited(&call(), IP, &[0x65]), BadIpv4Header)],
        ),
        case(
            "an IPv4 header of less than 20 bytes is bad",
            [device_bytes(edited(&call(), IP, &[0x44]), BadIpv4Header)],
        ),
        case(
            "a total length below the header's is bad",
            [device_bytes(
                edited(&call(), IP + 2, &[0, 19]),
                BadIpv4Header,
            )],
        ),
        case(
            "a bad total length is told before a truncated header",
            [
                device_bytes(cut(&with_options, IP + 30), TruncatedIpv4),
                device_bytes(
                    {
                        let mut out = edited(&with_options, IP + 2, &[0, 59]);
                        out.truncate(IP + 30);
                        out
                    },
                    BadIpv4Header,
                ),
            ],
        ),
        case(
            "a packet from an endpoint to itself is refused",
            [
                device(
                    &frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.0.11").udp(7, 7),
                    SameEndpoints,
                ),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.0.11")
                        .icmp(8, 0, 1),
                    SameEndpoints,
                ),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.0.11")
                        .protocol(50, &[0; 8]),
                    SameEndpoints,
                ),
                device(
                    &frame(PUMP, ROUTER).ip("0.0.0.0", "0.0.0.0").udp(7, 7),
                    SameEndpoints,
                ),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.0.11")
                        .fragment(1, false)
                        .udp(7, 8),
                    SameEndpoints,
                ),
            ],
        ),
        case(
            "an address may talk to itself on another port",
            [device(
                &frame(PUMP, ROUTER).ip("10.0.0.11", "10.0.0.11").udp(7, 123),
                AllowedRule,
            )
            .by_rule(6)
            .of_device(1)],
        ),
    ]
}

fn ipv6() -> Vec<Case> {
    let nine = [options(60); 9];
    let route = |left| Extension::Options {
        kind: 43,
        units: 0,
        fourth: left,
    };
    vec![
        case(
            "all kinds of extension headers are walked",
            [allowed(&call_through(&[
                options(0),
                Extension::Options {
                    kind: 60,
                    units: 2,
                    fourth: 0,
                },
                route(0),
                Extension::Authentication { words: 4 },
                options(135),
                options(60),
            ]))],
        ),
        case(
            "eight extension headers are walked",
            [allowed(&call_through(&nine[..8]))],
        ),
        case(
            "a ninth extension header is one too many",
            [device(&call_through(&nine), BadIpv6Extension)],
        ),
        case(
            "hop-by-hop options come first or never",
            [device(
                &call_through(&[options(60), options(0)]),
                BadIpv6Extension,
            )],
        ),
        case(
            "an extension header ends within the packet",
            [device_bytes(
                edited(&call_through(&[options(60)]), IP + 41, &[200]),
                BadIpv6Extension,
            )],
        ),
        case(
            "a routing header with segments left is a source route",
            [device(&call_through(&[route(1)]), Ipv6SourceRoute)],
        ),
        case(
            "an IPv6 header needs 40 bytes",
            [device_bytes(cut(&call_v6(), IP + 39), TruncatedIpv6)],
        ),
        case(
            "an IPv6 packet does not end before its payload length",
            [device_bytes(cut(&call_v6(), IP + 59), TruncatedIpv6)],
        ),
        case(
            "IPv6 with another version is bad",
            [device_bytes(edited(&call_v6(), IP, &[0x40]), BadIpv6Header)],
        ),
        case(
            "an IPv4-mapped address is on no wire",
            [
                device(
                    &frame(PUMP, ROUTER)
                        .ip("::ffff:10.0.0.11", "fd00::1")
                        .udp(1, 2),
                    BadIpv6Header,
                ),
                device(
                    &frame(PUMP, ROUTER)
                        .ip("fd00::11", "::ffff:10.0.8.11")
                        .udp(1, 2),
                    BadIpv6Header,
                ),
            ],
        ),
        case(
            "a payload length of 0 means no payload",
            [device_bytes(
                edited(&call_v6(), IP + 4, &[0, 0]),
                BadTcpHeader,
            )],
        ),
    ]
}
