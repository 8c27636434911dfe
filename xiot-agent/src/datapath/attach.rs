//! Attaching to one interface by XDP link, and never by anything less: netlink attachments can't be pinned.

use std::{
    fmt, io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use super::{
    netlink::{self, Link, NetlinkError, XdpMode},
    sys,
};

/// `XDP_FLAGS_SKB_MODE` and `XDP_FLAGS_DRV_MODE` of `linux/if_link.h`.
const GENERIC: u32 = 1 << 1;
const NATIVE: u32 = 1 << 2;

/// Where the program may sit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AttachMode {
    /// In the driver, or not at all.
    #[default]
    Native,
    /// In the network stack.
    Generic,
    /// In the driver where it can, else in the network stack, port by port.
    Auto,
}

/// Where a program sits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UsedMode {
    /// In the driver.
    Native,
    /// In the network stack.
    Generic,
}

impl UsedMode {
    /// `XDP_FLAGS_*`.
    pub(super) const fn flags(self) -> u32 {
        match self {
            Self::Native => NATIVE,
            Self::Generic => GENERIC,
        }
    }

    /// What the kernel calls it.
    const fn xdp_mode(self) -> XdpMode {
        match self {
            Self::Native => XdpMode::Native,
            Self::Generic => XdpMode::Generic,
        }
    }

    /// From what the kernel says; none for the modes that are not in use here.
    pub(super) const fn from_xdp_mode(mode: XdpMode) -> Option<Self> {
        match mode {
            XdpMode::Native => Some(Self::Native),
            XdpMode::Generic => Some(Self::Generic),
            XdpMode::Offloaded | XdpMode::Several => None,
        }
    }
}

impl AttachMode {
    /// The modes to try, in this order.
    pub(super) const fn candidates(self) -> &'static [UsedMode] {
        match self {
            Self::Native => &[UsedMode::Native],
            Self::Generic => &[UsedMode::Generic],
            Self::Auto => &[UsedMode::Native, UsedMode::Generic],
        }
    }
}

impl fmt::Display for UsedMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.xdp_mode().fmt(f)
    }
}

/// The program could not be attached to an interface.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The kernel refused.
    #[error(
        "could not attach the XDP program to {interface} in {mode} mode{}",
        Hint(source)
    )]
    Refused {
        /// The interface.
        interface: String,
        /// The mode.
        mode: UsedMode,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The program could not be put in the place of the one before.
    #[error("could not replace the XDP program on {interface}")]
    Replace {
        /// The interface.
        interface: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel reports another program or mode than was asked for.
    #[error("{interface} does not run the XDP program in {mode} mode after it was attached so")]
    ReadBack {
        /// The interface.
        interface: String,
        /// The mode that was asked for.
        mode: UsedMode,
    },
    /// The state of the interface could not be read.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
}

struct Hint<'a>(&'a io::Error);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.raw_os_error() {
            Some(libc::EOPNOTSUPP) => ": its driver has no XDP of this kind",
            Some(libc::EINVAL | libc::ERANGE) => {
                ": its driver refuses, mostly for an MTU that is too large or receive offloads (LRO); `dmesg` may say more"
            }
            Some(libc::ENOSPC | libc::ENOMEM) => ": its driver has too few queues or buffers",
            Some(libc::EBUSY | libc::EEXIST) => ": another program is attached",
            Some(libc::EPERM) => ": this takes CAP_NET_ADMIN in its network namespace",
            _ => "",
        })
    }
}

/// Attaches the program in the first of the modes that works.
pub(super) fn attach(
    program: BorrowedFd<'_>,
    link: &Link,
    modes: &[UsedMode],
) -> Result<(OwnedFd, UsedMode), AttachError> {
    let mut refused = None;
    for &mode in modes {
        match sys::link_create(program, link.ifindex, mode.flags()) {
            Ok(fd) => {
                if let Some(refused) = refused {
                    tracing::info!(interface = link.name, %mode, %refused, "Fell back to another XDP mode.");
                }
                return Ok((fd, mode));
            }
            Err(source) => {
                refused = Some(AttachError::Refused {
                    interface: link.name.clone(),
                    mode,
                    source,
                });
            }
        }
    }
    Err(refused.expect("every attach mode has a candidate"))
}

/// Puts the program in the place of the one that the link runs.
pub(super) fn replace(
    program: BorrowedFd<'_>,
    link: &Link,
    fd: BorrowedFd<'_>,
) -> Result<(), AttachError> {
    sys::link_update(fd, program).map_err(|source| AttachError::Replace {
        interface: link.name.clone(),
        source,
    })
}

/// Asks the kernel whether the interface runs what the link runs, in this mode.
pub(super) fn read_back(link: &Link, fd: &OwnedFd, mode: UsedMode) -> Result<(), AttachError> {
    let expected = sys::link_info(fd.as_fd()).ok();
    let found = netlink::find_index(link.ifindex)?.and_then(|link| link.xdp);
    match (expected, found) {
        (Some(expected), Some(found))
            if expected.ifindex == link.ifindex
                && expected.program == found.program
                && found.mode == mode.xdp_mode() =>
        {
            Ok(())
        }
        _ => Err(AttachError::ReadBack {
            interface: link.name.clone(),
            mode,
        }),
    }
}
