//! IPv6 addresses that are bound by use: whoever sends from one first has it, if nobody else has a better claim.

use std::net::Ipv6Addr;

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::{Mode, Policy},
};
use xiot_common::reason::Reason::{
    self, AllowedFlow, AllowedFragment, AllowedRule, AllowedService, DhcpServer, NoPeer,
    SourceAddressStolen, SourceAddressUnbound, UnknownDevice, WrongWire,
};
use xiot_tests::{
    frame::{Frame, Mac, PacketEnvelope, flag::*, frame},
    ward::{self, MOVED, PUMP, ROUTER, STRANGER, WATCHED},
};

use super::{
    LEASED, STRICT, binding, claims6, discovers, gives6, may_claim6, may_not_claim6, number, only,
    says, strict, unlisted, uses, v6,
};
use crate::case::{Case, Event, device, uplink};

const TAKEN: u16 = 0x77;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = [
        senders(),
        times(),
        forwarded(),
        watched(),
        limits(),
        leases(),
    ]
    .concat();
    // Neither device has addresses that are listed, but where a case says so.
    for case in &mut cases {
        if case.policies == [ward::policy()] {
            case.policies = vec![unlisted()];
        }
    }
    cases
}

fn from(mac: Mac) -> PacketEnvelope {
    frame(mac, ROUTER).packet(v6(TAKEN).into(), v6(0x4242).into())
}

/// No rule allows it.
fn odd(mac: Mac) -> Frame {
    from(mac).udp(50000, 7)
}

fn senders() -> Vec<Case> {
    let to_all = discovers(WATCHED, 135, v6(TAKEN), v6(0x99));
    let mut everywhere = unlisted();
    everywhere.devices[4].wire = None;
    everywhere.devices[5].mac = STRANGER;
    let mut lenient = unlisted();
    lenient.onboarding = Mode::Monitor;
    lenient.devices[4].mode = Mode::Monitor;
    let strangers =
        |mac, reason| device(&odd(mac), reason).of_device(if mac == MOVED { 5 } else { 0 });
    vec![
        strict(
            "an IPv6 address is bound by use, and another's to others",
            [
                may_claim6(PUMP, TAKEN),
                uses(WATCHED, TAKEN, AllowedService),
                may_not_claim6(PUMP, TAKEN),
                uses(PUMP, TAKEN, SourceAddressStolen),
                uses(WATCHED, TAKEN, AllowedService),
                may_claim6(WATCHED, TAKEN),
            ],
        ),
        strict(
            "an IPv4 address is not bound by use",
            [
                says(WATCHED, LEASED, AllowedService),
                says(PUMP, LEASED, AllowedService),
            ],
        )
        .behind(only(STRICT, Level::Off)),
        strict(
            "an address is bound by what a device sends, not by what is sent in its name",
            [uplink(&to_all, AllowedService), may_claim6(PUMP, TAKEN)],
        ),
        strict(
            "an address is bound to listed devices that are there",
            [
                strangers(STRANGER, UnknownDevice).forwarded(),
                strangers(MOVED, WrongWire).forwarded(),
                may_claim6(WATCHED, TAKEN).after(Event::Swap),
            ],
        )
        .under(lenient)
        .then(everywhere),
        strict(
            "who asks whether an address is free has not bound it",
            [
                device(
                    &discovers(WATCHED, 135, Ipv6Addr::UNSPECIFIED, v6(TAKEN)),
                    AllowedService,
                )
                .of_device(2),
                may_claim6(PUMP, TAKEN),
            ],
        ),
    ]
}

fn times() -> Vec<Case> {
    vec![
        strict(
            "an address is bound by use for an hour",
            [
                uses(WATCHED, TAKEN, AllowedService),
                may_not_claim6(PUMP, TAKEN).at(3599),
                may_claim6(PUMP, TAKEN).at(3600),
            ],
        ),
        strict(
            "an address that is used again is bound for an hour from then on",
            [
                uses(WATCHED, TAKEN, AllowedService),
                uses(WATCHED, TAKEN, AllowedService).at(3000),
                may_not_claim6(PUMP, TAKEN).at(6599),
                may_claim6(PUMP, TAKEN).at(6600),
            ],
        ),
        strict(
            "an address whose use is over is the next one's",
            [
                uses(WATCHED, TAKEN, AllowedService),
                uses(PUMP, TAKEN, AllowedService).at(3600),
                uses(WATCHED, TAKEN, SourceAddressStolen).at(3600),
            ],
        ),
    ]
}

/// The watched device's session with the pump server.
fn session() -> Frame {
    frame(WATCHED, ROUTER)
        .packet(v6(TAKEN).into(), server())
        .tcp(50000, 3613, SYN)
}

fn server() -> std::net::IpAddr {
    "fd00:8::11".parse().expect("an address")
}

fn forwarded() -> Vec<Case> {
    let syn = session();
    let opens = || device(&syn, AllowedRule).of_device(2).by_rule(1);
    let answer = syn.reply().flags(SYN | ACK);
    let answered = || {
        uplink(&answer, AllowedFlow)
            .of_device(2)
            .by_rule(1)
            .by_flow()
    };
    let goes_on = || {
        device(&syn.clone().flags(ACK), AllowedFlow)
            .of_device(2)
            .by_rule(1)
            .by_flow()
    };
    let mut segment = syn_segment();
    segment.resize(512, 0);
    let part = || frame(WATCHED, ROUTER).packet(v6(TAKEN).into(), server());
    let first = part().fragment(0, true).protocol(6, &segment);
    let later = part().fragment(64, false).protocol(6, &[0; 8]);
    let serves = from(WATCHED).udp(547, 50000);
    vec![
        strict(
            "what a flow forwards binds nothing anew",
            [
                opens(),
                answered(),
                goes_on().at(3000),
                may_not_claim6(PUMP, TAKEN).at(3599),
                may_claim6(PUMP, TAKEN).at(3600),
            ],
        ),
        strict(
            "a SYN that a flow does not answer for binds anew",
            [
                opens(),
                answered(),
                opens().at(3000),
                may_not_claim6(PUMP, TAKEN).at(6599),
                may_claim6(PUMP, TAKEN).at(6600),
            ],
        ),
        strict(
            "a first fragment binds its source, a later one that is known nothing anew",
            [
                device(&first, AllowedRule).of_device(2).by_rule(1),
                device(&later, AllowedFragment)
                    .of_device(2)
                    .by_rule(1)
                    .at(30),
                may_not_claim6(PUMP, TAKEN).at(3599),
                may_claim6(PUMP, TAKEN).at(3600),
            ],
        ),
        strict(
            "what is dropped binds nothing",
            [
                device(&odd(PUMP), NoPeer).of_device(1),
                may_claim6(WATCHED, TAKEN),
            ],
        ),
        strict(
            "what is forwarded binds whatever the policy has against it",
            [
                device(&odd(WATCHED), NoPeer).of_device(2).forwarded(),
                may_not_claim6(PUMP, TAKEN),
            ],
        ),
        strict(
            "what is forwarded binds whatever another guard has against it",
            [
                device(&serves, DhcpServer).of_device(2).forwarded(),
                may_not_claim6(PUMP, TAKEN),
            ],
        )
        .behind(Guards {
            dhcp_server: Level::Monitor,
            ..STRICT
        }),
    ]
}

/// By the guards that are not off.
fn watched() -> Vec<Case> {
    let silent = |guards: Guards| Guards {
        claim: guards.claim,
        group: guards.group,
        ..Guards::all(Level::Off)
    };
    let monitor = Guards::all(Level::Monitor);
    let of_claim = Guards {
        group: Level::Off,
        ..silent(monitor)
    };
    let of_group = Guards {
        claim: Level::Off,
        ..silent(monitor)
    };
    let seen = |name, guards| {
        strict(
            name,
            [
                uses(WATCHED, TAKEN, AllowedService),
                may_not_claim6(PUMP, TAKEN).after(Event::Rewire),
            ],
        )
        .behind(guards)
        .then_behind(STRICT)
    };
    vec![
        seen(
            "an address is bound by use where only claim watches",
            of_claim,
        ),
        seen(
            "an address is bound by use where only group watches",
            of_group,
        ),
        seen("an address is bound by use where binding is off", monitor),
        strict(
            "no address is bound by use where no guard watches",
            [
                uses(WATCHED, TAKEN, AllowedService),
                may_claim6(PUMP, TAKEN).after(Event::Rewire),
            ],
        )
        .behind(Guards::all(Level::Off))
        .then_behind(STRICT),
    ]
}

fn syn_segment() -> Vec<u8> {
    match session().body {
        xiot_tests::frame::Body::Ip(ip) => ip.payload(),
        xiot_tests::frame::Body::Arp { .. } | xiot_tests::frame::Body::Other { .. } => Vec::new(),
    }
}

/// The pump may use one address alone.
fn listing(address: Ipv6Addr) -> Policy {
    let mut policy = unlisted();
    policy.devices[0].addresses = vec![address.into()];
    policy
}

fn limits() -> Vec<Case> {
    let watching = Guards {
        source: Level::Monitor,
        nd: Level::Monitor,
        ..binding(Level::Monitor)
    };
    let local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x55);
    let from_local =
        |mac, reason| device(&discovers(mac, 135, local, v6(0x99)), reason).of_device(number(mac));
    let pings = |source: &str, reason: Reason| {
        let frame = frame(WATCHED, ROUTER).ip(source, "fd00::1").icmp(128, 0, 7);
        device(&frame, reason).of_device(2).forwarded()
    };
    let says_of = |target: &str, reason| {
        let own = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let target = target.parse().expect("an address");
        device(&discovers(PUMP, 136, own, target), reason).of_device(1)
    };
    vec![
        strict(
            "an address that is listed for another is not bound by use",
            [
                uses(WATCHED, TAKEN, SourceAddressStolen).forwarded(),
                claims6(PUMP, TAKEN, AllowedService).after(Event::Swap),
            ],
        )
        .under(listing(v6(TAKEN)))
        .then(unlisted())
        .behind(watching),
        strict(
            "an address that is bound to another is not bound by use",
            [
                uses(WATCHED, TAKEN, AllowedService),
                uses(PUMP, TAKEN, SourceAddressStolen).forwarded(),
                may_claim6(WATCHED, TAKEN),
                may_not_claim6(PUMP, TAKEN).forwarded(),
            ],
        )
        .behind(watching),
        strict(
            "a listed address is not bound by use",
            [
                uses(PUMP, TAKEN, AllowedService),
                claims6(WATCHED, TAKEN, AllowedService).after(Event::Swap),
            ],
        )
        .under(listing(v6(TAKEN)))
        .then(unlisted()),
        strict(
            "a listed link-local address is not bound by use either",
            [
                from_local(PUMP, AllowedService),
                from_local(WATCHED, AllowedService).after(Event::Swap),
            ],
        )
        .under(listing(local))
        .then(unlisted()),
        strict(
            "a device with listed addresses binds none by use but link-local ones",
            [
                uses(PUMP, TAKEN, SourceAddressUnbound).forwarded(),
                may_claim6(WATCHED, TAKEN),
                from_local(PUMP, AllowedService),
                from_local(WATCHED, SourceAddressStolen).forwarded(),
            ],
        )
        .under(listing(v6(0x11)))
        .behind(watching),
        strict(
            "an address that no host has is not bound by use",
            [
                pings("::1", SourceAddressUnbound),
                pings("ff02::1", SourceAddressUnbound),
                says_of("::1", AllowedService),
                says_of("ff02::1", AllowedService),
            ],
        )
        .behind(Guards {
            source: Level::Off,
            ..watching
        }),
    ]
}

fn leases() -> Vec<Case> {
    vec![strict(
        "a leased address is not bound by use, until its lease is over",
        [
            gives6(WATCHED, TAKEN, 60),
            uses(WATCHED, TAKEN, AllowedService),
            may_not_claim6(PUMP, TAKEN).at(59),
            may_claim6(PUMP, TAKEN).at(60),
            uses(WATCHED, TAKEN, AllowedService).at(60),
            may_not_claim6(PUMP, TAKEN).at(3659),
            may_claim6(PUMP, TAKEN).at(3660),
        ],
    )]
}
