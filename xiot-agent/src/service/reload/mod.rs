//! Another policy while the gateway runs: as a whole or not at all, and every conversation that both policies allow goes on. Each is
//! a revision, which is written down before it is in force.

mod candidate;
pub(super) mod changes;
mod error;
mod force;
mod gateway;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

pub(super) use self::force::{make_ready, note};
pub use self::{candidate::Candidate, error::ReloadError};
use super::{
    clock::Now,
    files::{Both, Checked, Files, Seen, Unusable},
    handle::{Source as _, SourceError},
    keeper::{Keeper, NotKept},
    live::Live,
    state::{Mark, Reloaded, words::hex},
};
use crate::{
    compile::{Fresh, Stamp},
    datapath::{Applied, Datapath, InForce},
    diag::Style,
    store::{Author, Cause, Record, Summary, Text, Texts, audit::Event},
};

/// Somebody wants another policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Which.
    pub what: Candidate,
    /// What it comes of.
    pub occasion: Occasion,
    /// Who.
    pub author: Author,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The revision in force that it was looked at with; none: whatever is.
    pub base: Option<u64>,
    /// How long it is on trial; none: it stays.
    pub trial: Option<Duration>,
}

/// What asks for another policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Occasion {
    /// A start, with files that are others than those in force.
    Start,
    /// `reload` or a signal.
    Reload,
    /// Files that changed: not where they are as they were when the policy in force was put there.
    FileChange,
    /// `apply`.
    Apply,
    /// `rollback`.
    Rollback,
    /// The end of a trial.
    Unconfirmed,
}

impl Change {
    /// The files, loaded for this reason by the agent itself.
    pub fn files(occasion: Occasion) -> Self {
        Self {
            what: Candidate::Files,
            occasion,
            author: Author::Agent,
            reason: None,
            base: None,
            trial: None,
        }
    }
}

/// What is known of a candidate before anything is done about it.
pub(super) struct Prepared {
    pub(super) old: Files,
    pub(super) before: InForce,
    pub(super) both: Both,
    pub(super) remark: Option<String>,
    /// The revision that it is of.
    pub(super) revision: Option<u64>,
    /// Both texts are those in force.
    pub(super) same: bool,
    seen: Seen,
}

/// Reads and checks a candidate.
pub(super) fn prepare(
    live: &Live,
    keeper: &mut Keeper,
    datapath: &Datapath,
    what: &Candidate,
) -> Result<Prepared, ReloadError> {
    let old = live.files();
    let before = datapath.active().ok_or(ReloadError::Ending)?;
    // Before anything is read: what changes from now on is a change. Files that are read are looked at by that alone.
    let seen = (*what != Candidate::Files).then(|| Seen::look(&old.paths));
    let read = what.read(keeper, &old, datapath.has_guards())?;
    let texts = read.both.texts();
    let seen = seen.unwrap_or_else(|| Seen::of(&texts));
    let Texts { gateway, policy } = texts;
    let same = keeper
        .in_force()
        .is_some_and(|record| record.policy.is(&policy) && record.gateway.is(&gateway));
    Ok(Prepared {
        old,
        before,
        both: read.both,
        remark: read.remark,
        revision: read.revision,
        same,
        seen,
    })
}

/// Puts it in force. One at a time: a second one waits.
pub(super) fn change(live: &Live, change: &Change) -> Result<Reloaded, ReloadError> {
    let work = |datapath: &mut Datapath| change_it(live, datapath, &mut live.keeper(), change);
    live.with_datapath(work).unwrap_or(Err(ReloadError::Ending))
}

/// Goes back from what nobody confirmed in time.
pub(super) fn end_trial(live: &Live) -> Result<(), SourceError> {
    let Some(trial) = live.keeper().trial() else {
        return Ok(());
    };
    if Now::read().monotonic < trial.until {
        return Ok(());
    }
    tracing::warn!(
        "Nobody confirmed revision {} in time: back to revision {}.",
        trial.number,
        trial.back_to
    );
    let back = live.change(&Change {
        what: Candidate::Revision(Some(trial.back_to)),
        reason: Some(format!(
            "nobody confirmed revision {} in time",
            trial.number
        )),
        base: Some(trial.number),
        ..Change::files(Occasion::Unconfirmed)
    });
    match back {
        // Somebody ended it meanwhile.
        Err(SourceError::Reload(ReloadError::NoTrial | ReloadError::Moved { .. })) => Ok(()),
        other => other.map(drop),
    }
}

fn change_it(
    live: &Live,
    datapath: &mut Datapath,
    keeper: &mut Keeper,
    change: &Change,
) -> Result<Reloaded, ReloadError> {
    let start = Instant::now();
    may(keeper, change)?;
    let prepared = prepare(live, keeper, datapath, &change.what)?;
    if prepared.same {
        if change.what == Candidate::Files {
            // What can't be written down is tried again, and told of by the keeper.
            keeper.matches(prepared.seen.0.clone()).unwrap_or(());
        }
        // What was on trial is confirmed by nobody but people.
        return Ok(unchanged(&prepared, start.elapsed()));
    }
    let Prepared {
        old,
        before,
        both,
        remark,
        revision,
        seen,
        ..
    } = prepared;
    let number = keeper.next_number(before.header.revision);
    let texts = both.texts();
    let mut warnings = both.findings() + remark.as_deref().unwrap_or_default();
    let now = Now::read();
    let (new, fresh) = compile(both, &old, number, now)?;
    let compiled = start.elapsed();

    let devices = changes::devices(&old, &new, &fresh.devices);
    let rules = changes::rules(old.ids.rules(), new.ids.rules(), &fresh.rules);
    let trial = match change.trial {
        Some(span) => Some((way_back(keeper)?, span)),
        None => None,
    };
    let record = Record {
        number,
        written: now.wall,
        applied: None,
        cause: cause(change.occasion, revision),
        author: change.author.clone(),
        reason: change.reason.clone(),
        image: hex(&new.image.header.digest),
        compiled_at: new.image.header.compiled_at,
        policy: Text::of(&new.policy.file, &texts.policy),
        gateway: Text::of(&new.gateway.file, &texts.gateway),
        seen: seen.0,
        summary: Summary {
            devices_added: devices.added,
            devices_removed: devices.removed,
            devices_changed: devices.changed,
            rules_added: rules.added,
            rules_removed: rules.removed,
        },
        back_to: trial.map(|(back_to, _)| back_to),
        confirmed: None,
    };
    // Where it can't be kept, care goes on by the policy that was asked for, and whoever asked is told. A trial needs what it goes back to.
    let noted = record.clone();
    let begun = keeper.begin(record, texts);
    if trial.is_some() {
        begun.kept()?;
    }
    let file = new.policy.file.clone();
    let applied: Applied = match force::put_in_force(live, datapath, &old, new, &fresh) {
        Ok(applied) => applied,
        Err(error) => {
            // What is left of it does no harm: the next agent sees that the kernel does not have it.
            keeper.withdraw(number).unwrap_or(());
            return Err(error);
        }
    };
    if let Err(NotKept(why)) = keeper.ends(begun, trial) {
        warnings.extend([
            "warning: the policy is in force but could not be written down: an agent that starts anew does not know it (",
            &why,
            ")\n",
        ]);
    }
    let trial_until = keeper.trial().map(|trial| trial.until_wall);
    live.audit(noted.author.clone(), Event::policy(noted, trial_until));
    Ok(Reloaded {
        before: mark(&before),
        after: mark(&datapath.active().unwrap_or(before)),
        file,
        devices,
        rules,
        warnings,
        trial: trial_until,
        compiled,
        written: applied.written,
        settled: applied.settled,
    })
}

/// Whether this may be asked for now.
fn may(keeper: &Keeper, change: &Change) -> Result<(), ReloadError> {
    let ends_trial = matches!(change.occasion, Occasion::Rollback | Occasion::Unconfirmed);
    if let Some(trial) = keeper.trial()
        && !ends_trial
    {
        return Err(ReloadError::OnTrial {
            number: trial.number,
            until: trial.until_wall,
        });
    }
    let now = keeper.in_force().map(|record| record.number);
    match (change.base, now) {
        (Some(base), Some(now)) if base != now => Err(ReloadError::Moved { base, now }),
        // Somebody confirmed it in the last moment.
        _ if change.occasion == Occasion::Unconfirmed && keeper.trial().is_none() => {
            Err(ReloadError::NoTrial)
        }
        _ => Ok(()),
    }
}

/// The revision in force, which a trial goes back to: only if it is kept.
fn way_back(keeper: &mut Keeper) -> Result<u64, ReloadError> {
    keeper.catch_up()?;
    let record = keeper.in_force().ok_or(ReloadError::NothingBefore)?;
    let number = record.number;
    match keeper.get(number)? {
        Some(_) => Ok(number),
        None => Err(ReloadError::NoWayBack(number)),
    }
}

fn cause(occasion: Occasion, revision: Option<u64>) -> Cause {
    match occasion {
        Occasion::Start => Cause::Start,
        Occasion::Reload => Cause::Reload,
        Occasion::FileChange => Cause::FileChange,
        Occasion::Apply => Cause::Apply,
        Occasion::Rollback => Cause::Rollback(revision.unwrap_or_default()),
        Occasion::Unconfirmed => Cause::Unconfirmed(revision.unwrap_or_default()),
    }
}

fn unchanged(prepared: &Prepared, compiled: Duration) -> Reloaded {
    let mark = mark(&prepared.before);
    Reloaded {
        before: mark,
        after: mark,
        file: prepared.old.policy.file.clone(),
        devices: Default::default(),
        rules: Default::default(),
        warnings: prepared.both.findings(),
        trial: None,
        compiled,
        written: Duration::ZERO,
        settled: Duration::ZERO,
    }
}

pub(super) const fn mark(in_force: &InForce) -> Mark {
    Mark {
        digest: in_force.header.digest,
        revision: in_force.header.revision,
        epoch: in_force.epoch,
    }
}

/// Compiles it as what follows these files.
fn compile(
    both: Both,
    old: &Files,
    revision: u64,
    now: Now,
) -> Result<(Files, Fresh), ReloadError> {
    usable(both.follow(old, revision, now.epoch_nanos()))
}

/// The same for a look: nothing is taken from these files.
pub(super) fn compile_beside(
    both: Both,
    old: &Files,
    revision: u64,
    now: Now,
) -> Result<(Files, Fresh), ReloadError> {
    let stamp = Stamp {
        revision,
        compiled_at: now.epoch_nanos(),
    };
    usable(both.beside(old, stamp))
}

fn usable((checked, fresh): (Checked, Fresh)) -> Result<(Files, Fresh), ReloadError> {
    let findings =
        || [&checked.gateway_report, &checked.policy_report].map(|it| it.render(Style::Plain));
    match checked.files {
        Ok(files) => Ok((files, fresh)),
        Err(Unusable::Errors) => Err(ReloadError::Findings(findings().concat())),
        Err(Unusable::Compile(source)) => Err(ReloadError::Compile {
            file: checked.policy_report.path().to_owned(),
            source,
        }),
    }
}
