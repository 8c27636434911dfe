//! The gateway as a whole.

use super::{decide::decided, device::traffic, verdict};
use crate::{
    api::wire,
    service::state,
    service::state::words::{criticality, hex, mode, side},
};

pub(crate) fn status(status: &state::Status) -> wire::Status {
    wire::Status {
        agent: wire::Agent {
            version: status.agent.version.to_owned(),
            abi: status.agent.abi,
            pid: status.agent.pid,
            started: status.agent.started,
            adoption: adoption(&status.agent.adoption),
            errors: status
                .agent
                .faults
                .iter()
                .filter(|(_, number)| *number > 0)
                .map(|(fault, number)| (fault.name().to_owned(), *number))
                .collect(),
        },
        policy: policy(&status.policy),
        learning_trouble: status.learning_trouble.clone(),
        calendars: status.calendars.iter().map(calendar).collect(),
        wires: status.wires.iter().map(wire).collect(),
        devices: modes(status.devices),
        unlisted_devices: status.unlisted,
        unlisted_devices_forgotten: status.unlisted_forgotten,
        flows: gauge(status.flows),
        half_open: gauge(status.half_open),
        observed: gauge(status.observed),
        bindings: wire::Bindings {
            leases: status.bindings.leases,
            uses: status.bindings.uses,
            capacity: status.bindings.capacity,
        },
        named_devices: gauge(status.named.listed),
        named_addresses: status.named.addresses,
        copies: events(status.copies),
        messages_heard: status
            .heard
            .iter()
            .map(|(kind, number)| ((*kind).to_owned(), *number))
            .collect(),
        learned_devices: gauge(status.learned.devices),
        learned_conversations: gauge(status.learned.conversations),
        event_ring: gauge(status.event_ring),
        events: events(status.events),
        frames: status
            .frames
            .iter()
            .filter(|total| total.frames > 0)
            .map(|total| frames(total, &status.wires))
            .collect(),
        decisions: status.decisions.iter().map(decided).collect(),
        on_probation: status.on_probation,
        falls: status.falls,
        profiles: status
            .profiles
            .iter()
            .map(|totals| wire::Profile {
                name: totals.profile.clone(),
                criticality: totals
                    .criticality
                    .map(|level| criticality(level).to_owned()),
                devices: modes(totals.devices),
                traffic: traffic(totals.traffic),
                rule_hits: totals.rule_hits,
            })
            .collect(),
    }
}

fn adoption(adoption: &state::Adoption) -> wire::Adoption {
    wire::Adoption {
        outcome: adoption.name().to_owned(),
        why: match adoption {
            state::Adoption::Anew(why) => Some(why.clone()),
            state::Adoption::Kept | state::Adoption::First => None,
        },
    }
}

fn policy(policy: &state::PolicyInfo) -> wire::Policy {
    // A new one is in force a moment before it is known that it is: what is kept of the one before says nothing of it.
    let kept = policy.revisions.in_force.clone();
    let kept = kept.filter(|record| record.number == policy.revision);
    wire::Policy {
        file: policy.file.clone(),
        digest: hex(&policy.digest),
        compiled_at: policy.compiled_at,
        revision: policy.revision,
        epoch: policy.epoch,
        applied_at: policy.applied_at,
        reloads: reloads(&policy.reloads),
        onboarding: mode(policy.onboarding).to_owned(),
        devices: policy.devices,
        device_capacity: policy.device_capacity,
        profiles: policy.profiles,
        rules: policy.rules,
        rule_capacity: policy.rule_capacity,
        image_bytes: gauge(policy.image_bytes),
        kept: kept.map(super::revision),
        on_trial_until: policy.revisions.trial,
        files_changed: policy.revisions.files_changed,
        revisions_trouble: policy.revisions.trouble.clone(),
        audit: audit(&policy.revisions.audited),
    }
}

fn reloads(reloads: &state::Reloads) -> wire::Reloads {
    wire::Reloads {
        applied: reloads.applied,
        unchanged: reloads.unchanged,
        refused: reloads.refused,
        last_attempt: reloads.last_attempt,
        last_success: reloads.last_success,
        took_seconds: reloads.took.map(|took| took.as_secs_f64()),
        refusal: reloads.refusal.as_ref().map(|refusal| wire::RefusedFiles {
            at: refusal.at,
            why: refusal.why.clone(),
        }),
    }
}

fn calendar(calendar: &state::CalendarState) -> wire::Calendar {
    wire::Calendar {
        name: calendar.name.clone(),
        in_force: calendar.in_force,
        changes: calendar.changes,
    }
}

fn wire(wire: &state::Wire) -> wire::Wire {
    let port = |port: &state::Port| wire::Port {
        interface: port.interface.clone(),
        ifindex: port.ifindex,
        xdp: port.xdp.to_owned(),
        attached: port.attached,
        carrier: port.carrier,
    };
    wire::Wire {
        name: wire.name.clone(),
        device: wire.device.as_ref().map(port),
        uplink: wire.uplink.as_ref().map(port),
        fail: wire.fail.map(str::to_owned),
        fail_trouble: wire.fail_trouble.clone(),
    }
}

fn frames(total: &state::FrameTotal, wires: &[state::Wire]) -> wire::Frames {
    wire::Frames {
        wire: wires
            .get(total.wire)
            .map(|wire| wire.name.clone())
            .unwrap_or_default(),
        side: side(total.side).to_owned(),
        verdict: verdict(total.verdict),
        reason: total.reason.name().to_owned(),
        frames: total.frames,
        bytes: total.bytes,
    }
}

const fn modes(modes: state::Modes) -> wire::Modes {
    wire::Modes {
        enforce: modes.enforce,
        monitor: modes.monitor,
        learn: modes.learn,
    }
}

const fn events(totals: state::EventTotals) -> wire::Events {
    wire::Events {
        sent: totals.sent,
        suppressed: totals.suppressed,
        lost: totals.lost,
    }
}

const fn gauge(gauge: state::Gauge) -> wire::Gauge {
    wire::Gauge {
        used: gauge.used,
        capacity: gauge.capacity,
    }
}

fn audit(audited: &state::AuditInfo) -> wire::Audit {
    let head = audited.head.as_ref();
    wire::Audit {
        entries: head.map(|head| head.sequence),
        head: head.map(|head| head.hash.clone()),
        trouble: audited.trouble.clone(),
    }
}
