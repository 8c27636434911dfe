//! Answers of DNS servers (RFC 1035, 4): which addresses the name has that was asked about (docs/judgement.md, 13.2).
#![expect(
    clippy::cast_possible_truncation,
    reason = "messages lie within the first kilobytes"
)]

use aya_ebpf::bindings::xdp_md;
use xiot_common::{
    capacity::MAX_PREFIX_LENGTHS,
    copy::CopyKind,
    flow::FLOW_PEER_INITIATED,
    image::Line,
    name::{MAX_ANSWERS, NAME_SEED, NAME_WORDS, hash_word, name_key},
    profile::NO_PREFIX,
    slot::{SLOT_NAMES, SLOT_UNKNOWN_PROFILE},
    table::scope,
};

use super::record;
use crate::{
    flow::table,
    frame::Frame,
    packet::{Fragment, Packet},
    parse::l4,
    policy::{
        peer::{self, Whose},
        slot::{self, Slot},
    },
    record::copy,
    scratch::{self, Answer, Scratch},
};

/// Port of servers.
pub(crate) const SERVER: u16 = 53;

/// Bytes of a UDP header, and where its length stands in it.
const UDP: usize = 8;
const UDP_LENGTH: usize = 4;

/// Bytes of a message's header.
const HEADER: usize = 12;
/// In its second word: response, opcode, and error; the first two bytes of it.
const CODES: u16 = 0xf80f_u16.to_be();
/// A response to a query, without an error.
const ANSWERED: u16 = 0x8000_u16.to_be();

/// Bytes of the longest name (RFC 1035, 2.3.4).
const LONGEST: u32 = 255;
/// The longest label; a larger number in its place is something else.
pub(super) const LABEL: u8 = 63;

pub(super) const INTERNET: u16 = 1_u16.to_be();

/// Whether the frame may be an answer that teaches something.
#[inline(always)]
pub(crate) fn is_due(packet: &Packet) -> bool {
    packet.src_port == SERVER
        && packet.protocol == l4::UDP
        && !packet.is_from_device()
        && packet.fragment == Fragment::No
        && is_wanted(packet.slot)
}

/// Whether anybody wants to know what servers answer.
#[inline(always)]
pub(crate) fn is_wanted(slot: u32) -> bool {
    has_names(slot) || slot::wants_copies()
}

#[inline(always)]
fn has_names(slot: u32) -> bool {
    Slot::at(slot).is_some_and(|slot| slot.header.flags & SLOT_NAMES != 0)
}

/// Learns from a frame that a live flow forwards.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_answer(ctx: *mut xdp_md) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    if !is_asked_for(&scratch.packet) {
        return 0;
    }
    let from = xiot_answer_from();
    if from != NO_SERVER && slot::wants_copies() {
        copy::xiot_copy(ctx, CopyKind::DnsAnswer as u32);
    }
    let Some(listed) = hearer(scratch) else {
        return 0;
    };
    if from != A_SERVER || xiot_answer_begin(ctx) == 0 || xiot_answer_name(ctx) == 0 {
        return 0;
    }
    let name = xiot_answer_listed();
    if name == 0 {
        return 0;
    }
    let mut answer = scratch.answer.get();
    answer.name = name;
    answer.listed = u32::from(listed);
    scratch.answer.set(answer);
    let mut index = 0;
    while index < MAX_ANSWERS {
        if record::xiot_answer_record(ctx) == 0 {
            break;
        }
        index += 1;
    }
    0
}

/// Whether the device opened the frame's flow.
#[inline(always)]
fn is_asked_for(packet: &Packet) -> bool {
    table::at(packet.place).is_some_and(|place| place.line().flags & FLOW_PEER_INITIATED == 0)
}

/// Whether the device is listed; none where nobody listens: no name is, or nobody judges what it does.
#[inline(always)]
fn hearer(scratch: &Scratch) -> Option<bool> {
    let packet = &scratch.packet;
    let listed = table::at(packet.place)?.line().device != 0;
    let slot = slot::judging(packet.slot)?;
    let is_judged = listed || slot.header.flags & SLOT_UNKNOWN_PROFILE != 0;
    (is_judged && has_names(packet.slot)).then_some(listed)
}

/// What [`xiot_answer_from`] gives: another than the policy's servers sent the frame.
const NO_SERVER: u32 = 0;
/// One of these did.
const A_SERVER: u32 = 1;
/// The policy lists none.
const NONE_LISTED: u32 = 2;

/// Who sent the frame.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_answer_from() -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(slot) = slot::judging(packet.slot) else {
        return 0;
    };
    let lengths = if packet.key.peer.is_v4() {
        &slot.header.dns_v4
    } else {
        &slot.header.dns_v6
    };
    let mut index = 0;
    while index < MAX_PREFIX_LENGTHS {
        let length = lengths[index];
        if length == NO_PREFIX {
            break;
        }
        let whose = Whose::Peer as u32;
        if peer::xiot_peer_exact(slot.index, scope::DNS_SERVER, u32::from(length), whose) != 0 {
            return A_SERVER;
        }
        index += 1;
    }
    if slot.header.dns_v4[0] == NO_PREFIX && slot.header.dns_v6[0] == NO_PREFIX {
        NONE_LISTED
    } else {
        NO_SERVER
    }
}

/// Reads the header, and leaves where the question begins and the message ends. 0: it is no answer.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_answer_begin(ctx: *mut xdp_md) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    u32::from(begin(&frame, scratch).is_some())
}

#[inline(always)]
fn begin(frame: &Frame, scratch: &Scratch) -> Option<()> {
    let header = usize::from(scratch.packet.message);
    let length: u16 = frame.read(header + UDP_LENGTH)?;
    let length = usize::from(u16::from_be(length));
    let message = header + UDP;
    if length < UDP + HEADER
        || frame.read::<u16>(message + 2)? & CODES != ANSWERED
        || frame.read::<u16>(message + 4)? != 1_u16.to_be()
    {
        return None;
    }
    let records: u16 = frame.read(message + 6)?;
    scratch.answer.set(Answer {
        name: 0,
        offset: (message + HEADER) as u32,
        end: (header + length) as u32,
        left: u16::from_be(records).into(),
        listed: 0,
    });
    Some(())
}

/// Copies the question's name in lower case, and leaves where the records begin. 0: it cannot be read, or is of another class.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_answer_name(ctx: *mut xdp_md) -> u32 {
    let (Some(scratch), Some(forgetful)) = (scratch::get(), scratch::forgetful()) else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let mut answer = scratch.answer.get();
    let mut word = 0;
    while word < NAME_WORDS {
        scratch.name[word].set(0);
        word += 1;
    }
    // Bytes of the label that are left.
    let mut left = 0;
    let mut index = 0;
    while index < LONGEST {
        left = forgetful.forget(left);
        let at = answer.offset + index;
        if at >= answer.end {
            return 0;
        }
        let Some(byte) = frame.read::<u8>(at as usize) else {
            return 0;
        };
        if left == 0 {
            if byte == 0 {
                break;
            }
            if byte > LABEL {
                return 0;
            }
            left = u32::from(byte);
        } else {
            left -= 1;
        }
        // Lengths are no letters: the smallest of these is 65.
        scratch.set_name_byte(index, byte.to_ascii_lowercase());
        index += 1;
    }
    if index == LONGEST {
        return 0;
    }
    // The root, then what kind of records was asked for, then the class.
    let class = answer.offset + index + 1 + 2;
    if class + 2 > answer.end || frame.read::<u16>(class as usize) != Some(INTERNET) {
        return 0;
    }
    answer.offset = class + 2;
    scratch.answer.set(answer);
    // With the root, which is there already.
    scratch.words.set((index >> 3) + 1);
    1
}

/// The hash of the name, if the policy lists it; else 0.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_answer_listed() -> u64 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let Some(slot) = slot::judging(scratch.packet.slot) else {
        return 0;
    };
    let words = scratch.words.get();
    let mut hash = NAME_SEED;
    let mut word = 0;
    while word < NAME_WORDS as u32 {
        if word >= words {
            break;
        }
        hash = hash_word(hash, scratch.name_word(word));
        word += 1;
    }
    let payload = slot.filed3(&slot.header.peers_v6, name_key(scope::NAMES, hash, 0));
    if payload == 0 || !is_the_same(&slot, scratch, payload - 1) {
        return 0;
    }
    hash
}

/// Whether the name is the one that stands here among the names of the slot.
#[inline(always)]
fn is_the_same(slot: &Slot, scratch: &Scratch, first: u32) -> bool {
    const WORDS: u32 = (size_of::<Line>() / size_of::<u64>()) as u32;
    let words = scratch.words.get();
    let first = slot.header.names.wrapping_add(first);
    let mut word = 0;
    while word < NAME_WORDS as u32 {
        if word >= words {
            break;
        }
        let Some(line) = slot.line(first.wrapping_add(word / WORDS)) else {
            return false;
        };
        if line.0[(word % WORDS) as usize] != scratch.name_word(word) {
            return false;
        }
        word += 1;
    }
    true
}
