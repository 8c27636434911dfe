//! Claims the path of the control socket: never from a live agent, always from a dead one.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::{
        fd::AsRawFd as _,
        unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, SockFlag, SockType, UnixAddr, connect, getsockopt, socket, sockopt,
    },
};
use tokio::net::UnixListener;

use super::auth::Access;

/// Permission bits of the socket: user and group.
const SOCKET_MODE: u32 = 0o660;
/// Permission bits of a directory made for it.
const DIRECTORY_MODE: u32 = 0o755;

/// The socket can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody listens there.
    #[error(
        "control.socket {}: another agent{} listens there: stop it, or give this one another socket", path.display(), process(*.pid)
    )]
    InUse {
        /// The path.
        path: PathBuf,
        /// Process that listens.
        pid: Option<i32>,
    },
    /// Another agent is claiming a socket in this directory right now.
    #[error(
        "control.socket {}: another process is claiming a socket in this directory: try again", path.display()
    )]
    Contended {
        /// The path.
        path: PathBuf,
    },
    /// Something that is no socket stands there.
    #[error("control.socket {}: a file that is no socket is in the way: remove it, or choose another path", path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// The path has no directory, or is too long for a socket.
    #[error("control.socket {}: not a path that a socket can have (at most 107 bytes, below a directory)", path.display())]
    BadPath {
        /// The path.
        path: PathBuf,
    },
    /// Any other failure of the file system.
    #[error("control.socket {}: can't {action}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

fn process(pid: Option<i32>) -> String {
    pid.map(|pid| format!(" (process {pid})"))
        .unwrap_or_default()
}

/// A listening control socket. Dropping it removes the file, if it is still this one's.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    identity: (u64, u64),
}

/// Longest path of a Unix socket (`sockaddr_un`), without the final zero.
const MAX_PATH: usize = 107;

impl ControlSocket {
    /// Listens on `path`, in the current Tokio runtime. A socket that a dead agent left is replaced; the directory is made
    /// if it is not there.
    pub fn claim(path: &Path, access: &Access) -> Result<Self, SocketError> {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .filter(|_| path.as_os_str().len() <= MAX_PATH)
            .ok_or_else(|| SocketError::BadPath {
                path: path.to_owned(),
            })?;
        let failed = |action| {
            move |source| SocketError::Io {
                action,
                path: path.to_owned(),
                source,
            }
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(parent)
            .map_err(failed("make its directory"))?;
        // Two agents that start at once would both find the old socket dead and each remove what the other bound. Whoever
        // holds the directory looks, removes and binds alone. The lock ends with this function.
        let directory = File::open(parent).map_err(failed("open its directory"))?;
        directory.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => SocketError::Contended {
                path: path.to_owned(),
            },
            TryLockError::Error(source) => failed("lock its directory")(source),
        })?;
        remove_stale(path)?;
        let listener = UnixListener::bind(path).map_err(failed("bind it"))?;
        let metadata = fs::symlink_metadata(path).map_err(failed("read back what was bound"))?;
        let socket = Self {
            listener,
            path: path.to_owned(),
            identity: (metadata.dev(), metadata.ino()),
        };
        if let Some((_, gid)) = &access.group {
            std::os::unix::fs::chown(path, None, Some(*gid))
                .map_err(failed("give it to the group"))?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))
            .map_err(failed("set its permissions"))?;
        Ok(socket)
    }

    /// The listener.
    pub const fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(socket = %self.path.display(), %error, "the control socket can't be removed");
        }
    }
}

fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let failed = |action| {
        move |source| SocketError::Io {
            action,
            path: path.to_owned(),
            source,
        }
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("look at it")(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(SocketError::NotASocket {
                path: path.to_owned(),
            });
        }
        Ok(_) => {}
    }
    match listener(path)
        .map_err(|errno| failed("find out whether an agent listens there")(errno.into()))?
    {
        Listener::Alive(pid) => Err(SocketError::InUse {
            path: path.to_owned(),
            pid,
        }),
        Listener::Dead => {
            tracing::info!(socket = %path.display(), "replacing the socket of an agent that is gone");
            fs::remove_file(path).map_err(failed("remove the socket of a dead agent"))
        }
    }
}

enum Listener {
    Alive(Option<i32>),
    Dead,
}

/// Knocks without waiting: an agent whose queue is full is alive too.
fn listener(path: &Path) -> nix::Result<Listener> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let knock = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    match connect(knock.as_raw_fd(), &UnixAddr::new(path)?) {
        Ok(()) => Ok(Listener::Alive(
            getsockopt(&knock, sockopt::PeerCredentials)
                .ok()
                .map(|credentials| credentials.pid()),
        )),
        Err(Errno::EAGAIN) => Ok(Listener::Alive(None)),
        Err(Errno::ECONNREFUSED) => Ok(Listener::Dead),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests;
