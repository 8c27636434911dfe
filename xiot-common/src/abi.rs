//! The version of everything that outlives a process: map layouts, reason numbers, hashes, and what tells devices and rules apart.

/// Bumped by every change to a shared layout. Stored in each slot header and beside the pins, so that
/// an agent never reads maps it does not understand.
pub const ABI_VERSION: u32 = 3;

/// First word of a written slot header: `XIOT` in ASCII.
pub const SLOT_MAGIC: u32 = 0x5849_4f54;

/// Whole seconds of a clock given in nanoseconds, as the program computes them: a multiplication, because BPF
/// divides by calling the divider. Exact to one second in a year, and monotonic; good for 36 years of uptime.
#[inline(always)]
pub const fn seconds(nanoseconds: u64) -> u32 {
    // 2^34 * 2^20 / 10^9, rounded.
    (((nanoseconds >> 20).wrapping_mul(18_014_399)) >> 34) as u32
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn seconds_are_close_to_a_division() {
        for s in [0u64, 1, 2, 59, 60, 3600, 86_400, 31_536_000] {
            let exact = u32::try_from(s).expect("fits");
            assert!(
                seconds(s * 1_000_000_000 + 10_000_000).abs_diff(exact) <= 1,
                "{s}"
            );
        }
    }
}
