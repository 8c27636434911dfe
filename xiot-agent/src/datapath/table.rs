//! Hash maps of the program, read in batches.

use std::{fmt, io, os::fd::AsFd as _};

use aya::{
    Pod,
    maps::{HashMap, IterableMap as _, Map, MapData, MapError},
};

use super::{error::MapAccessError, instance::Datapath, sys};

/// Entries read per system call: some hundred kilobytes.
const BATCH: usize = 2048;

/// Flag of `bpf_map_update_elem` in `linux/bpf.h`: only where there is none.
const BPF_NOEXIST: u64 = 1;

/// A handle to a hash map of the program. Lives on its own.
pub struct Table<K: Pod, V: Pod> {
    name: &'static str,
    map: HashMap<MapData, K, V>,
}

impl<K: Pod, V: Pod> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Datapath {
    /// The hash map of this name.
    ///
    /// # Errors
    /// The map is none, or has keys or values of another size.
    pub fn table<K: Pod, V: Pod>(&self, name: &'static str) -> Result<Table<K, V>, MapAccessError> {
        Table::new(name, self.duplicate(name)?)
    }
}

impl<K: Pod, V: Pod> Table<K, V> {
    /// The hash map that this is.
    ///
    /// # Errors
    /// It is none, or has keys or values of another size.
    pub(super) fn new(name: &'static str, map: Map) -> Result<Self, MapAccessError> {
        HashMap::try_from(map)
            .map(|map| Self { name, map })
            .map_err(|source| MapAccessError { map: name, source })
    }

    /// A copy of all entries. Those that come or go meanwhile may or may not be among them.
    pub fn entries(&self) -> Result<Vec<(K, V)>, MapAccessError> {
        // `HashMap::try_from` compared the sizes, which `read_all` relies on.
        sys::read_all(self.map.map().fd().as_fd(), BATCH).map_err(|error| self.error(error.into()))
    }

    /// The value of a key, if it is there.
    pub fn get(&self, key: &K) -> Result<Option<V>, MapAccessError> {
        match self.map.get(key, 0) {
            Ok(value) => Ok(Some(value)),
            Err(MapError::KeyNotFound) => Ok(None),
            Err(error) => Err(self.error(error)),
        }
    }

    /// Adds or replaces an entry.
    pub fn insert(&mut self, key: &K, value: &V) -> Result<(), MapAccessError> {
        self.map
            .insert(key, value, 0)
            .map_err(|source| MapAccessError {
                map: self.name,
                source,
            })
    }

    /// Removes an entry; whether there was one.
    pub fn remove(&mut self, key: &K) -> Result<bool, MapAccessError> {
        match self.map.remove(key) {
            Ok(()) => Ok(true),
            Err(MapError::SyscallError(error))
                if error.io_error.kind() == io::ErrorKind::NotFound =>
            {
                Ok(false)
            }
            Err(error) => Err(self.error(error)),
        }
    }

    /// Removes an entry if it is over, and gives it back. One that the program replaces meanwhile by one that is not over stays.
    pub fn remove_over(
        &mut self,
        key: &K,
        is_over: impl Fn(&V) -> bool,
    ) -> Result<Option<V>, MapAccessError> {
        if !self.get(key)?.is_some_and(|value| is_over(&value)) {
            return Ok(None);
        }
        let taken = sys::take(self.map.map().fd().as_fd(), key)
            .map_err(|error| self.error(error.into()))?;
        match taken {
            Some(value) if !is_over(&value) => {
                self.insert_new(key, &value)?;
                Ok(None)
            }
            taken => Ok(taken),
        }
    }

    /// Adds an entry, unless there is one by now, which is newer, or there is no room.
    pub fn insert_new(&mut self, key: &K, value: &V) -> Result<(), MapAccessError> {
        match self.map.insert(key, value, BPF_NOEXIST) {
            Err(MapError::SyscallError(error))
                if matches!(
                    error.io_error.raw_os_error(),
                    Some(libc::EEXIST | libc::E2BIG)
                ) =>
            {
                Ok(())
            }
            result => result.map_err(|error| self.error(error)),
        }
    }

    /// Removes all entries.
    pub fn clear(&mut self) -> Result<(), MapAccessError> {
        for (key, _) in self.entries()? {
            self.remove(&key)?;
        }
        Ok(())
    }

    fn error(&self, source: MapError) -> MapAccessError {
        MapAccessError {
            map: self.name,
            source,
        }
    }
}
