//! Records of an answer: addresses, whoever owns them (docs/judgement.md, 13.2).
#![expect(
    clippy::cast_possible_truncation,
    reason = "messages lie within the first kilobytes"
)]

use aya_ebpf::bindings::xdp_md;
use xiot_common::addr::Addr;

use super::{
    answer::{INTERNET, LABEL},
    told,
};
use crate::{
    frame::Frame,
    scratch::{self, Scratch},
};

/// A number from here on begins a pointer.
const POINTER: u8 = 0xc0;
/// Steps in which a name of a record ends.
const MAX_STEPS: u32 = 128;

const A: u16 = 1_u16.to_be();
const AAAA: u16 = 28_u16.to_be();
/// Bytes of a record behind its name and before its data.
const FIXED: usize = 10;

/// Reads the next record; 0: there is none.
#[unsafe(no_mangle)]
#[inline(never)]
pub(super) extern "C" fn xiot_answer_record(ctx: *mut xdp_md) -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    u32::from(record(&frame, scratch).is_some())
}

#[inline(always)]
fn record(frame: &Frame, scratch: &Scratch) -> Option<()> {
    let mut answer = scratch.answer.get();
    answer.left = answer.left.checked_sub(1)?;
    let fixed = match xiot_answer_skip(frame.ctx()) {
        0 => return None,
        offset => offset as usize,
    };
    let end = answer.end as usize;
    let data = fixed + FIXED;
    if data > end {
        return None;
    }
    let kind: u16 = frame.read(fixed)?;
    let class: u16 = frame.read(fixed + 2)?;
    let ttl: u32 = u32::from_be(frame.read(fixed + 4)?);
    let length: u16 = frame.read(fixed + 8)?;
    let length = usize::from(u16::from_be(length));
    if data + length > end {
        return None;
    }
    answer.offset = (data + length) as u32;
    scratch.answer.set(answer);
    let addr = match (kind, length) {
        _ if class != INTERNET => return Some(()),
        (A, 4) => Addr::from_v4_word(frame.read(data)?),
        (AAAA, 16) => Addr([
            frame.read(data)?,
            frame.read(data + 4)?,
            frame.read(data + 8)?,
            frame.read(data + 12)?,
        ]),
        _ => return Some(()),
    };
    if addr.is_unspecified() || (kind == AAAA && addr.is_v4()) {
        return Some(());
    }
    scratch.asked.set(addr);
    told::xiot_tell(answer.listed, answer.name, ttl);
    Some(())
}

/// Where the name of the record ends; 0: it cannot be read.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_answer_skip(ctx: *mut xdp_md) -> u32 {
    let (Some(scratch), Some(forgetful)) = (scratch::get(), scratch::forgetful()) else {
        return 0;
    };
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let answer = scratch.answer.get();
    let mut at = answer.offset;
    let mut step = 0;
    while step < MAX_STEPS {
        at = forgetful.forget(at);
        if at >= answer.end {
            return 0;
        }
        let Some(byte) = frame.read::<u8>(at as usize) else {
            return 0;
        };
        at = at.wrapping_add(1);
        if byte == 0 {
            return at;
        }
        if byte >= POINTER {
            return at.wrapping_add(1);
        }
        if byte > LABEL {
            return 0;
        }
        at = at.wrapping_add(u32::from(byte));
        step += 1;
    }
    0
}
