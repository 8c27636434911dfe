//! The pin directory: what keeps the program in force when the agent is gone.
//!
//! | pin | what |
//! |---|---|
//! | `program` | the program |
//! | `link-IFINDEX` | its attachment to one interface |
//! | names of `xiot_common::map` | the maps |
//! | `restore` | what to undo on interfaces when the program is detached |
//! | `move-program`, `move-STAGES` | while flows move to another table: the program that moves them, and what judges meanwhile goes on to |
//!
//! `new-` before a name: about to take the place of the old one; `left-`: of an agent that was killed before it could do that. The directory itself is the lock: one agent
//! holds it, and the kernel lets go of it when that agent dies.

mod lock;
mod restore;

use std::{
    fs, io,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::DirBuilderExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::fs::statfs;

pub use self::lock::Holder;
pub(super) use self::restore::{Change, RestoreTable};
use super::{map, sys};

const PROGRAM: &str = "program";
const RESTORE: &str = "restore";
const LINK: &str = "link-";
const STAGED: &str = "new-";
const ASIDE: &str = "left-";
const MOVING: &str = "move-";

/// `BPF_FS_MAGIC` of linux/magic.h.
const BPF_FS_MAGIC: u64 = 0xcafe_4a11;

/// The pin directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// Not on a BPF file system.
    #[error("{} is not on a BPF file system; `mount -t bpf bpf {}`", path.display(), mount.display())]
    NotBpfFs {
        /// The pin directory.
        path: PathBuf,
        /// Where to mount one.
        mount: PathBuf,
    },
    /// Another agent has it.
    #[error("{} is in use by another agent{}", path.display(), holder.as_ref().map(|h| format!(": {h}")).unwrap_or_default())]
    Locked {
        /// The pin directory.
        path: PathBuf,
        /// Who has it, as far as can be told.
        holder: Option<Holder>,
    },
    /// A pin is not what its name says.
    #[error("{} is not a pin of this agent; move it away", path.display())]
    Foreign {
        /// The pin.
        path: PathBuf,
    },
    /// A call failed.
    #[error("could not {call} {}", path.display())]
    Io {
        /// What was tried.
        call: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl PinError {
    fn io(call: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            call,
            path: path.to_owned(),
            source,
        }
    }
}

/// A link that an earlier agent left pinned.
#[derive(Debug)]
pub(super) struct PinnedLink {
    pub(super) path: PathBuf,
    pub(super) fd: OwnedFd,
    /// What it was attached to.
    pub(super) ifindex: u32,
    /// What it is attached to now: index 0 if the interface is gone.
    pub(super) info: sys::LinkInfo,
}

/// Somebody holds the pins.
#[derive(Clone, Debug)]
pub struct Held {
    /// Who, as far as can be told.
    pub holder: Option<Holder>,
}

/// The pin directory, held by this process.
#[derive(Debug)]
pub(super) struct Pins {
    path: PathBuf,
    /// Directories that were made for it, outermost first.
    created: Vec<PathBuf>,
    /// None: it is another's, and only looked at.
    _lock: Option<OwnedFd>,
}

impl Pins {
    /// Takes the directory, making it if need be.
    pub(super) fn create(path: &Path) -> Result<Self, PinError> {
        check_file_system(path)?;
        let mut missing: Vec<PathBuf> = path
            .ancestors()
            .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
            .map(Path::to_owned)
            .collect();
        missing.reverse();
        let mut created = Vec::new();
        for directory in missing {
            // Another agent may have made it in between: the lock decides.
            match fs::DirBuilder::new().mode(0o700).create(&directory) {
                Ok(()) => created.push(directory),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    remove_directories(&created);
                    return Err(PinError::io("create directory", &directory)(error));
                }
            }
        }
        match lock::lock(path) {
            Ok(Some(lock)) => Ok(Self {
                path: path.to_owned(),
                created,
                _lock: Some(lock),
            }),
            Ok(None) => Err(PinError::Io {
                call: "lock",
                path: path.to_owned(),
                source: io::ErrorKind::NotFound.into(),
            }),
            Err(error) => {
                remove_directories(&created);
                Err(error)
            }
        }
    }

    /// Takes the directory if there is one.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, PinError> {
        if !path.exists() {
            return Ok(None);
        }
        check_file_system(path)?;
        Ok(lock::lock(path)?.map(|lock| Self {
            path: path.to_owned(),
            created: Vec::new(),
            _lock: Some(lock),
        }))
    }

    /// The directory if there is one, to look at and for nothing else; and whether somebody has it.
    pub(super) fn beside(path: &Path) -> Result<Option<(Self, Option<Held>)>, PinError> {
        if !path.exists() {
            return Ok(None);
        }
        check_file_system(path)?;
        // Given back at once: who wants it waits for as long as that takes.
        let held = match lock::try_lock(path) {
            Ok(_) => None,
            Err(PinError::Locked { holder, .. }) => Some(Held { holder }),
            Err(error) => return Err(error),
        };
        let pins = Self {
            path: path.to_owned(),
            created: Vec::new(),
            _lock: None,
        };
        Ok(Some((pins, held)))
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the link to an interface is pinned.
    pub(super) fn link(&self, ifindex: u32) -> PathBuf {
        self.path.join(format!("{LINK}{ifindex}"))
    }

    /// Where the table of what to undo is pinned.
    pub(super) fn restore(&self) -> PathBuf {
        self.path.join(RESTORE)
    }

    /// Where the program is pinned.
    pub(super) fn program(&self) -> PathBuf {
        self.path.join(PROGRAM)
    }

    /// Where a map is pinned.
    pub(super) fn map(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where an object is pinned before it takes the place of the one at `path`.
    pub(super) fn staged(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.path.join(format!("{STAGED}{name}"))
    }

    /// Where an object is pinned that is needed until flows have moved.
    pub(super) fn moving(&self, name: &str) -> PathBuf {
        self.path.join(format!("{MOVING}{name}"))
    }

    /// Removes what was needed until flows had moved.
    pub(super) fn remove_moving(&self) -> Result<(), PinError> {
        self.remove_all(MOVING)
    }

    /// All that is pinned to take the place of something, and that place: the program array last.
    pub(super) fn all_staged(&self) -> Result<Vec<(PathBuf, PathBuf)>, PinError> {
        let entries = self.entries()?.into_iter();
        let mut staged: Vec<_> = entries
            .filter_map(|(name, path)| {
                let base = name.strip_prefix(STAGED)?;
                Some((path, self.path.join(base)))
            })
            .collect();
        staged.sort_by_key(|(_, place)| *place == self.map(xiot_common::map::STAGES));
        Ok(staged)
    }

    /// Gives what an agent staged, and could not put in its place, another name that nothing has: some port may run with it.
    pub(super) fn set_aside(&self, staged: &Path) -> io::Result<()> {
        let name = staged.file_name().unwrap_or_default().to_string_lossy();
        let mut names = (0..).map(|n: u32| self.path.join(format!("{ASIDE}{n}-{name}")));
        match names.find(|path| !path.exists()) {
            Some(path) => fs::rename(staged, path),
            None => Ok(()),
        }
    }

    /// Removes what was set aside: no port runs with it any more.
    pub(super) fn remove_set_aside(&self) -> Result<(), PinError> {
        self.remove_all(ASIDE)
    }

    fn remove_all(&self, prefix: &str) -> Result<(), PinError> {
        for (name, path) in self.entries()? {
            if name.starts_with(prefix) {
                fs::remove_file(&path).map_err(PinError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// The program that an earlier agent left.
    pub(super) fn old_program(&self) -> Result<Option<OwnedFd>, PinError> {
        open(&self.program())
    }

    /// A map that an earlier agent left.
    pub(super) fn old_map(&self, name: &str) -> Result<Option<OwnedFd>, PinError> {
        open(&self.map(name))
    }

    /// The links that an earlier agent left, by interface index.
    pub(super) fn old_links(&self) -> Result<Vec<PinnedLink>, PinError> {
        let mut links = Vec::new();
        for (name, path) in self.entries()? {
            let Some(ifindex) = name
                .strip_prefix(LINK)
                .and_then(|index| index.parse::<u32>().ok())
            else {
                continue;
            };
            let fd = sys::open_pin(&path).map_err(PinError::io("open pin", &path))?;
            let info = sys::link_info(fd.as_fd()).map_err(|error| {
                if error.kind() == io::ErrorKind::InvalidInput {
                    PinError::Foreign { path: path.clone() }
                } else {
                    PinError::io("read link", &path)(error)
                }
            })?;
            links.push(PinnedLink {
                path,
                fd,
                ifindex,
                info,
            });
        }
        links.sort_by_key(|link| link.ifindex);
        Ok(links)
    }

    /// Removes every pin that is ours but those of links, and the directory if nothing is left in it.
    pub(super) fn remove(self) -> Result<usize, PinError> {
        let mut removed = 0;
        for (name, path) in self.entries()? {
            let base = name.strip_prefix(STAGED).unwrap_or(&name);
            let is_map = map::ALL.contains(&base) || map::NOTES.contains(&base);
            let is_temporary = name.starts_with(ASIDE) || name.starts_with(MOVING);
            if base == PROGRAM || base == RESTORE || is_map || is_temporary {
                fs::remove_file(&path).map_err(PinError::io("remove", &path))?;
                removed += 1;
            }
        }
        match fs::remove_dir(&self.path) {
            Ok(()) => Ok(removed),
            // Somebody else's pins, or the root of the file system.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::ResourceBusy
                ) =>
            {
                Ok(removed)
            }
            Err(error) => Err(PinError::io("remove directory", &self.path)(error)),
        }
    }

    /// Removes the directories that were made for it, if nothing is in them.
    pub(super) fn forget(self) {
        remove_directories(&self.created);
    }

    fn entries(&self) -> Result<Vec<(String, PathBuf)>, PinError> {
        let read = || -> io::Result<Vec<_>> {
            fs::read_dir(&self.path)?
                .map(|entry| {
                    let entry = entry?;
                    Ok((
                        entry.file_name().to_string_lossy().into_owned(),
                        entry.path(),
                    ))
                })
                .collect()
        };
        read().map_err(PinError::io("list", &self.path))
    }
}

/// What is pinned there; none: nothing is.
pub(super) fn open(path: &Path) -> Result<Option<OwnedFd>, PinError> {
    match sys::open_pin(path) {
        Ok(fd) => Ok(Some(fd)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PinError::io("open pin", path)(error)),
    }
}

fn remove_directories(created: &[PathBuf]) {
    for directory in created.iter().rev() {
        if let Err(error) = fs::remove_dir(directory) {
            tracing::warn!(%error, directory = %directory.display(), "Could not remove a directory.");
        }
    }
}

fn check_file_system(path: &Path) -> Result<(), PinError> {
    let existing = path
        .ancestors()
        .find(|ancestor| ancestor.exists())
        .unwrap_or_else(|| Path::new("."));
    let kind = statfs(existing)
        .map_err(|error| PinError::io("look at the file system of", existing)(error.into()))?
        .f_type;
    // The type of the field differs between architectures.
    #[expect(
        clippy::cast_sign_loss,
        reason = "the magic number is compared as bits"
    )]
    if kind as u64 & 0xffff_ffff == BPF_FS_MAGIC {
        return Ok(());
    }
    let usual = Path::new("/sys/fs/bpf");
    let mount = if path.starts_with(usual) {
        usual
    } else {
        path.parent().unwrap_or(path)
    };
    Err(PinError::NotBpfFs {
        path: path.to_owned(),
        mount: mount.to_owned(),
    })
}
