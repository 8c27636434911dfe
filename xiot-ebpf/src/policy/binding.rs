//! Addresses that a device may use (docs/judgement.md, 6.1).

use xiot_common::{addr::Addr, table::scope};

use super::{
    peer::{self, Opener, Whose},
    slot::Slot,
    subject::{self, Subject},
};
use crate::packet::Packet;

/// Whether the device's end of a conversation with this opener is one of the device's own addresses, or one that anybody
/// may use.
#[inline(always)]
pub fn is_bound(slot: &Slot, packet: &Packet, subject: &Subject, opener: Opener) -> bool {
    if !subject.bound {
        return true;
    }
    let addr = &packet.key.device;
    let exempt = addr.is_unspecified()
        || addr.is_v6_link_local()
        || (opener == Opener::Peer && is_group(addr));
    // A group has its address and no other.
    if exempt && !subject::is_to_group(packet) {
        return true;
    }
    peer::contains(slot, scope::binding(subject.device), Whose::Device)
}

/// Whether this is one of the device's own IPv4 addresses (host order), for the entry; none of one that anybody may use.
#[inline(always)]
pub fn is_own_v4(slot: &Slot, device: u32, addr: u32) -> Option<bool> {
    if addr == 0 || addr >> 28 >= 0xe {
        return None;
    }
    Some(peer::filed_v4(slot, scope::binding(device), addr, WHOLE) != 0)
}

/// Prefix length of an address alone.
const WHOLE: u8 = 32;

/// 224.0.0.0/4, 255.255.255.255 and `ff00::/8`.
#[inline(always)]
fn is_group(addr: &Addr) -> bool {
    if addr.is_v4() {
        let host = addr.v4_host();
        host >> 28 == 0xe || host == u32::MAX
    } else {
        addr.0[0].to_ne_bytes()[0] == 0xff
    }
}
