//! Applying a policy: write the slot that is not in force, read it back, put it in force.
//!
//! Whatever fails before the last step leaves the running policy untouched, and whoever reads a slot whose
//! header has no magic refuses to judge by it.

use std::{
    thread,
    time::{Duration, Instant},
};

use xiot_common::{
    abi::{ABI_VERSION, SLOT_MAGIC},
    image::SLOTS,
    slot::SlotHeader,
};

use super::{active::InForce, instance::Datapath, sys};
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

/// How long the steps of applying a policy took.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Applied {
    /// Writing the slot, reading it back and comparing digests. No frame waits for it.
    pub written: Duration,
    /// From the store that puts it in force until no frame is judged by the policy before.
    pub settled: Duration,
}

impl Datapath {
    /// Puts a policy in force, in the next epoch. Every frame is judged by the old one or by the new one, as a whole; once this
    /// returns no frame is judged by the old one.
    pub fn apply(&mut self, image: &Image) -> Result<Applied, ApplyError> {
        let start = Instant::now();
        self.check(image)?;
        let before = self.active.in_force();
        let slot = before.map_or(1, |before| (before.slot + 1) % SLOTS);
        // No frame looks at it any more: the flip away from it was waited for.
        let first = slot * self.capacity.slot_lines;
        // From here on the slot is nobody's until its header is whole again.
        let cleared = self.active.slots.set(slot, &SlotHeader::default());
        let mut written = cleared;
        for (line, index) in image.lines.iter().zip(first..) {
            // Mostly the slot holds the revision before the last, which differs in few lines.
            if self.image.get(index) != Some(*line) {
                written &= self.image.set(index, line);
            }
        }
        // The digest of these lines was compared: a slot that holds each of them has it too.
        let mut lines = image.lines.iter().zip(first..);
        let same = lines.all(|(line, index)| self.image.get(index) == Some(*line));
        // `set` writes the first word last, and that holds the magic.
        if !written || !same || !self.active.slots.set(slot, &image.header) {
            return Err(ApplyError::ReadBack { slot });
        }
        let written = start.elapsed();
        let start = Instant::now();
        self.active.flip(slot);
        if before.is_some() {
            wait_for_readers();
        }
        Ok(Applied {
            written,
            settled: start.elapsed(),
        })
    }

    /// Bumps the epoch alone: something beside the policy changed that may change a judgement which was made before. Once this
    /// returns no frame is judged in the epoch before.
    pub fn touch(&mut self) {
        self.active.touch();
        wait_for_readers();
    }

    /// Until this second (monotonic clock) conversations are picked up that were there before the gateway; 0: none are.
    /// What was denied before may be allowed now, hence the epoch.
    pub fn set_grace(&mut self, until: u32) {
        self.active.set_grace(until);
        self.active.touch();
    }

    /// What is in force, as the kernel says; none before the first policy.
    pub fn active(&self) -> Option<InForce> {
        self.active.in_force()
    }

    /// Header of the policy in force; none before the first.
    pub fn header(&self) -> Option<SlotHeader> {
        self.active().map(|active| active.header)
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

/// Waits until no frame is under judgement that began before.
fn wait_for_readers() {
    let start = Instant::now();
    if let Err(error) = sys::grace_period() {
        tracing::debug!(%error, "The kernel offers no grace period.");
        thread::sleep(LONGEST_JUDGEMENT.saturating_sub(start.elapsed()));
    }
}
