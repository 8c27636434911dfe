//! Which policy is in force: the one word that frames ask first, and the headers of both slots.

use std::mem;

use xiot_common::{
    abi::SLOT_MAGIC,
    map,
    slot::{Active, SlotHeader},
};

use super::{error::MapAccessError, instance::Datapath, shared::Shared};

/// Word of [`Active`] that holds slot and epoch.
const SLOT_AND_EPOCH: usize = 0;
const _: () = assert!(mem::offset_of!(Active, slot) == 0 && mem::offset_of!(Active, epoch) == 4);
/// Word of [`Active`] that holds the end of the grace period and the number of overrides.
const GRACE_AND_OVERRIDES: usize = 1;
const _: () =
    assert!(mem::offset_of!(Active, grace_until) == 8 && mem::offset_of!(Active, overrides) == 12);

/// Word of [`Active`] that holds what the TAI clock is ahead of UTC, and whether copies are wanted.
const TAI_OFFSET_AND_COPIES: usize = 2;
const _: () =
    assert!(mem::offset_of!(Active, tai_offset) == 16 && mem::offset_of!(Active, copies) == 20);

/// A policy in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InForce {
    /// The slot that holds it.
    pub slot: u32,
    /// Counts everything that may change a judgement made before, from 1.
    pub epoch: u32,
    /// Second (monotonic clock) until which conversations are picked up that were there before the gateway; 0: none are.
    pub grace_until: u32,
    /// Header of the slot.
    pub header: SlotHeader,
}

/// A handle to what is in force. Lives on its own.
#[derive(Debug)]
pub struct ActivePolicy {
    active: Shared<Active>,
    pub(super) slots: Shared<SlotHeader>,
}

impl Datapath {
    /// Another handle to what is in force in this instance.
    pub fn active_policy(&self) -> Result<ActivePolicy, MapAccessError> {
        Ok(ActivePolicy {
            active: self.map_memory(map::ACTIVE)?,
            slots: self.map_memory(map::SLOTS)?,
        })
    }
}

impl ActivePolicy {
    pub(super) const fn new(active: Shared<Active>, slots: Shared<SlotHeader>) -> Self {
        Self { active, slots }
    }

    /// What is in force, as the kernel says; none before the first policy.
    pub fn in_force(&self) -> Option<InForce> {
        let active = self.active.get(0)?;
        // The program takes an index beyond the slots for no policy too.
        let header = self.slots.get(active.slot)?;
        (header.magic == SLOT_MAGIC).then_some(InForce {
            slot: active.slot,
            epoch: active.epoch,
            grace_until: active.grace_until,
            header,
        })
    }

    /// Begins where another was, but for the policy.
    pub(super) fn begin_after(&mut self, epoch: u32, grace_until: u32, overrides: u32) {
        self.store(SLOT_AND_EPOCH, 0, epoch);
        self.store(GRACE_AND_OVERRIDES, grace_until, overrides);
    }

    /// Puts a slot in force, in the next epoch: one store, because frames read both as one word. Epochs start with 1.
    pub(super) fn flip(&mut self, slot: u32) {
        let epoch = self.active.get(0).unwrap_or_default().epoch;
        self.store(SLOT_AND_EPOCH, slot, epoch.wrapping_add(1).max(1));
    }

    /// The next epoch, in the same slot.
    pub(super) fn touch(&mut self) {
        let slot = self.active.get(0).unwrap_or_default().slot;
        self.flip(slot);
    }

    pub(super) fn set_grace(&mut self, until: u32) {
        let overrides = self.active.get(0).unwrap_or_default().overrides;
        self.store(GRACE_AND_OVERRIDES, until, overrides);
    }

    pub(super) fn set_overrides(&mut self, number: u32) {
        let grace_until = self.active.get(0).unwrap_or_default().grace_until;
        self.store(GRACE_AND_OVERRIDES, grace_until, number);
    }

    /// Sets how many seconds the kernel's TAI clock is ahead of UTC; false: it was known.
    pub fn set_tai_offset(&self, seconds: u32) -> bool {
        let active = self.active.get(0).unwrap_or_default();
        if active.tai_offset == seconds {
            return false;
        }
        self.store(TAI_OFFSET_AND_COPIES, seconds, active.copies);
        true
    }

    /// Has the program copy messages for [`crate::collect::CopyStream`], or not any more.
    pub fn want_copies(&self, wanted: bool) {
        let active = self.active.get(0).unwrap_or_default();
        self.store(TAI_OFFSET_AND_COPIES, active.tai_offset, u32::from(wanted));
    }

    fn store(&self, word: usize, first: u32, second: u32) {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&first.to_ne_bytes());
        bytes[4..].copy_from_slice(&second.to_ne_bytes());
        let there = self.active.set_word(0, word, u64::from_ne_bytes(bytes));
        debug_assert!(there, "the map has one entry");
    }
}
