//! Network namespaces, the wires between them and raw frames: what the demo ward and the topology tests
//! are built from. Knows nothing of policies or of the data path.
//!
//! Everything made here carries the maker's process id in its name (`xiot-<pid>-<number>-<label>`), is
//! removed when its guard is dropped, and is swept by a later run when its maker died without doing so.
//! Processes enter a namespace with `setns(CLONE_NEWNET)` alone: `ip netns exec` also remounts /sys, which
//! hides the BPF file system.

#![expect(
    unsafe_code,
    reason = "setns before exec, and AF_PACKET and ethtool which no safe wrapper covers"
)]

pub mod link;
pub mod name;
pub mod namespace;
pub mod offload;
pub mod packet;
pub mod process;
pub mod scratch;
pub mod signal;
pub mod sweep;

use std::{io, path::PathBuf};

/// What can go wrong between namespaces.
#[derive(Debug, thiserror::Error)]
pub enum NetnsError {
    /// The directory of named namespaces could not be prepared.
    #[error("could not prepare {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A namespace could not be made.
    #[error("could not create network namespace {name} (this needs root)")]
    Create {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A namespace could not be entered.
    #[error("could not enter network namespace {name}")]
    Enter {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A namespace, directory or mount could not be removed.
    #[error("could not remove {}", path.display())]
    Remove {
        /// What was to be removed.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("could not run {program}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// `ip` refused a script.
    #[error("`ip` in {namespace} refused:\n{script}\n{}", stderr.trim_end())]
    Ip {
        /// Namespace it ran in, or `-` for the caller's.
        namespace: String,
        /// What it was told.
        script: String,
        /// What it said.
        stderr: String,
    },
    /// An interface is up, and carries nothing.
    #[error("{interface} is up and was not put into service by the kernel")]
    NotInService {
        /// The interface.
        interface: String,
    },
    /// A device feature could not be changed.
    #[error("could not switch {feature} of {interface}")]
    Offload {
        /// The interface.
        interface: String,
        /// The feature, as ethtool names it.
        feature: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A kernel setting could not be written.
    #[error("could not write {value} to {}", path.display())]
    Setting {
        /// File under /proc/sys.
        path: PathBuf,
        /// The value.
        value: String,
        /// Why.
        source: io::Error,
    },
    /// Frames came faster than they were read, and the kernel dropped some.
    #[error("the packet socket of {interface} had no room for {frames} frames")]
    Overrun {
        /// The interface.
        interface: String,
        /// How many it had no room for.
        frames: u32,
    },
    /// A packet socket could not be opened, read or written.
    #[error("could not {call} on the packet socket of {interface}")]
    Packet {
        /// The system call.
        call: &'static str,
        /// The interface.
        interface: String,
        /// Why.
        source: io::Error,
    },
}
