//! Frames that follow on others: replies, what comes next in a conversation, and attempts to slip into it.

use xiot_agent::oracle::Side;

use super::{
    dice::Dice,
    fresh,
    traffic::Draft,
    world::{GROUPS, ROUTER, VLANS, device_mac},
};
use crate::{
    frame::{
        Body, Extension, Frame, TAG, Transport,
        flag::{ACK, FIN, PSH, RST, SYN},
    },
    shot::opposite,
};

pub(super) fn draw(dice: &mut Dice, before: &Draft) -> Draft {
    let mut next = before.clone();
    if dice.percent(60) {
        next.side = opposite(next.side);
        next.frame = next.frame.reply();
        // A group does not answer, somebody in it does.
        if next.frame.source[0] & 1 == 1 && dice.percent(90) {
            next.frame.source = match next.side {
                Side::Device => device_mac(dice.byte() % 32),
                Side::Uplink => ROUTER,
            };
        }
    }
    if let Some(flags) = tcp_flags(&before.frame) {
        let likely = match (flags & (SYN | ACK), next.side == before.side) {
            (SYN, false) => SYN | ACK,
            (SYN, true) => SYN,
            _ => ACK,
        };
        let new = match dice.below(12) {
            0..7 => likely,
            7 => dice.pick(&[SYN, SYN | ACK]),
            8 => dice.pick(&[ACK, PSH | ACK]),
            9 => FIN | ACK,
            10 => dice.pick(&[RST, RST | ACK]),
            _ => dice.byte(),
        };
        next.frame = next.frame.flags(new);
        number(dice, before, &mut next, new);
    }
    if dice.percent(10) {
        tamper(dice, &mut next);
    }
    next
}

/// Numbers that a conversation could have, and for RSTs also those of somebody who does not see it.
fn number(dice: &mut Dice, before: &Draft, next: &mut Draft, flags: u8) {
    let Some((sequence, acknowledgment)) = numbers(&before.frame) else {
        return;
    };
    let mut new = if next.side == before.side {
        (sequence.wrapping_add(1), acknowledgment)
    } else {
        (acknowledgment, sequence.wrapping_add(1))
    };
    if flags & RST != 0 && dice.percent(40) {
        new.0 = new
            .0
            .wrapping_add(dice.pick(&[1, 0xffff_ffff, 0x1_0000, 0x0100_0000]));
    }
    if dice.percent(3) {
        new = (dice.pick(&[0, 100, 200]), dice.pick(&[0, 100, 200]));
    }
    if let Body::Ip(ip) = &mut next.frame.body
        && let Transport::Tcp { numbers, .. } = &mut ip.transport
    {
        *numbers = new;
    }
}

fn numbers(frame: &Frame) -> Option<(u32, u32)> {
    if let Body::Ip(ip) = &frame.body
        && let Transport::Tcp { numbers, .. } = ip.transport
    {
        Some(numbers)
    } else {
        None
    }
}

fn tcp_flags(frame: &Frame) -> Option<u8> {
    if let Body::Ip(ip) = &frame.body
        && let Transport::Tcp { flags, .. } = ip.transport
    {
        Some(flags)
    } else {
        None
    }
}

/// One thing about the frame is not as the conversation has it.
fn tamper(dice: &mut Dice, draft: &mut Draft) {
    match dice.below(9) {
        8 => draft.wire ^= 1,
        0 => draft.side = opposite(draft.side),
        1 | 2 => {
            let mac = match dice.below(4) {
                0 => dice.pick(&GROUPS),
                1 => ROUTER,
                _ => device_mac(dice.byte() % 32),
            };
            match draft.side {
                Side::Device => draft.frame.source = mac,
                Side::Uplink => draft.frame.destination = mac,
            }
        }
        3 => {
            let (outer, _) = dice.pick(&VLANS);
            draft.frame.tags = vec![(TAG, outer)];
        }
        4 => draft.frame = draft.frame.reply(),
        _ => {
            if let Body::Ip(ip) = &mut draft.frame.body {
                let (offset, more) = fresh::fragment(dice);
                if ip.source.is_ipv4() {
                    ip.fragment = Some((offset, more));
                } else if ip.extensions.is_empty() {
                    ip.extensions.push(Extension::Fragment { offset, more });
                }
            }
        }
    }
}
