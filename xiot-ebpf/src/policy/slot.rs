//! The policy image and which slot of it is in force.

use aya_ebpf::{bindings::BPF_F_MMAPABLE, btf_maps::Array, macros::btf_map};
use xiot_common::{
    abi::{ABI_VERSION, SLOT_MAGIC},
    capacity::DEFAULT_SLOT_LINES,
    device::DeviceRecord,
    image::{Line, SLOTS as SLOT_COUNT},
    profile::{LINES_PER_PROFILE, ProfilePrefixes, ProfileRecord},
    rule::RuleLine,
    slot::{Active, SlotHeader},
    table::{Table, find2, find3, is_full},
};

use crate::config;

const MMAPABLE: usize = BPF_F_MMAPABLE as usize;

/// Both slots of the image. The agent writes the slot that is not active, through a memory map.
#[btf_map]
static IMAGE: Array<Line, { (DEFAULT_SLOT_LINES * SLOT_COUNT) as usize }, MMAPABLE> = Array::new();

/// What lies where in each slot.
#[btf_map]
static SLOTS: Array<SlotHeader, { SLOT_COUNT as usize }, MMAPABLE> = Array::new();

/// Slot and epoch in force. The agent flips them once the other slot is whole.
#[btf_map]
static ACTIVE: Array<Active, 1, MMAPABLE> = Array::new();

/// The slot that judges one frame: read once, passed down, so that a flip in between does not mix policies.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Its header.
    pub header: &'static SlotHeader,
    /// Its number.
    pub index: u32,
    /// Its first line in the image.
    base: u32,
}

/// Slot and epoch in force, read together.
#[inline(always)]
pub fn in_force() -> (u32, u32) {
    ACTIVE.get(0).map_or((0, 0), slot_and_epoch)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the word holds two halves")]
fn slot_and_epoch(active: &Active) -> (u32, u32) {
    // SAFETY: the first word of the entry, aligned. Volatile: it must be one load.
    let word = unsafe { core::ptr::from_ref(active).cast::<u64>().read_volatile() };
    // The lower address holds the slot.
    if cfg!(target_endian = "little") {
        (word as u32, (word >> 32) as u32)
    } else {
        ((word >> 32) as u32, word as u32)
    }
}

/// Whether conversations are picked up that were there before the gateway.
#[inline(always)]
pub fn is_grace(now: u32) -> bool {
    ACTIVE.get(0).is_some_and(|active| now < active.grace_until)
}

/// Slot and epoch in force for a frame that is judged by policy and nothing else: none while conversations are picked up or
/// anything is decided beside it.
#[inline(always)]
pub fn alone_in_force(now: u32) -> Option<(u32, u32)> {
    let active = ACTIVE.get(0)?;
    (active.overrides == 0 && now >= active.grace_until).then(|| slot_and_epoch(active))
}

/// Whether the agent wants copies of messages.
#[inline(always)]
pub fn wants_copies() -> bool {
    ACTIVE.get(0).is_some_and(|active| active.copies != 0)
}

/// Whether anything was decided beside the policy.
#[inline(always)]
pub fn has_overrides() -> bool {
    ACTIVE.get(0).is_some_and(|active| active.overrides != 0)
}

/// Seconds that the kernel's TAI clock is ahead of UTC.
#[inline(always)]
pub fn tai_offset() -> u32 {
    ACTIVE.get(0).map_or(0, |active| active.tai_offset)
}

/// The slot that judges a frame, if it holds a whole policy of this layout.
#[inline(always)]
pub fn judging(index: u32) -> Option<Slot> {
    let slot = Slot::at(index)?;
    (slot.header.magic == SLOT_MAGIC && slot.header.abi == ABI_VERSION).then_some(slot)
}

/// A line of the image, whatever the slot.
#[inline(always)]
pub fn rule_line(line: u32) -> Option<&'static RuleLine> {
    let line = IMAGE.get(line)?;
    // SAFETY: both are 64 bytes of integers.
    Some(unsafe { &*core::ptr::from_ref(line).cast() })
}

impl Slot {
    /// The slot of this number, whole or not.
    #[inline(always)]
    pub fn at(index: u32) -> Option<Self> {
        Some(Self {
            header: SLOTS.get(index)?,
            index,
            base: index.wrapping_mul(config::slot_lines()),
        })
    }

    /// A line of the slot.
    #[inline(always)]
    pub fn line(&self, line: u32) -> Option<&'static Line> {
        IMAGE.get(self.base.wrapping_add(line))
    }

    /// The payload filed under a narrow key in this table of the slot, or 0.
    #[inline(always)]
    pub fn filed2(&self, table: &Table, key: [u64; 2]) -> u32 {
        let (first, second) = table.lines2(key);
        let Some(line) = self.line(first) else {
            return 0;
        };
        let payload = find2(line, key);
        if payload != 0 || !is_full(line) {
            return payload;
        }
        self.line(second).map_or(0, |line| find2(line, key))
    }

    /// The payload filed under a wide key in this table of the slot, or 0.
    #[inline(always)]
    pub fn filed3(&self, table: &Table, key: [u64; 3]) -> u32 {
        let (first, second) = table.lines3(key);
        if let Some(line) = self.line(first) {
            let payload = find3(line, key);
            if payload != 0 {
                return payload;
            }
        }
        self.line(second).map_or(0, |line| find3(line, key))
    }

    /// The record of a device.
    #[inline(always)]
    pub fn device(&self, id: u32) -> Option<&'static DeviceRecord> {
        let line = self.line(self.header.device_records.wrapping_add(id >> 2))?;
        // SAFETY: four records fill a line; the index is masked to one of them.
        Some(unsafe {
            &*core::ptr::from_ref(line)
                .cast::<DeviceRecord>()
                .add((id & 3) as usize)
        })
    }

    /// The first line of a profile.
    #[inline(always)]
    pub fn profile(&self, profile: u32) -> Option<&'static ProfileRecord> {
        let line = self.line(self.profile_line(profile))?;
        // SAFETY: both are 64 bytes of integers.
        Some(unsafe { &*core::ptr::from_ref(line).cast() })
    }

    /// The second line of a profile.
    #[inline(always)]
    pub fn prefixes(&self, profile: u32) -> Option<&'static ProfilePrefixes> {
        let line = self.line(self.profile_line(profile).wrapping_add(1))?;
        // SAFETY: both are 64 bytes of integers.
        Some(unsafe { &*core::ptr::from_ref(line).cast() })
    }

    /// Line of the image at which this rule line of the slot lies.
    #[inline(always)]
    pub const fn rules(&self, line: u32) -> u32 {
        self.base
            .wrapping_add(self.header.rule_lines)
            .wrapping_add(line)
    }

    #[inline(always)]
    const fn profile_line(&self, profile: u32) -> u32 {
        self.header
            .profiles
            .wrapping_add(profile.wrapping_mul(LINES_PER_PROFILE))
    }
}
