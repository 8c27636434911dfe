//! Disks that take nothing more: what was written is there nevertheless, and nobody calls it damaged.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
};

use redb::{StorageBackend, backends::InMemoryBackend};

use super::{
    super::database::{Fault, check},
    put, record,
};

/// Storage that takes so many more writes, and then none.
#[derive(Debug)]
struct Full {
    memory: InMemoryBackend,
    room: AtomicUsize,
}

impl Full {
    fn holding(bytes: &[u8], room: usize) -> Self {
        let memory = InMemoryBackend::new();
        memory.set_len(bytes.len() as u64).unwrap();
        memory.write(0, bytes).unwrap();
        Self {
            memory,
            room: AtomicUsize::new(room),
        }
    }

    fn take(&self) -> io::Result<()> {
        let less = |room: usize| room.checked_sub(1);
        let taken = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken
            .map(drop)
            .map_err(|_none| io::ErrorKind::StorageFull.into())
    }
}

impl StorageBackend for Full {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.take()?;
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.take()?;
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.take()?;
        self.memory.write(offset, data)
    }
}

#[test]
fn what_is_on_a_full_disk_is_not_damaged() {
    let directory = tempfile::tempdir().unwrap();
    put(&super::opened(&directory).content, record(1));
    let bytes = std::fs::read(directory.path().join("revisions.redb")).unwrap();
    for room in 0.. {
        match check::<super::Revisions>(Full::holding(&bytes, room)) {
            Ok(revisions) => {
                assert!(room > 0);
                assert_eq!(revisions.in_force().unwrap().unwrap().number, 1);
                return;
            }
            Err(fault) => assert!(matches!(fault, Fault::Io(_)), "{room}: {fault:?}"),
        }
    }
}
