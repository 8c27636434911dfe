//! How much memory a benchmark took.

use std::fs;

/// The largest resident set since it was last cleared (`/proc/self/clear_refs`), in KiB.
pub(crate) fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("proc is mounted");
    let words = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|words| words.split_whitespace().next()?.parse().ok());
    words.expect("the kernel says it in KiB")
}
