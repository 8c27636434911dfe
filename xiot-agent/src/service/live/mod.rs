//! Answers from the maps of the attached program. Blocking: [`super::handle::Handle`] keeps it off the event loop.

mod compare;
mod fallback;
mod kept;
mod learned;
mod loads;
mod promotion;
mod simulate;
mod source;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::watch;
use xiot_common::{
    addr::Mac,
    event::Event,
    overrides::{Override, OverrideKey},
};

use self::{fallback::Fallback, loads::Loads};
use super::{
    answers::Answers,
    auditor::Auditor,
    clock::{Now, from_epoch_nanos},
    explain::Program,
    faults::{Fault, Faults},
    files::{Files, Seen as FilesSeen},
    history::History,
    keeper::Keeper,
    learner::Learner,
    names::Names,
    start::datapath_wires,
    state::{Adoption, Drop, FrameTotal, Gauge, LearnedLevels, PolicyInfo, RevisionInfo, Wire},
    strangers::Strangers,
    view::{self, Seen},
};
use crate::{
    collect::{
        self, BindingCount, BindingTable, CopyCounters, Counters, FlowTable, NameCount, NameTable,
        ObservedTable,
    },
    datapath::{
        self, ActivePolicy, Anew, Attachments, Datapath, MapAccessError, NetlinkError, RingLevel,
        Table,
    },
};

/// Levels older than this are read again for whoever asks: a hundred thousand flows take milliseconds to count.
const FRESH: Duration = Duration::from_secs(1);

/// Bytes of an image line.
const LINE: u64 = 64;

/// Everything that answers take.
#[derive(Debug)]
pub(super) struct Live {
    /// None once the agent is on its way down.
    gateway: Mutex<Option<datapath::Gateway>>,
    active: ActivePolicy,
    enforced: Mutex<Enforced>,
    keeper: Mutex<Keeper>,
    auditor: Mutex<Auditor>,
    learner: Mutex<Learner>,
    answers: Mutex<Answers>,
    /// What is told of that, while it reads or writes.
    learning_trouble: Mutex<Option<String>>,
    learned_levels: Mutex<LearnedLevels>,
    heard: learned::Heard,
    fallback: Fallback,
    /// What is told of that, while a change holds the keeper.
    revisions: Mutex<RevisionInfo>,
    /// Both files, as they were found last; none: not since another revision came into force.
    on_disk: Mutex<Option<FilesSeen>>,
    /// When a trial ends, for whoever ends it.
    trial: watch::Sender<Option<Duration>>,
    names: Mutex<Arc<Names>>,
    loads: Loads,
    faults: Arc<Faults>,
    started: Timestamp,
    adoption: Adoption,
    /// As they were when the agent started.
    pub(super) wires: Vec<Wire>,
    /// Wires that do not hold their fail mode, by position, and why not.
    astray: Mutex<Vec<(usize, String)>>,
    attachments: Attachments,
    overrides: Table<OverrideKey, Override>,
    event_ring: RingLevel,
    counters: Counters,
    flows: Mutex<FlowTable>,
    observed: ObservedTable,
    bindings: Mutex<BindingTable>,
    dns_names: Mutex<NameTable>,
    /// How many names there were at the last sweep.
    named: Mutex<NameCount>,
    copies: CopyCounters,
    levels: Mutex<Option<Levels>>,
    history: Mutex<History>,
    strangers: Mutex<Strangers>,
    /// An instance to put questions to, with the digest of the policy in it.
    scratch: Mutex<Option<([u8; 32], Program)>>,
}

/// What is enforced, and since when.
#[derive(Clone, Debug)]
struct Enforced {
    files: Files,
    applied: Timestamp,
}

/// What takes a walk through a table to know.
#[derive(Clone, Debug)]
struct Levels {
    read: Now,
    flows: usize,
    half_open: usize,
    observed: usize,
    bindings: BindingCount,
    seen: Vec<Seen>,
}

impl Live {
    /// Answers about this gateway, which enforces these files on these wires.
    pub(super) fn open(
        files: Files,
        wires: Vec<Wire>,
        (keeper, auditor, learner): (Keeper, Auditor, Learner),
        gateway: &datapath::Gateway,
        faults: Arc<Faults>,
    ) -> Result<Self, MapAccessError> {
        let datapath = gateway.datapath();
        let names = Names::new(
            Arc::clone(&files.policy),
            Arc::clone(&files.wires),
            Arc::clone(&files.ids),
        )
        .with_uplinks(&files.gateway.uplinks);
        let answers = Answers::of(&files.policy, Now::read());
        let now = Timestamp::now();
        let numbered = u32::try_from(wires.len()).unwrap_or(u32::MAX);
        let bindings = BindingTable::open(datapath, numbered, Now::read().second())?;
        Ok(Self {
            gateway: Mutex::default(),
            active: datapath.active_policy()?,
            enforced: Mutex::new(Enforced {
                files,
                applied: now,
            }),
            keeper: Mutex::new(keeper),
            auditor: Mutex::new(auditor),
            learner: Mutex::new(learner),
            answers: Mutex::new(answers),
            learning_trouble: Mutex::default(),
            learned_levels: Mutex::default(),
            heard: learned::Heard::default(),
            fallback: Fallback::default(),
            revisions: Mutex::default(),
            on_disk: Mutex::default(),
            trial: watch::Sender::default(),
            names: Mutex::new(Arc::new(names)),
            loads: Loads::since(now),
            faults,
            started: now,
            adoption: adoption(gateway.report().anew.as_ref()),
            wires,
            astray: Mutex::default(),
            attachments: datapath.attachments(),
            overrides: datapath.override_table()?,
            event_ring: datapath.ring_level()?,
            counters: Counters::open(datapath)?,
            flows: Mutex::new(FlowTable::open(datapath)?),
            observed: ObservedTable::open(datapath)?,
            bindings: Mutex::new(bindings),
            dns_names: Mutex::new(NameTable::open(datapath)?),
            named: Mutex::default(),
            copies: CopyCounters::open(datapath)?,
            levels: Mutex::new(None),
            history: Mutex::default(),
            strangers: Mutex::default(),
            scratch: Mutex::new(None),
        })
    }

    /// The gateway that is answered about.
    pub(super) fn hold(&self, gateway: datapath::Gateway) {
        *lock(&self.gateway) = Some(gateway);
    }

    /// The same, to take it down. From now on there are no reloads.
    pub(super) fn release(&self) -> Option<datapath::Gateway> {
        lock(&self.gateway).take()
    }

    /// Works on the data path, alone; none once it was released.
    pub(super) fn with_datapath<T>(&self, work: impl FnOnce(&mut Datapath) -> T) -> Option<T> {
        lock(&self.gateway)
            .as_mut()
            .map(|gateway| work(gateway.datapath_mut()))
    }

    /// Counts something that went wrong.
    pub(super) fn fault(&self, fault: Fault) {
        self.faults.count(fault);
    }

    /// The same, for whoever counts by itself.
    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What is enforced.
    pub(super) fn files(&self) -> Files {
        lock(&self.enforced).files.clone()
    }

    /// Looks whether each wire holds its fail mode. Tells what is new of that: positions, and what is wrong or no longer.
    pub(super) fn look_at_fail_modes(&self) -> Result<Vec<(usize, Option<String>)>, NetlinkError> {
        let found = datapath::fail_modes(&datapath_wires(&self.files().gateway))?;
        let before = std::mem::replace(&mut *lock(&self.astray), found.clone());
        let over = before
            .iter()
            .filter(|(wire, _)| found.iter().all(|(other, _)| other != wire));
        let over: Vec<_> = over.map(|(wire, _)| (*wire, None)).collect();
        let new = found.into_iter().filter(|it| !before.contains(it));
        Ok(new
            .map(|(wire, what)| (wire, Some(what)))
            .chain(over)
            .collect())
    }

    /// Why each wire that does not hold its fail mode does not, when that was looked at last.
    fn astray(&self) -> Vec<(usize, String)> {
        lock(&self.astray).clone()
    }

    /// These files are enforced from now on.
    pub(super) fn set_files(&self, files: Files) {
        *lock(&self.enforced) = Enforced {
            files,
            applied: Timestamp::now(),
        };
        // Whoever explains now loads an instance with the new policy.
        *lock(&self.scratch) = None;
    }

    /// Names of what is enforced.
    pub(super) fn names(&self) -> Arc<Names> {
        Arc::clone(&lock(&self.names))
    }

    /// Other names from now on.
    pub(super) fn set_names(&self, names: Arc<Names>) {
        *lock(&self.names) = names;
    }

    /// Lets the program's wall clock follow the kernel's.
    pub(super) fn follow_clock(&self) -> Option<u32> {
        self.active.follow_clock()
    }

    /// Removes flows, bindings and names of addresses that are over, and counts what is left.
    pub(super) fn sweep(&self) -> Result<(), MapAccessError> {
        let names = self.names();
        let is_listed = |mac: Mac| names.lists(mac.0);
        let is_news = lock(&self.bindings).sweep(Now::read().second(), is_listed)?;
        if is_news && self.with_datapath(Datapath::touch).is_some() {
            tracing::debug!(
                "addresses changed hands, or a wire settled: conversations are checked again"
            );
        }
        let named = lock(&self.dns_names).sweep(Now::read().second())?;
        *lock(&self.named) = named;
        let mut levels = lock(&self.levels);
        self.read_levels(&mut levels)?;
        Ok(())
    }

    /// Remembers an event; none if its reason is of another version than this agent's.
    pub(super) fn remember(&self, now: Now, sequence: u64, event: &Event) -> Option<Drop> {
        let names = self.names();
        lock(&self.strangers).note_event(&names, event);
        let drop = view::drop(&names, now, sequence, event)?;
        self.suspect(&names, &drop);
        lock(&self.history).push(drop.clone());
        Some(drop)
    }

    /// Every flow, also those that are over and not yet removed.
    pub(super) fn flow_entries(&self) -> Vec<collect::Flow> {
        lock(&self.flows).snapshot()
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
        let names = self.names();
        let mut strangers = lock(&self.strangers);
        for flow in &answering {
            strangers.note_flow(&names, flow);
        }
        drop(strangers);
        let observed = self.observed.snapshot()?;
        let read = Levels {
            read: now,
            flows: swept.left,
            half_open: swept.half_open,
            observed: observed.len(),
            bindings: lock(&self.bindings).count(now.second())?,
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
        let Enforced { files, applied } = lock(&self.enforced).clone();
        let policy = &files.policy;
        let active = self.active.in_force();
        let header = active.map_or(files.image.header, |active| active.header);
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        PolicyInfo {
            file: policy.file.clone(),
            digest: header.digest,
            compiled_at: from_epoch_nanos(header.compiled_at),
            revision: header.revision,
            epoch: active.map_or(0, |active| active.epoch),
            applied_at: applied,
            reloads: self.loads.reloads(),
            onboarding: policy.onboarding,
            devices: count(policy.devices.len()),
            device_capacity: files.gateway.capacity.devices,
            profiles: count(policy.profiles.len()),
            rules: count(files.ids.rules().len()),
            rule_capacity: files.gateway.capacity.rules,
            revisions: self.revisions(),
            image_bytes: Gauge {
                used: u64::from(header.lines) * LINE,
                capacity: u64::from(files.gateway.capacity.slot_lines) * LINE,
            },
        }
    }
}

fn adoption(anew: Option<&Anew>) -> Adoption {
    match anew {
        None => Adoption::Kept,
        Some(Anew::First) => Adoption::First,
        Some(why) => Adoption::Anew(why.to_string()),
    }
}

/// A panic in another request leaves nothing half done that would matter here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
