//! ICMP errors about frames that came before, or that never did.

use std::net::IpAddr;

use super::{addresses, dice::Dice, traffic::Draft};
use crate::{
    frame::{Body, Ip, Transport},
    shot::opposite,
};

/// A message about this packet; none where it is none.
pub(super) fn about(dice: &mut Dice, before: &Draft, other: &Draft) -> Option<Draft> {
    let Body::Ip(ip) = &before.frame.body else {
        return None;
    };
    let mut message = before.clone();
    message.frame = message.frame.reply();
    message.side = opposite(before.side);
    if dice.percent(8) {
        message.side = before.side;
    }
    let mut quoted = quote(dice, before, other)?;
    if dice.percent(30) {
        quoted.truncate(dice.pick(&[0, 1, 19, 20, 27, 28, 32, 39, 40, 47, 48, 49, 56]));
    }
    if dice.percent(5) && !quoted.is_empty() {
        let at = dice.below(quoted.len().min(48));
        quoted[at] = dice.byte();
    }
    let v6 = ip.source.is_ipv6();
    let kind = if v6 {
        dice.pick(&[1, 2, 3, 4, 4, 5])
    } else {
        dice.pick(&[3, 3, 11, 12, 4, 5])
    };
    let (source, destination) = ends(dice, ip);
    let mut payload = vec![kind, dice.byte() % 5, 0, 0, 0, 0, 5, 0];
    payload.extend(quoted);
    let mut new = ip.clone();
    (new.source, new.destination) = (source, destination);
    new.fragment = dice.percent(3).then_some((0, true));
    new.options.clear();
    new.extensions.clear();
    new.transport = Transport::Other {
        protocol: if v6 { 58 } else { 1 },
        payload,
    };
    message.frame.body = Body::Ip(new);
    Some(message)
}

/// From whom to whom: an error about a packet goes back to its sender, from its receiver or from somewhere between.
fn ends(dice: &mut Dice, ip: &Ip) -> (IpAddr, IpAddr) {
    let v6 = ip.source.is_ipv6();
    let source = if dice.percent(30) {
        addresses::peer(dice, None, v6)
    } else {
        ip.destination
    };
    let destination = if dice.percent(5) {
        addresses::peer(dice, None, v6)
    } else {
        ip.source
    };
    (source, destination)
}

/// The quoted packet from its IP header on.
fn quote(dice: &mut Dice, before: &Draft, other: &Draft) -> Option<Vec<u8>> {
    let mut frame = match dice.below(12) {
        0 => before.frame.reply(),
        1 => other.frame.clone(),
        _ => before.frame.clone(),
    };
    if let Body::Ip(ip) = &mut frame.body {
        if dice.percent(8) && ip.source.is_ipv4() {
            ip.options = vec![1; 4 * (1 + dice.below(10))];
        }
        if dice.percent(5) && ip.source.is_ipv4() {
            ip.fragment = Some((dice.pick(&[0, 0, 6]), dice.percent(50)));
        }
    }
    frame.tags.clear();
    frame.padding = 0;
    let bytes = frame.build();
    bytes.get(14..bytes.len().min(14 + 200)).map(<[u8]>::to_vec)
}
