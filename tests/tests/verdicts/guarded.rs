//! Guards at their boundaries: what is just valid, what comes first, what the rest of the judgement keeps of them.

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::{Mode, Policy},
};
use xiot_common::reason::Reason::{
    self, AllowedEthertype, AllowedFlow, AllowedRule, AllowedService, Bpdu, DhcpServer,
    FragmentUntracked, GroupRate, NdInvalid, NdSpoofed, NoPeer, Revoked, RouterMessage,
    SourceAddressInvalid, SourceAddressStolen, SourceMacInvalid, TcpNoFlow, UnknownDevice,
    WrongWire,
};
use xiot_tests::{
    frame::{Extension, Frame, Mac, flag::*, frame},
    ward::{self, ALL_NODES, BROADCAST, MOVED, MUTE, PUMP, ROUTER, STRANGER, WATCHED},
};

use crate::case::{Case, Event, Step, case, device, uplink};

pub(crate) fn cases() -> Vec<Case> {
    [
        messages(),
        names(),
        places(),
        order(),
        denied(),
        kept(),
        switches(),
        storms(),
    ]
    .concat()
}

fn of_pump(frame: &Frame, reason: Reason) -> Step {
    device(frame, reason).of_device(1)
}

/// A message of neighbour discovery, `length` bytes long before these options, about fd00::77.
fn message(kind: u8, length: usize, options: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![kind];
    message.resize(length, 0);
    if length >= 24 {
        message[8] = 0xfd;
        message[23] = 0x77;
    }
    message.extend(options.concat());
    message
}

/// It comes from the pump.
fn says(message: &[u8]) -> Frame {
    frame(PUMP, ALL_NODES)
        .ip("fd00::11", "ff02::1")
        .hop_limit(255)
        .protocol(58, message)
}

fn link_layer(kind: u8, mac: Mac) -> Vec<u8> {
    [&[kind, 1][..], &mac].concat()
}

fn messages() -> Vec<Case> {
    const NONCE: &[u8] = &[14, 1, 1, 2, 3, 4, 5, 6];
    let asks = |options: &[&[u8]], reason| of_pump(&says(&message(135, 24, options)), reason);
    let from = |hops, kind| {
        frame(PUMP, ALL_NODES)
            .ip("fd00::11", "ff02::1")
            .hop_limit(hops)
            .protocol(58, &message(kind, 24, &[]))
    };
    let wrapped = frame(PUMP, ALL_NODES)
        .ip("fd00::11", "ff02::1")
        .hop_limit(255)
        .extension(Extension::Options {
            kind: 60,
            units: 0,
            fourth: 0,
        })
        .protocol(58, &message(135, 24, &[]));
    let in_part = frame(PUMP, ALL_NODES)
        .ip("fd00::11", "ff02::1")
        .hop_limit(255)
        .fragment(0, true)
        .protocol(58, &message(135, 512, &[]));
    let mut with_code = message(136, 24, &[]);
    with_code[1] = 1;
    vec![
        case(
            "neighbour discovery has its fixed part and whole options, 32 at most",
            [
                asks(&[], AllowedService),
                of_pump(&says(&message(135, 23, &[])), NdInvalid),
                of_pump(&says(&message(133, 8, &[])), AllowedService),
                of_pump(&says(&message(137, 39, &[])), NdInvalid),
                asks(&[NONCE; 32], AllowedService),
                asks(&[NONCE; 33], NdInvalid),
                asks(&[&[14, 2], &[0; 14]], AllowedService),
                asks(&[&[14, 0], &[0; 6]], NdInvalid),
                asks(&[&[14, 2], &[0; 6]], NdInvalid),
                asks(&[NONCE, &[0; 4]], NdInvalid),
                asks(&[&link_layer(1, PUMP)], AllowedService),
                asks(&[&[1, 2], &PUMP, &[0; 8]], NdInvalid),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "neighbour discovery is from here, and plain",
            [
                of_pump(&from(255, 135), AllowedService),
                of_pump(&from(254, 135), NdInvalid),
                of_pump(&says(&with_code), NdInvalid),
                of_pump(&wrapped, NdInvalid),
                of_pump(&in_part, NdInvalid),
                uplink(&from(254, 134), NdInvalid),
                // Listener reports are another matter.
                of_pump(&from(1, 131), AllowedService),
            ],
        )
        .guarded(Level::Enforce),
    ]
}

fn names() -> Vec<Case> {
    let option = |kind, mac| link_layer(kind, mac);
    let router = |kind, length, mac| says(&message(kind, length, &[&option(1, mac)]));
    let tries = |target: [u8; 16]| {
        let mut message = message(135, 24, &[]);
        message[8..].copy_from_slice(&target);
        frame(PUMP, ALL_NODES)
            .ip("::", "ff02::1")
            .hop_limit(255)
            .protocol(58, &message)
    };
    let mut taken = [0; 16];
    taken[0] = 0xfd;
    taken[15] = 0x12;
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 12];
    vec![
        case(
            "every link-layer option names its sender, but for a redirect",
            [
                of_pump(
                    &says(&message(
                        136,
                        24,
                        &[&option(2, PUMP), &option(2, WATCHED), &option(2, PUMP)],
                    )),
                    NdSpoofed,
                ),
                of_pump(&router(133, 8, PUMP), AllowedService),
                of_pump(&router(133, 8, ROUTER), NdSpoofed),
                of_pump(&router(134, 16, PUMP), RouterMessage),
                of_pump(&router(134, 16, ROUTER), NdSpoofed),
                of_pump(&router(137, 40, ROUTER), RouterMessage),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "who tries an address takes it, but nobody has one of another family",
            [
                of_pump(&tries(taken), NdSpoofed),
                of_pump(&tries(mapped), AllowedService),
            ],
        )
        .under(known())
        .guarded(Level::Enforce),
    ]
}

/// Two devices with one address, of which one is on VLAN 30; one more is on the other wire.
fn scattered() -> Policy {
    let mut policy = ward::policy();
    let address = |last| vec![[10, 0, 0, last].into()];
    policy.devices[2].addresses = address(50);
    policy.devices[4].addresses = address(51);
    policy.devices[5].addresses = address(50);
    policy.devices[5].vlan = Some((31, 0));
    policy
}

fn places() -> Vec<Case> {
    let plain = || frame(STRANGER, ROUTER);
    let log =
        |frame: xiot_tests::frame::Envelope, source| frame.ip(source, "10.0.4.1").udp(50000, 514);
    let vlan30 = || plain().tagged(30);
    vec![
        case(
            "an address is somebody's only where that device is",
            [
                device(&log(plain(), "10.0.0.50"), UnknownDevice),
                device(&log(vlan30(), "10.0.0.50"), SourceAddressStolen),
                device(&log(plain().tagged(31), "10.0.0.50"), SourceAddressStolen),
                device(&log(plain().tagged(32), "10.0.0.50"), UnknownDevice),
                device(
                    &log(
                        frame(STRANGER, ROUTER).service_tagged(30).tagged(5),
                        "10.0.0.50",
                    ),
                    UnknownDevice,
                ),
                // The pump is listed without a VLAN.
                device(&log(plain(), "10.0.0.11"), SourceAddressStolen),
                device(&log(vlan30(), "10.0.0.11"), SourceAddressStolen),
                device(
                    &log(
                        frame(STRANGER, ROUTER).service_tagged(30).tagged(5),
                        "10.0.0.11",
                    ),
                    SourceAddressStolen,
                ),
                device(&log(plain(), "10.0.0.51"), UnknownDevice),
                device(&log(frame(MOVED, ROUTER), "10.0.0.51"), WrongWire).of_device(5),
                // Who is not there has no address there.
                device(
                    &log(frame(MUTE, ROUTER).tagged(30), "10.0.0.50"),
                    SourceAddressStolen,
                ),
                // Known there, though another VLAN would be another device.
                device(
                    &log(
                        frame(PUMP, ROUTER).service_tagged(30).tagged(5),
                        "10.0.0.11",
                    ),
                    UnknownDevice,
                ),
            ],
        )
        .under(scattered())
        .guarded(Level::Enforce),
    ]
}

fn order() -> Vec<Case> {
    let guards = |mac, source| Guards {
        mac,
        source,
        ..Guards::all(Level::Off)
    };
    let both = frame(PUMP, PUMP)
        .ip("127.0.0.1", "10.0.4.1")
        .udp(50000, 514);
    let stranger = frame(STRANGER, ROUTER)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50000, 514);
    vec![
        case(
            "the first that enforces drops, whatever another watched before",
            [of_pump(&both, SourceAddressInvalid)],
        )
        .behind(guards(Level::Monitor, Level::Enforce)),
        case(
            "of those that watch the first is named",
            [of_pump(&both, SourceMacInvalid).forwarded()],
        )
        .under(ward::monitored())
        .behind(guards(Level::Monitor, Level::Monitor)),
        case(
            "a guard that is off says nothing",
            [of_pump(&both, SourceAddressInvalid)],
        )
        .behind(guards(Level::Off, Level::Enforce)),
        case(
            "a guard that enforces drops what mode learn would not",
            [
                device(&stranger, SourceAddressStolen),
                device(&stranger, SourceAddressStolen),
            ],
        )
        .under(ward::onboarding(Mode::Learn))
        .guarded(Level::Enforce),
        case(
            "a guard that watches spares what mode learn forwards",
            [
                device(&stranger, SourceAddressStolen).forwarded(),
                device(&stranger, SourceAddressStolen).forwarded().by_flow(),
            ],
        )
        .under(ward::onboarding(Mode::Learn))
        .guarded(Level::Monitor),
        case(
            "a later fragment that nobody knows is asked by guards first",
            [
                of_pump(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.11", "10.0.4.1")
                        .fragment(64, false)
                        .protocol(17, &[0; 8]),
                    FragmentUntracked,
                ),
                of_pump(
                    &frame(PUMP, ROUTER)
                        .ip("10.0.0.12", "10.0.4.1")
                        .fragment(64, false)
                        .protocol(17, &[0; 8]),
                    SourceAddressStolen,
                ),
            ],
        )
        .under(known())
        .guarded(Level::Enforce),
    ]
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

/// The watched device has addresses.
fn known() -> Policy {
    let mut policy = ward::policy();
    policy.devices[1].addresses = ["10.0.0.12", "fd00::12"]
        .map(|text| text.parse().expect("an address"))
        .into();
    policy
}

/// The pump may use any address, and what guards watch is allowed by rules.
fn unbound() -> Policy {
    let mut policy = known();
    policy.devices[0].addresses.clear();
    policy
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
                uplink(&answer, TcpNoFlow).of_device(1),
            ],
        )
        .under(unbound())
        .guarded(Level::Enforce),
    ]
}

fn switches() -> Vec<Case> {
    const LLDP: Mac = [0x01, 0x80, 0xc2, 0, 0, 0x0e];
    let cisco = |last| [0x01, 0x00, 0x0c, 0xcc, 0xcc, last];
    let llc = |to| frame(PUMP, to).other(0x0026, &[0xaa; 46]);
    let mut wires = ward::wires();
    for wire in &mut wires {
        wire.guards = Guards {
            mac: Level::Monitor,
            ..Guards::all(Level::Enforce)
        };
        wire.ethertypes = vec![0xffff, 0x88cc, 0x0600];
    }
    let of_type = |from, to, kind| frame(from, to).other(kind, &[0; 46]);
    vec![
        case(
            "switches are spoken to at some groups alone, by whatever protocol",
            [
                of_pump(&llc(cisco(0xcc)), Bpdu),
                of_pump(&llc(cisco(0xcd)), Bpdu),
                of_pump(&llc(cisco(0xce)), Reason::EthertypeDenied),
                of_pump(
                    &frame(PUMP, LLDP)
                        .ip("10.0.0.11", "10.0.4.1")
                        .udp(50000, 514),
                    Bpdu,
                ),
                uplink(
                    &frame(ROUTER, LLDP).other(0x0026, &[0; 46]),
                    Reason::EthertypeDenied,
                ),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "an allowed Ethernet type passes wherever its device belongs, but not past guards",
            [
                of_pump(&of_type(PUMP, LLDP, 0x88cc), AllowedEthertype),
                of_pump(&of_type(PUMP, ROUTER, 0x0600), AllowedEthertype),
                of_pump(&of_type(PUMP, BROADCAST, 0xffff), AllowedEthertype),
                of_pump(&of_type(PUMP, ROUTER, 0), Reason::EthertypeDenied),
                device(&of_type(MOVED, ROUTER, 0x88cc), AllowedEthertype).of_device(5),
                of_pump(&of_type(PUMP, PUMP, 0x88cc), SourceMacInvalid).forwarded(),
            ],
        )
        .on(wires),
    ]
}

fn storms() -> Vec<Case> {
    let log = frame(PUMP, BROADCAST)
        .ip("10.0.0.11", "10.0.4.1")
        .udp(50000, 514);
    let opened = || of_pump(&log, AllowedRule).by_rule(3);
    let goes_on = || of_pump(&log, AllowedFlow).by_rule(3).by_flow();
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
    ]
}
