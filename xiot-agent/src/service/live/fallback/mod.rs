//! Back to mode monitor, device by device, where what a device needs is dropped after a change.
//!
//! Only what it was known to do, and what the policy before the change allowed, counts: nobody gets a device out of mode enforce by having something
//! of it dropped. Events tell of drops at once; what no event tells of is missed after some hours.

mod drops;
mod stages;

use std::{
    collections::{BTreeMap, HashSet},
    mem,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;
use xiot_common::{
    addr,
    overrides::{Action, Override, OverrideKey},
};

use self::drops::{Suspect, conversation_of, is_due_to_rules, suspect_of, words};
use super::{Live, lock, simulate::By};
use crate::{
    learn::{conversation::Conversation, device::Identity, stage::Fallen},
    model::policy::Policy,
    service::{
        clock::Now,
        guards,
        handle::SourceError,
        learner::{Dropped, listed},
        names::Names,
        reload::Candidate,
        state::{Criticality, Drop, MacBytes, Vlans},
    },
    store::{Author, audit::Event},
    unit,
};

/// Drops that wait for a look. Whoever makes more of them makes no more work.
const MOST_WAITING: usize = 256;

/// Hours in which a conversation has to have been seen to count where nobody can tell whether it was allowed.
const OFTEN: u32 = 3;

/// What is known of devices that are on probation, and of those that fell back.
#[derive(Debug, Default)]
pub(super) struct Fallback {
    on_probation: Mutex<HashSet<Identity>>,
    fallen: Mutex<BTreeMap<Identity, Fallen>>,
    waiting: Mutex<HashSet<Suspect>>,
    /// Drops that were looked at and are none to fall back for, under this epoch.
    settled: Mutex<(u32, HashSet<Suspect>)>,
    news: Notify,
    /// A judge by an earlier revision.
    past: Mutex<Option<(u64, By)>>,
    count: AtomicU64,
}

/// How devices stand, for whoever asks.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct Standings {
    /// Devices that a change is on probation for.
    pub(in crate::service) on_probation: u64,
    /// Those that fell back.
    pub(in crate::service) fallen: BTreeMap<Identity, Fallen>,
    /// How often that happened under this agent.
    pub(in crate::service) falls: u64,
}

impl Live {
    /// How devices stand.
    pub(in crate::service) fn standings(&self) -> Standings {
        Standings {
            on_probation: lock(&self.fallback.on_probation).len() as u64,
            fallen: lock(&self.fallback.fallen).clone(),
            falls: self.fallback.count.load(Ordering::Relaxed),
        }
    }

    /// Takes note of a drop, if it is of a device that is on probation.
    pub(super) fn suspect(&self, names: &Names, drop: &Drop) {
        let fallback = &self.fallback;
        if !drop.dropped || !is_due_to_rules(drop.mode, drop.reason) {
            return;
        }
        let probation = lock(&fallback.on_probation);
        if probation.is_empty() {
            return;
        }
        let Some(suspect) = suspect_of(names, drop).filter(|it| probation.contains(&it.listed))
        else {
            return;
        };
        mem::drop(probation);
        let settled = lock(&fallback.settled);
        if settled.0 == self.epoch() && settled.1.contains(&suspect) {
            return;
        }
        mem::drop(settled);
        let mut waiting = lock(&fallback.waiting);
        if waiting.len() < MOST_WAITING && waiting.insert(suspect) {
            fallback.news.notify_one();
        }
    }

    /// Returns once there are drops to look at.
    pub(in crate::service) async fn dropped(&self) {
        self.fallback.news.notified().await;
    }

    /// Looks at them.
    pub(in crate::service) fn look_at_drops(&self) -> Result<(), SourceError> {
        let waiting = mem::take(&mut *lock(&self.fallback.waiting));
        let names = self.names();
        let mut has_fallen = false;
        for suspect in waiting {
            let device = names.listed(suspect.device.mac, suspect.device.vlans.into());
            let criticality = device.and_then(|device| device.criticality);
            let dropped = lock(&self.learner).dropped(
                (&suspect.listed, &suspect.device),
                &suspect.conversation,
                criticality,
            )?;
            let words = words(&suspect.conversation);
            let why = match dropped {
                Dropped::Foreign => None,
                Dropped::New => Some(format!(
                    "{words} was dropped, which it opened for the first time after the change"
                )),
                Dropped::Known {
                    conversation,
                    seen,
                    before,
                } => {
                    let hours = seen.hours.count();
                    match self.was_allowed(before, &suspect.device, &conversation) {
                        Ok(allowed) => allowed.then(|| {
                            format!(
                                "{words} was dropped, which it did in {hours} hours before and revision {before} allowed"
                            )
                        }),
                        // Care comes first where it was no passing thing.
                        Err(error) => {
                            tracing::error!(%error, "what revision {before} allowed can't be told");
                            (hours >= OFTEN).then(|| {
                                format!(
                                    "{words} was dropped, which it did in {hours} hours before; what revision {before} allowed can't be told"
                                )
                            })
                        }
                    }
                }
            };
            match why {
                Some(why) => {
                    self.fall_back(suspect.listed, why)?;
                    has_fallen = true;
                }
                None => self.settle(suspect),
            }
        }
        if has_fallen {
            self.look_at_stages();
            self.write_learned();
        }
        Ok(())
    }

    /// It is not looked at again under the policy in force.
    fn settle(&self, suspect: Suspect) {
        let epoch = self.epoch();
        let mut settled = lock(&self.fallback.settled);
        if settled.0 != epoch || settled.1.len() >= 16 * MOST_WAITING {
            *settled = (epoch, HashSet::new());
        }
        settled.1.insert(suspect);
    }

    fn epoch(&self) -> u32 {
        self.active.in_force().map_or(0, |active| active.epoch)
    }

    /// Whether an earlier revision would allow this now.
    fn was_allowed(
        &self,
        revision: u64,
        device: &Identity,
        conversation: &Conversation,
    ) -> Result<bool, SourceError> {
        let mut learner = lock(&self.learner);
        let (told, at) = (learner.told_of(device.mac)?, learner.at(Now::read()));
        drop(learner);
        let past = lock(&self.fallback.past).take();
        let mut judge = match past {
            Some((of, judge)) if of == revision => judge,
            _ => self.judge_of(revision)?,
        };
        let allowed = judge.allows((device, &told), conversation, at);
        *lock(&self.fallback.past) = Some((revision, judge));
        allowed.map_err(|error| SourceError::Datapath(Box::new(error)))
    }

    fn judge_of(&self, revision: u64) -> Result<By, SourceError> {
        let (_, files) = self.beside(&Candidate::Revision(Some(revision)))?;
        let guards = guards::needed(&files.gateway);
        self.judge_by(&files, guards)
    }

    /// Looks for what devices did regularly before a change and miss since. Where nothing of a device was dropped, nothing is missing because of it.
    pub(in crate::service) fn look_for_what_is_missing(&self) -> Result<(), SourceError> {
        let live: HashSet<_> = self.flow_entries().iter().map(conversation_of).collect();
        let lives = |device: &Identity, it: &Conversation| {
            live.contains(&(
                *device,
                Conversation {
                    midstream: false,
                    ..*it
                },
            ))
        };
        let vital = vital(self.names().policy());
        let is_vital = |device: &Identity| vital.contains(device);
        let missing = lock(&self.learner).missing(Now::read(), is_vital, lives)?;
        let mut has_fallen = false;
        for (device, lost) in missing {
            let (Some(first), more) = (lost.first(), lost.len().saturating_sub(1)) else {
                continue;
            };
            let others = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let why = format!(
                "{}{others} came regularly before the change and not since, and frames of the device are dropped",
                words(first)
            );
            self.fall_back(device, why)?;
            has_fallen = true;
        }
        if has_fallen {
            self.look_at_stages();
            self.write_learned();
        }
        Ok(())
    }

    fn fall_back(&self, device: Identity, why: String) -> Result<(), SourceError> {
        let now = Now::read();
        let decided = self
            .with_datapath(|datapath| {
                let key = key(&device);
                // What a person decided counts.
                let is_decided = datapath.overrides()?.iter().any(|(other, decided)| {
                    *other == key && decided.action(now.second()) != Action::Policy
                });
                if is_decided {
                    return Ok(false);
                }
                // Whoever sees that it is in mode monitor sees why.
                let mut learner = lock(&self.learner);
                learner.fell(&device, now, why.clone());
                let fallen = Fallen {
                    at: learner.at(now),
                    why: why.clone(),
                };
                lock(&self.fallback.fallen).insert(device, fallen);
                drop(learner);
                datapath.set_override(key, MONITOR)?;
                Ok(true)
            })
            .unwrap_or(Ok(false))
            .map_err(|error| self.failed(error))?;
        if !decided {
            return Ok(());
        }
        let names = self.names();
        let mut devices = names.policy().devices.iter();
        let name = devices
            .find(|it| listed(it.mac, it.vlan) == device)
            .map(|it| it.name.clone());
        tracing::warn!(
            device = name,
            mac = unit::mac::format(device.mac),
            "back to mode monitor after a change: {why}"
        );
        self.fallback.count.fetch_add(1, Ordering::Relaxed);
        self.audit(
            Author::Agent,
            Event::Decision {
                device: name,
                mac: unit::mac::format(device.mac),
                vlan: (device.vlans != listed(device.mac, None).vlans)
                    .then(|| unit::vlan::format(device.vlans)),
                decision: "fallback".to_owned(),
                until: None,
                overridden: false,
                reason: Some(why),
            },
        );
        Ok(())
    }

    /// A person lets policy apply again to a device. Whether it had fallen back.
    pub(in crate::service) fn accept_fall(&self, mac: MacBytes, vlans: Option<Vlans>) -> bool {
        let device = listed(mac, vlans.map(|vlans| (vlans.outer, vlans.inner)));
        let accepted = lock(&self.learner).accept_fall(&device);
        lock(&self.fallback.fallen).remove(&device);
        lock(&self.fallback.on_probation).remove(&device);
        accepted
    }
}

/// Devices that lives depend on.
fn vital(policy: &Policy) -> HashSet<Identity> {
    let devices = policy.devices.iter();
    devices
        .filter(|device| device.criticality == Some(Criticality::LifeSustaining))
        .map(|device| listed(device.mac, device.vlan))
        .collect()
}

/// In mode monitor until somebody ends it.
const MONITOR: Override = Override {
    until: 0,
    action: Action::Monitor as u8,
    reserved: [0; 3],
};

fn key(device: &Identity) -> OverrideKey {
    OverrideKey {
        mac: addr::Mac(device.mac),
        vlans: addr::Vlans {
            outer: device.vlans.0,
            inner: device.vlans.1,
        },
    }
}
