//! Rules as the kernel sees them: lines of inclusive port ranges for one protocol.

use crate::capacity::RANGES_PER_LINE;

/// Number of a rule within its policy, 1-based in file order. 0: none.
pub type RuleId = u32;

/// Ports `low..=high` (ICMP: `type << 8 | code`) and the rule that allows them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct PortRange {
    /// First port, host order.
    pub low: u16,
    /// Last port, host order.
    pub high: u16,
    /// The rule.
    pub rule: RuleId,
}

crate::layout!(PortRange, size 8, align 4);

/// One image line of a rule set. The lines of a set lie one after another.
///
/// Ranges of one protocol do not overlap across the lines of a set: the compiler gives an overlap to the
/// first rule in file order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct RuleLine {
    /// IP protocol number, as after all IPv6 extension headers.
    pub protocol: u8,
    /// [`LINE_ANY_PROTOCOL`].
    pub flags: u8,
    /// Ranges in use.
    pub count: u8,
    /// Lines of this set that follow.
    pub more: u8,
    /// Zero.
    pub reserved: u32,
    /// The ranges.
    pub ranges: [PortRange; RANGES_PER_LINE],
}

crate::layout!(RuleLine, size 64, align 4);

/// The line holds for every protocol; its only range is 0 to 65535. It is the last line of its set.
///
/// Without a range it is the only line of a set that allows nothing: there are rules for the peer, but all for the
/// other family's ICMP.
pub const LINE_ANY_PROTOCOL: u8 = 1;
