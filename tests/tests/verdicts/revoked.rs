//! Another policy, and what becomes of conversations.

use xiot_agent::model::policy::{Clause, Initiator, Mode, Policy};
use xiot_common::reason::Reason::{
    AllowedFlow, AllowedRule, NoPeer, NoPort, NoProtocol, Revoked, TcpNoFlow,
};
use xiot_tests::{
    frame::{Frame, flag::*, frame},
    ward::{self, ROUTER, WATCHED},
};

use crate::{
    case::{Case, Event, Step, case, device, uplink},
    flows::{call, goes_on, log, opened},
};

/// The pump may call no server any more.
fn without_calls() -> Policy {
    let mut policy = ward::policy();
    policy.profiles[0].rules.remove(0);
    number(policy)
}

/// The pump's server calls the pump, not the pump its server.
fn turned_round() -> Policy {
    let mut policy = ward::policy();
    let rule = &mut policy.profiles[0].rules[2];
    rule.initiator = Initiator::Peer;
    rule.clauses = vec![Clause::Udp(vec![50000..=50000])];
    number(policy)
}

/// Rules are numbered as they stand. (The program knows one with another content by another number: 10, the first that is free.)
fn number(mut policy: Policy) -> Policy {
    for (rule, id) in policy.profiles[0].rules.iter_mut().zip(1..) {
        rule.id = id;
    }
    policy
}

fn mode_of(device: usize, mode: Mode) -> Policy {
    let mut policy = ward::policy();
    policy.devices[device].mode = mode;
    policy
}

fn revoked(frame: &Frame) -> Step {
    device(frame, Revoked).of_device(1)
}

pub(crate) fn cases() -> Vec<Case> {
    [ended(), kept()].concat()
}

fn ended() -> Vec<Case> {
    let watched = frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.4.1")
        .udp(1, 515);
    let mut unlisted = ward::policy();
    unlisted.devices.remove(0);
    vec![
        case(
            "a conversation that policy no longer allows ends at once",
            [
                opened(&call(), 1),
                goes_on(uplink(&call().reply().flags(SYN | ACK), AllowedFlow), 1),
                revoked(&call().flags(ACK)).after(Event::Swap),
                device(&call().flags(ACK), TcpNoFlow).of_device(1),
                uplink(&call().reply().flags(ACK), TcpNoFlow).of_device(1),
                device(&call(), NoProtocol).of_device(1),
            ],
        )
        .then(without_calls()),
        case(
            "it ends from the other side as well",
            [
                opened(&call(), 1),
                goes_on(uplink(&call().reply().flags(SYN | ACK), AllowedFlow), 1),
                uplink(&call().reply().flags(ACK), Revoked)
                    .of_device(1)
                    .after(Event::Swap),
                uplink(&call().reply().flags(ACK), TcpNoFlow).of_device(1),
            ],
        )
        .then(without_calls()),
        case(
            "it ends before it was answered, too",
            [
                opened(&call(), 1),
                uplink(&call().reply().flags(SYN | ACK), Revoked)
                    .of_device(1)
                    .after(Event::Swap),
                uplink(&call().reply().flags(SYN | ACK), TcpNoFlow).of_device(1),
            ],
        )
        .then(without_calls()),
        case(
            "a conversation ends, and the frame that ends it opens another",
            [
                opened(&log(), 3),
                goes_on(uplink(&log().reply(), AllowedFlow), 3),
                uplink(&log().reply(), AllowedRule)
                    .by_rule(10)
                    .of_device(1)
                    .after(Event::Swap),
                goes_on(device(&log(), AllowedFlow), 10),
            ],
        )
        .then(turned_round()),
        case(
            "what a mode let through ends when the mode does",
            [
                device(&watched, NoPort).of_device(2).forwarded(),
                uplink(&watched.reply(), NoPort)
                    .of_device(2)
                    .forwarded()
                    .by_flow(),
                device(&watched, Revoked).of_device(2).after(Event::Swap),
                device(&watched, NoPort).of_device(2),
                uplink(&watched.reply(), NoPeer).of_device(2),
            ],
        )
        .then(mode_of(1, Mode::Enforce)),
        case(
            "a device that is no longer listed has no conversations",
            [
                opened(&log(), 3),
                device(&log(), Revoked).after(Event::Swap),
            ],
        )
        .then(unlisted),
    ]
}

fn kept() -> Vec<Case> {
    let mut elsewhere = ward::policy();
    elsewhere.profiles[1].arp = true;
    let mut moved = ward::policy();
    moved.profiles[0].rules.swap(0, 2);
    let mut patient = ward::policy();
    patient.profiles[0].timeouts.udp_unreplied = std::time::Duration::from_secs(100);
    let mut impatient = ward::policy();
    impatient.profiles[0].timeouts.udp_unreplied = std::time::Duration::from_secs(10);
    vec![
        case(
            "a change elsewhere disturbs no conversation",
            [
                opened(&log(), 3),
                goes_on(device(&log(), AllowedFlow), 3).after(Event::Swap),
                goes_on(uplink(&log().reply(), AllowedFlow), 3),
                goes_on(device(&log(), AllowedFlow), 3).after(Event::Touch),
            ],
        )
        .then(elsewhere),
        case(
            "a conversation that is still allowed goes on under the new policy's times",
            [
                opened(&log(), 3),
                goes_on(device(&log(), AllowedFlow), 3).after(Event::Swap),
                goes_on(device(&log(), AllowedFlow), 3).at(90),
            ],
        )
        .then(patient),
        case(
            "the first frame under shorter times belongs to what was there",
            [
                opened(&log(), 3),
                goes_on(device(&log(), AllowedFlow).at(20), 3).after(Event::Swap),
            ],
        )
        .then(impatient),
        case(
            "a conversation of a device that is no longer enforced becomes a would-be drop",
            [
                opened(&call(), 1),
                goes_on(uplink(&call().reply().flags(SYN | ACK), AllowedFlow), 1),
                device(&call().flags(ACK), NoProtocol)
                    .of_device(1)
                    .forwarded()
                    .by_flow()
                    .after(Event::Swap),
                uplink(&call().reply().flags(ACK), NoProtocol)
                    .of_device(1)
                    .forwarded()
                    .by_flow(),
            ],
        )
        .then({
            let mut policy = without_calls();
            policy.devices[0].mode = Mode::Monitor;
            policy
        }),
        case(
            "a would-be drop that policy allows now is none any more",
            [
                device(&late(), NoPort).of_device(2).forwarded(),
                device(&late(), AllowedFlow)
                    .by_rule(10)
                    .of_device(2)
                    .by_flow()
                    .after(Event::Swap),
            ],
        )
        .then({
            let mut policy = ward::policy();
            policy.profiles[0].rules[2].clauses = vec![Clause::Udp(vec![514..=515])];
            policy
        }),
        case(
            "the order of rules ends nothing",
            [
                opened(&log(), 3),
                goes_on(device(&log(), AllowedFlow), 3).after(Event::Swap),
            ],
        )
        .then(number(moved)),
    ]
}

fn late() -> Frame {
    frame(WATCHED, ROUTER)
        .ip("10.0.0.12", "10.0.4.1")
        .udp(1, 515)
}
