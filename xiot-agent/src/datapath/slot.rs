//! Applying a policy: write the slot that is not in force, read it back, put it in force.
//!
//! Whatever fails before the last step leaves the running policy untouched, and whoever reads a slot whose
//! header has no magic refuses to judge by it.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use xiot_common::{
    abi::{ABI_VERSION, SLOT_MAGIC},
    image::{Line, SLOTS},
    slot::SlotHeader,
};

use super::{active::InForce, error::MapAccessError, instance::Datapath, sys};
use crate::compile::image::{Image, Lines};

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
    /// Checking the image, writing what the slot does not hold, and comparing it. No frame waits for it.
    pub written: Duration,
    /// The store that puts it in force: every frame that begins now is judged by it.
    pub flipped: Duration,
    /// From then on until no frame is judged by the policy before.
    pub settled: Duration,
}

/// Lines up to which a slot is read back as a whole every time: that takes less than a millisecond. In a larger one what was
/// not written now was compared when it was made ready.
const READ_AT_ONCE: usize = 1 << 15;

impl Datapath {
    /// Puts a policy in force, in the next epoch. Every frame is judged by the old one or by the new one, as a whole; once this
    /// returns no frame is judged by the old one.
    pub fn apply(&mut self, image: &Image) -> Result<Applied, ApplyError> {
        let start = Instant::now();
        self.check(image)?;
        let before = self.active.in_force();
        let slot = before.map_or(1, |before| (before.slot + 1) % SLOTS);
        let is_small = image.lines.len() <= READ_AT_ONCE;
        // `set` writes the first word last, and that holds the magic.
        if !self.fill(slot, &image.lines, is_small) || !self.active.slots.set(slot, &image.header) {
            return Err(ApplyError::ReadBack { slot });
        }
        let written = start.elapsed();
        let start = Instant::now();
        self.active.flip(slot);
        let flipped = start.elapsed();
        if before.is_some() {
            wait_for_readers();
        }
        Ok(Applied {
            written,
            flipped,
            settled: start.elapsed(),
        })
    }

    /// Has epochs go on from what an earlier program has in force, and its time of grace: before the first policy.
    pub(super) fn begin_after(&mut self, before: &InForce) -> Result<(), MapAccessError> {
        let decided = self.override_table()?.entries()?.len();
        self.active.begin_after(
            before.epoch,
            before.grace_until,
            u32::try_from(decided).unwrap_or(u32::MAX),
        );
        Ok(())
    }

    /// Makes the slot that is not in force ready for a policy that differs little from this one, which is in force: gives it the
    /// same lines, and reads all of both slots back.
    ///
    /// # Errors
    /// A slot did not keep what was written to it. If it is the one in force, the other one, which did, is in force now; the next
    /// policy is written as a whole.
    pub fn make_ready(&mut self, image: &Image) -> Result<(), ApplyError> {
        let Some(InForce { slot, header, .. }) = self.active.in_force() else {
            return Ok(());
        };
        if header != image.header {
            return Ok(());
        }
        let other = (slot + 1) % SLOTS;
        if !self.fill(other, &image.lines, true) {
            return Err(ApplyError::ReadBack { slot: other });
        }
        if self.holds(slot, &image.lines) {
            return Ok(());
        }
        self.held[slot as usize] = None;
        if self.active.slots.set(other, &image.header) {
            self.active.flip(other);
            wait_for_readers();
        }
        Err(ApplyError::ReadBack { slot })
    }

    /// Whether a slot, line by line, holds these.
    pub fn holds(&self, slot: u32, lines: &Lines) -> bool {
        let first = slot * self.capacity.slot_lines;
        let mut all = lines.beside(None);
        all.all(|(at, lines, _)| self.is_there(first, at, lines))
    }

    /// Writes the lines that the slot does not hold, and reads back what was written or, at will, everything. No frame looks at
    /// the slot any more: the flip away from it was waited for.
    fn fill(&mut self, slot: u32, lines: &Lines, read_all: bool) -> bool {
        // From here on the slot is nobody's until its header is whole again.
        let mut filled = self.active.slots.set(slot, &SlotHeader::default());
        let held = self.held.get_mut(slot as usize).and_then(Option::take);
        let first = slot * self.capacity.slot_lines;
        for (at, lines, is_held) in lines.beside(held.as_ref()) {
            if !is_held || read_all && !self.is_there(first, at, lines) {
                filled &= self.write(first, at, lines);
            }
        }
        if filled {
            self.held[slot as usize] = Some(lines.clone());
        }
        filled
    }

    /// Writes those of these lines that are not there yet, and reads all of them back.
    fn write(&self, first: u32, at: usize, lines: &[Line]) -> bool {
        let Some(start) = place(first, at) else {
            return false;
        };
        for (line, index) in lines.iter().zip(start..) {
            if !self.is_line(index, line) && !self.image.set(index, line) {
                return false;
            }
        }
        self.is_there(first, at, lines)
    }

    fn is_there(&self, first: u32, at: usize, lines: &[Line]) -> bool {
        place(first, at).is_some_and(|start| {
            let mut all = lines.iter().zip(start..);
            all.all(|(line, index)| self.is_line(index, line))
        })
    }

    /// Word by word: a copy of the line would take longer than the look at it.
    fn is_line(&self, index: u32, line: &Line) -> bool {
        self.image.words(index).is_some_and(|words| {
            let mut both = words.iter().zip(&line.0);
            both.all(|(there, word)| there.load(Ordering::Acquire) == *word)
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

    /// Whether the image is whole, made for this program, and fits.
    pub(super) fn check(&self, image: &Image) -> Result<(), ApplyError> {
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
        if image.lines.digest() != header.digest {
            return Err(ApplyError::Damaged { what: "its digest" });
        }
        Ok(())
    }
}

/// A line of the slot whose lines begin at `first`.
fn place(first: u32, line: usize) -> Option<u32> {
    first.checked_add(u32::try_from(line).ok()?)
}

/// Waits until no frame is under judgement that began before.
pub(super) fn wait_for_readers() {
    let start = Instant::now();
    if let Err(error) = sys::grace_period() {
        tracing::debug!(%error, "The kernel offers no grace period.");
        thread::sleep(LONGEST_JUDGEMENT.saturating_sub(start.elapsed()));
    }
}
