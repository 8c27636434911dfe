//! Which capabilities this thread has of those that the data path needs.

use std::{fmt, fs};

/// A capability (`capabilities(7)`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Capability {
    /// Attach XDP programs, change flags of interfaces.
    NetAdmin,
    /// Read kernel memory from BPF: the verifier asks for it for programs as this one.
    Perfmon,
    /// Create maps, load programs.
    Bpf,
}

/// What loading and attaching takes.
const NEEDED: [Capability; 3] = [Capability::NetAdmin, Capability::Perfmon, Capability::Bpf];

impl Capability {
    /// Its number in `linux/capability.h`.
    const fn bit(self) -> u32 {
        match self {
            Self::NetAdmin => 12,
            Self::Perfmon => 38,
            Self::Bpf => 39,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::Perfmon => "CAP_PERFMON",
            Self::Bpf => "CAP_BPF",
        })
    }
}

/// The needed capabilities that this thread does not have. None if that can't be found out.
pub(super) fn missing() -> Vec<Capability> {
    fs::read_to_string("/proc/thread-self/status")
        .ok()
        .and_then(|status| effective(&status))
        .map(missing_from)
        .unwrap_or_default()
}

/// The effective set, from the text of `/proc/PID/status`.
fn effective(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn missing_from(effective: u64) -> Vec<Capability> {
    /// `CAP_SYS_ADMIN` includes `CAP_BPF` and `CAP_PERFMON` (the kernel's `bpf_capable`, `perfmon_capable`).
    const SYS_ADMIN: u64 = 1 << 21;
    NEEDED
        .into_iter()
        .filter(|capability| {
            let implied = !matches!(capability, Capability::NetAdmin) && effective & SYS_ADMIN != 0;
            effective & (1 << capability.bit()) == 0 && !implied
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Capability, effective, missing_from};

    #[test]
    fn reads_the_effective_set() {
        let status = "Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000201000\n";
        assert_eq!(effective(status), Some(0x20_1000));
        assert_eq!(effective("CapEff:\tnonsense\n"), None);
        assert_eq!(effective(""), None);
    }

    #[test]
    fn admin_implies_the_bpf_capabilities_but_not_that_of_the_network() {
        assert_eq!(missing_from(1 << 21), [Capability::NetAdmin]);
        assert_eq!(missing_from(1 << 21 | 1 << 12), []);
    }

    #[test]
    fn names_what_is_missing() {
        assert_eq!(missing_from(1 << 12 | 1 << 39), [Capability::Perfmon]);
        assert_eq!(missing_from(0).len(), 3);
    }
}
