//! What guards say of a flow that is checked in another epoch (docs/judgement.md, 9.5).

use xiot_common::{
    guard::{Guard, Level, objector},
    reason::Reason,
};

use super::{reason, source, unbound};
use crate::{config, packet::Kind, scratch};

/// In what [`xiot_guard_flow`] gives: the objection, or 0.
pub const OBJECTION: u32 = 0xff;
/// It is another than before.
pub const CHANGED: u32 = 1 << 8;
/// A guard that enforces objects.
pub const REVOKED: u32 = 1 << 9;

/// Asks about the frame's flow: `kept` is the objection that it keeps (0: none), `by_device` whether the device
/// opened it.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_guard_flow(kept: u32, by_device: u32) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return REVOKED;
    };
    let Some(guards) = super::of(&scratch.packet) else {
        return REVOKED;
    };
    let by = reason(kept).and_then(objector);
    // Of those that ask about the flow's address.
    let of_address = by == Some(Guard::Source) || by == Some(Guard::Binding);
    let mut objection = 0;
    let level = guards.level(Guard::Source);
    if level != Level::Off
        && let Some(reason) = source::of_end(scratch, by_device != 0)
    {
        if level == Level::Enforce {
            return REVOKED;
        }
        objection = reason as u32;
    }
    if by_device != 0 || by == Some(Guard::Binding) {
        let packet = &scratch.packet;
        let level = guards.binding(packet.kind != Kind::Ipv6, packet.now);
        if level != Level::Off
            && let Some(reason) = unbound::of_device(scratch)
        {
            if level == Level::Enforce {
                return REVOKED;
            }
            if objection == 0 {
                objection = reason as u32;
            }
        }
    }
    if let Some(guard) = by
        && !of_address
    {
        match guards.level(guard) {
            Level::Off => {}
            Level::Monitor => objection = kept,
            Level::Enforce => return REVOKED,
        }
    }
    if objection == kept {
        objection
    } else {
        objection | CHANGED
    }
}

const _: () = assert!(Reason::CAPACITY <= OBJECTION as usize);
