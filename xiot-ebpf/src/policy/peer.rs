//! Peers: the longest prefix of a scope that contains an address.

use xiot_common::{
    addr::Addr,
    capacity::MAX_PREFIX_LENGTHS,
    profile::NO_PREFIX,
    table::{mask4, mask6, peer4_key, peer6_key, scope},
};

use super::slot::Slot;
use crate::{
    config,
    packet::Packet,
    scratch::{self, Scratch},
};

/// Which address of the frame is looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Whose {
    /// The one on the device's side.
    Device = 0,
    /// The other.
    Peer = 1,
    /// Not one of its own conversation: the one that guards ask about.
    Asked = 2,
}

impl Whose {
    #[inline(always)]
    fn addr(number: u32, scratch: &Scratch) -> &Addr {
        if number == Self::Device as u32 {
            &scratch.packet.key.device
        } else if number == Self::Peer as u32 || config::guards() == 0 {
            &scratch.packet.key.peer
        } else {
            // SAFETY: the element belongs to this CPU and is not written while it is looked for.
            unsafe { &*scratch.asked.as_ptr() }
        }
    }
}

/// Who opens a conversation, as seen from the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Opener {
    /// The device: peers it may contact.
    Device = 0,
    /// The peer: peers that may contact it.
    Peer = 1,
}

impl Opener {
    /// The one of this number.
    #[inline(always)]
    pub const fn from_u32(number: u32) -> Self {
        if number == Self::Device as u32 {
            Self::Device
        } else {
            Self::Peer
        }
    }

    /// Who sent the frame.
    #[inline(always)]
    pub const fn sender(packet: &Packet) -> Self {
        if packet.is_from_device() {
            Self::Device
        } else {
            Self::Peer
        }
    }

    /// The one who does not.
    #[inline(always)]
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Device => Self::Peer,
            Self::Peer => Self::Device,
        }
    }
}

/// The payload of the longest prefix in the profile's scope that contains the frame's peer address, or 0.
#[inline(always)]
pub fn longest(slot: &Slot, profile: u32, opener: Opener) -> u32 {
    xiot_peer_longest(slot.index, profile, opener as u32)
}

/// Whether the address itself is filed in the scope.
#[inline(always)]
pub fn contains(slot: &Slot, scope: u32, whose: Whose) -> bool {
    xiot_peer_exact(slot.index, scope, FULL, whose as u32) != 0
}

/// Prefix length that stands for the whole address of either family.
const FULL: u32 = 0xff;

/// See [`longest`].
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_peer_longest(slot: u32, profile: u32, opener: u32) -> u32 {
    let (Some(scratch), Some(slot)) = (scratch::get(), Slot::at(slot)) else {
        return 0;
    };
    let Some(prefixes) = slot.prefixes(profile) else {
        return 0;
    };
    let v4 = scratch.packet.key.peer.is_v4();
    let (lengths, scope) = if opener == Opener::Device as u32 {
        (
            if v4 { &prefixes.to_v4 } else { &prefixes.to_v6 },
            scope::to(profile),
        )
    } else {
        (
            if v4 {
                &prefixes.from_v4
            } else {
                &prefixes.from_v6
            },
            scope::from(profile),
        )
    };
    let mut index = 0;
    while index < MAX_PREFIX_LENGTHS {
        let length = lengths[index];
        if length == NO_PREFIX {
            break;
        }
        let payload = xiot_peer_exact(slot.index, scope, u32::from(length), Whose::Peer as u32);
        if payload != 0 {
            return payload;
        }
        index += 1;
    }
    0
}

/// The payload filed under one prefix length of an address of the frame, or 0.
#[unsafe(no_mangle)]
#[inline(never)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "prefix lengths are at most 128"
)]
pub extern "C" fn xiot_peer_exact(slot: u32, scope: u32, prefix: u32, whose: u32) -> u32 {
    let (Some(scratch), Some(slot)) = (scratch::get(), Slot::at(slot)) else {
        return 0;
    };
    let addr = Whose::addr(whose, scratch);
    if addr.is_v4() {
        let prefix = if prefix == FULL { 32 } else { prefix as u8 };
        filed_v4(&slot, scope, addr.v4_host(), prefix)
    } else {
        let prefix = if prefix == FULL { 128 } else { prefix as u8 };
        let (high, low) = addr.v6_host();
        let (high, low) = mask6(high, low, prefix);
        let key = peer6_key(scope, high, low, prefix);
        slot.filed3(&slot.header.peers_v6, key)
    }
}

/// The payload filed under this prefix of an IPv4 address (host order), or 0.
#[inline(always)]
pub fn filed_v4(slot: &Slot, scope: u32, addr: u32, prefix: u8) -> u32 {
    let key = peer4_key(scope, mask4(addr, prefix), prefix);
    slot.filed2(&slot.header.peers_v4, key)
}

/// Prefix lengths that [`longest_v4`] asks about: more are seldom.
const FEW_LENGTHS: usize = 4;
const _: () = assert!(FEW_LENGTHS < MAX_PREFIX_LENGTHS);

/// The same as [`longest`] of an IPv4 address (host order), for the entry, which has no frame in the scratch; none where the
/// profile has too many prefix lengths.
#[inline(always)]
pub fn longest_v4(slot: &Slot, profile: u32, opener: Opener, addr: u32) -> Option<u32> {
    let prefixes = slot.prefixes(profile)?;
    let (lengths, scope) = match opener {
        Opener::Device => (&prefixes.to_v4, scope::to(profile)),
        Opener::Peer => (&prefixes.from_v4, scope::from(profile)),
    };
    let mut index = 0;
    while index < FEW_LENGTHS {
        let length = lengths[index];
        if length == NO_PREFIX {
            return Some(0);
        }
        let payload = filed_v4(slot, scope, addr, length);
        if payload != 0 {
            return Some(payload);
        }
        index += 1;
    }
    (lengths[FEW_LENGTHS] == NO_PREFIX).then_some(0)
}
