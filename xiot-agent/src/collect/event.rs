//! Events: fixed-size records from the ring, in the order in which they were written.

use std::{fmt, io};

use aya::maps::{MapData, RingBuf};
use tokio::io::unix::AsyncFd;
use xiot_common::event::Event;

use crate::datapath::{self, Datapath, RingError};

/// Records read at once: a reader that is behind still gets to its other work.
const BATCH: usize = 1024;

/// Events that were read together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Events {
    /// The events.
    pub events: Vec<Event>,
    /// Records that are no events: of another size than this agent knows.
    pub malformed: u64,
}

/// Reads the ring without taking a thread of its own. Only one reader may exist.
pub struct EventStream {
    ring: AsyncFd<RingBuf<MapData>>,
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

impl EventStream {
    /// The event ring of this instance. Must be called within a tokio runtime that drives I/O.
    pub fn open(datapath: &Datapath) -> Result<Self, RingError> {
        let ring = datapath.event_ring()?;
        Ok(Self { ring })
    }

    /// Waits for events and returns what is there, at least one record. Dropping the future loses nothing.
    pub async fn next(&mut self) -> io::Result<Events> {
        loop {
            let mut guard = self.ring.readable_mut().await?;
            let (read, is_empty) = drain(guard.get_inner_mut());
            if is_empty {
                // Wait for the kernel to say that there is more.
                guard.clear_ready();
            }
            if !read.events.is_empty() || read.malformed != 0 {
                return Ok(read);
            }
        }
    }
}

fn drain(ring: &mut RingBuf<MapData>) -> (Events, bool) {
    let mut read = Events::default();
    for _ in 0..BATCH {
        let Some(record) = ring.next() else {
            return (read, true);
        };
        match datapath::read_pod::<Event>(&record) {
            Some(event) => read.events.push(event),
            None => read.malformed += 1,
        }
    }
    (read, false)
}
