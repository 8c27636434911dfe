//! Changes of policy: what is asked for, what they would do, what is kept of them.

use std::time::Duration;

use super::{flow, reason};
use crate::{
    api::{given, wire},
    service::{
        plan::{CutFlow, DeviceChange, Kind, Plan, RuleChange},
        reload::{self, Occasion},
        state::{Criticality, words},
    },
    store::{Author, Cause, Record, Summary},
};

/// Items of a list that are sent.
const MOST: usize = 1_000;

/// Longest name of a file, in bytes (`PATH_MAX` of Linux).
const LONGEST_FILE: usize = 4096;

/// `body`: what followed the request. The name of a file goes into logs, metrics and records: why not, for people.
pub(crate) fn candidate(
    candidate: wire::Candidate,
    body: Vec<u8>,
) -> Result<reload::Candidate, String> {
    Ok(match candidate {
        wire::Candidate::Files => reload::Candidate::Files,
        wire::Candidate::Policy { file, .. }
            if file.len() > LONGEST_FILE || file.chars().any(char::is_control) =>
        {
            return Err("that cannot be the name of a policy file".to_owned());
        }
        wire::Candidate::Policy { file, .. } => reload::Candidate::Policy { file, text: body },
        wire::Candidate::Revision { number } => reload::Candidate::Revision(number),
    })
}

/// What a client wishes; why not, for people.
pub(crate) fn change(
    change: wire::Change,
    body: Vec<u8>,
    author: Author,
) -> Result<reload::Change, String> {
    let trial = change.confirm_within_seconds.map(Duration::from_secs);
    let trial = trial.map(given::trial);
    Ok(reload::Change {
        occasion: match change.candidate {
            wire::Candidate::Revision { .. } => Occasion::Rollback,
            wire::Candidate::Files | wire::Candidate::Policy { .. } => Occasion::Apply,
        },
        what: candidate(change.candidate, body)?,
        author,
        reason: reason(change.reason.as_deref())?,
        base: change.base,
        trial: trial.transpose()?,
    })
}

pub(crate) fn plan(plan: Plan) -> wire::Plan {
    let cut = plan.cut;
    wire::Plan {
        base: super::reload::mark(&plan.base),
        before: plan.before,
        file: plan.file,
        of_revision: plan.revision,
        unchanged: plan.unchanged,
        devices: wire::Changes {
            added: plan.devices.added,
            removed: plan.devices.removed,
            changed: plan.devices.changed,
        },
        which_devices: some(plan.which_devices, device),
        rules: wire::Changes {
            added: plan.rules.added,
            removed: plan.rules.removed,
            changed: 0,
        },
        which_rules: some(plan.which_rules, rule),
        settings: some(plan.settings, |line| line),
        guards: plan.guards,
        live_flows: cut.live,
        cut_flows: cut.flows.len() as u64,
        unknown_flows: cut.unknown,
        cut_by_criticality: by_criticality(&cut.flows),
        which_flows: some(cut.flows, cut_flow),
        warnings: plan.warnings,
    }
}

fn some<T, U>(all: Vec<T>, convert: fn(T) -> U) -> Vec<U> {
    all.into_iter().take(MOST).map(convert).collect()
}

fn criticality(criticality: Option<Criticality>) -> Option<String> {
    criticality.map(|it| words::criticality(it).to_owned())
}

/// They are sorted by it.
fn by_criticality(flows: &[CutFlow]) -> Vec<wire::Criticality> {
    let alike = flows.chunk_by(|a, b| a.criticality == b.criticality);
    alike
        .filter_map(|alike| {
            Some(wire::Criticality {
                criticality: criticality(alike.first()?.criticality),
                flows: alike.len() as u64,
            })
        })
        .collect()
}

fn device(change: DeviceChange) -> wire::DeviceChange {
    let kind = match change.kind {
        Kind::Removed => "removed",
        Kind::Changed => "changed",
        Kind::Added => "added",
    };
    wire::DeviceChange {
        device: change.device,
        change: kind.to_owned(),
        criticality: criticality(change.criticality),
        what: change.what,
    }
}

fn rule(change: RuleChange) -> wire::RuleChange {
    wire::RuleChange {
        profile: change.profile,
        rule: change.label,
        line: change.line,
        change: if change.added { "added" } else { "removed" }.to_owned(),
    }
}

fn cut_flow(cut: CutFlow) -> wire::CutFlow {
    wire::CutFlow {
        criticality: criticality(cut.criticality),
        reason: cut.reason.name().to_owned(),
        flow: flow(cut.flow),
    }
}

pub(crate) fn revision(record: Record) -> wire::Revision {
    let (cause, restores) = match record.cause {
        Cause::Start => ("start", None),
        Cause::Reload => ("reload", None),
        Cause::FileChange => ("file-change", None),
        Cause::Apply => ("apply", None),
        Cause::Rollback(to) => ("rollback", Some(to)),
        Cause::Unconfirmed(to) => ("unconfirmed", Some(to)),
    };
    let Summary {
        devices_added,
        devices_removed,
        devices_changed,
        rules_added,
        rules_removed,
    } = record.summary;
    wire::Revision {
        number: record.number,
        applied: record.applied,
        cause: cause.to_owned(),
        restores,
        user: match record.author {
            Author::Agent => None,
            Author::User { name, uid } => Some(name.unwrap_or_else(|| uid.to_string())),
        },
        reason: record.reason,
        digest: record.image,
        policy: record.policy.file,
        policy_sha256: record.policy.sha256,
        gateway_sha256: record.gateway.sha256,
        devices: wire::Changes {
            added: devices_added,
            removed: devices_removed,
            changed: devices_changed,
        },
        rules: wire::Changes {
            added: rules_added,
            removed: rules_removed,
            changed: 0,
        },
        on_trial_back_to: record.back_to,
        confirmed: record.confirmed,
    }
}
