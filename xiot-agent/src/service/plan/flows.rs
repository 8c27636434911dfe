//! Conversations that a change would end: each that it may concern is put to the XDP program, on a scratch instance with the candidate.

use std::collections::{HashMap, HashSet};

use crate::{
    collect,
    compile::read::Reader,
    service::{
        clock::Now,
        explain::{Program, judge_flow},
        files::Files,
        guards,
        live::Live,
        reload::ReloadError,
        state::{Criticality, Flow, Reason, Stage},
        view,
    },
};

/// Conversations that are live right now, and what becomes of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cut {
    /// Live right now.
    pub live: u64,
    /// Of those: would end, those of devices that lives depend on first.
    pub flows: Vec<CutFlow>,
    /// Of those: nobody can tell.
    pub unknown: u64,
}

/// A conversation that would end.
#[derive(Clone, Debug, PartialEq)]
pub struct CutFlow {
    /// It.
    pub flow: Flow,
    /// Criticality of its device.
    pub criticality: Option<Criticality>,
    /// Why.
    pub reason: Reason,
}

/// What `new` would end of what goes on under `old`.
pub(super) fn cut(
    live: &Live,
    old: &Files,
    new: &Files,
    guards_differ: bool,
) -> Result<Cut, ReloadError> {
    let flows = live.flow_entries();
    let (now, names) = (Now::read(), live.names());
    let concerned = Concerned::by(old, new, guards_differ);
    let mut cut = Cut::default();
    let criticalities = criticalities(old, new);
    let mut program = None;
    for entry in &flows {
        let Some(flow) = view::flow(&names, now, entry).filter(is_live) else {
            continue;
        };
        cut.live += 1;
        if !concerned.has(entry) {
            continue;
        }
        let program = match &mut program {
            Some(program) => program,
            none => none.insert(scratch(live, new, now)?),
        };
        match judge_flow(program, entry) {
            Ok(judgement) if judgement.dropped => cut.flows.push(CutFlow {
                criticality: flow
                    .device
                    .as_deref()
                    .and_then(|device| criticalities.get(device).copied().flatten()),
                flow,
                reason: judgement.reason,
            }),
            Ok(_) => {}
            Err(_) => cut.unknown += 1,
        }
    }
    cut.flows.sort_by(|a, b| {
        let order = |it: &CutFlow| std::cmp::Reverse(it.criticality);
        order(a)
            .cmp(&order(b))
            .then_with(|| a.flow.device.cmp(&b.flow.device))
    });
    Ok(cut)
}

/// Both sides spoke, and it is not over.
pub(super) fn is_live(flow: &Flow) -> bool {
    !flow.half_open && flow.stage != Stage::Closing && flow.idle <= flow.timeout
}

/// Devices whose conversations are judged again; none: all.
pub(super) struct Concerned(Option<HashSet<u32>>);

impl Concerned {
    pub(super) fn by(old: &Files, new: &Files, guards_differ: bool) -> Self {
        if guards_differ {
            return Self(None);
        }
        let (before, after) = (Reader::new(&old.image), Reader::new(&new.image));
        let generation =
            |reader: &Reader<'_>, id| reader.record(id).map(|record| record.generation);
        let old_ones = old.ids.devices().iter().copied();
        Self(Some(
            old_ones
                .filter(|&id| generation(&before, id) == generation(&after, id))
                .collect(),
        ))
    }

    /// Whatever the policy says anew about others concerns devices that it does not list.
    pub(super) fn has(&self, flow: &collect::Flow) -> bool {
        let unconcerned = self.0.as_ref();
        !unconcerned.is_some_and(|devices| devices.contains(&flow.entry.device))
    }
}

fn scratch(live: &Live, new: &Files, now: Now) -> Result<Program, ReloadError> {
    let guards = guards::needed(&new.gateway);
    let mut program = Program::new(&new.image, &new.ids, guards)?;
    let known = live.with_datapath(|datapath| {
        program.decide(&datapath.overrides()?)?;
        program.know(datapath, now.second())?;
        program.recall()
    });
    known.ok_or(ReloadError::Ending)??;
    Ok(program)
}

/// Criticality by name of device: the higher one, where that changes.
pub(super) fn criticalities<'f>(
    old: &'f Files,
    new: &'f Files,
) -> HashMap<&'f str, Option<Criticality>> {
    let mut all = HashMap::new();
    for device in [old, new]
        .into_iter()
        .flat_map(|files| &files.policy.devices)
    {
        let known = all.entry(device.name.as_str()).or_default();
        *known = device.criticality.max(*known);
    }
    all
}
