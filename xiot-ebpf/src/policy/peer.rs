//! Peers: the longest prefix of a scope that contains an address.

use xiot_common::{
    addr::Addr,
    capacity::MAX_PREFIX_LENGTHS,
    profile::{NO_PREFIX, PrefixLengths},
    table::{find2, find3, mask4, mask6, peer4_key, peer6_key},
};

use super::slot::Slot;

/// The payload of the longest listed prefix that contains the address, or 0.
#[inline(never)]
pub fn longest(slot: &Slot, scope: u32, addr: &Addr, lengths: &PrefixLengths) -> u32 {
    let v4 = addr.is_v4();
    let mut index = 0;
    while index < MAX_PREFIX_LENGTHS {
        let length = lengths[index];
        if length == NO_PREFIX {
            break;
        }
        let payload = exact(slot, scope, addr, length, v4);
        if payload != 0 {
            return payload;
        }
        index += 1;
    }
    0
}

/// Whether the address itself is filed in the scope.
#[inline(always)]
pub fn contains(slot: &Slot, scope: u32, addr: &Addr) -> bool {
    let v4 = addr.is_v4();
    exact(slot, scope, addr, if v4 { 32 } else { 128 }, v4) != 0
}

#[inline(always)]
fn exact(slot: &Slot, scope: u32, addr: &Addr, prefix: u8, v4: bool) -> u32 {
    if v4 {
        let key = peer4_key(scope, mask4(addr.v4_host(), prefix), prefix);
        let (first, second) = slot.header.peers_v4.lines2(key);
        if let Some(line) = slot.line(first) {
            let payload = find2(line, key);
            if payload != 0 {
                return payload;
            }
        }
        slot.line(second).map_or(0, |line| find2(line, key))
    } else {
        let (high, low) = addr.v6_host();
        let (high, low) = mask6(high, low, prefix);
        let key = peer6_key(scope, high, low, prefix);
        let (first, second) = slot.header.peers_v6.lines3(key);
        if let Some(line) = slot.line(first) {
            let payload = find3(line, key);
            if payload != 0 {
                return payload;
            }
        }
        slot.line(second).map_or(0, |line| find3(line, key))
    }
}
