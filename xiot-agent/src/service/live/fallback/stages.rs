//! What becomes of modes and changes from look to look, and of devices that fell back.

use std::{
    collections::{BTreeMap, HashSet},
    mem,
};

use super::{MONITOR, key, vital};
use crate::{
    compile::read::Reader,
    datapath::MapAccessError,
    learn::{
        device::Identity,
        stage::{Fallen, Stage},
    },
    service::{
        clock::Now,
        learner::{Found, listed, may_fall},
        live::{Live, lock},
        view,
    },
};

impl Live {
    /// Follows modes and changes of all devices. What is in the way of that is told of as for all that is learned.
    pub(in crate::service) fn look_at_stages(&self) {
        let files = self.files();
        let now = Now::read();
        let revision = self.active.in_force();
        let revision = revision.map_or(files.image.header.revision, |it| it.header.revision);
        let reader = Reader::new(&files.image);
        let numbered = files.ids.devices().iter().zip(&files.policy.devices);
        let found: Vec<_> = numbered
            .map(|(id, device)| {
                let counted = self.counters.device(*id).unwrap_or_default();
                let traffic = view::traffic(&counted);
                Found {
                    device: listed(device.mac, device.vlan),
                    mode: device.mode,
                    generation: reader.record(*id).map_or(0, |record| record.generation),
                    probation: files.policy.gates.probation(device.criticality),
                    would_drop: traffic.would_drop,
                    dropped: traffic.from_dropped + traffic.to_dropped,
                    sent: traffic.from_frames + traffic.from_dropped,
                }
            })
            .collect();
        let mut learner = lock(&self.learner);
        if let Err(error) = learner.look_at_stages(now, revision, &found) {
            tracing::debug!(%error, "modes are not followed");
            return;
        }
        let vital = vital(&files.policy);
        let is_on = |device: &Identity, stage: &Stage| {
            let change = stage.probation();
            change.is_some_and(|change| may_fall(change, vital.contains(device)))
        };
        let on_probation: HashSet<_> = learner
            .stages()
            .filter_map(|(device, stage)| is_on(device, stage).then_some(*device))
            .collect();
        let fallen: BTreeMap<_, _> = learner
            .stages()
            .filter_map(|(device, stage)| Some((*device, stage.fallen.clone()?)))
            .collect();
        if on_probation.is_empty() {
            *lock(&self.fallback.past) = None;
        }
        *lock(&self.fallback.on_probation) = on_probation;
        let before = mem::replace(&mut *lock(&self.fallback.fallen), fallen);
        // What they are is known by then: nobody falls in between.
        drop(learner);
        if let Err(error) = self.hold_fallen(&before) {
            tracing::error!(%error, "devices that fell back can't be kept in mode monitor");
        }
    }

    /// Those that fell back stay so, also where a reboot took that from the kernel; and go by policy where that asks for no more.
    fn hold_fallen(&self, before: &BTreeMap<Identity, Fallen>) -> Result<(), MapAccessError> {
        if before.is_empty() && lock(&self.fallback.fallen).is_empty() {
            return Ok(());
        }
        self.with_datapath(|datapath| {
            // As it is by now: nobody is released while the data path is held.
            let fallen = lock(&self.fallback.fallen).clone();
            let decided: BTreeMap<_, _> = datapath
                .overrides()?
                .into_iter()
                .map(|(key, decided)| ((key.mac.0, (key.vlans.outer, key.vlans.inner)), decided))
                .collect();
            let of = |device: &Identity| decided.get(&(device.mac, device.vlans));
            for device in fallen.keys().filter(|device| of(device).is_none()) {
                datapath.set_override(key(device), MONITOR)?;
            }
            let over = before.keys().filter(|device| !fallen.contains_key(device));
            for device in over.filter(|device| of(device) == Some(&MONITOR)) {
                datapath.clear_override(&key(device))?;
            }
            Ok(())
        })
        .unwrap_or(Ok(()))
    }
}
