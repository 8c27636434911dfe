//! Removal of what dead runs left behind. Only what is provably ours: a name that [`name::of_run`] makes,
//! whose maker is no longer there.

use std::{fs, io, path::Path};

use super::{
    NetnsError,
    name::{self, is_dead, maker},
    namespace, scratch,
};

/// Removes the leftovers of dead runs and says what they were.
pub fn sweep() -> Result<Vec<String>, NetnsError> {
    remove_where(|name| maker(name).is_some_and(is_dead))
}

/// Removes everything that this process made.
pub fn remove_own() -> Result<Vec<String>, NetnsError> {
    let own = name::own_prefix();
    remove_where(|name| maker(name).is_some() && name.starts_with(&own))
}

/// Removes namespaces and scratch directories by name.
pub fn remove_where(ours: impl Fn(&str) -> bool) -> Result<Vec<String>, NetnsError> {
    let mut removed = Vec::new();
    for name in names_in(Path::new(namespace::DIRECTORY))? {
        if ours(&name) {
            ignore_gone(namespace::remove(&name))?;
            removed.push(name);
        }
    }
    for name in names_in(Path::new(scratch::DIRECTORY))? {
        if ours(&name) {
            ignore_gone(scratch::remove(&Path::new(scratch::DIRECTORY).join(&name)))?;
            removed.push(name);
        }
    }
    Ok(removed)
}

/// Two sweeps at the same time find the same names.
fn ignore_gone(result: Result<(), NetnsError>) -> Result<(), NetnsError> {
    match result {
        Err(NetnsError::Remove { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(())
        }
        other => other,
    }
}

fn names_in(directory: &Path) -> Result<Vec<String>, NetnsError> {
    let failed = |source| NetnsError::Directory {
        path: directory.to_owned(),
        source,
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // Names of ours are UTF-8; others are not looked at.
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::{path::Path, process::Command};

    use super::sweep;
    use crate::netns::{
        name,
        namespace::{self, Namespace},
        scratch::{self, Scratch},
    };

    #[test]
    fn only_leftovers_of_dead_runs_go() {
        let mut child = Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();

        let alive = Namespace::create(&name::of_run(name::next_number(), "alive")).unwrap();
        let foreign = Namespace::create(&format!("xiot-{dead}-foreign")).unwrap();
        let left = format!("xiot-{dead}-0-left");
        Namespace::create(&left).unwrap().keep();
        Scratch::create(&left).unwrap().keep();

        // Another test's sweep may be faster: what counts is what is there in the end.
        sweep().unwrap();
        let exists = |directory: &str, name: &str| Path::new(directory).join(name).exists();
        assert!(!exists(namespace::DIRECTORY, &left));
        assert!(!exists(scratch::DIRECTORY, &left));
        assert!(exists(namespace::DIRECTORY, alive.name()));
        assert!(exists(namespace::DIRECTORY, foreign.name()));
    }
}
