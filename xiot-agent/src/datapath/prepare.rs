//! Gets interfaces ready to be ports, and back to what they were.

use std::io;

use super::{
    error::MapAccessError,
    ethtool::{self, VlanOffload},
    netlink::{self, Link, NetlinkError},
    pin::{Change, RestoreTable},
};

/// An interface could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// It does not take all frames.
    #[error("could not make {interface} promiscuous; `ip link set dev {interface} promisc on`")]
    Promiscuous {
        /// The interface.
        interface: String,
        /// Why not; nothing: the kernel took the request and did not follow it.
        source: Option<NetlinkError>,
    },
    /// It takes VLAN tags out of frames.
    #[error("could not turn {feature} of {interface} off; `ethtool -K {interface} {feature} off`")]
    VlanOffload {
        /// The interface.
        interface: String,
        /// The feature, as ethtool names it.
        feature: &'static str,
        /// Why not; nothing: the driver took the request and did not follow it.
        source: Option<io::Error>,
    },
    /// What is to be undone later could not be noted.
    #[error(transparent)]
    Note(#[from] MapAccessError),
}

/// Makes the interface take frames as they are, and those of all where it is to be `promiscuous`. Each change is noted before it is made, and told to `changed` if it was
/// not noted before.
pub(super) fn prepare(
    link: &Link,
    promiscuous: bool,
    restore: &mut RestoreTable,
    mut changed: impl FnMut(u32, Change),
) -> Result<(), PrepareError> {
    let mut note = |change| -> Result<(), PrepareError> {
        if restore.note(link.ifindex, change)? {
            changed(link.ifindex, change);
        }
        Ok(())
    };
    if promiscuous && !link.promiscuous {
        note(Change::Promiscuous)?;
        set_promiscuous(link)?;
    }
    for offload in VlanOffload::ALL {
        let failed = |source| PrepareError::VlanOffload {
            interface: link.name.clone(),
            feature: offload.name(),
            source,
        };
        if is_on(link, offload).map_err(|error| failed(Some(error)))? {
            note(Change::VlanOffload(offload))?;
            ethtool::set(&link.name, offload, false).map_err(|error| failed(Some(error)))?;
            if is_on(link, offload).map_err(|error| failed(Some(error)))? {
                return Err(failed(None));
            }
        }
    }
    Ok(())
}

/// A change could not be undone.
#[derive(Debug, thiserror::Error)]
#[error("could not put {setting} of interface {interface} back")]
pub struct UndoError {
    /// Its name, or `#` and its index.
    pub interface: String,
    /// What was changed.
    pub setting: &'static str,
    /// Why it could not be undone.
    #[source]
    pub source: io::Error,
}

/// Undoes one change. An interface that is gone needs no undoing.
pub(super) fn undo(ifindex: u32, change: Change) -> Result<(), UndoError> {
    let setting = match change {
        Change::Promiscuous => "the promiscuous flag",
        Change::VlanOffload(offload) => offload.name(),
    };
    let failed = |interface: Option<&str>, source| UndoError {
        interface: interface.map_or_else(|| format!("#{ifindex}"), str::to_owned),
        setting,
        source,
    };
    let Some(link) = netlink::find_index(ifindex).map_err(|error| failed(None, error.source))?
    else {
        return Ok(());
    };
    match change {
        Change::Promiscuous => {
            netlink::set_promiscuous(ifindex, false).map_err(|error| error.source)
        }
        Change::VlanOffload(offload) => ethtool::set(&link.name, offload, true),
    }
    .map_err(|error| failed(Some(&link.name), error))
}

fn set_promiscuous(link: &Link) -> Result<(), PrepareError> {
    let failed = |source| PrepareError::Promiscuous {
        interface: link.name.clone(),
        source,
    };
    netlink::set_promiscuous(link.ifindex, true).map_err(|error| failed(Some(error)))?;
    match netlink::find_index(link.ifindex) {
        Ok(Some(link)) if link.promiscuous => Ok(()),
        Ok(_) => Err(failed(None)),
        Err(error) => Err(failed(Some(error))),
    }
}

fn is_on(link: &Link, offload: VlanOffload) -> io::Result<bool> {
    match ethtool::get(&link.name, offload) {
        Ok(feature) => Ok(feature.is_some_and(|feature| feature.on)),
        // A driver without any ethtool support has no offloads either.
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => Ok(false),
        Err(error) => Err(error),
    }
}
