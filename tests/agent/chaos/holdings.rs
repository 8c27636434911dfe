//! What agents hold: descriptors, memory, objects of the kernel, files. What is held once more after each deed is a leak.

use std::{
    collections::BTreeSet,
    fs, io,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use aya::{
    maps::loaded_maps,
    programs::{loaded_links, loaded_programs},
};
use xiot_tests::until::{pace, until};

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holdings {
    pub(super) descriptors: u64,
    pub(super) threads: u64,
    /// Memory of its own, in KiB.
    pub(super) memory: u64,
}

impl Holdings {
    pub(super) fn of(pid: u32) -> Self {
        let process = Path::new("/proc").join(pid.to_string());
        let count = |what: &str| fs::read_dir(process.join(what)).unwrap().count() as u64;
        Self {
            descriptors: count("fd"),
            threads: count("task"),
            memory: number(
                &fs::read_to_string(process.join("status")).unwrap(),
                "RssAnon:",
            )
            .unwrap(),
        }
    }
}

/// A number in a file of lines that begin with what they tell.
fn number(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Names in a directory.
pub(super) fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// An object of the kernel: its kind and number, which no other gets later.
type Object = (&'static str, u32);

/// Objects of the kernel that agents were seen with.
#[derive(Debug, Default)]
pub(super) struct Objects(Mutex<BTreeSet<Object>>);

impl Objects {
    /// Looks at whoever is in the namespace, until it is over.
    pub(super) fn collect(&self, namespace: &Path, over: &AtomicBool) {
        while !over.load(Ordering::Acquire) {
            let next = Instant::now() + Duration::from_millis(50);
            for pid in xiot_agent::netns::process::inside(namespace).unwrap() {
                let directory = format!("/proc/{}/fdinfo", pid.as_raw_nonzero());
                // A process may end while it is looked at.
                let found = of(Path::new(&directory)).unwrap_or_default();
                self.0.lock().unwrap().extend(found);
            }
            pace(next);
        }
    }

    /// Waits until none of them is left; the kernel takes its time with some.
    pub(super) fn are_gone(self) -> usize {
        let seen = self.0.into_inner().unwrap();
        assert!(!seen.is_empty());
        until("the end of every map, program and link of an agent", || {
            loaded().is_disjoint(&seen).then_some(())
        });
        seen.len()
    }
}

fn of(directory: &Path) -> io::Result<Vec<Object>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let text = fs::read_to_string(entry?.path())?;
        for (kind, key) in [
            ("map", "map_id:"),
            ("program", "prog_id:"),
            ("link", "link_id:"),
        ] {
            let id = number(&text, key).and_then(|id| u32::try_from(id).ok());
            found.extend(id.map(|id| (kind, id)));
        }
    }
    Ok(found)
}

fn loaded() -> BTreeSet<Object> {
    let maps = loaded_maps()
        .filter_map(Result::ok)
        .map(|map| ("map", map.id()));
    let programs = loaded_programs().filter_map(Result::ok);
    let links = loaded_links().filter_map(Result::ok);
    maps.chain(programs.map(|program| ("program", program.id())))
        .chain(links.map(|link| ("link", link.id())))
        .collect()
}
