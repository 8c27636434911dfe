//! Source addresses that are another device's, or nobody's.

use xiot_common::{addr::Addr, reason::Reason};

use super::owner;
use crate::{packet::Kind, scratch::Scratch};

/// What it says of the frame.
#[inline(always)]
pub(super) fn objection(scratch: &Scratch) -> Option<Reason> {
    match scratch.packet.kind {
        Kind::Ipv4 | Kind::Ipv6 => of_device(scratch),
        Kind::Arp | Kind::Other => None,
    }
}

/// What it says of the address on the device's side of the frame, whichever way it goes.
#[inline(always)]
pub(super) fn of_device(scratch: &Scratch) -> Option<Reason> {
    let packet = &scratch.packet;
    let addr = packet.key.device;
    if is_nobodys(addr) {
        return Some(Reason::SourceAddressInvalid);
    }
    owner::is_others(scratch, addr, packet.device_mac_word()).then_some(Reason::SourceAddressStolen)
}

/// Whether no host has the address: multicast, broadcast, loopback.
#[inline(always)]
pub(super) fn is_nobodys(addr: Addr) -> bool {
    if addr.is_v4() {
        let host = addr.v4_host();
        host >> 28 == 0xe || host == u32::MAX || host >> 24 == 127
    } else {
        let (high, low) = addr.v6_host();
        high >> 56 == 0xff || (high == 0 && low == 1)
    }
}
