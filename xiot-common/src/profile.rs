//! Profiles: the services, timeouts and prefix lengths that devices of one kind share.

use crate::capacity::MAX_PREFIX_LENGTHS;

/// Idle timeouts of flows, in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Timeouts {
    /// TCP from SYN until the handshake completes.
    pub tcp_handshake: u32,
    /// TCP once established. Devices hold idle sessions for hours.
    pub tcp_established: u32,
    /// TCP after FIN or RST.
    pub tcp_closing: u32,
    /// UDP that saw no reply yet.
    pub udp_unreplied: u32,
    /// UDP that was answered.
    pub udp_replied: u32,
    /// ICMP echo.
    pub icmp: u32,
    /// Every other protocol.
    pub other: u32,
    /// Zero.
    pub reserved: u32,
}

crate::layout!(Timeouts, size 32, align 4);

impl Timeouts {
    /// What a profile gets that says nothing.
    pub const DEFAULT: Self = Self {
        tcp_handshake: 60,
        tcp_established: 24 * 3600,
        tcp_closing: 30,
        udp_unreplied: 30,
        udp_replied: 180,
        icmp: 30,
        other: 600,
        reserved: 0,
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// ARP both ways.
pub const SERVICE_ARP: u32 = 1 << 0;
/// IPv6 neighbour discovery and multicast listener reports (RFC 4861, RFC 3810).
pub const SERVICE_ND: u32 = 1 << 1;
/// DHCP and DHCPv6, the device as client (RFC 2131, RFC 8415).
pub const SERVICE_DHCP: u32 = 1 << 2;

/// Some rule names DNS names.
pub const PROFILE_NAMES: u32 = 1 << 0;

/// What a profile gets that says nothing: flows in one second.
pub const DEFAULT_NEW_FLOWS: u32 = 500;
/// What a profile gets that says nothing, and all devices together that are not listed: fragmented datagrams in one second.
pub const DEFAULT_FRAGMENTS: u32 = 512;

/// First line of a profile.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct ProfileRecord {
    /// `SERVICE_*` bits: what passes without a flow.
    pub services: u32,
    /// Flows that a device may open in one second, and as many that peers may open to it.
    pub new_flows: u32,
    /// Its timeouts.
    pub timeouts: Timeouts,
    /// Fragmented datagrams from and to a device in one second.
    pub fragments: u32,
    /// [`PROFILE_NAMES`].
    pub flags: u32,
    /// Zero.
    pub reserved: [u32; 4],
}

crate::layout!(ProfileRecord, size 64, align 4);

/// Prefix lengths in the order they are tried, longest first; [`NO_PREFIX`] ends a list that is not full.
pub type PrefixLengths = [u8; MAX_PREFIX_LENGTHS];

/// Ends a list of prefix lengths.
pub const NO_PREFIX: u8 = 0xff;

/// Second line of a profile: which prefix lengths its peers use, by family and initiator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct ProfilePrefixes {
    /// IPv4 peers that the device may contact.
    pub to_v4: PrefixLengths,
    /// IPv4 peers that may contact the device.
    pub from_v4: PrefixLengths,
    /// IPv6 peers that the device may contact.
    pub to_v6: PrefixLengths,
    /// IPv6 peers that may contact the device.
    pub from_v6: PrefixLengths,
}

crate::layout!(ProfilePrefixes, size 64, align 1);

/// Image lines one profile takes.
pub const LINES_PER_PROFILE: u32 = 2;
