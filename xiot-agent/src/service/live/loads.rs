//! The record of reloads: how they ended, when, and why the last one was refused.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::lock;
use crate::service::{
    reload::{Candidate, Change, ReloadError},
    seldom::Seldom,
    state::{Refusal, Reloaded, Reloads, words::hex},
};

/// Refusals that are logged in a minute: who mends a file and fails again wants to know why.
const REFUSALS: u32 = 5;

/// Longest reason kept for `status`, in characters.
const LONGEST: usize = 300;

/// How reloads ended.
#[derive(Debug)]
pub(super) struct Loads {
    reloads: Mutex<Reloads>,
    refusals: Seldom,
}

impl Loads {
    pub(super) fn since(start: Timestamp) -> Self {
        Self {
            reloads: Mutex::new(Reloads::since(start)),
            refusals: Seldom::new("reloads that were refused", REFUSALS),
        }
    }

    /// So far.
    pub(super) fn reloads(&self) -> Reloads {
        lock(&self.reloads).clone()
    }

    /// One that began at this instant has ended.
    pub(super) fn note(
        &self,
        begun: Instant,
        change: &Change,
        outcome: &Result<Reloaded, ReloadError>,
    ) {
        let of_files = matches!(change.what, Candidate::Files | Candidate::Gateway);
        self.count(Timestamp::now(), begun.elapsed(), of_files, outcome);
        match outcome {
            Ok(reloaded) => {
                let digest = hex(&reloaded.after.digest);
                tracing::info!(
                    policy = digest.get(..12),
                    revision = reloaded.after.revision,
                    epoch = reloaded.after.epoch,
                    unchanged = reloaded.is_unchanged(),
                    "reloaded"
                );
            }
            Err(error) => {
                self.refusals.write(|| {
                    let chain = chain(error);
                    tracing::error!("not reloaded, the policy in force stays: {chain}");
                });
            }
        }
    }

    fn count(
        &self,
        now: Timestamp,
        took: Duration,
        of_files: bool,
        outcome: &Result<Reloaded, ReloadError>,
    ) {
        let mut reloads = lock(&self.reloads);
        reloads.last_attempt = now;
        reloads.took = Some(took);
        match outcome {
            Ok(reloaded) => {
                reloads.last_success = now;
                reloads.refusal = None;
                *if reloaded.is_unchanged() {
                    &mut reloads.unchanged
                } else {
                    &mut reloads.applied
                } += 1;
            }
            Err(error) => {
                reloads.refused += 1;
                if of_files && is_of_files(error) {
                    let why = in_one_line(error);
                    reloads.refusal = Some(Refusal { at: now, why });
                }
            }
        }
    }
}

/// An error and what is behind it.
fn chain(error: &ReloadError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Whether the files themselves could not be put in force; else it was the wrong time to ask.
const fn is_of_files(error: &ReloadError) -> bool {
    match error {
        ReloadError::File(_)
        | ReloadError::Findings(_)
        | ReloadError::Gateway { .. }
        | ReloadError::Guards { .. }
        | ReloadError::Compile { .. }
        | ReloadError::Apply(_)
        | ReloadError::Maps(_) => true,
        ReloadError::OnTrial { .. }
        | ReloadError::Moved { .. }
        | ReloadError::NoRevision(_)
        | ReloadError::NothingBefore
        | ReloadError::NoWayBack(_)
        | ReloadError::NoTrial
        | ReloadError::Scratch(_)
        | ReloadError::NotKept(_)
        | ReloadError::Ending => false,
    }
}

/// The first thing that is wrong, with its place.
fn in_one_line(error: &ReloadError) -> String {
    let text = match error {
        // As the report has it: the message, then an arrow and the place.
        ReloadError::Findings(report) => {
            let mut lines = report.lines().map(str::trim);
            let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
            match lines.next().and_then(|line| line.strip_prefix("--> ")) {
                Some(place) => format!("{place}: {first}"),
                None => first.to_owned(),
            }
        }
        ReloadError::File(_)
        | ReloadError::Gateway { .. }
        | ReloadError::Guards { .. }
        | ReloadError::Compile { .. }
        | ReloadError::Apply(_)
        | ReloadError::Maps(_)
        | ReloadError::OnTrial { .. }
        | ReloadError::Moved { .. }
        | ReloadError::NoRevision(_)
        | ReloadError::NothingBefore
        | ReloadError::NoWayBack(_)
        | ReloadError::NoTrial
        | ReloadError::Scratch(_)
        | ReloadError::NotKept(_)
        | ReloadError::Ending => chain(error),
    };
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::sample;

    const REPORT: &str = "error[unknown-name]: there is no peer set `pump-sever`\n  --> policy.yaml:29:14\n   |\n29 | x\n";

    fn refused(report: &str) -> Result<Reloaded, ReloadError> {
        Err(ReloadError::Findings(report.to_owned()))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_refusal_is_known_until_files_are_loaded() {
        let loads = Loads::since(at(100));
        assert_eq!(loads.reloads(), Reloads::since(at(100)));
        let took = Duration::from_millis(20);
        loads.count(at(200), took, true, &refused(REPORT));
        let reloads = loads.reloads();
        assert_eq!((reloads.refused, reloads.applied), (1, 0));
        assert_eq!(
            (reloads.last_attempt, reloads.last_success, reloads.took),
            (at(200), at(100), Some(took))
        );
        let why = "policy.yaml:29:14: error[unknown-name]: there is no peer set `pump-sever`";
        let refusal = Refusal {
            at: at(200),
            why: why.to_owned(),
        };
        assert_eq!(reloads.refusal, Some(refusal));
        loads.count(at(300), took, true, &Ok(sample::reloaded()));
        let reloads = loads.reloads();
        assert_eq!((reloads.refused, reloads.applied), (1, 1));
        assert_eq!((reloads.refusal, reloads.last_success), (None, at(300)));
    }

    #[test]
    fn what_says_nothing_about_the_files_does_not_refuse_them() {
        let loads = Loads::since(at(100));
        let took = Duration::from_millis(20);
        loads.count(at(200), took, false, &refused(REPORT));
        let moved = || Err(ReloadError::Moved { base: 1, now: 2 });
        loads.count(at(300), took, true, &moved());
        let reloads = loads.reloads();
        assert_eq!((reloads.refused, reloads.refusal), (2, None));
        // Nor is what is known of them forgotten over it.
        loads.count(at(400), took, true, &refused(REPORT));
        loads.count(at(500), took, true, &moved());
        assert_eq!(loads.reloads().refusal.unwrap().at, at(400));
    }

    #[test]
    fn a_reason_is_one_line_and_not_too_long() {
        for report in ["", "\n\n", "no arrow\nhere\n"] {
            let why = in_one_line(&refused(report).unwrap_err());
            assert!(!why.contains('\n'), "{why:?}");
        }
        let long = "ä".repeat(2 * LONGEST);
        let why = in_one_line(&refused(&long).unwrap_err());
        assert_eq!(why.chars().count(), LONGEST + 3);
        let error = ReloadError::Ending;
        assert_eq!(in_one_line(&error), "the agent is ending");
    }
}
