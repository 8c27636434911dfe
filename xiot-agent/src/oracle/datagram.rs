//! Datagrams of which some fragments have passed (docs/judgement.md section 2).

use std::{collections::HashMap, net::IpAddr, ops::Range};

use super::{
    Side,
    fragment::Part,
    frame::{Frame, Mac, Packet},
    grounds::Grounds,
    owner::device_mac,
    said::Counted,
};

/// Seconds after its first fragment in which a datagram is forgotten.
const TIMEOUT: u64 = 30;

/// Parts of a datagram that touch no other.
const MOST_PARTS: usize = 4;

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    side: Side,
    wire: usize,
    vlans: (u16, u16),
    mac: Mac,
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    /// IPv4 only: in IPv6 each fragment may say something else.
    protocol: Option<u8>,
}

impl Key {
    pub(super) fn of(side: Side, wire: usize, frame: &Frame, packet: &Packet, part: Part) -> Self {
        Self {
            side,
            wire,
            vlans: frame.vlans,
            mac: device_mac(side, frame),
            source: packet.source,
            destination: packet.destination,
            identification: part.identification,
            protocol: packet.source.is_ipv4().then_some(packet.protocol),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Datagram<'p> {
    pub(super) grounds: Grounds<'p>,
    pub(super) epoch: u64,
    /// What its first fragment counted under.
    pub(super) counted: Counted,
    started: u64,
    /// In units of 8 bytes, in order; none touches another.
    parts: Vec<Range<usize>>,
    /// Units in the whole.
    length: Option<usize>,
    /// Something of it overlapped: nothing more of it passes.
    pub(super) is_broken: bool,
}

/// A later fragment that does not fit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Misfit {
    Overlap,
    TooManyParts,
}

impl<'p> Datagram<'p> {
    pub(super) fn new(
        grounds: Grounds<'p>,
        epoch: u64,
        counted: Counted,
        first: Part,
        now: u64,
    ) -> Self {
        Self {
            grounds,
            epoch,
            counted,
            started: now,
            parts: vec![first.units()],
            length: None,
            is_broken: false,
        }
    }

    fn add(&mut self, part: Part) -> Result<(), Misfit> {
        if self.is_broken {
            return Err(Misfit::Overlap);
        }
        let new = part.units();
        let meets = |old: &Range<usize>| old.start < new.end && new.start < old.end;
        let passed = self.parts.last().map_or(0, |last| last.end);
        if self.parts.iter().any(meets)
            || self.length.is_some_and(|length| new.end > length)
            || part.is_last && new.end < passed
        {
            return Err(Misfit::Overlap);
        }
        let mut parts = self.parts.clone();
        parts.push(new.clone());
        parts.sort_by_key(|part| part.start);
        parts.dedup_by(|next, before| {
            let touches = before.end == next.start;
            if touches {
                before.end = next.end;
            }
            touches
        });
        if parts.len() > MOST_PARTS {
            return Err(Misfit::TooManyParts);
        }
        self.parts = parts;
        if part.is_last {
            self.length = Some(new.end);
        }
        Ok(())
    }

    fn is_whole(&self) -> bool {
        matches!(self.parts.as_slice(), [all] if Some(all.end) == self.length)
    }
}

/// Datagrams by what tells them apart. There is no end to the room for them.
#[derive(Clone, Debug, Default)]
pub(super) struct DatagramList<'p>(HashMap<Key, Datagram<'p>>);

impl<'p> DatagramList<'p> {
    pub(super) fn known(&self, key: &Key, now: u64) -> Option<&Datagram<'p>> {
        self.0
            .get(key)
            .filter(|datagram| now.saturating_sub(datagram.started) <= TIMEOUT)
    }

    pub(super) fn put(&mut self, key: Key, datagram: Datagram<'p>) {
        self.0.insert(key, datagram);
    }

    pub(super) fn break_up(&mut self, key: &Key) {
        if let Some(datagram) = self.0.get_mut(key) {
            datagram.is_broken = true;
        }
    }

    /// Adds a part to one that is known. What overlaps breaks it; with the last part it is forgotten.
    pub(super) fn add(&mut self, key: &Key, part: Part) -> Result<(), Misfit> {
        let Some(datagram) = self.0.get_mut(key) else {
            return Ok(());
        };
        let added = datagram.add(part);
        if added == Err(Misfit::Overlap) {
            datagram.is_broken = true;
        } else if datagram.is_whole() {
            self.0.remove(key);
        }
        added
    }
}
