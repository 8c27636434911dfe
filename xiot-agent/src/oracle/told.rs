//! What devices were told of the addresses that names have (docs/judgement.md section 13).

use std::{cell::Cell, collections::HashMap, net::IpAddr};

use super::{
    Oracle, Outcome, Side,
    answer::Answer,
    binding::Segment,
    conversation::Conversation,
    frame::{Content, Frame, Mac},
    judge::Arrival,
};
use crate::model::policy::{DnsName, Policy};

/// Addresses with a name that one device has at a time.
const PLACES: usize = 32;
const SHORTEST: u64 = 86_400;
const LONGEST: u64 = 7 * 86_400;

/// Whose names: a MAC on a wire and VLANs, and whether it was listed when it was told, or is now that it is asked about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Hearer {
    pub(super) on: Segment,
    pub(super) mac: Mac,
    pub(super) is_listed: bool,
}

/// An address and a name that it has.
#[derive(Clone, Debug)]
struct Place {
    address: IpAddr,
    name: DnsName,
    lasts: u64,
    /// Second before which it has it.
    until: Cell<u64>,
}

/// Everything that devices were told.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(HashMap<Hearer, Vec<Place>>);

/// An address that has a name for a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameView {
    /// Wire index.
    pub wire: usize,
    /// Outer and inner VLAN id.
    pub vlans: (u16, u16),
    /// MAC of the device.
    pub mac: Mac,
    /// The address.
    pub address: IpAddr,
    /// The name.
    pub name: String,
    /// Second before which it has it.
    pub until: u64,
}

/// What one device was told of one address, in this second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'t> {
    places: &'t [Place],
    now: u64,
}

/// A name that an address has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'t> {
    place: &'t Place,
    now: u64,
}

impl<'t> Names<'t> {
    /// Names of this address, in the order of their places.
    pub(super) fn of(self, address: IpAddr) -> impl Iterator<Item = Known<'t>> {
        let Self { places, now } = self;
        let live = move |place: &&Place| place.address == address && now < place.until.get();
        let known = places.iter().filter(live);
        known.map(move |place| Known { place, now })
    }
}

impl<'t> Known<'t> {
    pub(super) const fn name(self) -> &'t DnsName {
        &self.place.name
    }

    /// Its time begins anew.
    pub(super) fn renew(self) {
        self.place.until.set(self.now + self.place.lasts);
    }
}

impl Told {
    pub(super) fn names(&self, hearer: Hearer, now: u64) -> Names<'_> {
        let places = self.0.get(&hearer).map_or(&[][..], Vec::as_slice);
        Names { places, now }
    }

    fn tell(&mut self, hearer: Hearer, name: &DnsName, (address, ttl): (IpAddr, u32), now: u64) {
        // The highest bit is no part of a time (RFC 2181, 8).
        let ttl = if ttl >> 31 == 0 { u64::from(ttl) } else { 0 };
        let lasts = ttl.clamp(SHORTEST, LONGEST);
        let place = Place {
            address,
            name: name.clone(),
            lasts,
            until: Cell::new(now + lasts),
        };
        let places = self.0.entry(hearer).or_default();
        let same = |it: &Place| it.address == address && it.name == *name;
        if let Some(known) = places.iter_mut().find(|it| same(it)) {
            *known = place;
        } else if let Some(over) = places.iter_mut().find(|it| now >= it.until.get()) {
            *over = place;
        } else if places.len() < PLACES {
            places.push(place);
        } else if let Some(next) = places.iter_mut().min_by_key(|it| it.until.get()) {
            *next = place;
        }
    }

    fn views(&self, now: u64) -> impl Iterator<Item = NameView> {
        let all = self
            .0
            .iter()
            .flat_map(|(hearer, places)| places.iter().map(move |place| (hearer, place)));
        all.filter(move |(_, place)| now < place.until.get())
            .map(|(hearer, place)| NameView {
                wire: hearer.on.0,
                vlans: hearer.on.1,
                mac: hearer.mac,
                address: place.address,
                name: place.name.to_string(),
                until: place.until.get(),
            })
    }
}

impl Oracle<'_> {
    /// Names that addresses have now, in force or not. Order means nothing.
    pub fn names(&self, now: u64) -> impl Iterator<Item = NameView> {
        self.told.views(now)
    }

    /// 13.2, of a frame that was forwarded.
    pub(super) fn hear(&mut self, arrival: Arrival, frame: &Frame, outcome: Outcome) {
        let Content::Ip(packet) = &frame.content else {
            return;
        };
        let Some(answer) = packet
            .answer
            .as_deref()
            .filter(|_| outcome.flow_hit && arrival.side == Side::Uplink)
        else {
            return;
        };
        let conversation = Conversation::of(arrival.side, arrival.wire, frame, packet);
        let flow = conversation.and_then(|it| self.flows.live(&it, arrival.now));
        let is_asked_for = flow.is_some_and(|flow| flow.initiator == Side::Device);
        let mut servers = self.policy.services.dns.iter();
        let is_judged = outcome.device.is_some() || self.policy.default_profile.is_some();
        if !is_asked_for || !is_judged || !servers.any(|it| it.contains(packet.source)) {
            return;
        }
        let Some(name) = listed(self.policy, answer) else {
            return;
        };
        let hearer = Hearer {
            on: (arrival.wire, frame.vlans),
            mac: frame.destination,
            is_listed: outcome.device.is_some(),
        };
        for address in &answer.addresses {
            self.told.tell(hearer, name, *address, arrival.now);
        }
    }
}

/// The name that was asked about, if some rule names it.
fn listed<'p>(policy: &'p Policy, answer: &Answer) -> Option<&'p DnsName> {
    let mut rules = policy.profiles.iter().flat_map(|profile| &profile.rules);
    rules.find_map(|rule| {
        let mut names = rule.names.iter();
        names.find(|name| {
            let labels = name.as_str().split('.').map(str::as_bytes);
            labels.eq(answer.name.iter().map(Vec::as_slice))
        })
    })
}
