//! A named network namespace, removed when dropped.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::{fd::AsFd as _, unix::fs::DirBuilderExt as _},
    panic,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rustix::{
    fs::{FlockOperation, flock},
    mount::{
        MountPropagationFlags, UnmountFlags, mount_bind, mount_bind_recursive, mount_change,
        unmount,
    },
    thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe},
};

use super::{NetnsError, signal};

/// Where `ip netns` keeps the names.
pub const DIRECTORY: &str = "/run/netns";

/// A network namespace under [`DIRECTORY`], with its loopback up.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    file: File,
    kept: AtomicBool,
}

impl Namespace {
    /// Makes an empty namespace. The name must not be in use.
    pub fn create(name: &str) -> Result<Self, NetnsError> {
        let _allowed = signal::creating();
        prepare_directory()?;
        let path = path_of(name);
        let failed = |source| NetnsError::Create {
            name: name.to_owned(),
            source,
        };
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(failed)?;
        if let Err(source) = in_thread(|| bind_new_namespace(&path)) {
            fs::remove_file(&path).map_err(failed)?;
            return Err(failed(source));
        }
        let file = File::open(&path).map_err(failed)?;
        let namespace = Self {
            name: name.to_owned(),
            file,
            kept: AtomicBool::new(false),
        };
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that stands for it.
    pub fn path(&self) -> PathBuf {
        path_of(&self.name)
    }

    /// Leaves the namespace behind when dropped.
    pub fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    /// Runs `work` on a thread of its own that is inside the namespace. Sockets it makes stay inside,
    /// wherever they are used afterwards.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, NetnsError> {
        in_thread(|| -> io::Result<T> {
            self.enter()?;
            Ok(work())
        })
        .map_err(|source| NetnsError::Enter {
            name: self.name.clone(),
            source,
        })
    }

    /// Writes a setting below /proc/sys/net, such as `ipv4/ip_forward`.
    pub fn set(&self, setting: &str, value: &str) -> Result<(), NetnsError> {
        let path = Path::new("/proc/sys/net").join(setting);
        self.run(|| fs::write(&path, value))?
            .map_err(|source| NetnsError::Setting {
                path: path.clone(),
                value: value.to_owned(),
                source,
            })
    }

    /// Moves the calling thread into the namespace, for good.
    fn enter(&self) -> io::Result<()> {
        Ok(move_into_link_name_space(
            self.file.as_fd(),
            Some(LinkNameSpaceType::Network),
        )?)
    }

    /// A handle by which a child process enters the namespace.
    pub(super) fn try_clone_file(&self) -> Result<File, NetnsError> {
        self.file.try_clone().map_err(|source| NetnsError::Enter {
            name: self.name.clone(),
            source,
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.kept.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = remove(&self.name) {
            tracing::warn!(%error, "Could not remove a network namespace.");
        }
    }
}

/// Removes a namespace by name. It ends for good when the last process inside has ended.
pub fn remove(name: &str) -> Result<(), NetnsError> {
    let path = path_of(name);
    unmount(&path, UnmountFlags::DETACH)
        .or_else(|error| match error {
            // A name left by a run that died between making the file and mounting on it.
            rustix::io::Errno::INVAL => Ok(()),
            other => Err(other),
        })
        .map_err(io::Error::from)
        .and_then(|()| fs::remove_file(&path))
        .map_err(|source| NetnsError::Remove { path, source })
}

/// The file that stands for the namespace of this name.
pub fn path_of(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// Runs `work` on a thread that ends with it, so that the caller's own namespace is never touched.
fn in_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        scope
            .spawn(work)
            .join()
            .unwrap_or_else(|payload| panic::resume_unwind(payload))
    })
}

fn bind_new_namespace(path: &Path) -> io::Result<()> {
    // SAFETY: the thread was made for this call and ends with it; a network namespace holds nothing that
    // other threads of the process rely on.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    Ok(mount_bind("/proc/thread-self/ns/net", path)?)
}

/// Makes the directory a shared mount, as `ip netns add` does: namespaces added here are then seen by
/// processes in other mount namespaces. Under a lock, because two runs that both find it unmounted would
/// mount over each other and hide names (iproute2 has that race).
fn prepare_directory() -> Result<(), NetnsError> {
    let failed = |source: io::Error| NetnsError::Directory {
        path: DIRECTORY.into(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(DIRECTORY)
        .map_err(failed)?;
    let lock = File::open("/run").map_err(failed)?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    let shared = MountPropagationFlags::SHARED | MountPropagationFlags::REC;
    match mount_change(DIRECTORY, shared) {
        Err(rustix::io::Errno::INVAL) => mount_bind_recursive(DIRECTORY, DIRECTORY)
            .and_then(|()| mount_change(DIRECTORY, shared)),
        other => other,
    }
    .map_err(|error| failed(error.into()))
}

#[cfg(test)]
mod tests {
    use std::{fs, panic, path::Path};

    use super::{Namespace, path_of};
    use crate::netns::name;

    fn fresh(label: &str) -> String {
        name::of_run(name::next_number(), label)
    }

    #[test]
    fn a_namespace_is_another_one_and_goes_with_its_guard() {
        let name = fresh("life");
        let namespace = Namespace::create(&name).unwrap();
        let here = fs::read_link("/proc/thread-self/ns/net").unwrap();
        let there = namespace
            .run(|| fs::read_link("/proc/thread-self/ns/net").unwrap())
            .unwrap();
        assert_ne!(here, there);
        assert_eq!(here, fs::read_link("/proc/thread-self/ns/net").unwrap());
        drop(namespace);
        assert!(!path_of(&name).exists());
    }

    #[test]
    fn a_name_in_use_is_refused_and_left_alone() {
        let name = fresh("twice");
        let first = Namespace::create(&name).unwrap();
        let error = Namespace::create(&name).unwrap_err();
        assert!(error.to_string().contains(&name));
        first.run(|| ()).unwrap();
    }

    #[test]
    fn a_panic_inside_reaches_the_caller_and_the_namespace_goes() {
        let name = fresh("panic");
        let caught = panic::catch_unwind(|| {
            let namespace = Namespace::create(&name).unwrap();
            namespace.run(|| panic!("as wanted")).unwrap();
        });
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"as wanted"));
        assert!(!path_of(&name).exists());
    }

    #[test]
    fn settings_are_those_of_the_namespace() {
        let namespace = Namespace::create(&fresh("set")).unwrap();
        namespace.set("ipv4/ip_default_ttl", "77").unwrap();
        let file = Path::new("/proc/sys/net/ipv4/ip_default_ttl");
        let there = namespace.run(|| fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(there.trim(), "77");
        assert_ne!(fs::read_to_string(file).unwrap().trim(), "77");
        assert!(namespace.set("ipv4/no_such_setting", "1").is_err());
    }
}
