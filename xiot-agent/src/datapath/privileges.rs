//! Gives up what an agent at work has no use for, so that whoever takes the process over has no use of it either.
//!
//! What stays is what loading takes: a reload writes maps, `explain` loads an instance of its own, detaching puts interfaces back.

use std::{fs, io};

use rustix::{
    process::{DumpableBehavior, set_dumpable_behavior},
    thread::{
        CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
        remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
    },
};

/// What the agent holds from then on.
const KEPT: CapabilitySet = CapabilitySet::BPF
    .union(CapabilitySet::NET_ADMIN)
    .union(CapabilitySet::PERFMON);

/// Privileges were not given up.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegesError {
    /// Capabilities are each thread's own.
    #[error("{0} threads run already, and each would have to give up its own capabilities")]
    Threads(usize),
    /// The kernel did not do it.
    #[error("could not {what}: {source}")]
    Kernel {
        /// What was tried.
        what: &'static str,
        /// Its answer.
        source: io::Error,
    },
}

/// Drops every capability but [those](KEPT) from all sets; no execve gives any back, and no other process of this user looks into
/// this one's memory. To be called while there is one thread: those that it starts inherit what is left.
pub fn give_up() -> Result<(), PrivilegesError> {
    let threads = fs::read_dir("/proc/self/task")
        .map_err(failed("count threads"))?
        .count();
    if threads != 1 {
        return Err(PrivilegesError::Threads(threads));
    }
    let had = capabilities(None).map_err(failed("read capabilities"))?;
    let kept = kept_of(had.permitted);
    // The bounding set first: it takes a capability that goes with the rest.
    if had.effective.contains(CapabilitySet::SETPCAP) {
        bound(kept)?;
    }
    set_no_new_privs(true).map_err(failed("rule out new privileges"))?;
    // Nor is anything ambient then: that is inheritable.
    let sets = CapabilitySets {
        effective: kept,
        permitted: kept,
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, sets).map_err(failed("drop capabilities"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(failed("keep memory from other processes"))?;
    Ok(())
}

/// `CAP_SYS_ADMIN` stands in for what was not granted by its own name, and goes otherwise.
fn kept_of(permitted: CapabilitySet) -> CapabilitySet {
    let by_name = permitted.contains(CapabilitySet::BPF | CapabilitySet::PERFMON);
    let wanted = if by_name {
        KEPT
    } else {
        KEPT | CapabilitySet::SYS_ADMIN
    };
    permitted & wanted
}

fn bound(kept: CapabilitySet) -> Result<(), PrivilegesError> {
    let all = (0..u64::BITS).map(|number| CapabilitySet::from_bits_retain(1 << number));
    for capability in all.filter(|capability| !kept.contains(*capability)) {
        match capability_is_in_bounding_set(capability) {
            Ok(true) => remove_capability_from_bounding_set(capability)
                .map_err(failed("bound capabilities"))?,
            Ok(false) => {}
            // Numbers from here on are none of this kernel's.
            Err(_) => break,
        }
    }
    Ok(())
}

fn failed<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> PrivilegesError {
    move |source| PrivilegesError::Kernel {
        what,
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stays_but_what_loading_takes() {
        assert_eq!(kept_of(CapabilitySet::all()), KEPT);
        let granted = KEPT | CapabilitySet::CHOWN;
        assert_eq!(kept_of(granted), KEPT);
        assert_eq!(kept_of(CapabilitySet::empty()), CapabilitySet::empty());
    }

    #[test]
    fn the_administrators_capability_stays_where_it_stands_for_another() {
        let old = CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN;
        assert_eq!(kept_of(old | CapabilitySet::SYS_PTRACE), old);
    }

    #[test]
    fn with_other_threads_nothing_is_half_done() {
        // The test runner's main thread is one.
        let error = give_up().unwrap_err();
        assert!(matches!(error, PrivilegesError::Threads(2..)), "{error}");
    }
}
