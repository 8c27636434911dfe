//! Slot headers: what lies where in a policy slot, and which policy it is.

use crate::{profile::PrefixLengths, table::Table};

/// Describes one slot of the policy image. The active one is chosen once per frame.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct SlotHeader {
    /// [`crate::abi::SLOT_MAGIC`] once the slot is whole.
    pub magic: u32,
    /// [`crate::abi::ABI_VERSION`].
    pub abi: u32,
    /// Counts applied policies, from 1.
    pub revision: u64,
    /// Nanoseconds since the Unix epoch when it was compiled.
    pub compiled_at: u64,
    /// SHA-256 over the SHA-256 of each 256 image lines in use.
    pub digest: [u8; 32],
    /// Device table: MAC and VLAN to device id.
    pub devices: Table,
    /// IPv4 peers: {scope, address, prefix} to the first line of a rule set, plus one.
    pub peers_v4: Table,
    /// IPv6 peers, likewise.
    pub peers_v6: Table,
    /// First line of the device records, four to a line, indexed by device id.
    pub device_records: u32,
    /// First line of the profiles, [`crate::profile::LINES_PER_PROFILE`] each.
    pub profiles: u32,
    /// First line of the rule lines.
    pub rule_lines: u32,
    /// First line of what the time zone adds to UTC: [`crate::schedule::ZoneChange`].
    pub zone: u32,
    /// How many changes stand there.
    pub zone_changes: u32,
    /// First line of the schedules: [`crate::schedule::Schedule`].
    pub schedules: u32,
    /// First line of the chains: [`crate::schedule::Link`].
    pub chains: u32,
    /// Lines in use in this slot.
    pub lines: u32,
    /// Devices, ids 1 to this.
    pub device_count: u32,
    /// Rules, ids 1 to this.
    pub rule_count: u32,
    /// Profile that devices which are not listed are judged by.
    pub unknown_profile: u32,
    /// [`crate::device::Mode`] of devices which are not listed, and of frames that belong to no device.
    pub unknown_mode: u8,
    /// [`SLOT_UNKNOWN_PROFILE`] and others.
    pub flags: u8,
    /// Zero.
    pub reserved: u16,
    /// All services that any profile uses, for frames that belong to no device.
    pub services: u32,
    /// Generation of devices which are not listed.
    pub unknown_generation: u32,
    /// First line of the DNS names that the policy lists, four lines at most each: what is filed under
    /// [`crate::table::scope::NAMES`] counts from here.
    pub names: u32,
    /// Zero.
    pub reserved2: u32,
    /// Prefix lengths of the DNS servers' IPv4 networks.
    pub dns_v4: PrefixLengths,
    /// Of their IPv6 networks.
    pub dns_v6: PrefixLengths,
}

crate::layout!(SlotHeader, size 200, align 8);

/// What every frame asks first. The first eight bytes are read and written as one word, so that a frame sees a slot and its
/// epoch together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(8))]
pub struct Active {
    /// Index of the slot in force.
    pub slot: u32,
    /// Counts everything that may change a judgement made before, from 1.
    pub epoch: u32,
    /// Second (monotonic clock) until which conversations are picked up that were there before the gateway; 0: none are.
    pub grace_until: u32,
    /// Number of overrides (map OVERRIDES): at 0 none is looked for.
    pub overrides: u32,
    /// Seconds that the kernel's TAI clock is ahead of UTC.
    pub tai_offset: u32,
    /// 1: the agent wants copies of messages (map COPIES).
    pub copies: u32,
}

crate::layout!(Active, size 24, align 8);

/// `unknown_profile` is set: devices which are not listed are judged, not just refused.
pub const SLOT_UNKNOWN_PROFILE: u8 = 1;
/// Some device is filed under a VLAN, so that the exact lookup is worth its reads.
pub const SLOT_VLAN_DEVICES: u8 = 2;
/// Some device is listed for a wire.
pub const SLOT_WIRE_DEVICES: u8 = 8;
/// Addresses of hosts on the uplink side are listed.
pub const SLOT_UPLINK_ADDRESSES: u8 = 16;
/// DNS names are listed: answers teach which addresses they have.
pub const SLOT_NAMES: u8 = 32;
/// DHCP servers are listed; without it any address on the uplink side may answer.
pub const SLOT_DHCP_SERVERS: u8 = 4;
