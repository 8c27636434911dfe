//! Stages of the devices that the policy lists, as they are followed from look to look.

use std::collections::{HashMap, HashSet};

use super::{Learner, NotLearned};
use crate::{
    learn::{
        conversation::{Conversation, Seen},
        device::{Identity, Learned, MOST_CONVERSATIONS},
        expected,
        stage::{Change, Fallen, Look, Mode, Stage},
    },
    service::{clock::Now, state::Criticality},
    store::StoreError,
};

/// What a look finds of one device. It is known by the VLANs that the policy has it on.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Which.
    pub device: Identity,
    /// Its mode by policy.
    pub mode: Mode,
    /// What judges it.
    pub generation: u32,
    /// Frames that policy denied and the mode let through.
    pub would_drop: u64,
    /// Frames that were dropped, either way.
    pub dropped: u64,
    /// Frames that it sent, whatever became of them.
    pub sent: u64,
    /// Seconds for which a change is on probation.
    pub probation: u64,
}

/// Stages, and what they are by.
#[derive(Debug, Default)]
pub(super) struct Stages {
    of: HashMap<Identity, Stage>,
    /// The revision in force at the last look; none: nobody looked ever.
    revision: Option<u64>,
    is_loaded: bool,
}

/// What a drop is, of a device that is on probation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Dropped {
    /// The device had this conversation before the change, by that revision.
    Known {
        /// What it did, and how often.
        conversation: Conversation,
        /// What was seen of it.
        seen: Box<Seen>,
        /// The revision.
        before: u64,
    },
    /// The device opened it for the first time, in a mode that is stricter than before.
    New,
    /// Nothing that would have to pass.
    Foreign,
}

impl Learner {
    /// Follows what a look finds, while this revision is in force.
    pub fn look_at_stages(
        &mut self,
        now: Now,
        revision: u64,
        all: &[Found],
    ) -> Result<(), NotLearned> {
        self.load_stages()?;
        let at = self.pace.at(now, now.second());
        let is_first = self.stages.revision.is_none();
        let before = self.stages.revision.unwrap_or(revision);
        let mut listed = HashSet::with_capacity(all.len());
        for found in all {
            listed.insert(found.device);
            let look = Look {
                at,
                mode: found.mode,
                generation: found.generation,
                before,
                would_drop: found.would_drop,
                dropped: found.dropped,
                sent: found.sent,
                probation: found.probation,
            };
            let stage = match self.stages.of.get_mut(&found.device) {
                Some(stage) => stage.follow(&look).then_some(&*stage),
                None => Some(
                    &*self
                        .stages
                        .of
                        .entry(found.device)
                        .or_insert_with(|| Stage::first(&look, !is_first)),
                ),
            };
            if let Some(stage) = stage {
                self.batch.stages.insert(found.device, Some(stage.clone()));
            }
        }
        let gone: Vec<_> = self
            .stages
            .of
            .extract_if(|it, _| !listed.contains(it))
            .collect();
        for (device, _) in gone {
            self.batch.stages.insert(device, None);
        }
        self.stages.revision = Some(revision);
        self.batch.revision = Some(revision);
        Ok(())
    }

    fn load_stages(&mut self) -> Result<(), NotLearned> {
        if self.stages.is_loaded {
            return Ok(());
        }
        if let Some((revision, of)) = self.read(crate::store::LearnedStore::stages)? {
            self.stages.of = of;
            self.stages.revision = Some(revision);
        }
        self.stages.is_loaded = true;
        Ok(())
    }

    /// All of them are to be written anew: what had been written is gone.
    pub(super) fn write_stages_anew(&mut self) {
        for (device, stage) in &self.stages.of {
            self.batch.stages.insert(*device, Some(stage.clone()));
        }
        self.batch.revision = self.stages.revision;
    }

    /// The stage of a device; none: nobody looked at it yet.
    pub fn stage(&self, device: &Identity) -> Option<&Stage> {
        self.stages.of.get(device)
    }

    /// All of them.
    pub fn stages(&self) -> impl Iterator<Item = (&Identity, &Stage)> {
        self.stages.of.iter()
    }

    /// The second that it is, by the clock of learning.
    pub fn at(&self, now: Now) -> u64 {
        self.pace.at(now, now.second())
    }

    /// It is back in mode monitor from now on, for this reason.
    pub fn fell(&mut self, device: &Identity, now: Now, why: String) {
        let at = self.at(now);
        if let Some(stage) = self.stages.of.get_mut(device) {
            stage.fallen = Some(Fallen { at, why });
            self.batch.stages.insert(*device, Some(stage.clone()));
        }
    }

    /// A person has seen why it fell back, and lets policy apply again. Whether it had.
    pub fn accept_fall(&mut self, device: &Identity) -> bool {
        let Some(stage) = self.stages.of.get_mut(device) else {
            return false;
        };
        if stage.fallen.take().is_none() {
            return false;
        }
        // What follows from this change was looked at.
        stage.change = None;
        self.batch.stages.insert(*device, Some(stage.clone()));
        true
    }

    /// What is known of a device, with what is not written down yet.
    pub fn known(&mut self, device: &Identity) -> Result<Learned, NotLearned> {
        let kept = self.read(|store| store.device(device))?;
        let mut all = kept.unwrap_or_default();
        if let Some(later) = self.batch.devices.get(device) {
            all.join(later, MOST_CONVERSATIONS);
        }
        Ok(all)
    }

    /// What the drop of a conversation is, of a device that is on probation.
    pub fn dropped(
        &mut self,
        (listed, device): (&Identity, &Identity),
        conversation: &Conversation,
        criticality: Option<Criticality>,
    ) -> Result<Dropped, NotLearned> {
        let change = self.stage(listed).and_then(Stage::probation).cloned();
        let is_vital = criticality == Some(Criticality::LifeSustaining);
        let Some(change) = change.filter(|change| may_fall(change, is_vital)) else {
            return Ok(Dropped::Foreign);
        };
        let learned = self.known(device)?;
        if let Some((conversation, seen)) = expected::known(&learned, conversation, &change) {
            return Ok(Dropped::Known {
                conversation: *conversation,
                seen: Box::new(seen.clone()),
                before: change.before,
            });
        }
        // Whoever wants it in mode monitor has only to have one frame of another dropped: nobody but the device itself, of those that lives depend on.
        let is_new = change.promoted
            && is_vital
            && expected::is_own(conversation)
            && !learned.conversations().contains_key(conversation);
        Ok(if is_new {
            Dropped::New
        } else {
            Dropped::Foreign
        })
    }

    /// What devices miss since a change after which frames of them were dropped; lives depend on those for which `is_vital` holds, and `lives` says of which
    /// conversations there are flows.
    pub fn missing(
        &mut self,
        now: Now,
        is_vital: impl Fn(&Identity) -> bool,
        lives: impl Fn(&Identity, &Conversation) -> bool,
    ) -> Result<Vec<(Identity, Vec<Conversation>)>, NotLearned> {
        let at = self.at(now);
        let changed: Vec<(Identity, Change)> = self
            .stages()
            .filter_map(|(device, stage)| Some((*device, stage.probation()?.clone())))
            .filter(|(device, change)| change.has_drops() && may_fall(change, is_vital(device)))
            .collect();
        let mut missing = Vec::new();
        for (listed, change) in changed {
            for device in self.read(|store| identities(store, &listed))? {
                let learned = self.known(&device)?;
                let lost = expected::lost(&learned, &change, at, |it| lives(&device, it));
                if !lost.is_empty() {
                    missing.push((listed, lost));
                }
            }
        }
        Ok(missing)
    }
}

/// Whether a device may fall back after this change. Whoever takes a rule away may mean it, and a device that tries all the same must not have all doors opened
/// by that; but where a life depends on it, care comes first.
pub const fn may_fall(change: &Change, is_vital: bool) -> bool {
    change.promoted || is_vital
}

/// As whom a listed device was observed: on its VLANs, or on any.
fn identities(
    store: &crate::store::LearnedStore,
    listed: &Identity,
) -> Result<Vec<Identity>, StoreError> {
    if listed.vlans == ANY {
        store.of_mac(listed.mac)
    } else {
        Ok(vec![*listed])
    }
}

/// VLANs of what the policy lists on any.
const ANY: (u16, u16) = (
    xiot_common::device::ANY_VLAN.outer,
    xiot_common::device::ANY_VLAN.inner,
);

/// How stages know a device that the policy lists on these VLANs; none: on any.
pub fn listed(mac: [u8; 6], vlan: Option<(u16, u16)>) -> Identity {
    Identity {
        mac,
        vlans: vlan.unwrap_or(ANY),
    }
}

#[cfg(test)]
mod tests;
