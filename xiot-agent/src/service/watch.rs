//! Files that changed: noticed once they have stopped changing.
//!
//! By looking at them again and again. That holds for whatever puts another file in the place of one (editors, `mv`, links that are
//! turned elsewhere) and on every file system, where notifications of the kernel do not.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use super::files::{Paths, Seen};

/// Time between two looks: a file that was the same for so long is whole, as far as can be told.
pub const PERIOD: Duration = Duration::from_secs(1);

/// Both files, as they were seen.
#[derive(Debug)]
pub struct Watch {
    paths: [PathBuf; 2],
    /// At the last look.
    seen: [Option<Stamp>; 2],
    /// When they were loaded.
    loaded: [Option<Stamp>; 2],
}

/// What changes with a file. None: it is not there, or can't be looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let it = fs::metadata(path).ok()?;
        Some(Self {
            device: it.dev(),
            inode: it.ino(),
            size: it.size(),
            modified: (it.mtime(), it.mtime_nsec()),
            changed: (it.ctime(), it.ctime_nsec()),
        })
    }
}

/// What both files say, read again only where one looks like another.
#[derive(Debug)]
pub(super) struct Contents {
    paths: Paths,
    last: Option<([Option<Stamp>; 2], Seen)>,
}

impl Contents {
    pub(super) fn of(paths: Paths) -> Self {
        Self { paths, last: None }
    }

    /// As they are now.
    pub(super) fn look(&mut self) -> Seen {
        let stamps = [&self.paths.gateway, &self.paths.policy].map(|path| Stamp::of(path));
        match &self.last {
            Some((before, seen)) if *before == stamps => seen.clone(),
            _ => {
                let seen = Seen::look(&self.paths);
                self.last = Some((stamps, seen.clone()));
                seen
            }
        }
    }
}

impl Watch {
    /// Of files that are loaded as they are now.
    pub fn new(paths: &Paths) -> Self {
        let paths = [paths.gateway.clone(), paths.policy.clone()];
        let seen = paths.each_ref().map(|path| Stamp::of(path));
        Self {
            paths,
            seen,
            loaded: seen,
        }
    }

    /// Looks at them: whether one differs from what was loaded, and from nothing since the last look. They count as loaded then.
    #[must_use]
    pub fn look(&mut self) -> bool {
        let now = self.paths.each_ref().map(|path| Stamp::of(path));
        if now != self.seen {
            self.seen = now;
            return false;
        }
        let differs = now != self.loaded;
        self.loaded = now;
        differs
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    struct Files {
        directory: tempfile::TempDir,
        watch: Watch,
    }

    fn files() -> Files {
        let directory = tempfile::tempdir().unwrap();
        let [gateway, policy] = ["gateway", "policy"].map(|name| directory.path().join(name));
        for path in [&gateway, &policy] {
            fs::write(path, "before").unwrap();
        }
        let watch = Watch::new(&Paths { gateway, policy });
        Files { directory, watch }
    }

    impl Files {
        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        fn looks<const N: usize>(&mut self) -> [bool; N] {
            std::array::from_fn(|_| self.watch.look())
        }
    }

    #[test]
    fn a_change_counts_once_and_only_when_it_is_over() {
        let mut files = files();
        assert_eq!(files.looks(), [false; 3]);
        fs::write(files.path("policy"), "half").unwrap();
        assert_eq!(files.looks(), [false]);
        fs::write(files.path("policy"), "the whole").unwrap();
        assert_eq!(files.looks(), [false, true, false, false]);
        fs::write(files.path("gateway"), "other").unwrap();
        assert_eq!(files.looks(), [false, true, false]);
    }

    #[test]
    fn another_file_in_the_place_of_one_is_a_change() {
        let mut files = files();
        fs::write(files.path("new"), "before").unwrap();
        fs::rename(files.path("new"), files.path("policy")).unwrap();
        assert_eq!(files.looks(), [false, true, false]);
        // A link is turned elsewhere, as where files are mounted from a store of configurations.
        for name in ["one", "two"] {
            fs::write(files.path(name), "before").unwrap();
        }
        symlink(files.path("one"), files.path("new")).unwrap();
        fs::rename(files.path("new"), files.path("policy")).unwrap();
        assert_eq!(files.looks(), [false, true, false]);
        symlink(files.path("two"), files.path("new")).unwrap();
        fs::rename(files.path("new"), files.path("policy")).unwrap();
        assert_eq!(files.looks(), [false, true, false]);
    }

    #[test]
    fn a_file_that_is_gone_counts_once_and_so_does_its_return() {
        let mut files = files();
        fs::rename(files.path("policy"), files.path("kept")).unwrap();
        assert_eq!(files.looks(), [false, true, false]);
        fs::rename(files.path("kept"), files.path("policy")).unwrap();
        assert_eq!(files.looks(), [false, true, false]);
    }

    #[test]
    fn a_pipe_is_left_to_whoever_loads_it() {
        let files = files();
        let policy = files.path("policy");
        fs::remove_file(&policy).unwrap();
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, &policy, FileType::Fifo, mode, 0).unwrap();
        let gateway = files.path("gateway");
        // It would wait for somebody to write.
        let Seen([of_gateway, of_policy]) = Seen::look(&Paths { gateway, policy });
        assert!(!of_gateway.is_empty());
        assert_eq!(of_policy, "");
    }

    #[test]
    fn contents_are_read_again_where_a_file_looks_like_another() {
        let files = files();
        let [gateway, policy] = files.watch.paths;
        let paths = Paths { gateway, policy };
        let mut contents = Contents::of(paths.clone());
        let mut last = contents.look();
        assert_eq!(last, Seen::look(&paths));
        for path in [&paths.gateway, &paths.policy] {
            let looked = fs::metadata(path).unwrap();
            let stands_still = |it: fs::Metadata| {
                (it.ctime(), it.ctime_nsec()) == (looked.ctime(), looked.ctime_nsec())
            };
            // As `cp --preserve` leaves another of its length. The kernel's clock for files may stand still for milliseconds.
            while stands_still(fs::metadata(path).unwrap()) {
                fs::write(path, "afterw").unwrap();
                let file = fs::File::options().write(true).open(path).unwrap();
                file.set_modified(looked.modified().unwrap()).unwrap();
            }
            let seen = contents.look();
            assert_ne!(seen, last);
            assert_eq!(seen, Seen::look(&paths));
            last = seen;
        }
        fs::remove_file(&paths.policy).unwrap();
        assert_eq!(contents.look().0[1], "");
        // Where none does, what was read is not read again.
        let known = Seen(["as", "known"].map(str::to_owned));
        contents.last.as_mut().unwrap().1 = known.clone();
        assert_eq!(contents.look(), known);
    }
}
