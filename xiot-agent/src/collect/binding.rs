//! Bindings of addresses to MACs: snapshots, and the sweep that removes what is over.

use xiot_common::{
    addr::Mac,
    binding::{Binding, BindingKey, NO_END, Places, PlacesKey},
    map,
};

use crate::datapath::{Datapath, MapAccessError, MovedBindings, SettledWires, Table};

/// A handle to the tables of bindings. Lives on its own.
#[derive(Debug)]
pub struct BindingTable {
    bindings: Table<BindingKey, Binding>,
    places: Table<PlacesKey, Places>,
    moved: MovedBindings,
    /// How many had moved when it was last looked at.
    seen: u32,
    settled: SettledWires,
    /// How many wires there are.
    wires: u32,
    /// The second of the last sweep.
    swept: u32,
}

/// Live bindings.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct BindingCount {
    /// By lease.
    pub leases: usize,
    /// By use.
    pub uses: usize,
}

impl BindingTable {
    /// The tables of this instance, which has so many wires, from this second on.
    pub fn open(datapath: &Datapath, wires: u32, now: u32) -> Result<Self, MapAccessError> {
        let moved = datapath.moved_bindings()?;
        let seen = moved.read()?;
        Ok(Self {
            bindings: datapath.table(map::BINDINGS)?,
            places: datapath.table(map::PLACES)?,
            moved,
            seen,
            settled: datapath.settled_wires()?,
            wires,
            swept: now,
        })
    }

    /// All bindings, also those that are over and not yet removed. Order means nothing.
    pub fn snapshot(&self) -> Result<Vec<(BindingKey, Binding)>, MapAccessError> {
        self.bindings.entries()
    }

    /// Those that are live.
    pub fn count(&self, now: u32) -> Result<BindingCount, MapAccessError> {
        let bindings = self.snapshot()?;
        let mut live = bindings.iter().filter(|(_, binding)| binding.is_live(now));
        Ok(live
            .by_ref()
            .fold(BindingCount::default(), |mut count, (_, binding)| {
                *if binding.is_lease() {
                    &mut count.leases
                } else {
                    &mut count.uses
                } += 1;
                count
            }))
    }

    /// Removes what is over, and what has no end of MACs that are not listed. Whether a lease ended by time, an address
    /// became somebody else's, or a wire settled since it was last asked: what was opened with those must not go on.
    pub fn sweep(
        &mut self,
        now: u32,
        is_listed: impl Fn(Mac) -> bool,
    ) -> Result<bool, MapAccessError> {
        let mut is_news = false;
        for (key, before) in self.bindings.entries()? {
            if is_left(&before, now, &is_listed) {
                continue;
            }
            let is_over = |binding: &Binding| !is_left(binding, now, &is_listed);
            let removed = self.bindings.remove_over(&key, is_over)?;
            is_news |= removed.is_some_and(|binding| binding.is_lease() && !binding.is_live(now));
        }
        for (key, places) in self.places.entries()? {
            if places.are_free(now) {
                self.places
                    .remove_over(&key, |places| places.are_free(now))?;
            }
        }
        let moved = self.moved.read()?;
        is_news |= moved != self.seen;
        self.seen = moved;
        for wire in 0..self.wires {
            is_news |= (self.swept + 1..=now).contains(&self.settled.of(wire)?);
        }
        self.swept = now;
        Ok(is_news)
    }
}

/// Whether the binding stays.
fn is_left(binding: &Binding, now: u32, is_listed: impl Fn(Mac) -> bool) -> bool {
    binding.is_live(now) && (binding.until != NO_END || is_listed(binding.mac))
}

#[cfg(test)]
mod tests {
    use xiot_common::binding::BindingKind;

    use super::*;

    #[test]
    fn bindings_stay_while_they_are_live_and_without_end_while_their_mac_is_listed() {
        let listed = Mac([2; 6]);
        let binding = |until, mac| Binding {
            until,
            mac,
            kind: BindingKind::Lease as u8,
            reserved: 0,
        };
        let is_left = |binding, now| is_left(&binding, now, |mac| mac == listed);
        assert!(is_left(binding(5, listed), 4));
        assert!(!is_left(binding(5, listed), 5));
        assert!(is_left(binding(NO_END, listed), u32::MAX - 1));
        assert!(!is_left(binding(NO_END, Mac([4; 6])), 4));
        // Its end is soon enough.
        assert!(is_left(binding(5, Mac([4; 6])), 4));
    }
}
