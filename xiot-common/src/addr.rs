//! Addresses: MAC and IP as they stand in a frame.

/// A MAC address, bytes in transmission order.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Mac(pub [u8; 6]);

crate::layout!(Mac, size 6, align 1);

impl Mac {
    /// The broadcast address.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Whether the group bit is set: multicast and broadcast (IEEE 802, 8.2).
    #[inline(always)]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// The address in the low 48 bits, first byte highest.
    #[inline(always)]
    pub const fn to_u64(self) -> u64 {
        let mac = self.0;
        u64::from_be_bytes([0, 0, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]])
    }
}

/// An IPv4 or IPv6 address: 16 bytes in network order, IPv4 mapped as `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2).
///
/// Held as four native words so that the kernel side compares and copies words, not bytes.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct Addr(pub [u32; 4]);

crate::layout!(Addr, size 16, align 4);

/// Third word of every IPv4-mapped address.
const MAPPED: u32 = 0x0000_ffff_u32.to_be();

impl Addr {
    /// From an IPv4 address as the four bytes stand in the header, read as one native word.
    #[inline(always)]
    pub const fn from_v4_word(word: u32) -> Self {
        Self([0, 0, MAPPED, word])
    }

    /// From the 4 bytes of an IPv4 address.
    #[inline(always)]
    pub const fn v4(bytes: [u8; 4]) -> Self {
        Self::from_v4_word(u32::from_ne_bytes(bytes))
    }

    /// From the 16 bytes of an IPv6 address.
    #[inline(always)]
    pub const fn v6(b: [u8; 16]) -> Self {
        Self([
            u32::from_ne_bytes([b[0], b[1], b[2], b[3]]),
            u32::from_ne_bytes([b[4], b[5], b[6], b[7]]),
            u32::from_ne_bytes([b[8], b[9], b[10], b[11]]),
            u32::from_ne_bytes([b[12], b[13], b[14], b[15]]),
        ])
    }

    /// The 16 bytes in network order.
    pub const fn bytes(self) -> [u8; 16] {
        let a = self.0[0].to_ne_bytes();
        let b = self.0[1].to_ne_bytes();
        let c = self.0[2].to_ne_bytes();
        let d = self.0[3].to_ne_bytes();
        [
            a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], c[0], c[1], c[2], c[3], d[0], d[1],
            d[2], d[3],
        ]
    }

    /// Whether this is an IPv4-mapped address.
    #[inline(always)]
    pub const fn is_v4(self) -> bool {
        self.0[0] == 0 && self.0[1] == 0 && self.0[2] == MAPPED
    }

    /// The IPv4 address as a host-order number; meaningless for IPv6.
    #[inline(always)]
    pub const fn v4_host(self) -> u32 {
        u32::from_be(self.0[3])
    }

    /// High and low half of the IPv6 address as host-order numbers.
    #[inline(always)]
    pub const fn v6_host(self) -> (u64, u64) {
        (
            (u32::from_be(self.0[0]) as u64) << 32 | u32::from_be(self.0[1]) as u64,
            (u32::from_be(self.0[2]) as u64) << 32 | u32::from_be(self.0[3]) as u64,
        )
    }

    /// `0.0.0.0` or `::`.
    #[inline(always)]
    pub const fn is_unspecified(self) -> bool {
        self.0[0] == 0
            && self.0[1] == 0
            && self.0[3] == 0
            && (self.0[2] == 0 || self.0[2] == MAPPED)
    }

    /// IPv6 link-local, `fe80::/10` (RFC 4291, 2.5.6).
    #[inline(always)]
    pub const fn is_v6_link_local(self) -> bool {
        u32::from_be(self.0[0]) & 0xffc0_0000 == 0xfe80_0000
    }
}

/// VLAN ids of a frame, outermost first, host order; 0 where there is no tag (or a priority tag: 802.1Q, 9.6).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct Vlans {
    /// First tag.
    pub outer: u16,
    /// Second tag of a QinQ frame; [`NO_CUSTOMER_TAG`] behind a service tag (0x88a8) that stands alone.
    pub inner: u16,
}

/// The inner id of frames whose only tag is a service tag. No VLAN has it (IEEE 802.1Q, table 9-2). To a switch that knows no
/// service tags these frames have none: they are in another VLAN than those with the same id in a customer tag.
pub const NO_CUSTOMER_TAG: u16 = 0x0fff;

crate::layout!(Vlans, size 4, align 2);
