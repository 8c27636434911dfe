//! A directory for the files of one run, with a BPF file system of its own: pins below it are gone with it,
//! and the host's are never touched.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::{NetnsError, signal};

/// Where the directories are.
pub const DIRECTORY: &str = "/run";

/// The mount point within.
const BPF: &str = "bpf";

/// A directory below [`DIRECTORY`], removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    kept: AtomicBool,
}

impl Scratch {
    /// Makes the directory and mounts the BPF file system.
    pub fn create(name: &str) -> Result<Self, NetnsError> {
        let _allowed = signal::creating();
        let path = Path::new(DIRECTORY).join(name);
        let failed = |source| NetnsError::Directory {
            path: path.clone(),
            source,
        };
        fs::create_dir(&path).map_err(failed)?;
        let scratch = Self {
            path: path.clone(),
            kept: AtomicBool::new(false),
        };
        let bpf = scratch.bpf();
        fs::create_dir(&bpf)
            .and_then(|()| Ok(mount("bpf", &bpf, "bpf", MountFlags::empty(), None)?))
            .map_err(failed)?;
        Ok(scratch)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The BPF file system in it.
    pub fn bpf(&self) -> PathBuf {
        self.path.join(BPF)
    }

    /// Leaves the directory behind when dropped.
    pub fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.kept.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = remove(&self.path) {
            tracing::warn!(%error, "Could not remove a directory.");
        }
    }
}

/// Removes such a directory with all pins.
pub fn remove(path: &Path) -> Result<(), NetnsError> {
    let failed = |source| NetnsError::Remove {
        path: path.to_owned(),
        source,
    };
    match unmount(path.join(BPF), UnmountFlags::DETACH) {
        // Nothing mounted: a run that died on the way.
        Ok(()) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOENT) => {}
        Err(other) => return Err(failed(other.into())),
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Scratch;
    use crate::netns::name;

    #[test]
    fn the_directory_holds_a_bpf_file_system_and_goes_with_its_guard() {
        let name = name::of_run(name::next_number(), "scratch");
        let scratch = Scratch::create(&name).unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("policy.yaml"), "devices: []").unwrap();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let line = format!("bpf {} bpf ", scratch.bpf().display());
        assert!(mounts.contains(&line));
        drop(scratch);
        assert!(!path.exists());
        assert!(
            !fs::read_to_string("/proc/self/mounts")
                .unwrap()
                .contains(&line)
        );
    }
}
