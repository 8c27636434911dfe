//! Events: one fixed-size record per notable verdict, rate-limited, lossy by design.

use crate::addr::{Addr, Mac, Vlans};

/// Key of the event budgets: who sent the frame.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct SenderKey {
    /// Source MAC of the frame.
    pub mac: Mac,
    /// Port index of ingress.
    pub port: u16,
}

crate::layout!(SenderKey, size 8, align 2);

/// Event budget of one sender: a token bucket filled once per second.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct SenderBudget {
    /// Second in which it was filled.
    pub filled_at: u32,
    /// Tokens left.
    pub tokens: u32,
    /// Events held back since the last one that was sent.
    pub suppressed: u64,
}

crate::layout!(SenderBudget, size 16, align 8);

/// A sender of which nothing more is to be told in this second: what its budget says, kept where it is found without a search.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Muted {
    /// MAC of the sender as a word, and the port index of ingress above it.
    pub sender: u64,
    /// That second (monotonic clock).
    pub second: u32,
    /// Nothing more of the conversation whose mark has this tag; 0: nothing more of any.
    pub tag: u32,
    /// Events held back since, which its budget does not know of yet.
    pub held: u64,
}

crate::layout!(Muted, size 24, align 8);

/// What a frame was refused for, or would have been.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Event {
    /// Nanoseconds of the monotonic clock.
    pub time: u64,
    /// Events of this sender held back before this one.
    pub suppressed: u64,
    /// Source of the frame; zero where it was not parsed.
    pub src: Addr,
    /// Destination.
    pub dst: Addr,
    /// Device; 0 for one that is not listed, or none.
    pub device: u32,
    /// Rule, or 0.
    pub rule: u32,
    /// Length of the frame in bytes.
    pub length: u32,
    /// `EtherType` after the tags.
    pub ethertype: u16,
    /// Source port, host order; ICMP echo: identifier.
    pub src_port: u16,
    /// Destination port, host order; ICMP: `type << 8 | code`.
    pub dst_port: u16,
    /// Port index of ingress.
    pub port: u16,
    /// VLAN ids.
    pub vlans: Vlans,
    /// Source MAC.
    pub src_mac: Mac,
    /// Destination MAC.
    pub dst_mac: Mac,
    /// IP protocol number.
    pub protocol: u8,
    /// [`crate::reason::Reason`].
    pub reason: u8,
    /// 1: dropped. 0: forwarded because of the mode.
    pub dropped: u8,
    /// [`crate::device::Mode`] that decided.
    pub mode: u8,
    /// TCP flags.
    pub tcp_flags: u8,
    /// Zero.
    pub reserved: [u8; 7],
}

crate::layout!(Event, size 96, align 8);
