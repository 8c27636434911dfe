//! Guards at their boundaries: what is just valid, what comes first, what the rest of the judgement keeps of them.

mod bindings;
mod clients;
mod crossing;
mod hidden;
mod kept;
mod messages;
mod routers;
mod uplink;

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::{Mode, Policy},
};
use xiot_common::reason::Reason::{
    self, AllowedEthertype, Bpdu, EthertypeDenied, FragmentUntracked, SourceAddressInvalid,
    SourceAddressStolen, SourceMacInvalid, UnknownDevice, WrongWire,
};
use xiot_tests::{
    frame::{Envelope, Frame, Mac, frame},
    ward::{self, BROADCAST, MOVED, MUTE, PUMP, ROUTER, STRANGER},
};

use crate::case::{Case, Step, case, device, uplink};

pub(crate) fn cases() -> Vec<Case> {
    [
        messages::cases(),
        places(),
        order(),
        switches(),
        kept::cases(),
        hidden::cases(),
        clients::cases(),
        routers::cases(),
        uplink::cases(),
        crossing::cases(),
        bindings::cases(),
    ]
    .concat()
}

fn of_pump(frame: &Frame, reason: Reason) -> Step {
    device(frame, reason).of_device(1)
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
    let log = |frame: Envelope, source| frame.ip(source, "10.0.4.1").udp(50000, 514);
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

fn switches() -> Vec<Case> {
    const LLDP: Mac = [0x01, 0x80, 0xc2, 0, 0, 0x0e];
    let cisco = |last| [0x01, 0x00, 0x0c, 0xcc, 0xcc, last];
    let llc = |to| frame(PUMP, to).other(0x0026, &[0x42; 46]);
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
            "switches are spoken to at their groups alone, by whatever protocol",
            [
                of_pump(&llc(cisco(0xcc)), Bpdu),
                of_pump(&llc(cisco(0xcd)), Bpdu),
                of_pump(&llc(cisco(0xce)), Bpdu),
                of_pump(&llc([0x01, 0, 0x0c, 0, 0, 0]), Bpdu),
                of_pump(&llc([0x01, 0, 0x0d, 0xcc, 0xcc, 0xcc]), EthertypeDenied),
                of_pump(&llc([0x01, 0x80, 0xc2, 0, 0, 0x10]), Bpdu),
                of_pump(&llc([0x01, 0x80, 0xc2, 0, 0, 0x11]), EthertypeDenied),
                of_pump(&llc([0x01, 0x80, 0xc2, 0, 0, 0x1f]), EthertypeDenied),
                of_pump(&llc([0x01, 0x80, 0xc2, 0, 0, 0x20]), Bpdu),
                of_pump(&llc([0x01, 0x80, 0xc2, 0, 0, 0x2f]), Bpdu),
                of_pump(&llc([0x01, 0x80, 0xc2, 0, 0, 0x30]), EthertypeDenied),
                of_pump(
                    &frame(PUMP, LLDP)
                        .ip("10.0.0.11", "10.0.4.1")
                        .udp(50000, 514),
                    Bpdu,
                ),
                uplink(
                    &frame(ROUTER, LLDP).other(0x0026, &[0; 46]),
                    EthertypeDenied,
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
                of_pump(&of_type(PUMP, ROUTER, 0), EthertypeDenied),
                device(&of_type(MOVED, ROUTER, 0x88cc), AllowedEthertype).of_device(5),
                of_pump(&of_type(PUMP, PUMP, 0x88cc), SourceMacInvalid).forwarded(),
            ],
        )
        .on(wires),
    ]
}
