//! Revisions as the running agent keeps them. Whatever becomes of the disk, enforcement does not depend on it: what can't be kept is
//! said in the log, in `status` and to whoever asked for it.

mod known;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

use super::clock::Now;
use crate::store::{self, OpenError, Opened, Record, Revisions, StoreError, Texts};

/// What was in force before the agent came, and revisions from then on.
#[derive(Debug)]
pub struct Keeper {
    directory: PathBuf,
    store: Option<Revisions>,
    /// What can be read where nothing can be written.
    copy: Option<Revisions>,
    /// Why nothing is kept.
    trouble: Option<String>,
    /// What became of a damaged file.
    set_aside: Option<String>,
    in_force: Option<Record>,
    behind: Behind,
    trial: Option<OnTrial>,
}

/// What is not written down of the revision in force.
#[derive(Debug)]
enum Behind {
    Nothing,
    /// That it is in force.
    Mark,
    /// All of it.
    All(Texts),
}

/// A revision that is about to be put in force.
#[derive(Debug)]
pub struct Begun {
    record: Record,
    /// Why it could not be written down, and what of it is needed for that.
    unwritten: Option<(NotKept, Texts)>,
}

impl Begun {
    /// Whether it is written down.
    pub fn kept(&self) -> Result<(), NotKept> {
        match &self.unwritten {
            None => Ok(()),
            Some((why, _)) => Err(why.clone()),
        }
    }
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
            copy: None,
            trouble: None,
            set_aside: None,
            in_force: None,
            behind: Behind::Nothing,
            trial: None,
        };
        match keeper.reopen() {
            Err(error @ OpenError::InUse(_)) => return Err(error),
            Err(error) => keeper.only_read(&error),
            Ok(()) => {}
        }
        Ok(keeper)
    }

    /// The state directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn reopen(&mut self) -> Result<(), OpenError> {
        let Opened { content, set_aside } = store::open(&self.directory)?;
        self.store = Some(content);
        self.copy = None;
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

    /// What was written can be read nevertheless, as on a file system that the kernel made read-only.
    fn only_read(&mut self, error: &OpenError) {
        self.failed(error);
        if self.copy.is_none() {
            self.copy = store::read(&self.directory).ok();
        }
    }

    /// Works on the store; opens it again where that failed before.
    fn with<T>(
        &mut self,
        work: impl FnOnce(&Revisions) -> Result<T, StoreError>,
    ) -> Result<T, NotKept> {
        self.try_again();
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

    fn try_again(&mut self) {
        if self.store.is_none()
            && let Err(error) = self.reopen()
        {
            self.only_read(&error);
        }
    }

    /// Reads what is kept, or what could be read of it where the store can't be used.
    fn read<T>(
        &mut self,
        work: impl FnOnce(&Revisions) -> Result<T, StoreError>,
    ) -> Result<T, NotKept> {
        // It may have failed just now: whoever goes back does so because of that, and not in half a minute.
        if self.copy.is_none() {
            self.try_again();
        }
        match &self.copy {
            Some(copy) => work(copy).map_err(|error| NotKept(error.to_string())),
            None => self.with(work),
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
        let newest = self.read(Revisions::newest);
        let newest = newest.ok().flatten().map_or(0, |record| record.number);
        newest.max(in_kernel) + 1
    }

    /// This revision was in force already when the agent came. Its image may be another by now: its lines lie elsewhere.
    pub fn goes_on(&mut self, record: Record) -> Result<(), NotKept> {
        let kept = self.read(|store| store.get(record.number));
        let is_written = matches!(kept, Ok(Some(kept)) if kept == record);
        self.in_force = Some(record);
        if !is_written {
            self.behind = Behind::Mark;
        }
        self.catch_up()
    }

    /// Writes a revision down that is about to be put in force.
    pub fn begin(&mut self, record: Record, texts: Texts) -> Begun {
        // That in force comes first, as a trial may go back to it. What becomes of that shows by the new one.
        self.catch_up().unwrap_or(());
        let kept = self.with(|store| store.begin(&record, &texts));
        Begun {
            record,
            unwritten: kept.err().map(|why| (why, texts)),
        }
    }

    /// It is in force, on trial for this long if it may go back. What could not be written down is known as long as this agent runs, and
    /// is no trial.
    pub fn ends(&mut self, begun: Begun, trial: Option<(u64, Duration)>) -> Result<(), NotKept> {
        let Begun { record, unwritten } = begun;
        match unwritten {
            None => self.applied(record, trial),
            Some((why, texts)) => {
                self.now_in_force(record, None);
                self.behind = Behind::All(texts);
                Err(why)
            }
        }
    }

    /// The same of one that was written down before.
    pub fn applied(
        &mut self,
        record: Record,
        trial: Option<(u64, Duration)>,
    ) -> Result<(), NotKept> {
        self.now_in_force(record, trial);
        self.behind = Behind::Mark;
        self.catch_up()
    }

    fn now_in_force(&mut self, record: Record, trial: Option<(u64, Duration)>) {
        let now = Now::read();
        self.trial = trial.map(|(back_to, span)| OnTrial {
            number: record.number,
            back_to,
            until: now.monotonic.saturating_add(span),
            until_wall: now.wall.saturating_add(span).unwrap_or(Timestamp::MAX),
        });
        self.in_force = Some(Record {
            applied: Some(now.wall),
            back_to: trial.map(|(back_to, _)| back_to),
            ..record
        });
    }

    /// The files were read, and say what is in force: what they say from now on is news. Not of what is on trial, which nobody wants for good yet.
    pub fn matches(&mut self, seen: [String; 2]) -> Result<(), NotKept> {
        let record = self.in_force.as_mut().filter(|it| it.seen != seen);
        let Some(record) = record.filter(|_| self.trial.is_none()) else {
            return Ok(());
        };
        record.seen = seen;
        if matches!(self.behind, Behind::Nothing) {
            self.behind = Behind::Mark;
        }
        self.catch_up()
    }

    /// Whether revisions can be kept, and that in force is.
    pub fn is_well(&self) -> bool {
        self.store.is_some() && matches!(self.behind, Behind::Nothing)
    }

    /// Tries again what failed: a disk that was full or read-only may not be so any more.
    pub fn retry(&mut self) -> Result<(), NotKept> {
        self.catch_up()?;
        self.with(|_| Ok(()))
    }

    /// Writes down what could not be before.
    pub fn catch_up(&mut self) -> Result<(), NotKept> {
        let Some(record) = self.in_force.clone() else {
            return Ok(());
        };
        let texts = match std::mem::replace(&mut self.behind, Behind::Nothing) {
            Behind::Nothing => return Ok(()),
            Behind::Mark => None,
            Behind::All(texts) => Some(texts),
        };
        let written = self.with(|store| {
            if let Some(texts) = &texts {
                store.begin(&record, texts)?;
            }
            store.applied(&record)
        });
        if written.is_err() {
            self.behind = texts.map_or(Behind::Mark, Behind::All);
        }
        written
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
        self.catch_up()?;
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
        self.read(|store| store.get(number))
    }

    /// Newest first; and how many more there are.
    pub fn list(&mut self, limit: usize) -> Result<(Vec<Record>, u64), NotKept> {
        self.read(|store| {
            let records = store.list(limit)?;
            let left_out = store.count()?.saturating_sub(records.len() as u64);
            Ok((records, left_out))
        })
    }

    /// Both texts of a revision.
    pub fn texts(&mut self, record: &Record) -> Result<Texts, NotKept> {
        self.read(|store| store.texts(record))
    }
}

#[cfg(test)]
mod tests;
