//! Devices: the bucket-table key that finds one and the record that says what it is.

use crate::addr::{Mac, Vlans};

/// Index of a device's record and counters. 0 stands for "not listed in the policy".
pub type DeviceId = u32;

/// What the data path does with a frame that policy denies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Mode {
    /// Forward everything, record what the device does.
    Learn = 0,
    /// Judge and count, forward all the same.
    Monitor = 1,
    /// Judge and drop.
    Enforce = 2,
}

impl Mode {
    /// The mode of this number; anything unknown enforces.
    #[inline(always)]
    pub const fn from_u8(value: u8) -> Self {
        match value {
            0 => Self::Learn,
            1 => Self::Monitor,
            _ => Self::Enforce,
        }
    }
}

/// Any VLAN, in a device key: what a device without a `vlan` is filed under.
pub const ANY_VLAN: Vlans = Vlans {
    outer: 0xffff,
    inner: 0xffff,
};

/// Any wire, in a device record.
pub const ANY_WIRE: u16 = 0xffff;

/// Key of the device table: MAC with outer VLAN, and inner VLAN.
#[inline(always)]
pub const fn device_key(mac: Mac, vlans: Vlans) -> [u64; 2] {
    [
        mac.to_u64() | (vlans.outer as u64) << 48,
        vlans.inner as u64,
    ]
}

/// One device. Fills a quarter of an image line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct DeviceRecord {
    /// Index of its [`crate::profile::ProfileRecord`].
    pub profile: u32,
    /// Bumped when the device or its profile changes; stamped on its flows.
    pub generation: u32,
    /// Wire it must be on, or [`ANY_WIRE`].
    pub wire: u16,
    /// [`Mode`].
    pub mode: u8,
    /// [`DEVICE_BOUND`] and others.
    pub flags: u8,
    /// Zero.
    pub reserved: u32,
}

crate::layout!(DeviceRecord, size 16, align 4);

/// The device may use only the addresses bound to it in the binding scope.
pub const DEVICE_BOUND: u8 = 1;
