//! Types that the agent and the XDP program share: map keys, map values and the few pure functions
//! over them that both sides must compute alike.
//!
//! House rules:
//! - `no_std`, no dependency (feature `user` adds `aya::Pod` for user space).
//! - Every type is `repr(C)`, has no implicit padding and a compile-time size check beside it.
//!   Keys with padding bytes are silent misses.
//! - Addresses are network-order bytes as they stand in the frame, held in native words; ports, VLAN ids
//!   and counters are host-order integers. Each field that differs says so.
//! - A change of any layout here, of a reason number or of a hash bumps [`abi::ABI_VERSION`].
#![no_std]

pub mod abi;
pub mod about;
pub mod addr;
pub mod binding;
pub mod budget;
pub mod capacity;
pub mod config;
pub mod copy;
pub mod counter;
pub mod denied;
pub mod device;
pub mod event;
pub mod flow;
pub mod flow_hash;
pub mod flow_line;
pub mod flow_slot;
pub mod flow_table;
pub mod fragment;
pub mod guard;
pub mod hash;
pub mod image;
pub mod map;
pub mod moves;
pub mod name;
pub mod observed;
pub mod overrides;
pub mod port;
pub mod profile;
pub mod reason;
pub mod rule;
pub mod schedule;
pub mod slot;
pub mod stage;
pub mod table;
pub mod trace;
#[cfg(feature = "user")]
mod user;

/// Fails the build when `$type` has another size or alignment than stated.
#[macro_export]
macro_rules! layout {
    ($type:ty, size $size:expr, align $align:expr) => {
        const _: () = assert!(
            core::mem::size_of::<$type>() == $size && core::mem::align_of::<$type>() == $align,
            concat!(
                "layout of ",
                stringify!($type),
                " changed: bump ABI_VERSION"
            )
        );
    };
}
