//! Datagrams in fragments: the later ones inherit the verdict of the first, and none may overlap another
//! (docs/judgement.md, 2).

use aya_ebpf::{btf_maps::LruHashMap, macros::btf_map};
use xiot_common::{
    capacity::{FRAGMENT_PARTS, FRAGMENTED},
    device::Mode,
    fragment::{DATAGRAM_TIMEOUT, Datagram, DatagramKey, Part},
    reason::{Class, Reason},
};

use crate::{
    flow, guard,
    packet::{Kind, Packet, mac},
    policy::{slot, subject::Subject},
    scratch::{self, Scratch},
    verdict::{self, Verdict},
};

/// Datagrams whose fragments are on their way. An LRU: what was not asked for longest is forgotten first.
#[btf_map]
static FRAGMENTS: LruHashMap<DatagramKey, Datagram, { FRAGMENTED as usize }> = LruHashMap::new();

/// What becomes of a later fragment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Later {
    /// No first fragment speaks for it.
    Untracked = 0,
    /// The verdict is in the scratch.
    Verdict = 1,
    /// It overlaps what has passed.
    Overlap = 2,
}

impl Later {
    /// The one of this number.
    #[inline(always)]
    pub const fn from_u32(number: u32) -> Self {
        match number {
            1 => Self::Verdict,
            2 => Self::Overlap,
            _ => Self::Untracked,
        }
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "there are at most 32 wires"
)]
fn key(scratch: &Scratch) -> DatagramKey {
    let packet = &scratch.packet;
    let part = scratch.part.get();
    DatagramKey {
        src: *packet.src(),
        dst: *packet.dst(),
        id: part.id,
        vlans: packet.vlans,
        mac: mac(packet.device_mac_word()),
        port: (packet.port.wire << 1) as u8 | u8::from(packet.is_from_device()),
        protocol: if packet.kind == Kind::Ipv4 {
            part.protocol
        } else {
            0
        },
    }
}

/// The datagram of this key, if it is not over.
#[inline(always)]
fn find(key: &DatagramKey, now: u32) -> Option<&'static mut Datagram> {
    let datagram = FRAGMENTS.get_ptr_mut(key)?;
    // SAFETY: the element outlives the program run; see `Datagram` for what another CPU may do to it meanwhile.
    let datagram = unsafe { &mut *datagram };
    let age = now.wrapping_sub(datagram.started);
    (age <= DATAGRAM_TIMEOUT || age > u32::MAX / 2).then_some(datagram)
}

#[inline(always)]
fn forget(key: &DatagramKey) {
    // One that is gone already is as good as forgotten.
    match FRAGMENTS.remove(key) {
        Ok(()) | Err(_) => {}
    }
}

/// The part that the frame holds, in units of 8 bytes.
#[inline(always)]
const fn part(part: &scratch::Part) -> Part {
    Part {
        start: part.offset,
        end: part.offset + part.length.div_ceil(8),
    }
}

/// Stands for all there can be: whatever comes then overlaps.
const EVERYTHING: Part = Part {
    start: 0,
    end: u16::MAX,
};

/// Lets nothing more of the datagram pass.
#[inline(always)]
fn break_up(datagram: &mut Datagram) {
    datagram.parts[0] = EVERYTHING;
}

/// Whether it was broken. No part of a datagram ends there.
#[inline(always)]
const fn is_broken(datagram: &Datagram) -> bool {
    datagram.parts[0].end == EVERYTHING.end
}

/// Before a first fragment is judged: 1 if its datagram is known already, which is broken then.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_fragment_again() -> u32 {
    let Some(scratch) = scratch::get() else {
        return 1;
    };
    let Some(datagram) = find(&key(scratch), scratch.packet.now) else {
        return 0;
    };
    break_up(datagram);
    1
}

/// After a first fragment was judged and is to be forwarded: makes the datagram known. The verdict is in the scratch, before
/// and after.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_fragment_first() -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(slot) = slot::judging(packet.slot) else {
        return 0;
    };
    let verdict = scratch.verdict();
    let subject = Subject::of(&slot, packet);
    let limit = subject.fragments(subject.profile(&slot));
    if !flow::datagram(subject.device, limit, packet.now) {
        let over = Verdict::new(
            Reason::FragmentBudget,
            verdict.mode,
            verdict.device,
            0,
            slot.index,
        );
        scratch.set_verdict(&over);
        return 0;
    }
    let objection = guard::objection(scratch);
    let mut parts = [Part { start: 0, end: 0 }; FRAGMENT_PARTS];
    parts[0] = part(&scratch.part.get());
    let datagram = Datagram {
        device: verdict.device,
        rule: if objection == 0 { verdict.rule } else { 0 },
        generation: subject.generation,
        epoch: subject.epoch(packet),
        started: packet.now,
        length: 0,
        reason: if objection == 0 {
            verdict.reason as u8
        } else {
            objection
        },
        mode: verdict.mode as u8,
        parts,
    };
    // An LRU has room unless every entry is in use by another CPU right now: then the later ones are untracked.
    match FRAGMENTS.insert(key(scratch), datagram, 0) {
        Ok(()) | Err(_) => 0,
    }
}

/// Judges a later fragment by its datagram. Gives a [`Later`].
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_fragment_later() -> u32 {
    let Some(scratch) = scratch::get() else {
        return Later::Untracked as u32;
    };
    later(scratch) as u32
}

#[inline(always)]
fn later(scratch: &Scratch) -> Later {
    let packet = &scratch.packet;
    let key = key(scratch);
    let Some(datagram) = find(&key, packet.now) else {
        return Later::Untracked;
    };
    if is_broken(datagram) {
        return Later::Overlap;
    }
    if !is_current(datagram, packet) {
        return Later::Untracked;
    }
    let info = scratch.part.get();
    let part = part(&info);
    let verdict = match add(datagram, part, info.more == 0) {
        Added::Overlap => {
            break_up(datagram);
            return Later::Overlap;
        }
        Added::NoRoom => of(datagram, Reason::FragmentOutOfOrder, packet.slot),
        Added::Whole => {
            let verdict = inherited(datagram, packet.slot);
            forget(&key);
            verdict
        }
        Added::Part => inherited(datagram, packet.slot),
    };
    scratch.set_verdict(&verdict);
    Later::Verdict
}

/// Whether the verdict of the first fragment still holds.
#[inline(always)]
fn is_current(datagram: &mut Datagram, packet: &Packet) -> bool {
    if datagram.epoch == packet.epoch {
        return true;
    }
    let Some(slot) = slot::judging(packet.slot) else {
        return false;
    };
    let subject = Subject::of(&slot, packet);
    if subject.generation != datagram.generation {
        return false;
    }
    datagram.epoch = subject.epoch(packet);
    datagram.device = subject.device;
    true
}

#[inline(always)]
fn inherited(datagram: &Datagram, slot: u32) -> Verdict {
    let reason = Reason::from_u8(datagram.reason).unwrap_or(Reason::FragmentUntracked);
    if reason.class() == Class::Allowed {
        Verdict {
            rule: datagram.rule,
            ..of(datagram, Reason::AllowedFragment, slot)
        }
    } else {
        let mode = verdict::mode(reason, Mode::from_u8(datagram.mode));
        Verdict::new(reason, mode, datagram.device, 0, slot)
    }
}

#[inline(always)]
const fn of(datagram: &Datagram, reason: Reason, slot: u32) -> Verdict {
    let mode = Mode::from_u8(datagram.mode);
    Verdict::new(reason, mode, datagram.device, 0, slot)
}

/// What a part did to its datagram.
enum Added {
    /// It is in.
    Part,
    /// It is in, and nothing is missing any more.
    Whole,
    /// It overlaps what has passed, or lies beyond the end.
    Overlap,
    /// It touches nothing, and there is no room for one more such part.
    NoRoom,
}

/// Adds a part, the last one or another.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "there are four parts")]
fn add(datagram: &mut Datagram, part: Part, last: bool) -> Added {
    if datagram.length != 0 && (last || part.end > datagram.length) {
        return Added::Overlap;
    }
    let Some(place) = scratch::forgetful() else {
        return Added::NoRoom;
    };
    let mut before = NONE;
    let mut behind = NONE;
    let mut free = NONE;
    let mut index = 0;
    while index < FRAGMENT_PARTS {
        let other = datagram.parts[index];
        let number = index as u32;
        if other.start == other.end {
            free = place.forget(number);
        } else if part.start < other.end && (last || other.start < part.end) {
            // Nothing lies behind the last part.
            return Added::Overlap;
        } else if other.end == part.start {
            before = place.forget(number);
        } else if other.start == part.end {
            behind = place.forget(number);
        }
        index += 1;
    }
    let parts = &mut datagram.parts;
    if before != NONE && behind != NONE {
        at(parts, before).end = at(parts, behind).end;
        *at(parts, behind) = Part { start: 0, end: 0 };
    } else if before != NONE {
        at(parts, before).end = part.end;
    } else if behind != NONE {
        at(parts, behind).start = part.start;
    } else if free != NONE {
        *at(parts, free) = part;
    } else {
        return Added::NoRoom;
    }
    if last {
        datagram.length = part.end;
    }
    // Parts that touch are one: whole is what begins at 0 and ends at the end.
    let mut whole = false;
    let mut index = 0;
    while index < FRAGMENT_PARTS {
        let other = datagram.parts[index];
        whole |= other.start == 0 && other.end != 0 && other.end == datagram.length;
        index += 1;
    }
    if whole { Added::Whole } else { Added::Part }
}

/// No such part.
const NONE: u32 = u32::MAX;

#[inline(always)]
fn at(parts: &mut [Part; FRAGMENT_PARTS], number: u32) -> &mut Part {
    &mut parts[number as usize & (FRAGMENT_PARTS - 1)]
}

const _: () = assert!(FRAGMENT_PARTS.is_power_of_two());
