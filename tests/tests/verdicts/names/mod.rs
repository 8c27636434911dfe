//! DNS names as peers: one sentence of section 13 each.

mod judged;
mod lasting;
mod messages;

use std::net::IpAddr;

use xiot_agent::model::{
    guard::Level,
    policy::{Clause, DnsName, IcmpType, Initiator, Policy, Rule},
};
use xiot_common::reason::Reason::{self, AllowedFlow, AllowedRule, NoPeer, WrongDirection};
use xiot_tests::{
    frame::{
        Envelope, Frame, PacketEnvelope,
        dns::{ASKED, address, answer, header, name, question, record},
        flag::SYN,
        frame,
    },
    ward::{self, PUMP, ROUTER, WATCHED},
};

use crate::case::{Case, Step, case, device, uplink};

pub(crate) fn cases() -> Vec<Case> {
    [
        learned(),
        not_learned(),
        messages::cases(),
        judged::cases(),
        lasting::cases(),
    ]
    .concat()
}

const CLOUD: &str = "cloud.example";
const BACKUP: &str = "backup.example";
/// The address that names have here.
const THERE: &str = "192.0.2.7";
/// The DNS server.
const SERVER: &str = "10.0.0.53";
const OWN: &str = "10.0.0.11";

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn names(names: &[&str]) -> Vec<DnsName> {
    let parse = |name: &&str| DnsName::parse(name).expect("a name");
    names.iter().map(parse).collect()
}

/// The ward's, in which the pump's profile asks DNS servers (10), and may contact `cloud.example` by TCP port 443 (11), be contacted by it on
/// port 22 (12), and contact `backup.example` by TCP port 8443 and ping it (13).
fn policy() -> Policy {
    let mut policy = ward::policy();
    policy.services.dns = ["10.0.0.53/32", "fd00::53/128"]
        .map(|it| it.parse().expect("a network"))
        .into();
    let like = policy.profiles[0].rules[0].clone();
    let rule = |id, initiator, peers: Vec<DnsName>, clauses| Rule {
        id,
        initiator,
        peers: Vec::new(),
        names: peers,
        clauses,
        ..like.clone()
    };
    let tcp = |port| Clause::Tcp(vec![port..=port]);
    let ping = |kind| vec![IcmpType { kind, code: None }];
    let rules = &mut policy.profiles[0].rules;
    rules.push(Rule {
        id: 10,
        peers: policy.services.dns.clone(),
        clauses: vec![Clause::Udp(vec![53..=53])],
        ..like.clone()
    });
    rules.push(rule(11, Initiator::Device, names(&[CLOUD]), vec![tcp(443)]));
    rules.push(rule(12, Initiator::Peer, names(&[CLOUD]), vec![tcp(22)]));
    rules.push(rule(
        13,
        Initiator::Device,
        names(&[BACKUP]),
        vec![tcp(8443), Clause::Icmp(ping(8)), Clause::Icmpv6(ping(128))],
    ));
    policy
}

fn named(name: &'static str, steps: impl Into<Vec<Step>>) -> Case {
    case(name, steps).under(policy())
}

/// From the device to the server.
fn to_server(to: Envelope) -> PacketEnvelope {
    to.ip(OWN, SERVER)
}

/// The pump asks, from this port.
fn asks(port: u16) -> Step {
    let frame = to_server(frame(PUMP, ROUTER)).udp(port, 53);
    device(&frame, AllowedRule).by_rule(10).of_device(1)
}

/// The server says this to what was asked from this port.
fn says(port: u16, message: &[u8]) -> Step {
    let frame = frame(ROUTER, PUMP)
        .ip(SERVER, OWN)
        .datagram(53, port, message);
    uplink(&frame, AllowedFlow)
        .by_flow()
        .by_rule(10)
        .of_device(1)
}

/// It says that the name has [`THERE`].
fn tells(port: u16, name: &str) -> Step {
    says(port, &answer(name, &[ip(THERE)]))
}

fn syn_to(there: &str, service: u16) -> Frame {
    let own = if ip(there).is_ipv4() { OWN } else { "fd00::11" };
    frame(PUMP, ROUTER).ip(own, there).tcp(40_000, service, SYN)
}

/// The pump opens a conversation with this address as that of `cloud.example`.
fn reaches(there: &str) -> Step {
    device(&syn_to(there, 443), AllowedRule)
        .by_rule(11)
        .of_device(1)
}

fn misses(there: &str, service: u16, reason: Reason) -> Step {
    device(&syn_to(there, service), reason).of_device(1)
}

fn learned() -> Vec<Case> {
    let alias = [
        header(1, 3),
        question(CLOUD),
        record(&ASKED, 5, 60, &name("edge.cdn.example")),
        address(&name("edge.cdn.example"), 60, ip("192.0.2.8")),
        address(&ASKED, 60, ip("fd00:9::8")),
    ]
    .concat();
    let asks_v6 = frame(PUMP, ROUTER).ip("fd00::11", "fd00::53").udp(5353, 53);
    let says_v6 = frame(ROUTER, PUMP).ip("fd00::53", "fd00::11").datagram(
        53,
        5353,
        &answer(CLOUD, &[ip(THERE)]),
    );
    vec![
        named(
            "the first frame after an answer passes, though the same was denied a moment before",
            [
                misses(THERE, 443, NoPeer),
                misses(THERE, 443, NoPeer),
                asks(5353),
                tells(5353, CLOUD),
                reaches(THERE),
            ],
        ),
        named(
            "names have no case",
            [asks(5353), tells(5353, "cLoUd.EXAMPLE"), reaches(THERE)],
        ),
        named(
            "all addresses of an answer are those of the name that was asked about, whoever owns them",
            [
                asks(5353),
                says(5353, &alias),
                reaches("192.0.2.8"),
                reaches("fd00:9::8"),
                misses(THERE, 443, NoPeer),
            ],
        ),
        named(
            "servers may answer in IPv6",
            [
                device(&asks_v6, AllowedRule).by_rule(10).of_device(1),
                uplink(&says_v6, AllowedFlow)
                    .by_flow()
                    .by_rule(10)
                    .of_device(1),
                reaches(THERE),
            ],
        ),
        named(
            "every answer of a flow teaches, not only the first",
            [
                asks(5353),
                tells(5353, BACKUP),
                tells(5353, "other.example"),
                tells(5353, CLOUD),
                reaches(THERE),
            ],
        ),
        named(
            "guards leave answers alone",
            [asks(5353), tells(5353, CLOUD), reaches(THERE)],
        )
        .guarded(Level::Enforce),
    ]
}

fn not_learned() -> Vec<Case> {
    let resolver = |port| {
        let frame = frame(PUMP, ROUTER).ip(OWN, "10.0.4.7").udp(port, 53);
        device(&frame, AllowedRule).by_rule(9).of_device(1)
    };
    let other =
        frame(ROUTER, PUMP)
            .ip("10.0.4.7", OWN)
            .datagram(53, 5353, &answer(CLOUD, &[ip(THERE)]));
    let unsolicited =
        frame(ROUTER, PUMP)
            .ip(SERVER, OWN)
            .datagram(53, 5353, &answer(CLOUD, &[ip(THERE)]));
    let own = to_server(frame(PUMP, ROUTER)).datagram(53, 53, &answer(CLOUD, &[ip(THERE)]));
    vec![
        named(
            "who is no server of the policy teaches nothing",
            [
                resolver(5353),
                uplink(&other, AllowedFlow)
                    .by_flow()
                    .by_rule(9)
                    .of_device(1),
                misses(THERE, 443, NoPeer),
            ],
        ),
        named(
            "an answer that nobody asked for is denied, and teaches nothing",
            [
                uplink(&unsolicited, WrongDirection).of_device(1),
                misses(THERE, 443, NoPeer),
            ],
        ),
        named(
            "what a device says itself teaches nothing",
            [
                device(&own, AllowedRule).by_rule(10).of_device(1),
                misses(THERE, 443, NoPeer),
            ],
        ),
        named(
            "what one device was told counts for no other",
            [
                asks(5353),
                tells(5353, CLOUD),
                device(
                    &frame(WATCHED, ROUTER)
                        .ip("10.0.0.12", THERE)
                        .tcp(40_000, 443, SYN),
                    NoPeer,
                )
                .of_device(2)
                .forwarded(),
            ],
        ),
        named(
            "a name that the policy does not list is nobody's",
            [
                asks(5353),
                tells(5353, "cloud.example.net"),
                tells(5353, "a.cloud.example"),
                tells(5353, "example"),
                misses(THERE, 443, NoPeer),
            ],
        ),
        named(
            "an address of the answer's additional section is not part of it",
            [
                asks(5353),
                says(
                    5353,
                    &[
                        header(1, 0),
                        question(CLOUD),
                        address(&ASKED, 60, ip(THERE)),
                    ]
                    .concat(),
                ),
                misses(THERE, 443, NoPeer),
            ],
        ),
    ]
}
