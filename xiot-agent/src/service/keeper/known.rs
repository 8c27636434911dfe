//! What an agent that starts takes for good, of what the last one left.

use jiff::Timestamp;

use super::{Attached, Keeper};
use crate::{
    service::{clock::Now, state::words::hex},
    store::{Author, Cause, Record, Texts, Trial},
};

impl Keeper {
    /// The last revision that is known to be good, with its texts: that in force, or the one before where nobody confirmed it. `attached`
    /// tells what the kernel has: an agent may have been killed before it could write that down.
    pub fn known_good(
        &mut self,
        attached: impl FnOnce(&Texts) -> Option<Attached>,
    ) -> Option<(Record, Texts)> {
        let (newest, in_force, trial) = self
            .read(|store| Ok((store.newest()?, store.in_force()?, store.trial()?)))
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
                // Known it is, whether that can be written down or not.
                self.with(|store| store.applied(&record)).unwrap_or(());
                let trial = record.back_to.map(|back_to| Trial {
                    number: record.number,
                    back_to,
                });
                known = (Some(record), trial);
            } else {
                self.with(|store| store.withdraw(record.number))
                    .unwrap_or(());
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
            author: Author::Agent,
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
        // Its texts are kept already: it goes back where it can't be written down, too.
        self.with(|store| store.begin(&record, &texts))
            .unwrap_or(());
        Some((record, texts))
    }
}
