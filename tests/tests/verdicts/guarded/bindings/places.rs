//! How many IPv6 addresses a device may have by use: two, here.

use std::net::Ipv6Addr;

use xiot_agent::model::guard::{Guards, Level};
use xiot_common::reason::Reason::{self, AllowedService, SourceAddressUnbound};
use xiot_tests::{
    frame::{Envelope, frame},
    ward::{self, ALL_NODES, PUMP, WATCHED},
};

use super::{
    STRICT, discovers, gives6, in_vlans, may_claim6, may_not_claim6, only, strict, unlisted, uses,
    v6,
};
use crate::case::{Case, Step, device};

pub(super) fn cases() -> Vec<Case> {
    [taken(), free(), kept(), leased()]
        .concat()
        .into_iter()
        .map(Case::with_few_addresses)
        .collect()
}

fn takes(last: u16) -> Step {
    uses(WATCHED, last, AllowedService)
}

fn has_no_place_for(last: u16) -> Step {
    uses(WATCHED, last, SourceAddressUnbound)
}

fn taken() -> Vec<Case> {
    let tagged = || -> Envelope { frame(WATCHED, ALL_NODES).tagged(31) };
    let in_vlan =
        |last, reason| device(&in_vlans(tagged(), 135, v6(last), v6(0x99)), reason).of_device(2);
    let local = |last, reason: Reason| {
        let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last);
        device(&discovers(PUMP, 135, source, v6(0x99)), reason).of_device(1)
    };
    vec![
        strict(
            "a device takes so many addresses and no more, but those again and again",
            [
                takes(1),
                takes(2),
                has_no_place_for(3),
                takes(1),
                takes(2),
                takes(1),
                has_no_place_for(4),
            ],
        ),
        strict(
            "each device has its own places, in each VLAN, on each wire",
            [
                takes(1),
                takes(2),
                uses(PUMP, 3, AllowedService),
                uses(PUMP, 4, AllowedService),
                uses(PUMP, 5, SourceAddressUnbound),
                in_vlan(1, AllowedService),
                in_vlan(3, AllowedService),
                in_vlan(4, SourceAddressUnbound),
                takes(3).elsewhere(),
                takes(4).elsewhere(),
                has_no_place_for(1).elsewhere(),
                has_no_place_for(6),
            ],
        )
        .under(unlisted()),
        strict(
            "link-local addresses need places too",
            [
                local(1, AllowedService),
                local(2, AllowedService),
                local(3, SourceAddressUnbound),
            ],
        )
        .under(ward::policy()),
        strict(
            "an address for which there is no place is not bound",
            [
                takes(1),
                takes(2),
                has_no_place_for(3).forwarded(),
                may_claim6(PUMP, 3),
                may_not_claim6(PUMP, 2),
            ],
        )
        .under(unlisted())
        .behind(only(STRICT, Level::Monitor)),
    ]
}

fn free() -> Vec<Case> {
    vec![
        strict(
            "a place is free when its hour is over",
            [
                takes(1),
                takes(2).at(10),
                has_no_place_for(3).at(3599),
                takes(3).at(3600),
                has_no_place_for(4).at(3609),
                has_no_place_for(1).at(3609),
                takes(1).at(3610),
            ],
        ),
        strict(
            "the hour of a place begins anew with each use",
            [
                takes(1),
                takes(2),
                takes(1).at(3000),
                takes(3).at(3600),
                has_no_place_for(4).at(3600),
                takes(4).at(6600),
            ],
        ),
        strict(
            "an address may have its old place again",
            [
                takes(1),
                takes(2),
                takes(2).at(3600),
                takes(1).at(3600),
                has_no_place_for(3).at(3600),
            ],
        ),
    ]
}

fn kept() -> Vec<Case> {
    vec![
        strict(
            "a place is not free before, though its address is another's",
            [
                takes(1),
                takes(2),
                gives6(PUMP, 1, 60),
                has_no_place_for(3),
                has_no_place_for(3).at(3599),
                takes(3).at(3600),
            ],
        )
        .under(unlisted()),
        strict(
            "a place is not free before, though its address is bound no more, and is there for it",
            [
                takes(1),
                takes(2),
                gives6(WATCHED, 1, 0),
                may_claim6(PUMP, 1),
                has_no_place_for(3),
                takes(1),
                may_not_claim6(PUMP, 1),
            ],
        )
        .under(unlisted()),
    ]
}

fn leased() -> Vec<Case> {
    let source_off = Guards {
        source: Level::Off,
        ..STRICT
    };
    vec![
        strict(
            "leased addresses need no places",
            [
                gives6(WATCHED, 1, 60),
                gives6(WATCHED, 2, 60),
                takes(1),
                takes(2),
                takes(3),
                takes(4),
                has_no_place_for(5),
                gives6(WATCHED, 5, 60),
                takes(5),
                // Then they are like others.
                has_no_place_for(1).at(60),
            ],
        ),
        strict(
            "a lease does not prolong what was taken before",
            [
                takes(1),
                takes(2).at(100),
                gives6(WATCHED, 1, 10_000).at(100),
                takes(1).at(3000),
                takes(3).at(3600),
                has_no_place_for(4).at(3699),
                takes(4).at(3700),
            ],
        )
        .behind(source_off),
    ]
}
