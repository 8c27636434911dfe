//! What is denied and forwarded all the same in modes learn and monitor, and what is remembered of it.

use xiot_agent::model::policy::Mode;
use xiot_common::reason::Reason::{
    self, AddressNotBound, AllowedFlow, AllowedRule, EthertypeDenied, FragmentUntracked,
    IcmpNoFlow, NoPeer, NoPort, NoProtocol, ServiceDenied, TcpBadState, TcpNoFlow, UnknownDevice,
    WrongDirection, WrongWire,
};
use xiot_tests::{
    frame::{Frame, Mac, flag::*, frame},
    ward::{self, BROADCAST, MOVED, MUTE, PUMP, ROUTER, STRANGER, WATCHED},
};

use crate::case::{Case, Step, case, device, uplink};

fn watched(frame: &Frame, reason: Reason) -> Step {
    device(frame, reason).of_device(2).forwarded()
}

fn to_watched(frame: &Frame, reason: Reason) -> Step {
    uplink(frame, reason).of_device(2).forwarded()
}

fn udp(mac: Mac, destination: &str, port: u16) -> Frame {
    frame(mac, ROUTER)
        .ip("10.0.0.12", destination)
        .udp(50000, port)
}

fn tcp(flags: u8) -> Frame {
    frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "11.0.0.1")
        .tcp(50000, 80, flags)
}

/// What rule 1 allows.
fn call(flags: u8) -> Frame {
    frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.8.11")
        .tcp(50000, 3613, flags)
}

pub(crate) fn cases() -> Vec<Case> {
    [conversations(), midstream(), no_flow()].concat()
}

fn conversations() -> Vec<Case> {
    let port = udp(WATCHED, "10.0.4.1", 515);
    let peer = udp(WATCHED, "11.0.0.1", 515);
    let protocol = frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.7.1")
        .protocol(47, &[0; 8]);
    let direction = frame(ROUTER, WATCHED)
        .ip("10.0.8.11", "10.0.0.12")
        .tcp(50000, 3613, SYN);
    let wire = udp(MOVED, "10.0.4.1", 514);
    let spoofed = frame(PUMP, ROUTER)
        .ip("10.0.0.77", "10.0.4.1")
        .udp(50000, 514);
    let unknown = udp(STRANGER, "10.0.4.1", 514);
    vec![
        case(
            "a denied conversation counts under its first reason",
            [
                watched(&port, NoPort),
                to_watched(&port.reply(), NoPort).by_flow(),
                watched(&port, NoPort).by_flow(),
                watched(&peer, NoPeer),
                to_watched(&peer.reply(), NoPeer).by_flow(),
                watched(&protocol, NoProtocol),
                to_watched(&protocol.reply(), NoProtocol).by_flow(),
            ],
        ),
        case(
            "a conversation opened the wrong way is known by its initiator",
            [
                to_watched(&direction, WrongDirection),
                watched(&direction.reply().flags(SYN | ACK), WrongDirection).by_flow(),
                to_watched(&direction.clone().flags(ACK), WrongDirection).by_flow(),
            ],
        ),
        case(
            "a device on the wrong wire is followed",
            [
                device(&wire, WrongWire).of_device(5).forwarded(),
                uplink(&wire.reply(), WrongWire)
                    .of_device(5)
                    .forwarded()
                    .by_flow(),
            ],
        )
        .under(ward::monitored()),
        case(
            "a spoofed address is followed",
            [
                device(&spoofed, AddressNotBound).of_device(1).forwarded(),
                uplink(&spoofed.reply(), AddressNotBound)
                    .of_device(1)
                    .forwarded()
                    .by_flow(),
            ],
        )
        .under(ward::monitored()),
        case(
            "an unknown device is followed",
            [
                device(&unknown, UnknownDevice).forwarded(),
                uplink(&unknown.reply(), UnknownDevice)
                    .forwarded()
                    .by_flow(),
            ],
        )
        .under(ward::onboarding(Mode::Learn)),
        case(
            "an enforced device leaves no trace of what it must not",
            [
                device(&udp(MUTE, "10.0.4.1", 514), NoPeer).of_device(6),
                device(&udp(MUTE, "10.0.4.1", 514), NoPeer).of_device(6),
            ],
        ),
        case(
            "an allowed conversation is allowed in every mode",
            [
                device(&udp(WATCHED, "10.0.4.1", 514), AllowedRule)
                    .by_rule(3)
                    .of_device(2),
                uplink(&udp(WATCHED, "10.0.4.1", 514).reply(), AllowedFlow)
                    .by_rule(3)
                    .of_device(2)
                    .by_flow(),
            ],
        ),
    ]
}

fn midstream() -> Vec<Case> {
    let unknown = |flags| {
        frame(STRANGER, ROUTER)
            .ip("10.0.0.99", "10.0.8.11")
            .tcp(50000, 3613, flags)
    };
    vec![
        case(
            "a running connection is picked up",
            [
                watched(&tcp(ACK), TcpNoFlow),
                to_watched(&tcp(0).reply().flags(ACK), TcpNoFlow).by_flow(),
                watched(&tcp(FIN | ACK), TcpNoFlow).by_flow(),
            ],
        ),
        case(
            "a running connection of an unknown device is picked up",
            [
                device(&unknown(PSH | ACK), UnknownDevice).forwarded(),
                uplink(&unknown(0).reply().flags(ACK), UnknownDevice)
                    .forwarded()
                    .by_flow(),
            ],
        )
        .under(ward::onboarding(Mode::Monitor)),
        case(
            "a reset picks nothing up",
            [
                watched(&tcp(RST), TcpNoFlow),
                watched(&tcp(RST | ACK), TcpNoFlow),
            ],
        ),
        case(
            "a denied SYN on a picked-up connection counts by itself",
            [
                watched(&tcp(ACK), TcpNoFlow),
                watched(&tcp(SYN), NoPeer),
                watched(&tcp(ACK), TcpNoFlow).by_flow(),
            ],
        ),
        case(
            "an allowed SYN takes the place of a picked-up connection",
            [
                watched(&call(ACK), TcpNoFlow),
                device(&call(SYN), AllowedRule).by_rule(1).of_device(2),
                uplink(&call(0).reply().flags(SYN | ACK), AllowedFlow)
                    .by_rule(1)
                    .of_device(2)
                    .by_flow(),
                device(&call(ACK), AllowedFlow)
                    .by_rule(1)
                    .of_device(2)
                    .by_flow(),
            ],
        ),
        case(
            "a denied handshake has states too",
            [
                watched(&tcp(SYN), NoPeer),
                watched(&tcp(SYN), NoPeer).by_flow(),
                watched(&tcp(ACK), TcpBadState),
                to_watched(&tcp(0).reply().flags(SYN | ACK), NoPeer).by_flow(),
                watched(&tcp(ACK), NoPeer).by_flow(),
            ],
        ),
    ]
}

fn no_flow() -> Vec<Case> {
    let lldp = frame(WATCHED, ROUTER).other(0x88cc, &[0; 46]);
    let later = frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.4.1")
        .fragment(9, false)
        .udp(1, 2);
    let reply = frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.0.1")
        .icmp(0, 0, 1);
    let message = frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "11.0.0.1")
        .icmp(13, 0, 0);
    let discover = frame(STRANGER, BROADCAST)
        .ip("0.0.0.0", "255.255.255.255")
        .udp(68, 67);
    let other = frame(MOVED, BROADCAST)
        .ip("0.0.0.0", "255.255.255.255")
        .udp(68, 67);
    let mut bare = ward::policy();
    bare.devices[1].profile = 1;
    let arp = frame(WATCHED, BROADCAST).arp([10, 0, 0, 12].into(), [10, 0, 0, 1].into());
    let twice = |step: Step| [step.clone(), step];
    vec![
        case(
            "a denied frame of another type is forwarded",
            twice(watched(&lldp, EthertypeDenied)),
        ),
        case(
            "a later fragment is forwarded",
            twice(watched(&later, FragmentUntracked)),
        ),
        case(
            "an unasked echo reply is forwarded",
            twice(watched(&reply, IcmpNoFlow)),
        ),
        case(
            "an ICMP message makes no flow",
            twice(watched(&message, NoPeer)),
        ),
        case(
            "denied ARP is forwarded",
            twice(watched(&arp, ServiceDenied)),
        )
        .under(bare),
        case(
            "unknown DHCP clients are no impostors of each other",
            [
                device(&discover, UnknownDevice).forwarded(),
                device(&other, WrongWire).of_device(5),
                device(&discover, UnknownDevice).forwarded(),
            ],
        )
        .under(ward::onboarding(Mode::Learn)),
        case(
            "two devices with one address have conversations of their own",
            [
                device(&udp(MUTE, "10.0.4.1", 514), NoPeer).of_device(6),
                watched(&udp(WATCHED, "10.0.4.1", 515), NoPort),
                device(&udp(STRANGER, "10.0.4.1", 515), UnknownDevice).forwarded(),
                device(&udp(STRANGER, "10.0.4.1", 515), UnknownDevice)
                    .forwarded()
                    .by_flow(),
                watched(&udp(WATCHED, "10.0.4.1", 515), NoPort).by_flow(),
            ],
        )
        .under(ward::onboarding(Mode::Monitor)),
    ]
}
