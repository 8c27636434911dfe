//! The kernel that tests run on.

use std::fs;

/// Version of the running kernel: 6.1 is `(6, 1)`.
///
/// # Panics
/// Where the kernel says none.
pub fn version() -> (u32, u32) {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel has a release");
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|number| number.parse().ok());
    let major = numbers.next().expect("a release begins with a number");
    (major, numbers.next().unwrap_or(0))
}

/// Whether it says what XDP can do in a driver (`netdev` family of generic netlink, Linux 6.3).
pub fn tells_xdp_features() -> bool {
    version() >= (6, 3)
}
