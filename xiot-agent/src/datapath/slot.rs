//! Applying a policy: write the slot that is not in force, read it back, put it in force.
//!
//! Whatever fails before the last step leaves the running policy untouched, and whoever reads a slot whose
//! header has no magic refuses to judge by it.

use std::{
    mem, thread,
    time::{Duration, Instant},
};

use xiot_common::{
    abi::{ABI_VERSION, SLOT_MAGIC},
    image::{Line, SLOTS},
    slot::{Active, SlotHeader},
};

use super::{instance::Datapath, sys};
use crate::compile::{digest::digest, image::Image};

/// How long a frame may be under judgement at most, where the kernel can't tell when the last one is done.
const LONGEST_JUDGEMENT: Duration = Duration::from_millis(200);

/// The policy could not be applied; the one in force still is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ApplyError {
    /// The image is made for another version of the program.
    #[error("the image has ABI version {image}, the program {program}")]
    Abi {
        /// Version of the image.
        image: u32,
        /// Version of the program.
        program: u32,
    },
    /// The image is not whole.
    #[error("the image is damaged: {what}")]
    Damaged {
        /// What does not fit together.
        what: &'static str,
    },
    /// The image needs more than the maps were loaded for.
    #[error("policy does not fit: it needs {wanted} {what}, the gateway has room for {available}")]
    TooLarge {
        /// What there is too little of.
        what: &'static str,
        /// How much the policy needs.
        wanted: u32,
        /// How much there is.
        available: u32,
    },
    /// What was written is not what was read back.
    #[error("slot {slot} does not hold what was written to it")]
    ReadBack {
        /// The slot.
        slot: u32,
    },
}

impl Datapath {
    /// Puts a policy in force. Every frame is judged by the old one or by the new one, as a whole.
    pub fn apply(&mut self, image: &Image) -> Result<(), ApplyError> {
        self.check(image)?;
        let slot = (self.active_slot() + 1) % SLOTS;
        if self.flipped {
            wait_for_readers();
        }
        let first = slot * self.capacity.slot_lines;
        // From here on the slot is nobody's until its header is whole again.
        let cleared = self.slots.set(slot, &SlotHeader::default());
        let mut written = cleared;
        for (line, index) in image.lines.iter().zip(first..) {
            written &= self.image.set(index, line);
        }
        let read_back: Option<Vec<Line>> = (first..first + image.header.lines)
            .map(|index| self.image.get(index))
            .collect();
        let same = read_back.is_some_and(|lines| digest(&lines) == image.header.digest);
        // `set` writes the first word last, and that holds the magic.
        if !written || !same || !self.slots.set(slot, &image.header) {
            return Err(ApplyError::ReadBack { slot });
        }
        self.flip(slot);
        self.flipped = true;
        Ok(())
    }

    /// Header of the policy in force; none before the first.
    pub fn header(&self) -> Option<SlotHeader> {
        self.slots
            .get(self.active_slot())
            .filter(|header| header.magic == SLOT_MAGIC)
    }

    /// The slot in force.
    pub fn active_slot(&self) -> u32 {
        // The program takes an index beyond the slots for no policy; so does `header`.
        self.state().slot
    }

    /// Bumps the epoch alone: something beside the policy changed that may change a judgement which was made before.
    pub fn touch(&mut self) {
        self.flip(self.active_slot());
    }

    /// Until this second (monotonic clock) conversations are picked up that were there before the gateway; 0: none are.
    pub fn set_grace(&mut self, until: u32) {
        let there = self.active.set_word(0, GRACE_WORD, word(until, 0));
        debug_assert!(there, "the map has one entry");
    }

    fn state(&self) -> Active {
        self.active.get(0).unwrap_or_default()
    }

    /// Puts a slot in force, in the next epoch: frames read both as one word. Epochs start with 1.
    fn flip(&mut self, slot: u32) {
        let epoch = self.state().epoch.wrapping_add(1).max(1);
        let there = self.active.set_word(0, ACTIVE_WORD, word(slot, epoch));
        debug_assert!(there, "the map has one entry");
    }

    fn check(&self, image: &Image) -> Result<(), ApplyError> {
        let header = &image.header;
        if header.abi != ABI_VERSION {
            return Err(ApplyError::Abi {
                image: header.abi,
                program: ABI_VERSION,
            });
        }
        if header.magic != SLOT_MAGIC {
            return Err(ApplyError::Damaged { what: "its magic" });
        }
        for (what, wanted, available) in [
            ("lines", header.lines, self.capacity.slot_lines),
            ("devices", header.device_count, self.capacity.devices),
            ("rules", header.rule_count, self.capacity.rules),
        ] {
            if wanted > available {
                return Err(ApplyError::TooLarge {
                    what,
                    wanted,
                    available,
                });
            }
        }
        if image.lines.len() != header.lines as usize {
            return Err(ApplyError::Damaged {
                what: "its number of lines",
            });
        }
        if digest(&image.lines) != header.digest {
            return Err(ApplyError::Damaged { what: "its digest" });
        }
        Ok(())
    }
}

/// Word of [`Active`] that holds slot and epoch.
const ACTIVE_WORD: usize = 0;
const _: () = assert!(mem::offset_of!(Active, slot) == 0 && mem::offset_of!(Active, epoch) == 4);
/// Word of [`Active`] that holds the end of the grace period.
const GRACE_WORD: usize = 1;
const _: () = assert!(mem::offset_of!(Active, grace_until) == 8);

/// The word that holds these two in memory.
fn word(first: u32, second: u32) -> u64 {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&first.to_ne_bytes());
    bytes[4..].copy_from_slice(&second.to_ne_bytes());
    u64::from_ne_bytes(bytes)
}

/// Waits until no frame is under judgement that may still look at the slot which was in force before.
fn wait_for_readers() {
    let start = Instant::now();
    if let Err(error) = sys::grace_period() {
        tracing::debug!(%error, "The kernel offers no grace period.");
        thread::sleep(LONGEST_JUDGEMENT.saturating_sub(start.elapsed()));
    }
}
