//! Copies of messages: DNS answers to devices, DHCP requests and LLDP of devices, in the order in which they were written.

use std::{fmt, io};

use aya::maps::{MapData, PerCpuArray, RingBuf};
use tokio::io::unix::AsyncFd;
use xiot_common::{
    copy::{Copy, CopyKind},
    counter::EventCounter,
    map,
};

use crate::datapath::{self, ActivePolicy, Datapath, MapAccessError, RingError};

/// Records read at once: a reader that is behind still gets to its other work.
const BATCH: usize = 256;

/// A message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// What it is.
    pub kind: CopyKind,
    /// Nanoseconds of the monotonic clock.
    pub time: u64,
    /// MAC of the device that sent it, or got it.
    pub mac: [u8; 6],
    /// VLAN ids, outer and inner.
    pub vlans: (u16, u16),
    /// Wire index.
    pub wire: u16,
    /// The message, from its first byte on: of UDP the payload, of LLDP the whole frame.
    pub bytes: Vec<u8>,
    /// It went on: only its begin was copied.
    pub is_cut: bool,
    /// Messages of this device before it that were not copied.
    pub suppressed: u64,
}

/// Messages that were read together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Messages {
    /// The messages.
    pub messages: Vec<Message>,
    /// Records that are none: of another size or kind than this agent knows.
    pub malformed: u64,
}

/// What became of messages, over all CPUs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CopyCount {
    /// Copied.
    pub sent: u64,
    /// Held back by a budget.
    pub suppressed: u64,
    /// Found the ring full.
    pub lost: u64,
}

/// Handle to what became of messages. Lives on its own.
pub struct CopyCounters(PerCpuArray<MapData, EventCounter>);

impl fmt::Debug for CopyCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyCounters").finish_non_exhaustive()
    }
}

impl CopyCounters {
    /// Those of this instance.
    pub fn open(datapath: &Datapath) -> Result<Self, MapAccessError> {
        let counters = datapath.duplicate(map::COPY_COUNTERS)?;
        PerCpuArray::try_from(counters)
            .map(Self)
            .map_err(|source| MapAccessError {
                map: map::COPY_COUNTERS,
                source,
            })
    }

    /// What became of messages so far.
    pub fn read(&self) -> Result<CopyCount, MapAccessError> {
        let all = self.0.get(&0, 0).map_err(|source| MapAccessError {
            map: map::COPY_COUNTERS,
            source,
        })?;
        Ok(all.iter().fold(CopyCount::default(), |sum, one| CopyCount {
            sent: sum.sent + one.sent,
            suppressed: sum.suppressed + one.suppressed,
            lost: sum.lost + one.lost,
        }))
    }
}

/// Reads the ring of copies, and has the program write them as long as it lives. Only one may exist.
pub struct CopyStream {
    ring: AsyncFd<RingBuf<MapData>>,
    counters: CopyCounters,
    active: ActivePolicy,
}

impl fmt::Debug for CopyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyStream").finish_non_exhaustive()
    }
}

impl CopyStream {
    /// The copies of this instance from now on. Must be called within a tokio runtime that drives I/O.
    pub fn open(datapath: &Datapath) -> Result<Self, RingError> {
        let stream = Self {
            ring: datapath.copy_ring()?,
            counters: CopyCounters::open(datapath)?,
            active: datapath.active_policy()?,
        };
        stream.active.want_copies(true);
        Ok(stream)
    }

    /// Waits for messages and returns what is there, at least one record. Dropping the future loses nothing.
    pub async fn next(&mut self) -> io::Result<Messages> {
        loop {
            let mut guard = self.ring.readable_mut().await?;
            let (read, is_empty) = drain(guard.get_inner_mut());
            if is_empty {
                // Wait for the kernel to say that there is more.
                guard.clear_ready();
            }
            if !read.messages.is_empty() || read.malformed != 0 {
                return Ok(read);
            }
        }
    }

    /// What became of messages so far.
    pub fn count(&self) -> Result<CopyCount, MapAccessError> {
        self.counters.read()
    }
}

impl Drop for CopyStream {
    fn drop(&mut self) {
        self.active.want_copies(false);
    }
}

fn drain(ring: &mut RingBuf<MapData>) -> (Messages, bool) {
    let mut read = Messages::default();
    for _ in 0..BATCH {
        let Some(record) = ring.next() else {
            return (read, true);
        };
        match datapath::read_pod::<Copy>(&record).and_then(|copy| message(&copy)) {
            Some(message) => read.messages.push(message),
            None => read.malformed += 1,
        }
    }
    (read, false)
}

fn message(copy: &Copy) -> Option<Message> {
    let bytes = copy.message.get(..copy.copied.into())?.to_vec();
    Some(Message {
        kind: CopyKind::from_u8(copy.kind)?,
        time: copy.time,
        mac: copy.mac.0,
        vlans: (copy.vlans.outer, copy.vlans.inner),
        wire: copy.wire,
        is_cut: usize::try_from(copy.length).is_ok_and(|length| length > bytes.len()),
        bytes,
        suppressed: copy.suppressed,
    })
}

#[cfg(test)]
mod tests {
    use xiot_common::{
        addr::{Mac, Vlans},
        copy::COPY_BYTES,
    };

    use super::*;

    #[test]
    fn a_message_is_what_was_copied_of_it() {
        let mut copy = Copy {
            time: 1,
            suppressed: 2,
            length: 3,
            vlans: Vlans {
                outer: 30,
                inner: 0,
            },
            mac: Mac([2; 6]),
            wire: 1,
            kind: CopyKind::Lldp as u8,
            reserved: 0,
            copied: 3,
            reserved2: 0,
            message: [7; COPY_BYTES],
        };
        let found = message(&copy).unwrap();
        assert_eq!((found.bytes, found.is_cut), (vec![7; 3], false));
        copy.length = 4;
        assert!(message(&copy).unwrap().is_cut);
        copy.copied = u16::MAX;
        assert_eq!(message(&copy), None);
        (copy.copied, copy.kind) = (3, 9);
        assert_eq!(message(&copy), None);
    }
}
