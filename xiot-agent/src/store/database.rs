//! A database file: made, locked, checked, and set aside where it is not what was written.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use redb::{Builder, Database, DatabaseError, StorageBackend, StorageError, backends::FileBackend};

use super::error::StoreError;

/// Memory for pages that were read before.
const CACHE: usize = 4 << 20;

/// What a file holds.
pub trait Kind: Sized {
    /// Its name in the state directory.
    const FILE: &'static str;
    /// What it holds, as messages say it.
    const WHAT: &'static str;

    /// What is in a database; makes what is missing.
    fn of(database: Database) -> Result<Self, StoreError>;

    /// The database, to end its use.
    fn into_database(self) -> Database;
}

/// A file can't be read and kept.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another agent has them.
    #[error("the state directory {} belongs to another agent that runs: give each its own with --state", .0.display())]
    InUse(PathBuf),
    /// The directory or file can't be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// They are of a version that this agent does not know.
    #[error("{}: {what}: it is of another version of xiot-agent, use that, or move the file away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The file is not what was written, and only read.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file that is damaged can't be set aside.
    #[error("{} is damaged ({what}) and can't be set aside: {source}", path.display())]
    Stuck {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// Why it can't be renamed.
        source: io::Error,
    },
}

/// A file that can be read and kept.
#[derive(Debug)]
pub struct Opened<K> {
    /// What it holds.
    pub content: K,
    /// What was there was damaged: where it is now, and what is wrong with it.
    pub set_aside: Option<(PathBuf, String)>,
}

/// Opens the file of this kind in this state directory, and makes what is missing.
pub fn open<K: Kind>(directory: &Path) -> Result<Opened<K>, OpenError> {
    make_directory(directory)?;
    let path = path::<K>(directory);
    let mut set_aside = None;
    loop {
        if !path
            .try_exists()
            .map_err(|source| io_error(&path, source))?
        {
            create::<K>(directory, &path)?;
        }
        match file(&path).and_then(check) {
            Ok(content) => return Ok(Opened { content, set_aside }),
            Err(Fault::InUse) => return Err(OpenError::InUse(directory.to_owned())),
            Err(Fault::Io(source)) => return Err(io_error(&path, source)),
            Err(Fault::Foreign(what)) => return Err(OpenError::Foreign { path, what }),
            // What is new and damaged nevertheless is not a file that can be set right by another.
            Err(Fault::Damaged(what)) if set_aside.is_some() => {
                return Err(io_error(&path, io::Error::other(what)));
            }
            Err(Fault::Damaged(what)) => {
                let aside = put_aside(&path, &what)?;
                set_aside = Some((aside, what));
            }
        }
    }
}

/// The file of this kind in this state directory.
pub(super) fn path<K: Kind>(directory: &Path) -> PathBuf {
    directory.join(K::FILE)
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Fault {
    InUse,
    Io(io::Error),
    Foreign(String),
    Damaged(String),
}

/// What this storage holds: every page is checked before any is believed.
pub(super) fn check<K: Kind>(storage: impl StorageBackend) -> Result<K, Fault> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        Builder::new()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true)
            .create_with_backend(storage)
            .map_err(fault)
            .and_then(|database| K::of(database).map_err(store_fault::<K>))
    }));
    // What is in the file can make the database give up in the middle.
    opened.unwrap_or_else(|_panic| Err(Fault::Damaged("it makes no sense".to_owned())))
}

fn fault(error: DatabaseError) -> Fault {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Fault::InUse,
        DatabaseError::UpgradeRequired(version) => {
            Fault::Foreign(format!("a database of format {version}"))
        }
        DatabaseError::Storage(StorageError::Io(source)) if is_of_the_disk(&source) => {
            Fault::Io(source)
        }
        error @ (DatabaseError::RepairAborted
        | DatabaseError::TransactionInProgress
        | DatabaseError::Storage(_)
        | _) => Fault::Damaged(error.to_string()),
    }
}

fn store_fault<K: Kind>(error: StoreError) -> Fault {
    let what = error.to_string();
    match error {
        StoreError::Foreign(version) => Fault::Foreign(format!("{} of version {version}", K::WHAT)),
        StoreError::Database(error) => {
            if let redb::Error::Io(source) = *error
                && is_of_the_disk(&source)
            {
                return Fault::Io(source);
            }
            Fault::Damaged(what)
        }
        StoreError::Record { .. } | StoreError::Text { .. } | StoreError::Row { .. } => {
            Fault::Damaged(what)
        }
    }
}

/// Whether it is the disk's, as of one that is full, and says nothing about what is written there. The others are the database's own
/// about what it read.
fn is_of_the_disk(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

fn make_directory(directory: &Path) -> Result<(), OpenError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| io_error(directory, source))
}

/// Under another name first, so that there is never half a file.
fn create<K: Kind>(directory: &Path, path: &Path) -> Result<(), OpenError> {
    let new = directory.join(format!(".{}.new", K::FILE));
    let made = (|| {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let storage = backend(open_file(&new, true)?)?;
        check(storage)
            .and_then(|content: K| close(content).map_err(store_fault::<K>))
            .map_err(|fault| io::Error::other(format!("{fault:?}")))?;
        fs::rename(&new, path)?;
        sync(directory)
    })();
    made.map_err(|source| io_error(path, source))
}

fn file(path: &Path) -> Result<FileBackend, Fault> {
    let file = open_file(path, false).map_err(Fault::Io)?;
    backend(file).map_err(Fault::Io)
}

fn backend(file: File) -> io::Result<FileBackend> {
    FileBackend::new(file).map_err(|error| io::Error::other(error.to_string()))
}

fn open_file(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(new).mode(0o600);
    options.open(path)
}

/// Renames it, with the time in the name.
fn put_aside(path: &Path, what: &str) -> Result<PathBuf, OpenError> {
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let aside = (0..u32::MAX)
        .map(|n| match n {
            0 => path.with_extension(format!("damaged-{stamp}")),
            n => path.with_extension(format!("damaged-{stamp}-{n}")),
        })
        .find(|aside| !aside.exists())
        .unwrap_or_else(|| path.with_extension("damaged"));
    fs::rename(path, &aside).map_err(|source| OpenError::Stuck {
        path: path.to_owned(),
        what: what.to_owned(),
        source,
    })?;
    Ok(aside)
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn io_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Ends the use of the file.
fn close(content: impl Kind) -> Result<(), StoreError> {
    content.into_database().close().map_err(StoreError::from)
}
