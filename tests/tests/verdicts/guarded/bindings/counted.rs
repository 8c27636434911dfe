//! Where bindings count, for whom, and for which guards.

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::{Mode, Policy},
};
use xiot_common::reason::Reason::{
    self, AddressClaimed, AllowedFlow, AllowedRule, AllowedService, ArpSpoofed, NoPeer,
    SourceAddressStolen, SourceAddressUnbound,
};
use xiot_tests::{
    frame::{Envelope, frame, lease::request},
    ward::{self, BROADCAST, PUMP, ROUTER, TWICE, WATCHED},
};

use super::{
    LEASED, STRICT, binding, discovers, from_server, gives, has, has_not, lease, logs, may_not,
    number, only, says, strict, unlisted, uses, v4, v6,
};
use crate::case::{Case, Event, Step, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [
        places(),
        listings(),
        frames(),
        listed(),
        claims(),
        at_once(),
    ]
    .concat()
}

/// The watched device changed.
fn changed(change: impl FnOnce(&mut xiot_agent::model::policy::Device)) -> Policy {
    let mut policy = unlisted();
    change(&mut policy.devices[1]);
    policy
}

fn places() -> Vec<Case> {
    let message = lease(WATCHED, 60);
    let gives_in = |new: Envelope| {
        uplink(&from_server(new).datagram(67, 68, &message), AllowedService).of_device(2)
    };
    let to_watched = || frame(ROUTER, WATCHED);
    let says_in = |new: Envelope, number, reason| {
        let mac = if number == 2 { WATCHED } else { TWICE };
        device(&new.arp_as(1, mac, v4(LEASED)), reason).of_device(number)
    };
    let in_vlan = |id, reason| says_in(frame(WATCHED, BROADCAST).tagged(id), 2, reason);
    let message_of_twice = lease(TWICE, 60);
    let gives_twice = |new: Envelope, number| {
        uplink(
            &from_server(new).datagram(67, 68, &message_of_twice),
            AllowedService,
        )
        .of_device(number)
    };
    vec![
        strict(
            "an address is bound in the VLAN that its lease was seen in",
            [
                gives_in(to_watched().tagged(31)),
                in_vlan(31, AllowedService),
                has_not(WATCHED),
                in_vlan(32, SourceAddressUnbound),
                gives_in(to_watched()),
                has(WATCHED),
                in_vlan(32, SourceAddressUnbound),
            ],
        ),
        strict(
            "an address is bound on the wire that its lease was seen on",
            [
                gives(WATCHED, 60).elsewhere(),
                has(WATCHED).elsewhere(),
                has_not(WATCHED),
                has_not(PUMP),
                may_not(PUMP).elsewhere(),
            ],
        )
        .under(unlisted()),
        strict(
            "a device on a VLAN has what is leased to it there",
            [
                gives_twice(frame(ROUTER, TWICE).tagged(30), 3),
                says_in(frame(TWICE, BROADCAST).tagged(30), 3, AllowedService),
                says_in(frame(WATCHED, BROADCAST).tagged(30), 2, ArpSpoofed),
                has_not(WATCHED),
            ],
        ),
    ]
}

fn listings() -> Vec<Case> {
    let gone = || changed(|device| device.mac = [2, 0, 0, 0, 0, 0x55]);
    let moved = || changed(|device| device.wire = Some("ward-4".to_owned()));
    let in_vlan = || changed(|device| device.vlan = Some((31, 0)));
    let away = |name, policy: Policy| {
        strict(
            name,
            [
                gives(WATCHED, 600),
                may_not(PUMP),
                has_not(PUMP).after(Event::Swap),
                may_not(PUMP).after(Event::Swap),
                has(WATCHED),
            ],
        )
        .under(unlisted())
        .then(policy)
        .then(unlisted())
    };
    let stricter = changed(|device| device.mode = Mode::Enforce);
    vec![
        away(
            "a lease does not count while its device is not listed",
            gone(),
        ),
        away(
            "a lease does not count while its device is on another wire",
            moved(),
        ),
        away(
            "a lease does not count while its device is on another VLAN",
            in_vlan(),
        ),
        strict(
            "what is bound to a device that is not there can be taken, and stays so",
            [
                uses(WATCHED, 0x77, AllowedService),
                uses(PUMP, 0x77, AllowedService).after(Event::Swap),
                uses(WATCHED, 0x77, SourceAddressStolen).after(Event::Swap),
            ],
        )
        .under(unlisted())
        .then(moved())
        .then(unlisted()),
        strict(
            "revisions of the policy leave bindings alone",
            [
                gives(WATCHED, 60),
                has(WATCHED).after(Event::Swap),
                may_not(PUMP),
                has(WATCHED).after(Event::Touch),
            ],
        )
        .under(unlisted())
        .then(stricter),
        strict(
            "other guards leave bindings alone",
            [
                gives(WATCHED, 60),
                may_not(PUMP).after(Event::Rewire),
                has(WATCHED),
                has(WATCHED).after(Event::Rewire),
            ],
        )
        .under(unlisted())
        .then_behind(only(Guards::all(Level::Enforce), Level::Off))
        .then_behind(STRICT),
    ]
}

fn frames() -> Vec<Case> {
    let message = |mac| lease(mac, 60);
    let rogue = |mac, reason| {
        let frame = frame(ROUTER, mac)
            .ip("10.0.0.6", "10.0.0.77")
            .datagram(67, 68, &message(mac));
        uplink(&frame, reason).of_device(number(mac))
    };
    let asks = frame(WATCHED, ROUTER).ip("10.0.0.77", "10.0.4.7").datagram(
        68,
        67,
        &request(WATCHED, v4(LEASED)),
    );
    let answer =
        frame(ROUTER, WATCHED)
            .ip("10.0.4.7", "10.0.0.77")
            .datagram(67, 68, &message(WATCHED));
    let seen = |name, guards, then: Step| {
        strict(name, [gives(WATCHED, 60), then.after(Event::Rewire)])
            .behind(guards)
            .then_behind(STRICT)
    };
    vec![
        strict(
            "a lease that is dropped binds nothing",
            [rogue(PUMP, NoPeer), has_not(PUMP)],
        )
        .under(unlisted()),
        strict(
            "a lease that is forwarded binds, whatever the policy has against it",
            [rogue(WATCHED, NoPeer).forwarded(), has(WATCHED)],
        ),
        strict(
            "a lease that a flow forwards binds",
            [
                device(&asks, AllowedRule).by_rule(9).of_device(2),
                uplink(&answer, AllowedFlow)
                    .by_rule(9)
                    .by_flow()
                    .of_device(2),
                has(WATCHED).after(Event::Rewire),
            ],
        )
        .behind(Guards::all(Level::Enforce))
        .then_behind(STRICT),
        seen(
            "a lease binds where only claim watches",
            Guards {
                claim: Level::Monitor,
                ..binding(Level::Off)
            },
            has(WATCHED),
        ),
        seen(
            "a lease binds where only group watches",
            Guards {
                group: Level::Monitor,
                ..binding(Level::Off)
            },
            has(WATCHED),
        ),
        seen(
            "a lease binds nothing where no guard watches",
            binding(Level::Off),
            has_not(WATCHED),
        ),
    ]
}

fn listed() -> Vec<Case> {
    let of_another = |wire: Option<&str>| {
        let mut policy = unlisted();
        policy.devices[4].wire = wire.map(str::to_owned);
        policy.devices[4].addresses = vec![v4(LEASED).into()];
        policy
    };
    vec![
        strict(
            "what is listed for a device that is there is not what it is leased to",
            [
                gives(WATCHED, 60),
                may_not(WATCHED),
                says(PUMP, LEASED, ArpSpoofed),
            ],
        )
        .under(of_another(None)),
        strict(
            "what is listed for a device elsewhere is whose it is leased to",
            [gives(WATCHED, 60), has(WATCHED), may_not(PUMP)],
        )
        .under(of_another(Some("ward-4"))),
        strict(
            "what is leased to a device is its own to binding, whomever it is listed for",
            [
                says(WATCHED, LEASED, SourceAddressUnbound),
                gives(WATCHED, 60),
                has(WATCHED),
            ],
        )
        .under(of_another(None))
        .behind(binding(Level::Enforce)),
        strict(
            "a listed address is nobody's who has no lease of it",
            [
                says(PUMP, 11, AllowedService),
                says(WATCHED, 11, SourceAddressUnbound),
            ],
        )
        .under(ward::policy())
        .behind(binding(Level::Enforce)),
    ]
}

fn claims() -> Vec<Case> {
    let arp = |from, sender, reason| {
        let frame = frame(from, BROADCAST).arp_as(2, sender, v4(LEASED));
        uplink(&frame, reason)
    };
    let nd = |reason| {
        let frame = discovers(ROUTER, 136, v6(0x1), v6(0x77));
        uplink(&frame, reason)
    };
    vec![
        strict(
            "the uplink claims no address that is leased to a device",
            [
                arp(ROUTER, ROUTER, AllowedService),
                gives(WATCHED, 60),
                arp(ROUTER, ROUTER, AddressClaimed),
                arp(ROUTER, WATCHED, AddressClaimed),
                arp(WATCHED, WATCHED, AllowedService),
                arp(ROUTER, ROUTER, AllowedService).at(60),
            ],
        ),
        strict(
            "the uplink claims no address that a device has by use",
            [
                nd(AllowedService),
                uses(WATCHED, 0x77, AllowedService),
                nd(AddressClaimed),
                nd(AllowedService).at(3600),
            ],
        ),
        strict(
            "nobody sends from an address that is leased to another",
            [
                gives(WATCHED, 60),
                logs(PUMP, (LEASED, 50001), SourceAddressStolen),
                logs(WATCHED, (LEASED, 50001), AllowedRule),
            ],
        )
        .under(unlisted()),
    ]
}

/// Nothing that was said of a frame a moment ago stands for the next.
fn at_once() -> Vec<Case> {
    let odd = |reason: Reason| {
        let frame = frame(PUMP, ROUTER)
            .ip("10.0.0.77", "192.168.9.9")
            .udp(50001, 7);
        device(&frame, reason).of_device(1)
    };
    vec![
        strict(
            "a lease ends what binding said of the same frame before",
            [
                logs(PUMP, (LEASED, 50001), SourceAddressUnbound),
                gives(PUMP, 60),
                logs(PUMP, (LEASED, 50001), AllowedRule),
            ],
        )
        .under(unlisted()),
        strict(
            "what the policy denies a device, guards deny who has not the address any more",
            [
                odd(SourceAddressUnbound),
                gives(PUMP, 60),
                odd(NoPeer),
                gives(WATCHED, 60),
                odd(SourceAddressStolen),
                gives(WATCHED, 0),
                odd(SourceAddressUnbound),
                gives(PUMP, 60),
                odd(NoPeer),
                odd(SourceAddressUnbound).at(60),
            ],
        )
        .under(unlisted()),
    ]
}
