//! Bindings: which MAC has an address by lease or by use (docs/judgement.md, 9.7).

use crate::{
    addr::{Addr, Mac, Vlans},
    capacity::PLACES,
};

/// Where an address is bound.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct BindingKey {
    /// The address.
    pub addr: Addr,
    /// VLANs.
    pub vlans: Vlans,
    /// Wire index.
    pub wire: u16,
    /// Zero.
    pub reserved: u16,
}

crate::layout!(BindingKey, size 24, align 4);

/// By what an address is bound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum BindingKind {
    /// A DHCP server gave it.
    Lease = 1,
    /// Who had no other claim to it sent from it first.
    Use = 2,
}

/// Whom an address is bound to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Binding {
    /// Second (monotonic clock) before which it is live; [`NO_END`]: it does not end.
    pub until: u32,
    /// The MAC.
    pub mac: Mac,
    /// [`BindingKind`].
    pub kind: u8,
    /// Zero.
    pub reserved: u8,
}

crate::layout!(Binding, size 12, align 4);

/// No clock gets there.
pub const NO_END: u32 = u32::MAX;

/// Seconds that a binding by use lasts.
pub const USE_SECONDS: u32 = 3_600;

impl Binding {
    /// Whether it is live.
    #[inline(always)]
    pub const fn is_live(&self, now: u32) -> bool {
        now < self.until
    }

    /// Whether it is by lease.
    #[inline(always)]
    pub const fn is_lease(&self) -> bool {
        self.kind == BindingKind::Lease as u8
    }
}

/// Whose places.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct PlacesKey {
    /// MAC.
    pub mac: Mac,
    /// Wire index.
    pub wire: u16,
    /// VLANs.
    pub vlans: Vlans,
}

crate::layout!(PlacesKey, size 12, align 2);

/// A place for an address in use.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Place {
    /// The address.
    pub addr: Addr,
    /// Second (monotonic clock) from which on the place is free.
    pub until: u32,
}

crate::layout!(Place, size 20, align 4);

/// Addresses in use of one MAC on one wire and VLANs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Places(pub [Place; PLACES as usize]);

crate::layout!(Places, size 320, align 4);

impl Places {
    /// Whether none is taken.
    pub fn are_free(&self, now: u32) -> bool {
        self.0.iter().all(|place| now >= place.until)
    }
}
