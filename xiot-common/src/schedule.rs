//! Schedules: when rules are in force, as the kernel sees it.

use crate::rule::RuleId;

/// Windows of one schedule.
pub const WINDOWS: usize = 14;

/// Minutes of the week in local time, from Monday on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Window {
    /// First minute.
    pub start: u16,
    /// Minute after the last; beyond the week's end it is one of the next week.
    pub end: u16,
}

crate::layout!(Window, size 4, align 2);

/// When a rule is in force, or one of the times when it is. Takes a line of the image.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Schedule {
    /// Second (UTC, since the Unix epoch) from which on it is not any more; 0: it has no end.
    pub expires: u32,
    /// First second of it, likewise; 0: it has no begin.
    pub begins: u32,
    /// The windows, in order. They do not overlap or touch, nor are they the whole week. Those that end with minute 0 are none; if
    /// the first is, the rule is in force whatever the day and hour.
    pub windows: [Window; WINDOWS],
}

crate::layout!(Schedule, size 64, align 4);

/// In [`crate::rule::PortRange::rule`]: the rest is no rule but the line of a chain, counted from the first.
pub const CHAIN: RuleId = 1 << 31;

/// One rule of a chain, eight to a line. The first one in force is the rule.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Link {
    /// The rule, which may have several links; 0 at the end of a chain: none.
    pub rule: RuleId,
    /// Its schedule, counted from the first, plus one; 0: it is always in force, and ends the chain.
    pub schedule: u32,
}

crate::layout!(Link, size 8, align 4);

/// Links in one line.
pub const LINKS_PER_LINE: usize = 8;
/// Links of one chain, so that walking it has a bound.
pub const MAX_LINKS: u32 = 32;

/// From a second on, the local time that windows mean is so far ahead of UTC: by the zone's offset, and on holidays by so
/// many days more that it is a Sunday's. Eight to a line, in order, the first from 0 on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct ZoneChange {
    /// Second (UTC, since the Unix epoch).
    pub at: u32,
    /// Seconds to add to UTC to have those of local time since a Monday began.
    pub shift: u32,
}

crate::layout!(ZoneChange, size 8, align 4);

/// Changes in one line.
pub const CHANGES_PER_LINE: usize = 8;
/// Steps that halve the number of changes until one is left: there are less than 2 to the power of this.
pub const CHANGE_STEPS: u32 = 10;
/// Seconds from a Monday's begin to the Unix epoch, a Thursday.
pub const EPOCH_OF_WEEK: u32 = 3 * 24 * 3600;
