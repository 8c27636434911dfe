//! What keeps a sender from saying what is not its to say.

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::Policy,
};
use xiot_common::reason::Reason::{
    self, AddressClaimed, AllowedEthertype, AllowedFlow, AllowedRule, AllowedService, ArpInvalid,
    ArpSpoofed, Bpdu, DhcpServer, EthertypeDenied, GroupRate, NdInvalid, NdSpoofed, Revoked,
    RouterMessage, SourceAddressInvalid, SourceAddressStolen, SourceMacInvalid, UnknownDevice,
};
use xiot_tests::{
    frame::{Frame, Mac, flag::*, frame},
    ward::{self, ALL_NODES, BROADCAST, PUMP, ROUTER, STRANGER, WATCHED},
};

use crate::case::{Case, Event, Step, case, device, uplink};

pub(crate) fn cases() -> Vec<Case> {
    [
        arp(),
        discovery(),
        senders(),
        others(),
        ethertypes(),
        group(),
        monitored(),
        again(),
    ]
    .concat()
}

fn arp_of(from: Mac, operation: u16, (mac, last): (Mac, u8)) -> Frame {
    frame(from, BROADCAST).arp_as(operation, mac, [10, 0, 0, last].into())
}

/// Neighbour discovery with a target and an option that names a MAC.
fn discovery_of(from: Mac, source: &str, kind: u8, (target, mac): (u8, Mac)) -> Frame {
    let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 0, 0xfd];
    message.resize(23, 0);
    message.extend([target, 2, 1]);
    message.extend(mac);
    frame(from, ALL_NODES)
        .ip(source, "ff02::1")
        .hop_limit(255)
        .protocol(58, &message)
}

fn of_pump(frame: &Frame, reason: Reason) -> Step {
    device(frame, reason).of_device(1)
}

fn of_watched(frame: &Frame, reason: Reason) -> Step {
    device(frame, reason).of_device(2)
}

fn arp() -> Vec<Case> {
    let pump = |operation, sender| arp_of(PUMP, operation, sender);
    let watched = |sender| arp_of(WATCHED, 2, sender);
    let router = |sender| uplink(&arp_of(ROUTER, 2, sender), AddressClaimed);
    vec![
        case(
            "a device says by ARP what is its own",
            [
                of_pump(&pump(1, (PUMP, 11)), AllowedService),
                of_pump(&pump(2, (PUMP, 11)), AllowedService),
                of_pump(&pump(2, (PUMP, 77)), AllowedService),
                of_pump(&pump(3, (PUMP, 11)), ArpInvalid),
                of_pump(&pump(2, (WATCHED, 11)), ArpSpoofed),
                // In mode monitor just so.
                of_watched(&watched((WATCHED, 12)), AllowedService),
                of_watched(&watched((WATCHED, 11)), ArpSpoofed),
                of_watched(&watched((PUMP, 11)), ArpSpoofed),
                device(&arp_of(STRANGER, 2, (STRANGER, 11)), ArpSpoofed),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "the uplink says nothing of a device by ARP",
            [
                router((ROUTER, 11)),
                router((PUMP, 11)),
                uplink(&arp_of(PUMP, 2, (ROUTER, 11)), AddressClaimed),
                uplink(&arp_of(PUMP, 2, (PUMP, 11)), AllowedService),
                uplink(&arp_of(ROUTER, 2, (ROUTER, 77)), AllowedService),
            ],
        )
        .guarded(Level::Enforce),
    ]
}

fn discovery() -> Vec<Case> {
    let pump = |kind, about, reason| of_pump(&discovery_of(PUMP, "fd00::11", kind, about), reason);
    let watched =
        |kind, about, reason| of_watched(&discovery_of(WATCHED, "fd00::12", kind, about), reason);
    let router =
        |kind, about, reason| uplink(&discovery_of(ROUTER, "fd00::1", kind, about), reason);
    let cut_off = frame(PUMP, ALL_NODES)
        .ip("fd00::11", "ff02::1")
        .hop_limit(255)
        .icmp(135, 0, 0);
    let tries = |source| discovery_of(WATCHED, source, 135, (0x11, WATCHED));
    vec![
        case(
            "a device says by neighbour discovery what is its own",
            [
                pump(135, (0x77, PUMP), AllowedService),
                pump(136, (0x11, PUMP), AllowedService),
                pump(136, (0x11, WATCHED), NdSpoofed),
                watched(136, (0x12, WATCHED), AllowedService),
                watched(136, (0x11, WATCHED), NdSpoofed),
                of_pump(&cut_off, NdInvalid),
                uplink(&cut_off, NdInvalid),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "a device may ask for another's address, but not whether it may have it",
            [
                of_watched(&tries("fd00::12"), AllowedService),
                of_watched(&tries("::"), NdSpoofed),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "the uplink says nothing of a device by neighbour discovery",
            [
                router(136, (0x77, ROUTER), AllowedService),
                router(136, (0x11, ROUTER), AddressClaimed),
                router(136, (0x11, PUMP), AddressClaimed),
                router(135, (0x11, ROUTER), AllowedService),
            ],
        )
        .guarded(Level::Enforce),
    ]
}

fn senders() -> Vec<Case> {
    let log = |from, to, source| frame(from, to).ip(source, "10.0.4.1").udp(50000, 514);
    let pump = |source| log(PUMP, ROUTER, source);
    vec![
        case(
            "a sender has a MAC",
            [
                device(&log([0; 6], ROUTER, "10.0.0.11"), SourceMacInvalid),
                of_pump(&log(PUMP, PUMP, "10.0.0.11"), SourceMacInvalid),
                of_pump(&pump("10.0.0.11"), AllowedRule).by_rule(3),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "a sender has its own address",
            [
                of_watched(&log(WATCHED, ROUTER, "10.0.0.11"), SourceAddressStolen),
                of_watched(&log(WATCHED, ROUTER, "10.0.0.12"), AllowedRule).by_rule(3),
                of_pump(&pump("127.0.0.1"), SourceAddressInvalid),
                of_pump(&pump("224.0.0.1"), SourceAddressInvalid),
                of_pump(&pump("255.255.255.255"), SourceAddressInvalid),
                of_watched(
                    &frame(WATCHED, ROUTER)
                        .ip("10.0.0.11", "10.0.4.1")
                        .fragment(64, false)
                        .protocol(17, &[0; 8]),
                    SourceAddressStolen,
                ),
            ],
        )
        .guarded(Level::Enforce),
    ]
}

fn others() -> Vec<Case> {
    let packet = |from| frame(from, ROUTER).ip("10.0.0.12", "10.0.4.7");
    let packet6 = || frame(WATCHED, ROUTER).ip("fd00::12", "fd00::1");
    let mut message = vec![0; 16];
    message[0] = 134;
    let advertisement = packet6().hop_limit(255).protocol(58, &message);
    let to_switch =
        |last| frame(WATCHED, [0x01, 0x80, 0xc2, 0, 0, last]).other(0x0026, &[0x42; 46]);
    vec![
        case(
            "a device does not speak as a DHCP server",
            [
                of_watched(&packet(WATCHED).udp(67, 68), DhcpServer),
                of_watched(&packet(WATCHED).udp(67, 4000), DhcpServer),
                of_watched(&packet(WATCHED).udp(4000, 68), DhcpServer),
                of_watched(&packet6().udp(547, 546), DhcpServer),
                of_watched(&packet(WATCHED).udp(547, 546), AllowedRule).by_rule(9),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "a device is no router",
            [
                of_watched(&packet(WATCHED).icmp(5, 1, 0), RouterMessage),
                of_watched(&packet(WATCHED).icmp(9, 0, 0), RouterMessage),
                of_watched(&packet(WATCHED).icmp(10, 0, 0), AllowedRule).by_rule(9),
                of_watched(&advertisement, RouterMessage),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "a device does not speak to switches",
            [
                of_watched(&to_switch(0), Bpdu),
                of_watched(&to_switch(0x0f), Bpdu),
                of_watched(&to_switch(0x10), Bpdu),
                of_watched(&to_switch(0x11), EthertypeDenied).forwarded(),
            ],
        )
        .guarded(Level::Enforce),
    ]
}

fn ethertypes() -> Vec<Case> {
    let mut wires = ward::wires();
    for wire in &mut wires {
        wire.guards = Guards::all(Level::Enforce);
        wire.ethertypes = vec![0x88cc];
    }
    let switch = [0x01, 0x80, 0xc2, 0, 0, 0x0e];
    let of_type = |from, to, kind| frame(from, to).other(kind, &[0; 46]);
    vec![
        case(
            "an Ethernet type passes that the wire allows",
            [
                of_pump(&of_type(PUMP, switch, 0x88cc), AllowedEthertype),
                device(&of_type(STRANGER, switch, 0x88cc), AllowedEthertype),
                uplink(&of_type(ROUTER, switch, 0x88cc), AllowedEthertype),
                uplink(&of_type(ROUTER, PUMP, 0x88cc), AllowedEthertype).of_device(1),
                of_pump(&of_type(PUMP, ROUTER, 0x88cd), EthertypeDenied),
                device(&of_type(STRANGER, ROUTER, 0x88cd), UnknownDevice),
                of_pump(&of_type(PUMP, switch, 0x88cd), Bpdu),
            ],
        )
        .on(wires),
    ]
}

fn group() -> Vec<Case> {
    let ours = || arp_of(PUMP, 1, (PUMP, 11));
    let theirs = || arp_of(WATCHED, 1, (WATCHED, 12));
    let strange = |last| {
        let mac = [2, 0, 0, 0, 1, last];
        arp_of(mac, 1, (mac, 99))
    };
    vec![
        case(
            "a device sends so many group frames, and all together that are not listed so many",
            [
                device(&strange(1), UnknownDevice),
                device(&strange(1), UnknownDevice),
                device(&strange(1), GroupRate),
                device(&strange(2), UnknownDevice),
                device(&strange(3), GroupRate),
                of_pump(&ours(), AllowedService),
                of_pump(&ours(), AllowedService),
                of_pump(&ours(), GroupRate),
                of_watched(&theirs(), AllowedService),
                device(&strange(4), UnknownDevice).at(1),
                of_pump(&ours(), AllowedService).at(1),
            ],
        )
        .guarded(Level::Enforce)
        .with_few_group_frames(),
        case(
            "group frames beyond are only counted where that is the level",
            [
                of_pump(&ours(), AllowedService),
                of_pump(&ours(), AllowedService),
                of_pump(&ours(), GroupRate).forwarded(),
            ],
        )
        .guarded(Level::Monitor)
        .with_few_group_frames(),
    ]
}

/// The pump is bound to no address, so that the rest allows what the guard has something against.
fn unbound() -> Policy {
    let mut policy = ward::policy();
    policy.devices[0].addresses.clear();
    policy.devices[1].addresses = vec![[10, 0, 0, 12].into()];
    policy
}

fn stolen() -> Frame {
    frame(PUMP, ROUTER)
        .ip("10.0.0.12", "10.0.8.11")
        .tcp(50000, 3613, SYN)
}

fn monitored() -> Vec<Case> {
    let stolen = stolen();
    let answer = stolen.reply().flags(SYN | ACK);
    let first = frame(PUMP, ROUTER)
        .ip("10.0.0.12", "10.0.4.1")
        .fragment(0, true)
        .protocol(
            17,
            &[[0xc3, 0x50, 2, 2, 0, 56, 0, 0].as_slice(), &[0; 40]].concat(),
        );
    let later = frame(PUMP, ROUTER)
        .ip("10.0.0.12", "10.0.4.1")
        .fragment(6, false)
        .protocol(17, &[0; 8]);
    let watched = |frame: &Frame| of_pump(frame, SourceAddressStolen).forwarded();
    vec![
        case(
            "what a guard watches goes on under its reason",
            [
                watched(&stolen),
                uplink(&answer, SourceAddressStolen)
                    .of_device(1)
                    .forwarded()
                    .by_flow(),
                watched(&stolen.clone().flags(ACK)).by_flow(),
            ],
        )
        .under(unbound())
        .guarded(Level::Monitor),
        case(
            "later fragments go under the reason of a guard too",
            [watched(&first), watched(&later)],
        )
        .under(unbound())
        .guarded(Level::Monitor),
        case(
            "a guard that watches spares nothing that the rest drops",
            [of_pump(&stolen, Reason::AddressNotBound)],
        )
        .under({
            let mut policy = unbound();
            policy.devices[0].addresses = vec![[10, 0, 0, 11].into()];
            policy
        })
        .guarded(Level::Monitor),
    ]
}

fn again() -> Vec<Case> {
    let source = |level| Guards {
        source: level,
        ..Guards::all(Level::Off)
    };
    let stolen = stolen();
    let answer = |reason| uplink(&stolen.reply().flags(SYN | ACK), reason).of_device(1);
    let opened = || of_pump(&stolen, AllowedRule).by_rule(1);
    vec![
        case(
            "a conversation that guards deny is over",
            [opened(), answer(Revoked).after(Event::Rewire)],
        )
        .under(unbound())
        .behind(source(Level::Off))
        .then_behind(source(Level::Enforce)),
        case(
            "a conversation is watched from now on, and no more",
            [
                opened(),
                answer(SourceAddressStolen)
                    .forwarded()
                    .by_flow()
                    .after(Event::Rewire),
                answer(AllowedFlow)
                    .by_rule(1)
                    .by_flow()
                    .after(Event::Rewire),
            ],
        )
        .under(unbound())
        .behind(source(Level::Off))
        .then_behind(source(Level::Monitor))
        .then_behind(source(Level::Off)),
    ]
}
