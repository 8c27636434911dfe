//! Source addresses that are another device's, or nobody's.

use xiot_common::{addr::Addr, flow::FlowKey, reason::Reason};

use super::{lease, owner};
use crate::{
    packet::{Kind, is_group},
    parse::l4,
    scratch::Scratch,
};

/// What it says of the frame.
#[inline(always)]
pub(super) fn objection(scratch: &Scratch) -> Option<Reason> {
    match scratch.packet.kind {
        Kind::Ipv4 | Kind::Ipv6 => of_end(scratch, scratch.packet.is_from_device()),
        Kind::Arp | Kind::Other => None,
    }
}

/// What it says of the address on the device's side: that of who opens, or that of who is spoken to and would answer.
#[inline(always)]
pub(super) fn of_end(scratch: &Scratch, by_device: bool) -> Option<Reason> {
    let packet = &scratch.packet;
    let (addr, mac) = (packet.key.device, packet.device_mac_word());
    if by_device {
        if is_nobodys(addr) {
            return Some(Reason::SourceAddressInvalid);
        }
    } else if is_group(mac) || is_given(&packet.key) {
        return None;
    }
    owner::is_others(scratch, addr, mac).then_some(Reason::SourceAddressStolen)
}

/// Whether a DHCP server speaks: it tells a client that another's address is the client's now.
#[inline(always)]
const fn is_given(key: &FlowKey) -> bool {
    key.device.is_v4()
        && key.protocol == l4::UDP
        && key.peer_port == lease::SERVER
        && key.device_port == lease::CLIENT
}

/// Whether no host has the address (RFC 1122, 3.2.1.3): multicast, reserved, broadcast, loopback, this network.
#[inline(always)]
pub(super) fn is_nobodys(addr: Addr) -> bool {
    if addr.is_v4() {
        let host = addr.v4_host();
        host >> 28 >= 0xe || host >> 24 == 127 || (host >> 24 == 0 && host != 0)
    } else {
        let (high, low) = addr.v6_host();
        high >> 56 == 0xff || (high == 0 && low == 1)
    }
}
