//! Bucket tables: a line is a bucket, a key lives in one of two.
//!
//! Narrow tables (devices, IPv4 peers) hold four slots of {key 0, key 1 | payload << 32}; the second key word
//! has 32 bits. Wide tables (IPv6 peers) hold two slots of {key 0, key 1, key 2, payload}. A payload of 0
//! marks a free slot.
//!
//! Slots are used from the first on, and a key stands in the second of its lines only if the first is full: most
//! lookups read one line, also those that find nothing.
#![expect(
    clippy::cast_possible_truncation,
    reason = "words hold two 32-bit halves"
)]

use crate::{hash, image::Line};

/// Where a bucket table lies within its slot.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Table {
    /// First line, counted from the start of the slot.
    pub base: u32,
    /// Buckets - 1; the number of buckets is a power of two.
    pub mask: u32,
    /// Seed of the hash.
    pub seed: u64,
}

crate::layout!(Table, size 16, align 8);

impl Table {
    /// The two lines of the slot that may hold this narrow key.
    #[inline(always)]
    pub const fn lines2(&self, key: [u64; 2]) -> (u32, u32) {
        let (a, b) = hash::hash2(self.seed, key);
        (
            self.base.wrapping_add(a & self.mask),
            self.base.wrapping_add(b & self.mask),
        )
    }

    /// The two lines of the slot that may hold this wide key.
    #[inline(always)]
    pub const fn lines3(&self, key: [u64; 3]) -> (u32, u32) {
        let (a, b) = hash::hash3(self.seed, key);
        (
            self.base.wrapping_add(a & self.mask),
            self.base.wrapping_add(b & self.mask),
        )
    }
}

/// Slots in a narrow bucket.
pub const NARROW_SLOTS: usize = 4;
/// Slots in a wide bucket.
pub const WIDE_SLOTS: usize = 2;

/// Whether every slot of this line is in use, narrow or wide. What is not found in the first line of a key need
/// be looked for in the second only if the first is full.
#[inline(always)]
pub const fn is_full(line: &Line) -> bool {
    line.0[7] != 0
}

/// The payload filed under a narrow key in this line, or 0.
#[inline(always)]
pub const fn find2(line: &Line, key: [u64; 2]) -> u32 {
    let w = &line.0;
    if w[0] == key[0] && w[1] as u32 == key[1] as u32 {
        return (w[1] >> 32) as u32;
    }
    if w[2] == key[0] && w[3] as u32 == key[1] as u32 {
        return (w[3] >> 32) as u32;
    }
    if w[4] == key[0] && w[5] as u32 == key[1] as u32 {
        return (w[5] >> 32) as u32;
    }
    if w[6] == key[0] && w[7] as u32 == key[1] as u32 {
        return (w[7] >> 32) as u32;
    }
    0
}

/// The payload filed under a wide key in this line, or 0.
#[inline(always)]
pub const fn find3(line: &Line, key: [u64; 3]) -> u32 {
    let w = &line.0;
    if w[0] == key[0] && w[1] == key[1] && w[2] == key[2] {
        return w[3] as u32;
    }
    if w[4] == key[0] && w[5] == key[1] && w[6] == key[2] {
        return w[7] as u32;
    }
    0
}

/// Who may be asked for in the peer tables: the low 30 bits say whose, the top two what.
pub mod scope {
    use crate::addr::Vlans;

    /// Peers that devices of a profile may contact.
    #[inline(always)]
    pub const fn to(profile: u32) -> u32 {
        profile << 1
    }

    /// Peers that may contact devices of a profile.
    #[inline(always)]
    pub const fn from(profile: u32) -> u32 {
        profile << 1 | 1
    }

    /// Addresses bound to a device, all with full prefix length.
    #[inline(always)]
    pub const fn binding(device: u32) -> u32 {
        1 << 30 | device
    }

    /// Addresses that are listed for some device that is at one place, all with full prefix length. A place is a wire and
    /// VLANs, or any of either: whose addresses are listed there are its scopes.
    #[inline(always)]
    pub const fn owned(wire: u16, vlans: Vlans) -> u32 {
        3 << 30
            | (wire as u32 & ANY_WIRE) << 24
            | (vlans.outer as u32 & ANY_ID) << 12
            | vlans.inner as u32 & ANY_ID
    }

    /// Wires below this can be told from any wire.
    pub const ANY_WIRE: u32 = 0x3f;
    /// No frame has this as outer VLAN id: with it in both places the scope is that of any VLAN.
    pub const ANY_ID: u32 = 0xfff;

    /// Addresses of hosts on the uplink side, all with full prefix length: the place of a device that there is not.
    pub const UPLINK: u32 = binding(0);

    /// DHCP and DHCPv6 servers and relays, all with full prefix length.
    pub const DHCP_SERVER: u32 = 2 << 30;

    /// DNS names that the policy lists: the payload is a line, plus one.
    pub const NAMES: u32 = DHCP_SERVER | 1;

    /// Networks of DNS servers.
    pub const DNS_SERVER: u32 = DHCP_SERVER | 2;

    /// DNS names that devices of a profile may contact.
    #[inline(always)]
    pub const fn names_to(profile: u32) -> u32 {
        DHCP_SERVER | 1 << 29 | profile << 1
    }

    /// DNS names that may contact devices of a profile.
    #[inline(always)]
    pub const fn names_from(profile: u32) -> u32 {
        names_to(profile) | 1
    }
}

/// Key of the IPv4 peer table. `addr` is in host order and masked to `prefix` bits.
#[inline(always)]
pub const fn peer4_key(scope: u32, addr: u32, prefix: u8) -> [u64; 2] {
    [(scope as u64) << 32 | addr as u64, prefix as u64]
}

/// Key of the IPv6 peer table. The halves are in host order and masked to `prefix` bits.
#[inline(always)]
pub const fn peer6_key(scope: u32, high: u64, low: u64, prefix: u8) -> [u64; 3] {
    [high, low, (scope as u64) << 32 | prefix as u64]
}

/// `addr` with all but the first `prefix` bits cleared; `prefix` 0 to 32.
#[inline(always)]
pub const fn mask4(addr: u32, prefix: u8) -> u32 {
    addr & (!0u64 << (32 - (prefix as u32 & 63))) as u32
}

/// Both halves with all but the first `prefix` bits cleared; `prefix` 0 to 128.
#[inline(always)]
pub const fn mask6(high: u64, low: u64, prefix: u8) -> (u64, u64) {
    let p = prefix as u32;
    if p == 0 {
        (0, 0)
    } else if p <= 64 {
        (high & (!0u64 << ((64 - p) & 63)), 0)
    } else {
        (high, low & (!0u64 << ((128 - p) & 63)))
    }
}
