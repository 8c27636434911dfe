//! Removing a ward that was left up, and what an interrupted demo has made so far.

use std::{
    fs, io, thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Signal, kill_process};

use super::{KEPT, agent};
use crate::netns::{
    namespace::{self, path_of},
    process::inside,
    sweep::remove_where,
};

/// How long processes of the ward may take to end when they are asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// Removes the ward that was left up, and says what that was.
pub(super) fn kept() -> Result<Vec<String>> {
    for name in kept_namespaces()? {
        end_processes(&name).with_context(|| format!("could not end the processes of {name}"))?;
    }
    let removed = remove_where(is_kept).context("could not remove the ward")?;
    if removed.is_empty() {
        bail!("no ward is up");
    }
    Ok(removed)
}

/// A second ward would take the names of the first.
pub(super) fn refuse_second() -> Result<()> {
    if !kept_namespaces()?.is_empty() {
        bail!(
            "a ward is up already: remove it with `{} demo --cleanup`",
            agent::by_hand()?
        );
    }
    Ok(())
}

/// Removes what a demo that keeps its ward has made so far. What carries the own process id is removed
/// elsewhere.
pub(super) fn interrupted() {
    if let Err(error) = kept() {
        tracing::debug!(%error, "Nothing was removed.");
    }
}

fn is_kept(name: &str) -> bool {
    name.strip_prefix(KEPT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn kept_namespaces() -> Result<Vec<String>> {
    let entries = match fs::read_dir(namespace::DIRECTORY) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.context("could not list the network namespaces")?,
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter(|name| is_kept(name)).collect())
}

/// Asks every process inside to end, and kills those that do not.
fn end_processes(namespace: &str) -> io::Result<()> {
    let path = path_of(namespace);
    let deadline = Instant::now() + PATIENCE;
    let mut asked = Vec::new();
    loop {
        let there = inside(&path)?;
        if there.is_empty() {
            return Ok(());
        }
        let too_late = Instant::now() >= deadline;
        for pid in there {
            let signal = if too_late { Signal::KILL } else { Signal::TERM };
            if too_late || !asked.contains(&pid) {
                asked.push(pid);
                match kill_process(pid, signal) {
                    // Ended meanwhile.
                    Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn only_names_of_the_kept_ward_are_its_own() {
        assert!(is_kept("xiot-demo"));
        assert!(is_kept("xiot-demo-pump"));
        for name in ["xiot-demonstration", "xiot-12-0-ward-pump", "demo", "xiot-"] {
            assert!(!is_kept(name), "{name}");
        }
    }
}
