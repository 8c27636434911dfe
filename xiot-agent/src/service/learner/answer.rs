//! What was learned, as surfaces are told of it.

use std::cmp::Reverse;

use jiff::{Timestamp, tz::TimeZone};

use super::{Learner, NotLearned};
use crate::{
    learn::{
        conversation::Initiator,
        coverage::gaps,
        device::{Identity, Learned},
        hours::Hours,
        review::{Peers, Thresholds, marks},
    },
    service::{
        names::Names,
        state::{self, LearnedConversation, LearnedDevice, Opener},
    },
    unit,
};

/// Local hours at which people change shifts.
pub(super) const SHIFTS: [i8; 3] = [7, 15, 23];

impl Learner {
    /// What was learned of one device by name or MAC, or of all of them in short.
    pub fn learned(
        &mut self,
        names: &Names,
        device: Option<&str>,
        is_suspect: impl Fn(&Identity) -> bool,
    ) -> Result<state::Learned, NotLearned> {
        let mac = device.and_then(|device| unit::mac::parse(device).ok());
        let watched = self.read(crate::store::LearnedStore::watched)?;
        let mut peers = Peers::default();
        let (mut devices, mut wanted) = (Vec::new(), Vec::new());
        self.read(|store| {
            store.visit(|identity, learned| {
                let it = describe(names, identity, &learned, &watched);
                let is_it = it.device.as_deref() == device || mac == Some(it.mac);
                peers.add(&learned);
                if device.is_none() {
                    devices.push(it);
                } else if is_it {
                    devices.push(it);
                    wanted.push((identity, learned));
                }
            })
        })?;
        devices.sort_by(|a, b| {
            let order =
                |it: &LearnedDevice| (it.device.is_none(), it.device.clone(), it.mac, it.vlans);
            order(a).cmp(&order(b))
        });
        let conversations = wanted
            .iter()
            .flat_map(|(identity, learned)| {
                conversations(names, identity, learned, &peers, is_suspect(identity))
            })
            .collect();
        Ok(state::Learned {
            devices,
            conversations,
        })
    }
}

fn describe(
    names: &Names,
    identity: Identity,
    learned: &Learned,
    watched: &Hours,
) -> LearnedDevice {
    let vlans = identity.vlans.into();
    let policy = names.policy();
    let listed = names.listed(identity.mac, vlans);
    let profile = listed.and_then(|device| policy.profiles.get(device.profile));
    let zone = policy
        .time_zone
        .as_ref()
        .unwrap_or(const { &TimeZone::UTC });
    let seen = || learned.conversations().values();
    LearnedDevice {
        device: listed.map(|device| device.name.clone()),
        mac: identity.mac,
        vlans,
        profile: profile.map(|profile| profile.name.clone()),
        mode: listed.map_or(policy.onboarding, |device| device.mode),
        criticality: listed.and_then(|device| device.criticality),
        conversations: learned.conversations().len(),
        left_out: learned.left_out(),
        heard: learned.hours().count(),
        watched: watched.count(),
        first_seen: seen().map(|it| it.first).min().and_then(time),
        last_seen: seen().map(|it| it.last).max().and_then(time),
        unseen: learned.incidence().unseen(),
        gaps: gaps(watched, learned.hours(), zone, &SHIFTS),
    }
}

fn conversations(
    names: &Names,
    identity: &Identity,
    learned: &Learned,
    peers: &Peers,
    is_suspect: bool,
) -> Vec<LearnedConversation> {
    let listed = names.listed(identity.mac, identity.vlans.into());
    let mut marks = marks(learned, is_suspect, peers, &Thresholds::default());
    let all = learned.conversations().iter();
    let mut all: Vec<_> = all
        .map(|(conversation, seen)| LearnedConversation {
            device: listed.map(|device| device.name.clone()),
            mac: identity.mac,
            initiator: match conversation.initiator {
                Initiator::Device => Opener::Device,
                Initiator::Peer => Opener::Peer,
            },
            midstream: conversation.midstream,
            protocol: conversation.protocol,
            port: conversation.port,
            peer: conversation.peer,
            opened: seen.opened,
            frames: seen.frames,
            bytes: seen.bytes,
            hours: seen.hours.count(),
            first_seen: time(seen.first),
            last_seen: time(seen.last),
            marks: marks.remove(conversation).unwrap_or_default(),
        })
        .collect();
    all.sort_by_key(|it| {
        (
            Reverse(it.hours),
            Reverse(it.frames),
            it.peer,
            it.protocol,
            it.port,
        )
    });
    all
}

fn time(second: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(second).ok()?).ok()
}
