//! A snapshot of the service as Prometheus series.

use std::fmt::Debug;

use prometheus::{
    Encoder as _, GaugeVec, IntCounterVec, Opts, Registry, TextEncoder,
    core::{Collector, Desc},
    proto::MetricFamily,
};

use super::names::{self, Kind, Metric};
use crate::service::state::{
    Bindings, BoundBy, Modes, Side, Status,
    words::{hex, mode, side},
};

/// The page can't be made: a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("the metrics can't be rendered")]
pub struct RenderError(#[from] prometheus::Error);

/// The metrics page of this snapshot.
pub fn render(status: &Status) -> Result<Vec<u8>, RenderError> {
    // A registry of its own for each page: it holds nothing, and the snapshot is never half old.
    let registry = Registry::new();
    registry.register(Box::new(Snapshot::new(status)?))?;
    let mut page = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut page)?;
    Ok(page)
}

const NO_LABELS: Vec<&str> = Vec::new();

enum Family {
    Counter(IntCounterVec),
    Gauge(GaugeVec),
}

/// The series of one snapshot.
struct Snapshot {
    families: Vec<Family>,
}

impl Collector for Snapshot {
    fn desc(&self) -> Vec<&Desc> {
        self.families
            .iter()
            .flat_map(|family| match family {
                Family::Counter(family) => family.desc(),
                Family::Gauge(family) => family.desc(),
            })
            .collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.families
            .iter()
            .flat_map(|family| match family {
                Family::Counter(family) => family.collect(),
                Family::Gauge(family) => family.collect(),
            })
            .collect()
    }
}

impl Snapshot {
    fn new(status: &Status) -> prometheus::Result<Self> {
        let mut snapshot = Self {
            families: Vec::with_capacity(names::ALL.len()),
        };
        snapshot.agent(status)?;
        snapshot.policy(status)?;
        snapshot.frames(status)?;
        snapshot.devices(status)?;
        snapshot.profiles(status)?;
        snapshot.tables(status)?;
        snapshot.ports(status)?;
        Ok(snapshot)
    }

    fn agent(&mut self, status: &Status) -> prometheus::Result<()> {
        let agent = &status.agent;
        let abi = agent.abi.to_string();
        self.gauge(names::BUILD_INFO, [(vec![agent.version, &abi], 1.0)])?;
        self.level(names::START_TIME, seconds(agent.started))
    }

    fn policy(&mut self, status: &Status) -> prometheus::Result<()> {
        let policy = &status.policy;
        let digest = hex(&policy.digest);
        let labels = vec![policy.file.as_str(), &digest, mode(policy.onboarding)];
        self.gauge(names::POLICY_INFO, [(labels, 1.0)])?;
        self.level(names::POLICY_COMPILED, seconds(policy.compiled_at))?;
        self.level(names::POLICY_APPLIED, seconds(policy.applied_at))?;
        self.level(names::POLICY_REVISION, float(policy.revision))?;
        self.level(names::POLICY_EPOCH, f64::from(policy.epoch))?;
        let reloads = policy.reloads;
        self.counter(
            names::RELOADS,
            [
                (vec!["applied"], reloads.applied),
                (vec!["unchanged"], reloads.unchanged),
                (vec!["refused"], reloads.refused),
            ],
        )?;
        self.level(names::POLICY_RULES, f64::from(policy.rules))?;
        self.level(names::POLICY_IMAGE, float(policy.image_bytes.used))?;
        self.level(
            names::POLICY_IMAGE_CAPACITY,
            float(policy.image_bytes.capacity),
        )
    }

    fn frames(&mut self, status: &Status) -> prometheus::Result<()> {
        let labels = || {
            status.frames.iter().filter_map(|total| {
                let wire = status.wires.get(total.wire)?;
                let labels = vec![
                    wire.name.as_str(),
                    side(total.side),
                    total.verdict.name(),
                    total.reason.name(),
                ];
                Some((labels, total))
            })
        };
        self.counter(
            names::FRAMES,
            labels().map(|(labels, total)| (labels, total.frames)),
        )?;
        self.counter(
            names::BYTES,
            labels().map(|(labels, total)| (labels, total.bytes)),
        )
    }

    fn devices(&mut self, status: &Status) -> prometheus::Result<()> {
        self.gauge(names::DEVICES, by_mode(status.devices))?;
        self.level(names::UNLISTED_DEVICES, float(status.unlisted))?;
        self.counter(
            names::UNLISTED_FORGOTTEN,
            [(NO_LABELS, status.unlisted_forgotten)],
        )
    }

    fn profiles(&mut self, status: &Status) -> prometheus::Result<()> {
        let profiles = || {
            status
                .profiles
                .iter()
                .map(|totals| (totals.profile.as_str(), &totals.traffic, totals))
        };
        self.gauge(
            names::PROFILE_DEVICES,
            profiles().flat_map(|(profile, _, totals)| {
                by_mode(totals.devices)
                    .map(move |(mode, count)| ([&[profile], &mode[..]].concat(), count))
            }),
        )?;
        self.counter(
            names::PROFILE_FRAMES,
            profiles().flat_map(|(profile, traffic, _)| {
                [
                    (vec![profile, "from", "forwarded"], traffic.from_frames),
                    (vec![profile, "from", "dropped"], traffic.from_dropped),
                    (vec![profile, "to", "forwarded"], traffic.to_frames),
                    (vec![profile, "to", "dropped"], traffic.to_dropped),
                ]
            }),
        )?;
        self.counter(
            names::PROFILE_BYTES,
            profiles().flat_map(|(profile, traffic, _)| {
                [
                    (vec![profile, "from"], traffic.from_bytes),
                    (vec![profile, "to"], traffic.to_bytes),
                ]
            }),
        )?;
        self.counter(
            names::PROFILE_WOULD_DROP,
            profiles().map(|(profile, traffic, _)| (vec![profile], traffic.would_drop)),
        )?;
        self.counter(
            names::PROFILE_RULE_HITS,
            profiles().map(|(profile, _, totals)| (vec![profile], totals.rule_hits)),
        )
    }

    fn tables(&mut self, status: &Status) -> prometheus::Result<()> {
        self.level(names::FLOWS, float(status.flows.used))?;
        self.level(names::FLOW_CAPACITY, float(status.flows.capacity))?;
        self.level(names::HALF_OPEN, float(status.half_open.used))?;
        self.level(names::HALF_OPEN_CAPACITY, float(status.half_open.capacity))?;
        self.level(names::OBSERVED, float(status.observed.used))?;
        self.level(names::OBSERVED_CAPACITY, float(status.observed.capacity))?;
        let Bindings {
            leases,
            uses,
            capacity,
        } = status.bindings;
        self.gauge(
            names::BINDINGS,
            [(BoundBy::Lease, leases), (BoundBy::Use, uses)]
                .map(|(by, count)| (vec![by.name()], float(count))),
        )?;
        self.level(names::BINDINGS_CAPACITY, float(capacity))?;
        self.counter(names::EVENTS_SENT, [(NO_LABELS, status.events.sent)])?;
        self.counter(
            names::EVENTS_SUPPRESSED,
            [(NO_LABELS, status.events.suppressed)],
        )?;
        self.counter(names::EVENTS_LOST, [(NO_LABELS, status.events.lost)])
    }

    fn ports(&mut self, status: &Status) -> prometheus::Result<()> {
        let ports = status.wires.iter().flat_map(|wire| {
            let ports = [(Side::Device, &wire.device), (Side::Uplink, &wire.uplink)];
            ports.into_iter().filter_map(|(at, port)| {
                let port = port.as_ref()?;
                let labels = vec![wire.name.as_str(), side(at), &port.interface, port.xdp];
                Some((labels, 1.0))
            })
        });
        self.gauge(names::XDP_MODE, ports)
    }

    fn level(&mut self, metric: Metric, value: f64) -> prometheus::Result<()> {
        self.gauge(metric, [(NO_LABELS, value)])
    }

    fn gauge<S: AsRef<str> + Debug>(
        &mut self,
        metric: Metric,
        series: impl IntoIterator<Item = (Vec<S>, f64)>,
    ) -> prometheus::Result<()> {
        debug_assert_eq!(metric.kind, Kind::Gauge, "{}", metric.name);
        let family = GaugeVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
        for (labels, value) in series {
            family.get_metric_with_label_values(&labels)?.set(value);
        }
        self.families.push(Family::Gauge(family));
        Ok(())
    }

    fn counter<S: AsRef<str> + Debug>(
        &mut self,
        metric: Metric,
        series: impl IntoIterator<Item = (Vec<S>, u64)>,
    ) -> prometheus::Result<()> {
        debug_assert_eq!(metric.kind, Kind::Counter, "{}", metric.name);
        let family = IntCounterVec::new(Opts::new(metric.name, metric.help), metric.labels)?;
        for (labels, value) in series {
            family.get_metric_with_label_values(&labels)?.inc_by(value);
        }
        self.families.push(Family::Counter(family));
        Ok(())
    }
}

fn by_mode(modes: Modes) -> impl Iterator<Item = (Vec<&'static str>, f64)> {
    modes
        .each()
        .into_iter()
        .map(|(at, count)| (vec![mode(at)], float(count)))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus has no other numbers; exact up to 2^53"
)]
const fn float(value: u64) -> f64 {
    value as f64
}

fn seconds(time: jiff::Timestamp) -> f64 {
    time.as_duration().as_secs_f64()
}

#[cfg(test)]
mod tests;
