//! A snapshot of the service as Prometheus series.

mod devices;

pub(crate) use devices::DevicePages;

use super::{
    families::Families,
    names::{self, Metric},
    page::Value,
    process,
};
use crate::service::state::{
    Bindings, BoundBy, Decision, Gauge, Modes, Port, Side, Status,
    words::{criticality, hex, mode, side},
};

/// The metrics page of this snapshot, without series of single devices.
pub(crate) fn render(status: &Status) -> prometheus::Result<String> {
    let mut page = Families::default();
    agent(&mut page, status);
    policy(&mut page, status);
    reloads(&mut page, status);
    records(&mut page, status);
    frames(&mut page, status);
    listed(&mut page, status);
    profiles(&mut page, status);
    tables(&mut page, status);
    learning(&mut page, status);
    events(&mut page, status);
    ports(&mut page, status);
    if let Err(error) = process::write(&mut page) {
        tracing::debug!(%error, "/proc does not tell about this process");
    }
    page.encode()
}

fn agent(page: &mut Families, status: &Status) {
    let agent = &status.agent;
    let abi = agent.abi.to_string();
    family(page, &names::BUILD_INFO, [([agent.version, &abi], 1_u64)]);
    page.level(&names::START_TIME, seconds(agent.started));
    let adoption = [agent.adoption.name()];
    family(page, &names::ADOPTION, [(adoption, 1_u64)]);
    let faults = agent.faults.iter();
    family(
        page,
        &names::ERRORS,
        faults.map(|(fault, number)| ([fault.name()], *number)),
    );
}

fn policy(page: &mut Families, status: &Status) {
    let policy = &status.policy;
    let digest = hex(&policy.digest);
    let labels = [policy.file.as_str(), &digest, mode(policy.onboarding)];
    family(page, &names::POLICY_INFO, [(labels, 1_u64)]);
    page.level(&names::POLICY_COMPILED, seconds(policy.compiled_at));
    page.level(&names::POLICY_APPLIED, seconds(policy.applied_at));
    page.level(&names::POLICY_REVISION, policy.revision);
    page.level(&names::POLICY_EPOCH, policy.epoch);
    page.level(&names::POLICY_RULES, policy.rules);
    page.level(&names::POLICY_RULES_CAPACITY, policy.rule_capacity);
    used(
        page,
        policy.image_bytes,
        &names::POLICY_IMAGE,
        &names::POLICY_IMAGE_CAPACITY,
    );
    let calendars = status.calendars.iter();
    let calendars = calendars.map(|it| ([it.name.as_str()], it.in_force));
    family(page, &names::CALENDAR_IN_FORCE, calendars);
}

fn reloads(page: &mut Families, status: &Status) {
    let reloads = &status.policy.reloads;
    family(
        page,
        &names::RELOADS,
        [
            (["applied"], reloads.applied),
            (["unchanged"], reloads.unchanged),
            (["refused"], reloads.refused),
        ],
    );
    page.level(&names::RELOAD_ATTEMPT, seconds(reloads.last_attempt));
    page.level(&names::RELOAD_SUCCESS, seconds(reloads.last_success));
    let took = reloads.took.unwrap_or_default();
    page.level(&names::RELOAD_DURATION, took.as_secs_f64());
    page.level(&names::FILES_REFUSED, reloads.refusal.is_some());
    page.level(&names::FILES_CHANGED, status.policy.revisions.files_changed);
}

fn records(page: &mut Families, status: &Status) {
    let revisions = &status.policy.revisions;
    let troubles = [
        ("revisions", revisions.trouble.is_some()),
        ("audit", revisions.audited.trouble.is_some()),
        ("learned", status.learning_trouble.is_some()),
    ];
    let troubles = troubles.map(|(record, trouble)| ([record], trouble));
    family(page, &names::RECORD_TROUBLE, troubles);
}

fn frames(page: &mut Families, status: &Status) {
    let labels = || {
        status.frames.iter().filter_map(|total| {
            let wire = status.wires.get(total.wire)?;
            let labels = [
                wire.name.as_str(),
                side(total.side),
                total.verdict.name(),
                total.reason.name(),
            ];
            Some((labels, total))
        })
    };
    let frames = labels().map(|(labels, total)| (labels, total.frames));
    family(page, &names::FRAMES, frames);
    let bytes = labels().map(|(labels, total)| (labels, total.bytes));
    family(page, &names::BYTES, bytes);
}

fn listed(page: &mut Families, status: &Status) {
    let modes = by_mode(status.devices).map(|(mode, number)| ([mode], number));
    family(page, &names::DEVICES, modes);
    page.level(&names::DEVICES_CAPACITY, status.policy.device_capacity);
    page.level(&names::UNLISTED_DEVICES, status.unlisted);
    page.level(&names::UNLISTED_FORGOTTEN, status.unlisted_forgotten);
    let number = |decision, fell_back| {
        let decided = status.decisions.iter();
        let alike = decided.filter(|decided| {
            decided.decision == Some(decision) && decided.fallback.is_some() == fell_back
        });
        alike.count() as u64
    };
    let people = [Decision::Quarantine, Decision::BreakGlass]
        .map(|decision| ([decision.name()], number(decision, false)));
    let fallen = (["fallback"], number(Decision::BreakGlass, true));
    family(page, &names::DECISIONS, people.into_iter().chain([fallen]));
    page.level(&names::PROBATION, status.on_probation);
    page.level(&names::FALLBACKS, status.falls);
}

fn profiles(page: &mut Families, status: &Status) {
    let profiles = || {
        let profiles = status.profiles.iter();
        profiles.map(|totals| (totals.profile.as_str(), &totals.traffic, totals))
    };
    let info = profiles().map(|(profile, _, totals)| {
        let level = totals.criticality.map_or("", criticality);
        ([profile, level], 1_u64)
    });
    family(page, &names::PROFILE_INFO, info);
    let devices = profiles().flat_map(|(profile, _, totals)| {
        by_mode(totals.devices).map(move |(mode, number)| ([profile, mode], number))
    });
    family(page, &names::PROFILE_DEVICES, devices);
    let frames = profiles().flat_map(|(profile, traffic, _)| {
        [
            ([profile, "from", "forwarded"], traffic.from_frames),
            ([profile, "from", "dropped"], traffic.from_dropped),
            ([profile, "to", "forwarded"], traffic.to_frames),
            ([profile, "to", "dropped"], traffic.to_dropped),
        ]
    });
    family(page, &names::PROFILE_FRAMES, frames);
    let bytes = profiles().flat_map(|(profile, traffic, _)| {
        [
            ([profile, "from"], traffic.from_bytes),
            ([profile, "to"], traffic.to_bytes),
        ]
    });
    family(page, &names::PROFILE_BYTES, bytes);
    let would_drop = profiles().map(|(profile, traffic, _)| ([profile], traffic.would_drop));
    family(page, &names::PROFILE_WOULD_DROP, would_drop);
    let hits = profiles().map(|(profile, _, totals)| ([profile], totals.rule_hits));
    family(page, &names::PROFILE_RULE_HITS, hits);
}

fn tables(page: &mut Families, status: &Status) {
    for (gauge, level, capacity) in [
        (status.flows, &names::FLOWS, &names::FLOW_CAPACITY),
        (
            status.half_open,
            &names::HALF_OPEN,
            &names::HALF_OPEN_CAPACITY,
        ),
        (status.observed, &names::OBSERVED, &names::OBSERVED_CAPACITY),
    ] {
        used(page, gauge, level, capacity);
    }
    let Bindings {
        leases,
        uses,
        capacity,
    } = status.bindings;
    let bindings = [(BoundBy::Lease, leases), (BoundBy::Use, uses)];
    family(
        page,
        &names::BINDINGS,
        bindings.map(|(by, number)| ([by.name()], number)),
    );
    page.level(&names::BINDINGS_CAPACITY, capacity);
}

fn learning(page: &mut Families, status: &Status) {
    let (named, learned) = (status.named, status.learned);
    let capacity = &names::NAMED_DEVICES_CAPACITY;
    used(page, named.listed, &names::NAMED_DEVICES, capacity);
    page.level(&names::NAMED_ADDRESSES, named.addresses);
    page.level(&names::COPIES_SENT, status.copies.sent);
    page.level(&names::COPIES_SUPPRESSED, status.copies.suppressed);
    page.level(&names::COPIES_LOST, status.copies.lost);
    let heard = status.heard.iter();
    let heard = heard.map(|(kind, number)| ([*kind], *number));
    family(page, &names::MESSAGES_HEARD, heard);
    let capacity = &names::LEARNED_DEVICES_CAPACITY;
    used(page, learned.devices, &names::LEARNED_DEVICES, capacity);
    let capacity = &names::LEARNED_CONVERSATIONS_CAPACITY;
    let level = &names::LEARNED_CONVERSATIONS;
    used(page, learned.conversations, level, capacity);
}

fn events(page: &mut Families, status: &Status) {
    page.level(&names::EVENTS_SENT, status.events.sent);
    page.level(&names::EVENTS_SUPPRESSED, status.events.suppressed);
    page.level(&names::EVENTS_LOST, status.events.lost);
    used(
        page,
        status.event_ring,
        &names::EVENT_RING,
        &names::EVENT_RING_CAPACITY,
    );
}

fn ports(page: &mut Families, status: &Status) {
    let ports = || {
        status.wires.iter().flat_map(|wire| {
            let ports = [(Side::Device, &wire.device), (Side::Uplink, &wire.uplink)];
            ports.into_iter().filter_map(|(at, port)| {
                let port = port.as_ref()?;
                Some(([wire.name.as_str(), side(at), &port.interface], port))
            })
        })
    };
    let mode = |([wire, side, interface], port): ([_; 3], &'_ Port)| {
        ([wire, side, interface, port.xdp], 1_u64)
    };
    family(page, &names::XDP_MODE, ports().map(mode));
    let attached = ports().map(|(labels, port)| (labels, port.attached));
    family(page, &names::PORT_ATTACHED, attached);
    let carrier = ports().map(|(labels, port)| (labels, port.carrier));
    family(page, &names::PORT_CARRIER, carrier);
    let fail = status.wires.iter().filter_map(|wire| {
        let labels = [wire.name.as_str(), wire.fail?];
        Some((labels, wire.fail_trouble.is_none()))
    });
    family(page, &names::FAIL_MODE_HELD, fail);
}

/// A level and its capacity, as two families.
fn used(page: &mut Families, gauge: Gauge, level: &Metric, capacity: &Metric) {
    page.level(level, gauge.used);
    page.level(capacity, gauge.capacity);
}

#[expect(
    single_use_lifetimes,
    reason = "an argument that is `impl Trait` must have its lifetimes named"
)]
fn family<'l, const LABELS: usize, V: Into<Value>>(
    page: &mut Families,
    metric: &Metric,
    series: impl IntoIterator<Item = ([&'l str; LABELS], V)>,
) {
    page.family(metric);
    for (labels, value) in series {
        page.series(metric, &labels, value);
    }
}

fn by_mode(modes: Modes) -> impl Iterator<Item = (&'static str, u64)> {
    let each = modes.each().into_iter();
    each.map(|(at, number)| (mode(at), number))
}

fn seconds(time: jiff::Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}

#[cfg(test)]
mod tests;
