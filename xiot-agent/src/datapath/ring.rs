//! The event ring as something that a task can wait for.

use std::io;

use aya::maps::{MapData, RingBuf};
use tokio::io::{Interest, unix::AsyncFd};
use xiot_common::map;

use super::{error::MapAccessError, instance::Datapath};

/// The event ring could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// It could not be mapped into memory.
    #[error(transparent)]
    Map(#[from] MapAccessError),
    /// It could not be watched.
    #[error("could not watch the event ring")]
    Watch(#[source] io::Error),
}

impl Datapath {
    /// The event ring, readable when there are events. Lives on its own, and only one reader may exist. Must be called
    /// within a tokio runtime that drives I/O.
    pub fn event_ring(&self) -> Result<AsyncFd<RingBuf<MapData>>, RingError> {
        let ring =
            RingBuf::try_from(self.duplicate(map::EVENTS)?).map_err(|source| MapAccessError {
                map: map::EVENTS,
                source,
            })?;
        // SAFETY: a `RingBuf` owns its descriptor, gives the same one as long as it lives, and does not close it
        // before that.
        unsafe { AsyncFd::register_with_interest(ring, Interest::READABLE) }
            .map_err(|error| RingError::Watch(io::Error::from(error)))
    }
}
