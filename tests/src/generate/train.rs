//! Datagrams in fragments: as they should come, and as they should not.

use std::net::IpAddr;

use super::{dice::Dice, traffic::Draft};
use crate::frame::{Body, Extension, Ip, Transport};

/// A piece of a payload: first byte, length, whether more follow.
type Piece = (usize, usize, bool);

/// Cuts a packet to pieces. Nothing comes of what is no packet.
pub(super) fn cut(dice: &mut Dice, whole: &Draft) -> Vec<Draft> {
    let Body::Ip(ip) = &whole.frame.body else {
        return Vec::new();
    };
    let mut ip = ip.clone();
    let bytes = dice.pick(&[60, 200, 700, 1300, 2600]);
    if let Transport::Tcp { payload, .. }
    | Transport::Udp { payload, .. }
    | Transport::Other { payload, .. } = &mut ip.transport
    {
        payload.resize(payload.len().max(bytes), 0x5a);
    }
    let (protocol, mut payload) = (ip.protocol(), ip.payload());
    let mut first_header = protocol;
    if protocol == 6 && dice.percent(30) {
        // Options that the first fragment may not hold.
        payload[12] = dice.pick(&[0xf0, 0xd0, 0xc0]);
    }
    if ip.source.is_ipv6() && dice.percent(15) {
        // A header behind that of the fragment.
        payload.splice(0..0, [protocol, 0, 0, 0, 0, 0, 0, 0]);
        first_header = 60;
    }
    ip.identification = u32::from(dice.byte() % 4);
    let mut pieces = pieces(dice, payload.len(), ip.source.is_ipv6());
    disturb(dice, &mut pieces);
    pieces
        .into_iter()
        .map(|(start, length, more)| {
            let end = (start + length).min(payload.len());
            let mut part = payload.get(start..end).unwrap_or(&[]).to_vec();
            part.resize(length, 0);
            let mut draft = whole.clone();
            draft.frame.body = Body::Ip(piece(&ip, first_header, part, start, more));
            draft
        })
        .collect()
}

fn piece(ip: &Ip, protocol: u8, payload: Vec<u8>, start: usize, more: bool) -> Ip {
    let offset = u16::try_from(start / 8).expect("a datagram's offset") & 0x1fff;
    let mut ip = ip.clone();
    ip.transport = Transport::Other { protocol, payload };
    match ip.source {
        IpAddr::V4(_) => ip.fragment = Some((offset, more)),
        IpAddr::V6(_) => ip.extensions.push(Extension::Fragment { offset, more }),
    }
    ip
}

fn pieces(dice: &mut Dice, length: usize, v6: bool) -> Vec<Piece> {
    let usual: &[usize] = if v6 {
        &[512, 520, 1024]
    } else {
        &[48, 56, 256]
    };
    let size = if dice.percent(6) {
        dice.pick(&[8, 40, 44, 504])
    } else {
        dice.pick(usual)
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < length && pieces.len() < 12 {
        let end = (start + size).min(length);
        pieces.push((start, end - start, end < length));
        start = end;
    }
    pieces
}

fn disturb(dice: &mut Dice, pieces: &mut Vec<Piece>) {
    if pieces.is_empty() {
        return;
    }
    let some = dice.below(pieces.len());
    match dice.below(14) {
        0..5 => {}
        5 => pieces.reverse(),
        6 => {
            for last in (1..pieces.len()).rev() {
                pieces.swap(last, dice.below(last + 1));
            }
        }
        // The first stays first.
        7 => {
            for last in (2..pieces.len()).rev() {
                pieces.swap(last, 1 + dice.below(last));
            }
        }
        8 => pieces.insert(some, pieces[dice.below(pieces.len())]),
        9 => pieces[some].0 = pieces[some].0.saturating_sub(8),
        10 => {
            // Every other one: more gaps than are kept track of.
            let mut number = 0;
            pieces.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
        11 => {
            pieces.remove(some);
        }
        12 => {
            pieces[some] = dice.pick(&[
                (8, 16, true),
                (8, 9, false),
                (65_528, 8, false),
                (65_528, 7, false),
                (64, 0, false),
                (64, 0, true),
                (64, 45, true),
            ])
        }
        _ => pieces[some].2 ^= true,
    }
}
