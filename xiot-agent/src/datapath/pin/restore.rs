//! What was changed on interfaces and must be undone when the program is detached, by whichever agent does it:
//! a small map that is pinned with the others.

use std::{io, os::fd::AsFd as _, path::Path};

use aya::maps::{HashMap, IterableMap as _, Map, MapData, MapError};
use rustix::fs::stat;

use crate::datapath::{MapAccessError, ethtool::VlanOffload, sys};

/// Interfaces that the table has room for: the ports of this agent and of the one before.
const ROOM: u32 = 256;

/// Something that was changed on an interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::datapath) enum Change {
    /// The promiscuous flag was set.
    Promiscuous,
    /// An offload was turned off.
    VlanOffload(VlanOffload),
}

impl Change {
    const ALL: [Self; 3] = [
        Self::Promiscuous,
        Self::VlanOffload(VlanOffload::Customer),
        Self::VlanOffload(VlanOffload::Service),
    ];

    const fn bit(self) -> u64 {
        match self {
            Self::Promiscuous => 1,
            Self::VlanOffload(VlanOffload::Customer) => 2,
            Self::VlanOffload(VlanOffload::Service) => 4,
        }
    }
}

/// {network namespace, bits of changes}: interface indices mean nothing in another namespace.
type Record = [u64; 2];

/// The changes by interface index.
pub(in crate::datapath) struct RestoreTable {
    map: HashMap<MapData, u32, Record>,
    namespace: u64,
}

impl RestoreTable {
    /// The table that is pinned at `path`, or a new one that is pinned there. Tells which.
    pub(in crate::datapath) fn open_or_create(path: &Path) -> io::Result<(Self, bool)> {
        if let Some(table) = Self::open(path)? {
            return Ok((table, false));
        }
        let map = HashMap::create(ROOM, 0).map_err(io::Error::other)?;
        let table = Self {
            map,
            namespace: namespace()?,
        };
        sys::pin(table.map.map().fd().as_fd(), path)?;
        Ok((table, true))
    }

    /// The table that is pinned at `path`, if there is one.
    pub(in crate::datapath) fn open(path: &Path) -> io::Result<Option<Self>> {
        let fd = match sys::open_pin(path) {
            Ok(fd) => fd,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let map = MapData::from_fd(fd)
            .and_then(Map::from_map_data)
            .and_then(HashMap::try_from)
            .map_err(io::Error::other)?;
        Ok(Some(Self {
            map,
            namespace: namespace()?,
        }))
    }

    /// Notes a change; whether it was not noted before.
    pub(in crate::datapath) fn note(
        &mut self,
        ifindex: u32,
        change: Change,
    ) -> Result<bool, MapAccessError> {
        let bits = self.bits(ifindex)?;
        if bits & change.bit() != 0 {
            return Ok(false);
        }
        self.write(ifindex, bits | change.bit())?;
        Ok(true)
    }

    /// Forgets a change.
    pub(in crate::datapath) fn forget(
        &mut self,
        ifindex: u32,
        change: Change,
    ) -> Result<(), MapAccessError> {
        let bits = self.bits(ifindex)? & !change.bit();
        if bits == 0 {
            return match self.map.remove(&ifindex) {
                Ok(()) => Ok(()),
                Err(MapError::SyscallError(error))
                    if error.io_error.kind() == io::ErrorKind::NotFound =>
                {
                    Ok(())
                }
                Err(source) => Err(access(source)),
            };
        }
        self.write(ifindex, bits)
    }

    /// All changes in this network namespace, and how many interfaces of other ones were changed.
    pub(in crate::datapath) fn changes(
        &self,
    ) -> Result<(Vec<(u32, Change)>, usize), MapAccessError> {
        let mut changes = Vec::new();
        let mut elsewhere = 0;
        for entry in &self.map {
            let (ifindex, [namespace, bits]) = entry.map_err(access)?;
            if namespace != self.namespace {
                elsewhere += 1;
                continue;
            }
            changes.extend(
                Change::ALL
                    .into_iter()
                    .filter(|change| bits & change.bit() != 0)
                    .map(|change| (ifindex, change)),
            );
        }
        Ok((changes, elsewhere))
    }

    fn bits(&self, ifindex: u32) -> Result<u64, MapAccessError> {
        match self.map.get(&ifindex, 0) {
            Ok([namespace, bits]) if namespace == self.namespace => Ok(bits),
            Ok(_) | Err(MapError::KeyNotFound) => Ok(0),
            Err(source) => Err(access(source)),
        }
    }

    fn write(&mut self, ifindex: u32, bits: u64) -> Result<(), MapAccessError> {
        self.map
            .insert(ifindex, [self.namespace, bits], 0)
            .map_err(access)
    }
}

fn access(source: MapError) -> MapAccessError {
    MapAccessError {
        map: "restore",
        source,
    }
}

/// The number of this thread's network namespace.
fn namespace() -> io::Result<u64> {
    Ok(stat("/proc/thread-self/ns/net")?.st_ino)
}
