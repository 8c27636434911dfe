//! Rings of the program as something that a task can wait for, and how full that of events is.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    sync::atomic::{AtomicU64, Ordering},
};

use aya::maps::{MapData, RingBuf};
use memmap2::{MmapOptions, MmapRaw};
use rustix::param::page_size;
use tokio::io::{Interest, unix::AsyncFd};
use xiot_common::map;

use super::{error::MapAccessError, instance::Datapath};

/// A ring could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// It could not be mapped into memory.
    #[error(transparent)]
    Map(#[from] MapAccessError),
    /// It could not be watched.
    #[error("could not watch a ring of the program")]
    Watch(#[source] io::Error),
}

/// How full the event ring is. Lives on its own.
///
/// The kernel keeps the positions of reader and writer on the first two pages of the map (`kernel/bpf/ringbuf.c`, since 5.8), where
/// anybody may read them.
#[derive(Debug)]
pub struct RingLevel {
    positions: MmapRaw,
    capacity: u32,
}

impl RingLevel {
    /// Bytes that are written and not yet taken out, with the headers of records.
    pub fn used(&self) -> u64 {
        // The reader first: it is never ahead of the writer, whenever that is read.
        let [read, written] = [0, page_size()].map(|at| self.position(at));
        written.wrapping_sub(read).min(self.capacity.into())
    }

    /// Bytes that there is room for.
    pub fn capacity(&self) -> u64 {
        self.capacity.into()
    }

    fn position(&self, at: usize) -> u64 {
        #[expect(clippy::cast_ptr_alignment, reason = "a page is aligned")]
        let position = self.positions.as_ptr().wrapping_add(at).cast::<AtomicU64>();
        // SAFETY: `at` is the start of one of the two pages that are mapped as long as `self` lives; the kernel writes the word as
        // a whole.
        let position = unsafe { &*position };
        position.load(Ordering::Acquire)
    }
}

impl Datapath {
    /// A handle to the level of the event ring.
    pub fn ring_level(&self) -> Result<RingLevel, MapAccessError> {
        let positions = MmapOptions::new()
            .len(2 * page_size())
            .map_raw_read_only(self.map_data(map::EVENTS).fd().as_fd().as_raw_fd())
            .map_err(|error| MapAccessError {
                map: map::EVENTS,
                source: error.into(),
            })?;
        Ok(RingLevel {
            positions,
            capacity: self.capacity.event_ring,
        })
    }

    /// The event ring, readable when there are events. Lives on its own, and only one reader may exist. Must be called
    /// within a tokio runtime that drives I/O.
    pub fn event_ring(&self) -> Result<AsyncFd<RingBuf<MapData>>, RingError> {
        self.ring(map::EVENTS)
    }

    /// The ring of copies, likewise.
    pub fn copy_ring(&self) -> Result<AsyncFd<RingBuf<MapData>>, RingError> {
        self.ring(map::COPIES)
    }

    fn ring(&self, map: &'static str) -> Result<AsyncFd<RingBuf<MapData>>, RingError> {
        let ring = RingBuf::try_from(self.duplicate(map)?)
            .map_err(|source| MapAccessError { map, source })?;
        // SAFETY: a `RingBuf` owns its descriptor, gives the same one as long as it lives, and does not close it
        // before that.
        unsafe { AsyncFd::register_with_interest(ring, Interest::READABLE) }
            .map_err(|error| RingError::Watch(io::Error::from(error)))
    }
}
