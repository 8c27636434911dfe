//! Observed conversations: entries of the observed map with their names.

use xiot_common::observed::{OBSERVED_MIDSTREAM, OBSERVED_PEER_INITIATED};

use super::{address, vlans};
use crate::{
    collect,
    service::{
        clock::Now,
        names::Names,
        state::{Observed, ObservedFilter, Opener, Reason, Selected, Verdict},
    },
    unit,
};

/// One entry; none if its reason is of another version than this agent's.
pub fn observed(names: &Names, now: Now, observed: &collect::Observed) -> Option<Observed> {
    let (key, entry) = (&observed.key, &observed.entry);
    let reason = Reason::from_u8(entry.reason)?;
    let vlans = vlans(key.vlans);
    Some(Observed {
        wire: names.wire(key.wire.into()),
        vlans,
        device: names
            .listed(key.mac.0, vlans)
            .map(|device| device.name.clone()),
        mac: key.mac.0,
        device_address: address(key.address),
        peer_address: address(key.peer),
        initiator: if key.flags & OBSERVED_PEER_INITIATED == 0 {
            Opener::Device
        } else {
            Opener::Peer
        },
        midstream: key.flags & OBSERVED_MIDSTREAM != 0,
        protocol: key.protocol,
        port: key.port,
        conversations: entry.flows,
        frames: entry.frames,
        bytes: entry.bytes,
        first_seen: now.at_second(u64::from(entry.first_seen)),
        last_seen: now.at_second(u64::from(entry.last_seen)),
        reason,
        // What mode enforce denies is dropped and not observed.
        verdict: Verdict::of(reason, false),
        rule: names.rule(entry.rule),
    })
}

/// The conversations that the filter wants: listed devices by name, then the others by MAC, of each the one with the most
/// bytes first.
pub fn select_observed(
    observed: impl Iterator<Item = Observed>,
    filter: &ObservedFilter,
) -> Selected<Observed> {
    let mac = filter
        .device
        .as_ref()
        .and_then(|device| unit::mac::parse(device).ok());
    let mut wanted: Vec<_> = observed
        .filter(|seen| {
            filter.device.as_ref().is_none_or(|device| {
                seen.device.as_ref() == Some(device) || mac.is_some_and(|mac| mac == seen.mac)
            })
        })
        .filter(|seen| seen.verdict != Verdict::Forwarded || !filter.would_drop)
        .collect();
    wanted.sort_by(|a, b| {
        let device = |seen: &Observed| (seen.device.is_none(), seen.mac, seen.vlans);
        let rest = |seen: &Observed| {
            (
                seen.frames,
                seen.peer_address,
                seen.protocol,
                seen.port,
                seen.device_address,
            )
        };
        (a.device.is_none(), &a.device)
            .cmp(&(b.device.is_none(), &b.device))
            .then_with(|| device(a).cmp(&device(b)))
            .then_with(|| b.bytes.cmp(&a.bytes))
            .then_with(|| rest(a).cmp(&rest(b)))
    });
    Selected::up_to(wanted, filter.limit)
}
