//! Answers from the maps of the attached program. Blocking: [`super::handle::Handle`] keeps it off the event loop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use xiot_common::{abi::ABI_VERSION, event::Event, slot::SlotHeader};

use super::{
    clock::{Now, from_epoch_nanos},
    explain::{self, ExplainError, Explanation, Program, Query},
    files::Files,
    handle::{Source, SourceError},
    history::History,
    names::Names,
    state::{
        Agent, Device, Drop, EventTotals, Flow, FlowFilter, FrameTotal, Gauge, Observed,
        ObservedFilter, PolicyInfo, Selected, Status, Wire,
    },
    strangers::Strangers,
    view::{self, Seen},
};
use crate::{
    collect::{Counters, FlowTable, ObservedTable, with_pending},
    datapath::{Datapath, MapAccessError},
};

/// Levels older than this are read again for whoever asks: a hundred thousand flows take milliseconds to count.
const FRESH: std::time::Duration = std::time::Duration::from_secs(1);

/// Bytes of an image line.
const LINE: u64 = 64;

/// Everything that answers take.
#[derive(Debug)]
pub(super) struct Live {
    files: Files,
    names: Names,
    started: Timestamp,
    header: SlotHeader,
    wires: Vec<Wire>,
    counters: Counters,
    flows: Mutex<FlowTable>,
    observed: ObservedTable,
    levels: Mutex<Option<Levels>>,
    history: Mutex<History>,
    strangers: Mutex<Strangers>,
    scratch: Mutex<Option<Program>>,
}

/// What takes a walk through a table to know.
#[derive(Clone, Debug)]
struct Levels {
    read: Now,
    flows: usize,
    half_open: usize,
    observed: usize,
    seen: Vec<Seen>,
}

impl Live {
    /// Answers about this data path, which enforces these files on these wires.
    pub(super) fn open(
        files: Files,
        wires: Vec<Wire>,
        datapath: &Datapath,
    ) -> Result<Self, MapAccessError> {
        Ok(Self {
            names: Names::new(Arc::clone(&files.policy), Arc::clone(&files.wires)),
            started: Timestamp::now(),
            header: datapath.header().unwrap_or(files.image.header),
            wires,
            counters: Counters::open(datapath)?,
            flows: Mutex::new(FlowTable::open(datapath)?),
            observed: ObservedTable::open(datapath)?,
            levels: Mutex::new(None),
            history: Mutex::default(),
            strangers: Mutex::default(),
            scratch: Mutex::new(None),
            files,
        })
    }

    /// Removes flows that are over, and counts what is left.
    pub(super) fn sweep(&self) -> Result<(), MapAccessError> {
        let mut levels = lock(&self.levels);
        self.read_levels(&mut levels)?;
        Ok(())
    }

    /// Remembers an event; none if its reason is of another version than this agent's.
    pub(super) fn remember(&self, now: Now, sequence: u64, event: &Event) -> Option<Drop> {
        lock(&self.strangers).note_event(&self.names, event);
        let drop = view::drop(&self.names, now, sequence, event)?;
        lock(&self.history).push(drop.clone());
        Some(drop)
    }

    fn levels(&self) -> Result<Levels, MapAccessError> {
        let mut levels = lock(&self.levels);
        let now = Now::read();
        match levels.as_ref() {
            Some(levels) if now.monotonic.saturating_sub(levels.read.monotonic) < FRESH => {
                Ok(levels.clone())
            }
            _ => self.read_levels(&mut levels),
        }
    }

    fn read_levels(&self, levels: &mut Option<Levels>) -> Result<Levels, MapAccessError> {
        let now = Now::read();
        let mut answering = Vec::new();
        let swept = lock(&self.flows).sweep_and_visit(now.second(), |flow| {
            if Strangers::is_told_by(flow) {
                answering.push(*flow);
            }
        })?;
        // Not over the sweep: events wait for this lock.
        let mut strangers = lock(&self.strangers);
        for flow in &answering {
            strangers.note_flow(&self.names, flow);
        }
        drop(strangers);
        let observed = self.observed.snapshot()?;
        let read = Levels {
            read: now,
            flows: swept.left,
            half_open: swept.half_open,
            observed: observed.len(),
            seen: observed
                .iter()
                .filter_map(|observed| Seen::new(&observed.key, &observed.entry))
                .collect(),
        };
        *levels = Some(read.clone());
        Ok(read)
    }

    /// Every device that sent something, more than once where there is more than one trace of it.
    fn seen(&self, levels: &Levels) -> Vec<Seen> {
        let mut seen = levels.seen.clone();
        seen.extend(lock(&self.strangers).seen());
        seen
    }

    fn frames(&self) -> Result<Vec<FrameTotal>, MapAccessError> {
        let ports = 0..u16::try_from(self.wires.len() * 2).unwrap_or(u16::MAX);
        Ok(view::frames(&self.counters.reasons(ports)?))
    }

    fn policy(&self) -> PolicyInfo {
        let policy = &self.files.policy;
        PolicyInfo {
            file: policy.file.clone(),
            digest: self.header.digest,
            compiled_at: from_epoch_nanos(self.header.compiled_at),
            onboarding: policy.onboarding,
            devices: self.header.device_count,
            profiles: u32::try_from(policy.profiles.len()).unwrap_or(u32::MAX),
            rules: self.header.rule_count,
            image_bytes: Gauge {
                used: u64::from(self.header.lines) * LINE,
                capacity: u64::from(self.files.gateway.capacity.slot_lines) * LINE,
            },
        }
    }
}

impl Source for Live {
    fn status(&self) -> Result<Status, SourceError> {
        let levels = self.levels().map_err(failed)?;
        let capacity = &self.files.gateway.capacity;
        let events = self.counters.events().map_err(failed)?;
        let unlisted = view::unlisted(&self.names, &self.seen(&levels));
        let unlisted_forgotten = lock(&self.strangers).forgotten();
        let device = |id| self.counters.device(id).unwrap_or_default();
        let rule = |id| self.counters.rule(id).unwrap_or_default();
        Ok(Status {
            agent: Agent {
                version: env!("CARGO_PKG_VERSION"),
                abi: ABI_VERSION,
                pid: std::process::id(),
                started: self.started,
            },
            policy: self.policy(),
            wires: self.wires.clone(),
            devices: view::modes(&self.names),
            unlisted_forgotten,
            flows: Gauge {
                used: levels.flows as u64,
                capacity: capacity.flows.into(),
            },
            half_open: Gauge {
                used: levels.half_open as u64,
                capacity: capacity.half_open.into(),
            },
            observed: Gauge {
                used: levels.observed as u64,
                capacity: capacity.observed.into(),
            },
            events: EventTotals {
                sent: events.sent,
                suppressed: events.suppressed,
                lost: events.lost,
            },
            frames: self.frames().map_err(failed)?,
            profiles: view::profiles(&self.names, device, rule),
            unlisted,
        })
    }

    fn devices(&self) -> Result<Vec<Device>, SourceError> {
        let levels = self.levels().map_err(failed)?;
        let counter = |id| self.counters.device(id).unwrap_or_default();
        let seen = self.seen(&levels);
        Ok(view::devices(&self.names, levels.read, counter, &seen))
    }

    fn flows(&self, filter: &FlowFilter) -> Result<Selected<Flow>, SourceError> {
        let entries = lock(&self.flows).snapshot().map_err(failed)?;
        let now = Now::read();
        let flows = entries
            .iter()
            .filter_map(|flow| view::flow(&self.names, now, flow));
        Ok(view::select(flows, filter))
    }

    fn observed(&self, filter: &ObservedFilter) -> Result<Selected<Observed>, SourceError> {
        // Held over both readings: a sweep between them would add what is pending, and it would count twice.
        let flows = lock(&self.flows);
        let observed = self.observed.snapshot().map_err(failed)?;
        let flows = flows.snapshot().map_err(failed)?;
        let now = Now::read();
        let observed = with_pending(observed, &flows);
        let observed = observed
            .iter()
            .filter_map(|observed| view::observed(&self.names, now, observed));
        Ok(view::select_observed(observed, filter))
    }

    fn explain(&self, query: &Query) -> Result<Explanation, SourceError> {
        let mut scratch = lock(&self.scratch);
        let mut program = match scratch.take() {
            Some(program) => program,
            None => Program::new(&self.files.image)
                .map_err(|error| SourceError::Datapath(error.into()))?,
        };
        let answer = explain::explain(&self.names, query, &mut program);
        // An instance that failed to judge is not asked again.
        if !matches!(answer, Err(ExplainError::Judge(_))) {
            *scratch = Some(program);
        }
        Ok(answer?)
    }

    fn recent_drops(&self, since: Option<Timestamp>) -> Vec<Drop> {
        lock(&self.history).since(since)
    }
}

fn failed(error: MapAccessError) -> SourceError {
    SourceError::Datapath(error.into())
}

/// A panic in another request leaves nothing half done that would matter here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
