//! Flows that only one side spoke in (docs/judgement.md, 3).

use xiot_common::{
    device::Mode,
    flow::{FLOW_RESPONDER_FIRST, FLOW_WOULD_DROP},
    flow_line::{FlowLine, FlowRest},
    reason::Reason,
};

use super::{Lookup, advance, is_from_initiator, is_pending, is_wrong_echo, recheck, table};
use crate::{
    packet::{Packet, RST},
    parse::l4,
    record::observed,
    scratch::{self, Scratch},
    verdict::Verdict,
};

/// What a half-open flow says about a frame; as a number, since the function that finds it is checked alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub(crate) enum Answer {
    /// No flow speaks for it.
    Miss = 0,
    /// The verdict is in the scratch.
    Verdict = 1,
    /// A SYN that may take the flow's place.
    Reopen = 2,
    /// A SYN on an established flow.
    ReopenEstablished = 3,
    /// The segment cannot come now.
    BadState = 4,
    /// The flow is gone: policy denies it now.
    Revoked = 5,
    /// The flow is of another epoch.
    Stale = 6,
}

impl Answer {
    /// The answer of this number.
    #[inline(always)]
    pub(crate) const fn from_u32(number: u32) -> Self {
        match number {
            1 => Self::Verdict,
            2 => Self::Reopen,
            3 => Self::ReopenEstablished,
            4 => Self::BadState,
            5 => Self::Revoked,
            6 => Self::Stale,
            _ => Self::Miss,
        }
    }
}

/// Moves the frame's flow on, which is half-open. One of another epoch is checked from here: below that there would be no stack
/// left for it (512 bytes over all calls, each rounded up to 32 on Linux 6.1).
#[inline(always)]
pub(crate) fn ask(packet: &Packet) -> Answer {
    let answer = Answer::from_u32(xiot_half_open(0));
    if answer != Answer::Stale {
        return answer;
    }
    match table::at(packet.place) {
        Some(place) if recheck::check(place.line()) => Answer::Revoked,
        Some(_) => Answer::from_u32(xiot_half_open(1)),
        None => Answer::Miss,
    }
}

/// Moves the frame's flow on, which is half-open. Gives an [`Answer`]. `checked`: it may be of another epoch.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_half_open(checked: u32) -> u32 {
    let Some(scratch) = scratch::get() else {
        return Answer::Miss as u32;
    };
    step(scratch, checked != 0) as u32
}

#[inline(always)]
fn step(scratch: &Scratch, checked: bool) -> Answer {
    let packet = &scratch.packet;
    let Some(place) = table::at(packet.place) else {
        return Answer::Miss;
    };
    let (line, Some(rest)) = (place.line(), place.rest()) else {
        return Answer::Miss;
    };
    // The check may have shortened its time: the frame that it was for still belongs to it.
    if !checked && !line.is_live(packet.now) {
        if is_pending(line, rest) {
            observed::xiot_fold();
        }
        return Answer::Miss;
    }
    if line.epoch != packet.epoch && !checked {
        return Answer::Stale;
    }
    if let Some(speaks) = speaks(line, rest, packet)
        && !place.confirm(packet.now)
        && speaks == Speaks::Other
        && line.flags & FLOW_WOULD_DROP == 0
    {
        let mode = Mode::from_u8(line.mode);
        let verdict = Verdict::new(Reason::FlowTableFull, mode, line.device, 0, packet.slot);
        scratch.set_verdict(&verdict);
        return Answer::Verdict;
    }
    let (lookup, fold) = advance(place, rest, packet);
    if fold {
        observed::xiot_fold();
    }
    match lookup {
        Lookup::Hit {
            reason,
            mode,
            device,
            rule,
        } => {
            scratch.set_verdict(&Verdict::hit(reason, mode, device, rule));
            Answer::Verdict
        }
        Lookup::Miss | Lookup::HalfOpen => Answer::Miss,
        Lookup::Revoked => Answer::Revoked,
        Lookup::Reopen { gives_way: true } => Answer::Reopen,
        Lookup::Reopen { gives_way: false } => Answer::ReopenEstablished,
        Lookup::BadState => Answer::BadState,
    }
}

/// Who ends that a flow is half-open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Speaks {
    /// The side that was not heard before.
    Other,
    /// The side that opened it, in a later second: it talks whether it is answered or not.
    Again,
}

/// Whether the frame ends that the flow is half-open.
#[inline(always)]
fn speaks(line: &FlowLine, rest: &FlowRest, packet: &Packet) -> Option<Speaks> {
    let from_initiator = is_from_initiator(line, packet);
    let other = from_initiator == (line.flags & FLOW_RESPONDER_FIRST != 0);
    if packet.protocol == l4::TCP {
        let part_of_it = !packet.is_pure_syn() && packet.tcp_flags & RST == 0;
        return (other && part_of_it).then_some(Speaks::Other);
    }
    if is_wrong_echo(packet, from_initiator) {
        None
    } else if other {
        Some(Speaks::Other)
    } else {
        (packet.now != rest.opened_at).then_some(Speaks::Again)
    }
}
