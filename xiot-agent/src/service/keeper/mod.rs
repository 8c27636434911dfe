//! Revisions as the running agent keeps them. Whatever becomes of the disk, enforcement does not depend on it: what can't be kept is
//! said in the log, in `status` and to whoever asked for it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use super::{clock::Now, state::words::hex};
use crate::store::{self, Cause, OpenError, Opened, Record, Revisions, StoreError, Texts, Trial};

/// What was in force before the agent came, and revisions from then on.
#[derive(Debug)]
pub struct Keeper {
    directory: PathBuf,
    store: Option<Revisions>,
    /// Why nothing is kept.
    trouble: Option<String>,
    /// What became of a damaged file.
    set_aside: Option<String>,
    in_force: Option<Record>,
    trial: Option<OnTrial>,
}

/// A revision that goes unless somebody confirms it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OnTrial {
    /// Its number.
    pub number: u64,
    /// What comes back.
    pub back_to: u64,
    /// When, on the monotonic clock.
    pub until: Duration,
    /// The same on the wall clock, as it was when the trial began.
    pub until_wall: Timestamp,
}

/// What the kernel has in force: number and digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attached {
    /// Its revision.
    pub revision: u64,
    /// SHA-256 of its image.
    pub digest: [u8; 32],
}

/// Revisions are not kept, or can't be read: why.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("revisions can't be kept: {0}")]
pub struct NotKept(pub String);

impl Keeper {
    /// Keeps revisions in this state directory. The only error is that another agent has it.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let mut keeper = Self {
            directory: directory.to_owned(),
            store: None,
            trouble: None,
            set_aside: None,
            in_force: None,
            trial: None,
        };
        match keeper.reopen() {
            Err(error @ OpenError::InUse(_)) => return Err(error),
            Err(error) => keeper.failed(&error),
            Ok(()) => {}
        }
        Ok(keeper)
    }

    fn reopen(&mut self) -> Result<(), OpenError> {
        let Opened {
            revisions,
            set_aside,
        } = store::open(&self.directory)?;
        self.store = Some(revisions);
        self.trouble = None;
        if let Some((path, what)) = set_aside {
            let text = format!(
                "the revisions were damaged ({what}); they are at {} now, and none of them is used",
                path.display()
            );
            tracing::error!("{text}");
            self.set_aside = Some(text);
        }
        Ok(())
    }

    fn failed(&mut self, error: &dyn std::error::Error) {
        let text = error.to_string();
        if self.trouble.as_ref() != Some(&text) {
            tracing::error!("Revisions are not kept: {text}.");
        }
        self.trouble = Some(text);
    }

    /// Works on the store; opens it again where that failed before.
    fn with<T>(
        &mut self,
        work: impl FnOnce(&Revisions) -> Result<T, StoreError>,
    ) -> Result<T, NotKept> {
        if self.store.is_none()
            && let Err(error) = self.reopen()
        {
            self.failed(&error);
        }
        let outcome = self.store.as_ref().map(work);
        match outcome {
            Some(Ok(done)) => {
                self.trouble = None;
                Ok(done)
            }
            Some(Err(error)) => {
                // After an error of the disk it can't be used any further.
                self.store = None;
                self.failed(&error);
                Err(NotKept(error.to_string()))
            }
            None => Err(NotKept(self.trouble.clone().unwrap_or_default())),
        }
    }

    /// Why revisions are not kept, or what was damaged.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref().or(self.set_aside.as_deref())
    }

    /// What is in force, as far as it is known.
    pub fn in_force(&self) -> Option<&Record> {
        self.in_force.as_ref()
    }

    /// What is on trial.
    pub fn trial(&self) -> Option<OnTrial> {
        self.trial
    }

    /// A number that no revision has had, nor the kernel.
    pub fn next_number(&mut self, in_kernel: u64) -> u64 {
        let newest = self.with(Revisions::newest);
        let newest = newest.ok().flatten().map_or(0, |record| record.number);
        newest.max(in_kernel) + 1
    }

    /// The last revision that is known to be good, with its texts: that in force, or the one before where nobody confirmed it. `attached`
    /// tells what the kernel has: an agent may have been killed before it could write that down.
    pub fn known_good(
        &mut self,
        attached: impl FnOnce(&Texts) -> Option<Attached>,
    ) -> Option<(Record, Texts)> {
        let (newest, in_force, trial) = self
            .with(|store| Ok((store.newest()?, store.in_force()?, store.trial()?)))
            .ok()?;
        let unsure = newest.filter(|newest| newest.applied.is_none());
        let mut known = (in_force, trial);
        if let Some(mut record) = unsure {
            let texts = self.texts(&record).ok();
            let has_it = texts.as_ref().and_then(attached).is_some_and(|attached| {
                attached.revision == record.number && hex(&attached.digest) == record.image
            });
            if has_it {
                record.applied = Some(Timestamp::now());
                self.with(|store| store.applied(&record)).ok()?;
                let trial = record.back_to.map(|back_to| Trial {
                    number: record.number,
                    back_to,
                });
                known = (Some(record), trial);
            } else {
                self.with(|store| store.withdraw(record.number)).ok()?;
            }
        }
        match known {
            (Some(record), Some(trial)) => self.give_up(&record, trial),
            (Some(record), None) => {
                let texts = self.texts(&record).ok()?;
                Some((record, texts))
            }
            (None, _) => None,
        }
    }

    /// What comes back instead of a revision that nobody confirmed, as a revision of its own.
    fn give_up(&mut self, on_trial: &Record, trial: Trial) -> Option<(Record, Texts)> {
        let before = self.get(trial.back_to).ok().flatten()?;
        let texts = self.texts(&before).ok()?;
        let now = Now::read();
        let record = Record {
            number: self.next_number(on_trial.number),
            written: now.wall,
            applied: None,
            cause: Cause::Unconfirmed(trial.back_to),
            author: store::Author::Agent,
            reason: Some(format!(
                "nobody confirmed revision {} before the agent ended",
                trial.number
            )),
            compiled_at: now.epoch_nanos(),
            seen: on_trial.seen.clone(),
            back_to: None,
            confirmed: None,
            ..before
        };
        tracing::warn!(
            "Nobody confirmed revision {}: revision {} is in force again.",
            trial.number,
            trial.back_to
        );
        self.with(|store| store.begin(&record, &texts)).ok()?;
        Some((record, texts))
    }

    /// This revision was in force already when the agent came. Its image may be another by now: its lines lie elsewhere.
    pub fn goes_on(&mut self, record: Record) -> Result<(), NotKept> {
        let kept = self.with(|store| match store.get(record.number)? {
            Some(kept) if kept == record => Ok(()),
            _ => store.applied(&record),
        });
        self.in_force = Some(record);
        kept
    }

    /// Writes a revision down that is about to be put in force.
    pub fn begin(&mut self, record: &Record, texts: &Texts) -> Result<(), NotKept> {
        self.with(|store| store.begin(record, texts))
    }

    /// It is in force, on trial for this long if it may go back.
    pub fn applied(
        &mut self,
        mut record: Record,
        trial: Option<(u64, Duration)>,
    ) -> Result<(), NotKept> {
        let now = Now::read();
        record.applied = Some(now.wall);
        record.back_to = trial.map(|(back_to, _)| back_to);
        self.trial = trial.map(|(back_to, span)| OnTrial {
            number: record.number,
            back_to,
            until: now.monotonic.saturating_add(span),
            until_wall: now.wall.saturating_add(span).unwrap_or(Timestamp::MAX),
        });
        let kept = self.with(|store| store.applied(&record));
        self.in_force = Some(record);
        kept
    }

    /// The same of what could be written down, or not. What could not is known to be in force as long as this agent runs.
    pub fn ends(
        &mut self,
        begun: Result<(), NotKept>,
        record: Record,
        trial: Option<(u64, Duration)>,
    ) -> Result<(), NotKept> {
        if begun.is_ok() {
            return self.applied(record, trial);
        }
        self.trial = None;
        self.in_force = Some(record);
        begun
    }

    /// It was not put in force.
    pub fn withdraw(&mut self, number: u64) -> Result<(), NotKept> {
        self.with(|store| store.withdraw(number))
    }

    /// What is on trial stays.
    pub fn confirm(&mut self) -> Result<Option<OnTrial>, NotKept> {
        let Some(trial) = self.trial else {
            return Ok(None);
        };
        let now = Timestamp::now();
        self.with(|store| store.confirm(trial.number, now))?;
        if let Some(record) = &mut self.in_force {
            record.back_to = None;
            record.confirmed = Some(now);
        }
        self.trial = None;
        Ok(Some(trial))
    }

    /// One revision.
    pub fn get(&mut self, number: u64) -> Result<Option<Record>, NotKept> {
        self.with(|store| store.get(number))
    }

    /// Newest first; and how many more there are.
    pub fn list(&mut self, limit: usize) -> Result<(Vec<Record>, u64), NotKept> {
        self.with(|store| {
            let records = store.list(limit)?;
            let left_out = store.count()?.saturating_sub(records.len() as u64);
            Ok((records, left_out))
        })
    }

    /// Both texts of a revision.
    pub fn texts(&mut self, record: &Record) -> Result<Texts, NotKept> {
        self.with(|store| store.texts(record))
    }
}

#[cfg(test)]
mod tests;
