//! What binding says of conversations when another epoch begins.

use xiot_agent::model::{
    guard::{Guards, Level},
    policy::Mode,
};
use xiot_common::reason::Reason::{
    self, AllowedFlow, AllowedRule, AllowedService, DhcpServer, Revoked, SourceAddressStolen,
    SourceAddressUnbound,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{PUMP, ROUTER, WATCHED},
};

use super::{LEASED, STRICT, binding, gives, gives6, only, strict, unlisted, uses, v4, v6};
use crate::case::{Case, Event, Step, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [ends(), watched(), others(), peers(), settling(), in_v6()].concat()
}

/// The watched device's session with the pump server.
fn syn() -> Frame {
    frame(WATCHED, ROUTER)
        .packet(v4(LEASED).into(), [10, 0, 8, 11].into())
        .tcp(50000, 3613, SYN)
}

fn opens() -> Step {
    device(&syn(), AllowedRule).of_device(2).by_rule(1)
}

/// The same while binding watches, or another guard.
fn opens_watched(reason: Reason) -> Step {
    device(&syn(), reason).of_device(2).forwarded()
}

fn answered(reason: Reason) -> Step {
    with_rule(uplink(&syn().reply().flags(SYN | ACK), reason))
}

fn goes_on(reason: Reason) -> Step {
    with_rule(device(&syn().flags(ACK), reason))
}

fn with_rule(step: Step) -> Step {
    let step = step.of_device(2).by_flow();
    if step.expected.first().reason == AllowedFlow {
        step.by_rule(1)
    } else {
        step.forwarded()
    }
}

fn is_revoked() -> Step {
    device(&syn().flags(ACK), Revoked).of_device(2)
}

const WATCHING: Guards = only(Guards::all(Level::Monitor), Level::Monitor);

fn ends() -> Vec<Case> {
    vec![
        strict(
            "a conversation ends with the lease that it was opened with, when an epoch begins",
            [
                gives(WATCHED, 60),
                opens(),
                answered(AllowedFlow),
                goes_on(AllowedFlow).at(60),
                is_revoked().after(Event::Touch).at(60),
            ],
        ),
        strict(
            "a conversation ends so for its peer, too",
            [
                gives(WATCHED, 60),
                opens(),
                answered(AllowedFlow),
                uplink(&syn().reply().flags(ACK), Revoked)
                    .of_device(2)
                    .after(Event::Touch)
                    .at(60),
            ],
        )
        .under({
            let mut policy = unlisted();
            policy.devices[1].mode = Mode::Enforce;
            policy
        }),
        strict(
            "a conversation goes on while its lease is prolonged",
            [
                gives(WATCHED, 60),
                opens(),
                answered(AllowedFlow),
                gives(WATCHED, 60).at(59),
                goes_on(AllowedFlow).after(Event::Touch).at(118),
            ],
        ),
        strict(
            "a conversation ends when its address is leased to another",
            [
                gives(WATCHED, 60),
                opens(),
                answered(AllowedFlow),
                gives(PUMP, 60),
                is_revoked().after(Event::Touch),
            ],
        )
        .under(unlisted()),
        strict(
            "a conversation that was opened when binding was off ends when it enforces",
            [
                opens(),
                answered(AllowedFlow),
                is_revoked().after(Event::Rewire),
            ],
        )
        .behind(binding(Level::Off))
        .then_behind(binding(Level::Enforce)),
    ]
}

fn watched() -> Vec<Case> {
    vec![
        strict(
            "a conversation is watched from when its lease is over until it has one again",
            [
                gives(WATCHED, 60),
                opens(),
                answered(AllowedFlow),
                goes_on(SourceAddressUnbound).after(Event::Touch).at(60),
                gives(WATCHED, 60).at(60),
                goes_on(SourceAddressUnbound).at(60),
                goes_on(AllowedFlow).after(Event::Touch).at(60),
            ],
        )
        .behind(WATCHING),
        strict(
            "a conversation that binding watches is not where it is off, and ends where it enforces",
            [
                opens_watched(SourceAddressUnbound),
                answered(SourceAddressUnbound),
                goes_on(AllowedFlow).after(Event::Rewire),
                is_revoked().after(Event::Rewire),
            ],
        )
        .behind(WATCHING)
        .then_behind(only(STRICT, Level::Off))
        .then_behind(STRICT),
    ]
}

fn others() -> Vec<Case> {
    let no_source = |guards| Guards {
        source: Level::Off,
        ..guards
    };
    let serves = frame(WATCHED, ROUTER)
        .packet(v4(LEASED).into(), [10, 0, 4, 7].into())
        .udp(67, 50000);
    let served = |reason| device(&serves, reason).of_device(2).forwarded();
    let moved = |name, then: Step| {
        strict(
            name,
            [
                gives(WATCHED, 60),
                opens(),
                answered(AllowedFlow),
                gives(PUMP, 60),
                then.after(Event::Touch),
            ],
        )
        .under(unlisted())
    };
    vec![
        moved(
            "source is asked before binding",
            goes_on(SourceAddressStolen),
        )
        .behind(WATCHING),
        moved(
            "binding is asked where source is off",
            goes_on(SourceAddressUnbound),
        )
        .behind(no_source(WATCHING)),
        moved(
            "binding that enforces ends what source would only watch",
            is_revoked(),
        )
        .behind(only(WATCHING, Level::Enforce)),
        moved(
            "source that enforces ends what binding would only watch",
            is_revoked(),
        )
        .behind(only(STRICT, Level::Monitor)),
        strict(
            "what source and binding say takes each other's place",
            [
                opens_watched(SourceAddressUnbound),
                answered(SourceAddressUnbound),
                gives(PUMP, 60),
                goes_on(SourceAddressUnbound),
                goes_on(SourceAddressStolen).after(Event::Touch),
                gives(PUMP, 0),
                goes_on(SourceAddressUnbound).after(Event::Touch),
                gives(WATCHED, 60),
                goes_on(AllowedFlow).after(Event::Touch),
            ],
        )
        .under(unlisted())
        .behind(WATCHING),
        strict(
            "another guard's objection stays before that of binding",
            [
                served(DhcpServer),
                served(DhcpServer).by_flow().after(Event::Touch),
                served(SourceAddressUnbound).by_flow().after(Event::Rewire),
            ],
        )
        .behind(WATCHING)
        .then_behind(binding(Level::Monitor)),
        strict(
            "binding that enforces ends what another guard watches",
            [
                served(DhcpServer),
                device(&serves, Revoked).of_device(2).after(Event::Rewire),
            ],
        )
        .behind(WATCHING)
        .then_behind(Guards {
            dhcp_server: Level::Monitor,
            ..binding(Level::Enforce)
        }),
    ]
}

fn peers() -> Vec<Case> {
    let login = frame(ROUTER, WATCHED)
        .ip("10.0.9.1", "10.0.0.77")
        .tcp(50000, 22, SYN);
    let answer = login.reply().flags(SYN | ACK);
    let goes_on = || {
        device(&answer, AllowedFlow)
            .of_device(2)
            .by_rule(2)
            .by_flow()
    };
    let reply = login.reply().flags(ACK);
    let watched = |reason| device(&reply, reason).of_device(2).forwarded();
    vec![
        strict(
            "binding is not asked about what peers have opened",
            [
                uplink(&login, AllowedRule).of_device(2).by_rule(2),
                goes_on(),
                goes_on().after(Event::Touch),
            ],
        ),
        strict(
            "binding is asked again about what it objected to, whoever has opened it",
            [
                watched(SourceAddressUnbound).after(Event::Grace(60)),
                watched(SourceAddressUnbound).by_flow().after(Event::Touch),
                device(&reply, Revoked).of_device(2).after(Event::Rewire),
            ],
        )
        .behind(WATCHING)
        .then_behind(STRICT),
    ]
}

fn settling() -> Vec<Case> {
    vec![strict(
        "a conversation in IPv4 is only watched before the wire is settled",
        [
            opens_watched(SourceAddressUnbound).after(Event::Settle(100)),
            answered(SourceAddressUnbound),
            goes_on(SourceAddressUnbound).after(Event::Touch).at(99),
            // Nobody asks until an epoch begins.
            goes_on(SourceAddressUnbound).at(100),
            is_revoked().after(Event::Touch).at(100),
        ],
    )]
}

fn in_v6() -> Vec<Case> {
    let syn = || {
        frame(WATCHED, ROUTER)
            .packet(v6(0x77).into(), "fd00:8::11".parse().expect("an address"))
            .tcp(50000, 3613, SYN)
    };
    let opens = || device(&syn(), AllowedRule).of_device(2).by_rule(1);
    let answered = || {
        uplink(&syn().reply().flags(SYN | ACK), AllowedFlow)
            .of_device(2)
            .by_flow()
            .by_rule(1)
    };
    let goes_on = || {
        device(&syn().flags(ACK), AllowedFlow)
            .of_device(2)
            .by_flow()
            .by_rule(1)
    };
    let is_revoked = || device(&syn().flags(ACK), Revoked).of_device(2);
    let takes = |last| uses(WATCHED, last, AllowedService);
    vec![
        strict(
            "a conversation goes on from an address that may be taken again",
            [
                opens(),
                answered(),
                goes_on().after(Event::Touch).at(3600),
                uses(PUMP, 0x77, AllowedService).at(3600),
                is_revoked().after(Event::Touch).at(3600),
            ],
        )
        .under(unlisted()),
        strict(
            "a conversation ends whose address has no place any more",
            [
                opens(),
                answered(),
                takes(1).at(3600),
                takes(2).at(3600),
                is_revoked().after(Event::Touch).at(3600),
            ],
        )
        .with_few_addresses(),
        strict(
            "a conversation in IPv6 ends with the lease of its address to another",
            [
                opens(),
                answered(),
                gives6(PUMP, 0x77, 60),
                goes_on(),
                is_revoked().after(Event::Touch),
            ],
        )
        .under(unlisted()),
    ]
}
