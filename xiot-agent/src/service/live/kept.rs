//! What is kept on disk, and whether the files there are those in force.

use std::{sync::MutexGuard, time::Duration};

use tokio::sync::watch;

use super::{Live, lock};
use crate::{
    service::{
        files::Seen,
        keeper::Keeper,
        state::{AuditInfo, RevisionInfo},
    },
    store::{Author, audit},
};

impl Live {
    /// Who keeps the revisions. Taken after the data path where both are needed.
    pub(in crate::service) fn keeper(&self) -> MutexGuard<'_, Keeper> {
        lock(&self.keeper)
    }

    /// Notes what was done.
    pub(in crate::service) fn audit(&self, by: Author, event: audit::Event) {
        lock(&self.auditor).note(by, event);
    }

    /// Has everybody know what the keeper knows: who asks, and whoever ends trials.
    pub(in crate::service) fn tell_revisions(&self) {
        let keeper = self.keeper();
        let mut revisions = lock(&self.revisions);
        if revisions.in_force.as_ref() != keeper.in_force() {
            // What was found before says nothing about files that were loaded since.
            *lock(&self.on_disk) = None;
        }
        *revisions = RevisionInfo {
            in_force: keeper.in_force().cloned(),
            trial: keeper.trial().map(|trial| trial.until_wall),
            trouble: keeper.trouble().map(str::to_owned),
            files_changed: false,
            audited: AuditInfo::default(),
        };
        drop(revisions);
        self.trial
            .send_replace(keeper.trial().map(|trial| trial.until));
    }

    /// When the trial ends, and when that changes.
    pub(in crate::service) fn trials(&self) -> watch::Receiver<Option<Duration>> {
        self.trial.subscribe()
    }

    /// Tries again what of the state directory could not be used before: a disk that was full may have room again.
    pub(in crate::service) fn catch_up(&self) {
        lock(&self.auditor).retry();
        let mut keeper = self.keeper();
        if keeper.is_well() {
            return;
        }
        // The keeper has logged what is wrong.
        let is_written = keeper.retry().is_ok();
        let number = keeper.in_force().map(|record| record.number);
        drop(keeper);
        self.tell_revisions();
        if is_written {
            tracing::info!(
                revision = number,
                "Revisions can be kept again, that in force is."
            );
        }
    }

    /// The files were found to be these.
    pub(in crate::service) fn found(&self, seen: Seen) {
        *lock(&self.on_disk) = Some(seen);
    }

    fn audited(&self) -> AuditInfo {
        let auditor = lock(&self.auditor);
        AuditInfo {
            head: auditor.head(),
            trouble: auditor.trouble().map(str::to_owned),
        }
    }

    pub(super) fn revisions(&self) -> RevisionInfo {
        let info = lock(&self.revisions).clone();
        let on_disk = lock(&self.on_disk);
        let loaded = info.in_force.as_ref().map(|record| &record.seen);
        let files_changed = on_disk
            .as_ref()
            .zip(loaded)
            .is_some_and(|(Seen(found), loaded)| found != loaded);
        RevisionInfo {
            files_changed,
            audited: self.audited(),
            ..info
        }
    }
}
