//! One agent per pin directory: an advisory lock on the directory itself.

use std::{
    fmt,
    fs::{self, File},
    io,
    os::{
        fd::OwnedFd,
        unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    path::Path,
    thread,
    time::Duration,
};

use rustix::fs::{FlockOperation, flock, major, minor};

use super::PinError;

/// Times that the directory may be removed by a detaching agent between opening and locking it.
const ATTEMPTS: usize = 5;

/// How long somebody may hold the lock who only looks whether anybody does.
const LOOK: Duration = Duration::from_millis(50);

/// Who holds a lock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holder {
    /// Process id, in this process's namespace.
    pub pid: u32,
    /// Name of its program; none if it can't be read.
    pub command: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Some(command) => write!(f, "{command}, process {}", self.pid),
            None => write!(f, "process {}", self.pid),
        }
    }
}

/// Locks the directory; none if there is none (any more).
pub(super) fn lock(path: &Path) -> Result<Option<OwnedFd>, PinError> {
    match try_lock(path) {
        Err(PinError::Locked { .. }) => {
            thread::sleep(LOOK);
            try_lock(path)
        }
        other => other,
    }
}

/// Locks it now or not at all.
pub(super) fn try_lock(path: &Path) -> Result<Option<OwnedFd>, PinError> {
    for _ in 0..ATTEMPTS {
        let directory = match File::options()
            .read(true)
            .custom_flags(libc::O_DIRECTORY)
            .open(path)
        {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(PinError::io("open", path)(error)),
        };
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(PinError::Locked {
                    path: path.to_owned(),
                    holder: holder(&directory),
                });
            }
            Err(error) => return Err(PinError::io("lock", path)(error.into())),
        }
        // Is it still the directory at this path?
        let same = match (directory.metadata(), fs::metadata(path)) {
            (Ok(held), Ok(found)) => held.dev() == found.dev() && held.ino() == found.ino(),
            _ => false,
        };
        if same {
            return Ok(Some(directory.into()));
        }
    }
    Ok(None)
}

/// The process that has this file locked.
fn holder(file: &File) -> Option<Holder> {
    let metadata = file.metadata().ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let device = (major(metadata.dev()), minor(metadata.dev()));
    let pid = find(&locks, device, metadata.ino())?;
    let command = fs::read_to_string(format!("/proc/{pid}/comm"))
        .ok()
        .map(|name| name.trim().to_owned());
    Some(Holder { pid, command })
}

/// Finds a lock in the text of `/proc/locks`:
/// `1: FLOCK  ADVISORY  WRITE 4242 00:2a:1057 0 EOF`, device numbers in hexadecimal.
fn find(locks: &str, (major, minor): (u32, u32), inode: u64) -> Option<u32> {
    let file = format!("{major:02x}:{minor:02x}:{inode}");
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        match fields[..] {
            [_, "FLOCK", _, _, pid, found, ..] if found == file => pid.parse().ok(),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    const LOCKS: &str = "1: POSIX  ADVISORY  WRITE 7 00:2a:1057 0 EOF\n\
                         2: FLOCK  ADVISORY  WRITE 4242 00:2a:1057 0 EOF\n\
                         2: -> FLOCK  ADVISORY  WRITE 9 00:2a:1057 0 EOF\n\
                         3: FLOCK  ADVISORY  WRITE 1 fd:02:11 0 EOF\n";

    #[test]
    fn the_holder_is_found_by_device_and_inode() {
        assert_eq!(find(LOCKS, (0, 0x2a), 1057), Some(4242));
        assert_eq!(find(LOCKS, (0xfd, 2), 11), Some(1));
    }

    #[test]
    fn other_locks_are_not_taken_for_it() {
        assert_eq!(find(LOCKS, (0, 0x2b), 1057), None);
        assert_eq!(find(LOCKS, (0, 0x2a), 105), None);
        assert_eq!(find("", (0, 0), 0), None);
    }
}
