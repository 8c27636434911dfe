//! What surfaces may ask.

use std::time::Instant;

use jiff::Timestamp;
use xiot_common::{abi::ABI_VERSION, capacity, flow_table::half_open_room};

use super::{Live, lock};
use crate::{
    collect::with_pending,
    datapath::{ApplyError, MapAccessError, PortState},
    propose::Proposal,
    service::{
        calendar,
        clock::Now,
        compare::{self, Comparison},
        decide::{self, Wish},
        explain::{self, ExplainError, Explanation, Program, Query},
        faults::Fault,
        files::{self, Seen},
        guards,
        handle::{News, Source, SourceError},
        learner::Wanted,
        names::{Names, UnknownDevice},
        plan::{self, Plan},
        promotion::{self, Promotion},
        reload::{self, Candidate, Change, ReloadError},
        simulate::{self, Simulation},
        state::{
            Agent, Binding, BindingFilter, Bindings, Decided, Device, DeviceTotal, Drop,
            EventTotals, Flow, FlowFilter, Gauge, Health, Learned, Named, NamedDevices,
            NamedFilter, Observed, ObservedFilter, Port, Reloaded, Selected, Status, Wire,
        },
        view,
    },
    store::{Author, Record, Texts, audit::Event},
};

impl Source for Live {
    fn status(&self) -> Result<Status, SourceError> {
        let failed = |error| self.failed(error);
        let levels = self.levels().map_err(failed)?;
        let capacity = lock(&self.enforced).files.gateway.capacity;
        let names = self.names();
        let events = self.counters.events().map_err(failed)?;
        let copies = self.copies.read().map_err(failed)?;
        let named = *lock(&self.named);
        let unlisted = view::unlisted(&names, &self.seen(&levels));
        let unlisted_forgotten = lock(&self.strangers).forgotten();
        let device = |id| self.counters.device(id).unwrap_or_default();
        let rule = |id| self.counters.rule(id).unwrap_or_default();
        let overrides = self.overrides.entries().map_err(failed)?;
        // Behind them: a fall is known before it shows.
        let standings = self.standings();
        Ok(Status {
            agent: Agent {
                version: env!("CARGO_PKG_VERSION"),
                abi: ABI_VERSION,
                pid: std::process::id(),
                started: self.started,
                adoption: self.adoption.clone(),
                faults: self.faults.each(),
            },
            policy: self.policy(),
            calendars: calendar::calendars(names.policy(), Now::read().wall),
            wires: self.wires_now()?,
            devices: view::modes(&names),
            unlisted_forgotten,
            flows: Gauge {
                used: levels.flows as u64,
                capacity: capacity.flows.into(),
            },
            half_open: Gauge {
                used: levels.half_open as u64,
                capacity: half_open_room(capacity.flows, capacity.half_open).into(),
            },
            observed: Gauge {
                used: levels.observed as u64,
                capacity: capacity.observed.into(),
            },
            bindings: Bindings {
                leases: levels.bindings.leases as u64,
                uses: levels.bindings.uses as u64,
                capacity: capacity::BINDINGS.into(),
            },
            named: NamedDevices {
                listed: Gauge {
                    used: named.listed,
                    capacity: capacity::NAMED_DEVICES.into(),
                },
                addresses: named.addresses,
            },
            copies: EventTotals {
                sent: copies.sent,
                suppressed: copies.suppressed,
                lost: copies.lost,
            },
            heard: self.heard.each(),
            learned: self.learned_levels(),
            event_ring: Gauge {
                used: self.event_ring.used(),
                capacity: self.event_ring.capacity(),
            },
            events: EventTotals {
                sent: events.sent,
                suppressed: events.suppressed,
                lost: events.lost,
            },
            frames: self.frames().map_err(failed)?,
            profiles: view::profiles(&names, device, rule),
            decisions: decide::decisions(overrides, &names, Now::read(), &standings.fallen),
            on_probation: standings.on_probation,
            falls: standings.falls,
            unlisted,
            learning_trouble: self.learning_trouble(),
        })
    }

    fn health(&self) -> Result<Health, SourceError> {
        let in_force = self.active.in_force();
        let wires = self.wires_now()?;
        let ports: Vec<_> = wires.iter().flat_map(ports).collect();
        Ok(Health {
            has_policy: in_force.is_some_and(|policy| policy.header.abi == ABI_VERSION),
            ports: ports.len(),
            attached: ports.iter().filter(|port| port.attached).count(),
        })
    }

    fn device_totals(&self, group: Option<&str>) -> Result<Vec<DeviceTotal>, SourceError> {
        let counter = |id| self.counters.device(id).unwrap_or_default();
        let (now, names) = (Now::read(), self.names());
        Ok(view::device_totals(&names, now, group, counter))
    }

    fn note_failure(&self) {
        self.fault(Fault::Answer);
    }

    fn devices(&self) -> Result<Vec<Device>, SourceError> {
        let levels = self.levels().map_err(|error| self.failed(error))?;
        let counter = |id| self.counters.device(id).unwrap_or_default();
        let seen = self.seen(&levels);
        Ok(view::devices(&self.names(), levels.read, counter, &seen))
    }

    fn know(&self, device: &str) -> Result<(), UnknownDevice> {
        self.names().know(device)
    }

    fn flows(&self, filter: &FlowFilter) -> Result<Selected<Flow>, SourceError> {
        let entries = lock(&self.flows).snapshot();
        let (now, names) = (Now::read(), self.names());
        let flows = entries
            .iter()
            .filter_map(|flow| view::flow(&names, now, flow));
        Ok(view::select(flows, filter))
    }

    fn observed(&self, filter: &ObservedFilter) -> Result<Selected<Observed>, SourceError> {
        // Held over both readings: a sweep between them would add what is pending, and it would count twice.
        let flows = lock(&self.flows);
        let observed = self.observed.snapshot();
        let observed = observed.map_err(|error| self.failed(error))?;
        let flows = flows.snapshot();
        let (now, names) = (Now::read(), self.names());
        let observed = with_pending(observed, &flows);
        let observed = observed
            .iter()
            .filter_map(|observed| view::observed(&names, now, observed));
        Ok(view::select_observed(observed, filter))
    }

    fn learned(&self, device: Option<&str>) -> Result<Learned, SourceError> {
        Self::learned(self, device)
    }

    fn propose(&self, wanted: &Wanted) -> Result<(Texts, Proposal), SourceError> {
        let texts = self.texts(None)?;
        let file = self.files().paths.policy.display().to_string();
        let proposal = Self::propose(self, (&file, &texts.policy), wanted)?;
        Ok((texts, proposal))
    }

    fn simulate(
        &self,
        what: &Candidate,
        wanted: &simulate::Wanted,
    ) -> Result<Simulation, SourceError> {
        Self::simulate(self, what, wanted)
    }

    fn compare(
        &self,
        what: Option<&Candidate>,
        wanted: &compare::Wanted,
    ) -> Result<Comparison, SourceError> {
        Self::compare(self, what, wanted)
    }

    fn promotion(&self, wanted: &promotion::Wanted) -> Result<Promotion, SourceError> {
        Self::promotion(self, wanted)
    }

    fn bindings(&self, filter: &BindingFilter) -> Result<Selected<Binding>, SourceError> {
        let entries = lock(&self.bindings).snapshot();
        let entries = entries.map_err(|error| self.failed(error))?;
        let (now, names) = (Now::read(), self.names());
        let bindings = entries
            .iter()
            .filter_map(|(key, binding)| view::binding(&names, now, key, binding));
        Ok(view::select_bindings(bindings, filter))
    }

    fn named(&self, filter: &NamedFilter) -> Result<Selected<Named>, SourceError> {
        let (now, names) = (Now::read(), self.names());
        let entries = lock(&self.dns_names).snapshot(now.second());
        let entries = entries.map_err(|error| self.failed(error))?;
        Ok(view::select_named(
            view::named(&names, now, &entries),
            filter,
        ))
    }

    fn explain(&self, query: &Query) -> Result<Explanation, SourceError> {
        let files = self.files();
        let digest = files.image.header.digest;
        // Not held: a change of policy, which holds the data path that is asked below, takes it.
        let idle = lock(&self.scratch).take();
        let mut program = match idle.filter(|(of, _)| *of == digest) {
            Some((_, program)) => program,
            None => Program::new(&files.image, &files.ids, guards::needed(&files.gateway))
                .map_err(|error| SourceError::Datapath(error.into()))?,
        };
        self.with_datapath(|datapath| {
            program.decide(&datapath.overrides()?)?;
            program.know(datapath, Now::read().second())
        })
        .unwrap_or(Ok(()))
        .map_err(|error| self.failed(error))?;
        let names = Names::new(files.policy, files.wires, files.ids);
        program.remember(self.told_of(&names, query));
        let answer = explain::explain(&names, query, &mut program);
        // An instance that failed to judge is not asked again.
        if !matches!(answer, Err(ExplainError::Judge(_))) {
            *lock(&self.scratch) = Some((digest, program));
        }
        Ok(answer?)
    }

    fn plan(&self, what: &Candidate) -> Result<Plan, SourceError> {
        Ok(plan::plan(self, what)?)
    }

    fn change(&self, change: &Change) -> Result<Reloaded, SourceError> {
        let begun = Instant::now();
        let outcome = reload::change(self, change);
        if matches!(
            &outcome,
            Err(ReloadError::Apply(ApplyError::ReadBack { .. }))
        ) {
            self.fault(Fault::Slot);
        }
        self.loads.note(begun, change, &outcome);
        self.tell_revisions();
        // What is dropped from now on may be because of it.
        self.look_at_stages();
        Ok(outcome?)
    }

    fn news(&self) -> News {
        if self.keeper().trial().is_some() {
            return News::Later;
        }
        let seen = Seen::look(&self.files().paths);
        let what = match self.keeper().in_force() {
            Some(record) => Candidate::of_news(&seen, &record.seen),
            None => Some(Candidate::Files),
        };
        what.map_or(News::Nothing, News::Other)
    }

    fn confirm(&self, author: Author) -> Result<Record, SourceError> {
        let mut keeper = self.keeper();
        let confirmed = keeper.confirm().map_err(ReloadError::from)?;
        let record = confirmed.and_then(|_| keeper.in_force().cloned());
        drop(keeper);
        self.tell_revisions();
        let record = record.ok_or(ReloadError::NoTrial)?;
        let revision = record.number;
        self.audit(author, Event::Confirmed { revision });
        Ok(record)
    }

    fn history(&self, limit: usize) -> Result<Selected<Record>, SourceError> {
        let (items, left_out) = self.keeper().list(limit).map_err(ReloadError::from)?;
        Ok(Selected { items, left_out })
    }

    fn texts(&self, revision: Option<u64>) -> Result<Texts, SourceError> {
        let Some(number) = revision else {
            let both = files::read_both(&self.files().paths).map_err(ReloadError::from)?;
            return Ok(both.texts());
        };
        let mut keeper = self.keeper();
        let record = keeper.get(number).map_err(ReloadError::from)?;
        let record = record.ok_or(ReloadError::NoRevision(number))?;
        Ok(keeper.texts(&record).map_err(ReloadError::from)?)
    }

    fn decide(&self, wish: &Wish) -> Result<Decided, SourceError> {
        Ok(decide::decide(self, wish)?)
    }

    fn recent_drops(&self, since: Option<Timestamp>) -> Vec<Drop> {
        lock(&self.history).since(since)
    }
}

impl Live {
    pub(super) fn failed(&self, error: MapAccessError) -> SourceError {
        self.fault(Fault::Maps);
        SourceError::Datapath(error.into())
    }

    /// The wires with the state that their ports are in now.
    fn wires_now(&self) -> Result<Vec<Wire>, SourceError> {
        let mut wires = self.wires.clone();
        for port in wires.iter_mut().flat_map(ports_mut) {
            let PortState { attached, carrier } =
                self.attachments.look(port.ifindex).map_err(|error| {
                    self.fault(Fault::Maps);
                    SourceError::Datapath(error.into())
                })?;
            port.attached = attached;
            port.carrier = carrier;
        }
        for (wire, what) in self.astray() {
            if let Some(wire) = wires.get_mut(wire) {
                wire.fail_trouble = Some(what);
            }
        }
        Ok(wires)
    }
}

fn ports(wire: &Wire) -> impl Iterator<Item = &Port> {
    [&wire.device, &wire.uplink].into_iter().flatten()
}

fn ports_mut(wire: &mut Wire) -> impl Iterator<Item = &mut Port> {
    [&mut wire.device, &mut wire.uplink].into_iter().flatten()
}
