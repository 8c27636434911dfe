//! What follows from a name that an address has.

use xiot_agent::model::policy::{Clause, Policy};
use xiot_common::reason::Reason::{
    AllowedFlow, AllowedRule, NoPeer, NoPort, Revoked, WrongDirection,
};
use xiot_tests::{
    frame::{dns::answer, flag::SYN, frame},
    ward::{PUMP, ROUTER, STRANGER},
};

use super::{
    BACKUP, CLOUD, OWN, SERVER, THERE, asks, ip, misses, named, policy, reaches, syn_to, tells,
};
use crate::case::{Case, Event, device, uplink};

pub(super) fn cases() -> Vec<Case> {
    [judged(), reloads()].concat()
}

fn judged() -> Vec<Case> {
    let from = |service| frame(ROUTER, PUMP).ip(THERE, OWN).tcp(40_000, service, SYN);
    let ping = frame(PUMP, ROUTER).ip(OWN, THERE).icmp(8, 0, 7);
    let any = {
        let mut policy = policy();
        let rules = &mut policy.profiles[0].rules;
        rules[0].peers = vec!["0.0.0.0/0".parse().expect("a network")];
        rules[0].clauses = vec![Clause::Tcp(vec![443..=443])];
        policy
    };
    vec![
        named(
            "a name may open conversations too",
            [
                asks(5353),
                tells(5353, CLOUD),
                uplink(&from(22), AllowedRule).by_rule(12).of_device(1),
            ],
        ),
        named(
            "the nearest miss is that of the name, if it is nearer",
            [
                asks(5353),
                tells(5353, CLOUD),
                misses(THERE, 444, NoPort),
                misses(THERE, 22, WrongDirection),
            ],
        ),
        named(
            "every name of an address is asked about",
            [
                asks(5353),
                tells(5353, CLOUD),
                tells(5353, BACKUP),
                device(&syn_to(THERE, 8443), AllowedRule)
                    .by_rule(13)
                    .of_device(1),
                device(&ping, AllowedRule).by_rule(13).of_device(1),
                reaches(THERE),
            ],
        ),
        named(
            "a rule for the address comes first, wherever it stands",
            [
                asks(5353),
                tells(5353, CLOUD),
                device(&syn_to(THERE, 443), AllowedRule)
                    .by_rule(1)
                    .of_device(1),
            ],
        )
        .under(any),
        named(
            "a device that is not listed has names by the default profile",
            [
                device(
                    &frame(STRANGER, ROUTER)
                        .ip("10.0.0.99", SERVER)
                        .udp(5353, 53),
                    AllowedRule,
                )
                .by_rule(10),
                uplink(
                    &frame(ROUTER, STRANGER).ip(SERVER, "10.0.0.99").datagram(
                        53,
                        5353,
                        &answer(CLOUD, &[ip(THERE)]),
                    ),
                    AllowedFlow,
                )
                .by_flow()
                .by_rule(10),
                device(
                    &frame(STRANGER, ROUTER)
                        .ip("10.0.0.99", THERE)
                        .tcp(40_000, 443, SYN),
                    AllowedRule,
                )
                .by_rule(11),
            ],
        )
        .under(Policy {
            default_profile: Some(0),
            ..policy()
        }),
    ]
}

fn reloads() -> Vec<Case> {
    let without = {
        let mut policy = policy();
        policy.profiles[0].rules.truncate(10);
        policy
    };
    vec![
        named(
            "a flow that a name allows ends with the name, and the name comes back with the policy",
            [
                asks(5353),
                tells(5353, CLOUD),
                reaches(THERE),
                device(&syn_to(THERE, 443), Revoked)
                    .of_device(1)
                    .after(Event::Swap),
                reaches(THERE).after(Event::Swap).at(4),
            ],
        )
        .then(without.clone())
        .then(policy()),
        named(
            "what is told while no rule has the name is nothing",
            [
                asks(5353),
                tells(5353, CLOUD).after(Event::Swap).at(2),
                misses(THERE, 443, NoPeer).after(Event::Swap).at(4),
            ],
        )
        .then(without)
        .then(policy()),
        named(
            "a flow that a name allows goes on in another epoch",
            [
                asks(5353),
                tells(5353, CLOUD),
                reaches(THERE),
                device(&syn_to(THERE, 443), AllowedFlow)
                    .by_flow()
                    .by_rule(11)
                    .of_device(1)
                    .after(Event::Touch),
            ],
        ),
    ]
}
