//! A database file as it is on disk, without a byte written there: for people while no agent runs, and for an agent that can't write.

use std::{
    fs::{self, File},
    io,
    ops::Bound,
    path::Path,
};

use redb::{
    StorageBackend as _,
    backends::{FileBackend, InMemoryBackend},
};

use super::database::{Fault, Kind, OpenError, check, path};

/// Reads the file of this kind in this state directory into memory. An agent that was killed leaves a file that is to be recovered: that is
/// done there, too. What is written to them is lost.
pub fn read<K: Kind>(directory: &Path) -> Result<K, OpenError> {
    let path = path::<K>(directory);
    let read = bytes(&path)
        .map_err(Fault::Io)
        .and_then(|bytes| match bytes {
            Some(bytes) => check(memory(&bytes).map_err(Fault::Io)?),
            None => Err(Fault::InUse),
        });
    read.map_err(|fault| match fault {
        Fault::InUse => OpenError::InUse(directory.to_owned()),
        Fault::Io(source) => OpenError::Io { path, source },
        Fault::Foreign(what) => OpenError::Foreign { path, what },
        Fault::Damaged(what) => OpenError::Damaged { path, what },
    })
}

/// All of the file; none: an agent that runs writes to it.
fn bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let lock = FileBackend::new(File::open(path)?).map_err(io::Error::other)?;
    if !lock
        .try_lock_shared_range(Bound::Unbounded, Bound::Unbounded)
        .map_err(io::Error::other)?
    {
        return Ok(None);
    }
    let bytes = fs::read(path)?;
    lock.close().map_err(io::Error::other)?;
    // Of nothing the database would make a new one.
    if bytes.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes))
}

fn memory(bytes: &[u8]) -> io::Result<InMemoryBackend> {
    let memory = InMemoryBackend::new();
    memory
        .set_len(bytes.len() as u64)
        .and_then(|()| memory.write(0, bytes))
        .map_err(io::Error::other)?;
    Ok(memory)
}
