//! What was learned, as surfaces are told of it.

use std::{cmp::Reverse, collections::HashMap};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    learn::{
        conversation::{Conversation, Initiator},
        coverage::gaps,
        device::{Identity, Learned},
        hours::Hours,
        message::Described,
        review::{Mark, Peers, Thresholds, incidence, marks},
        told::Told,
    },
    propose::Directory,
    service::{
        names::Names,
        state::{self, LearnedConversation, LearnedDevice, Opener},
    },
    store::{LearnedStore, StoreError},
    unit,
};

/// Local hours at which people change shifts.
pub const SHIFTS: [i8; 3] = [7, 15, 23];

/// What was learned of one device by name or MAC, or of all of them in short.
pub fn learned(
    store: &LearnedStore,
    names: &Names,
    device: Option<&str>,
    is_suspect: impl Fn(&Identity) -> bool,
) -> Result<state::Learned, StoreError> {
    let mac = device.and_then(|device| unit::mac::parse(device).ok());
    let watched = store.watched()?;
    let mut described = store.descriptions()?;
    let mut peers = Peers::default();
    let (mut devices, mut wanted) = (Vec::new(), Vec::new());
    store.visit(|identity, learned| {
        peers.add(&learned);
        let listed = names.listed(identity.mac, identity.vlans.into());
        let is_it = device.is_none_or(|device| listed.is_some_and(|it| it.name == device))
            || mac == Some(identity.mac);
        if is_it {
            let described = described.remove(&identity).unwrap_or_default();
            devices.push(describe(names, identity, (&learned, described), &watched));
        }
        if is_it && device.is_some() {
            wanted.push((identity, learned));
        }
    })?;
    devices.sort_by(|a, b| {
        let order = |it: &LearnedDevice| (it.device.is_none(), it.device.clone(), it.mac, it.vlans);
        order(a).cmp(&order(b))
    });
    let mut conversations = Vec::new();
    for (identity, learned) in &wanted {
        let told = store.told(identity)?;
        let marks = marks(
            learned,
            is_suspect(identity),
            &peers,
            &Thresholds::default(),
        );
        conversations.extend(self::conversations(
            names,
            identity,
            (learned, &told),
            marks,
        ));
    }
    Ok(state::Learned {
        devices,
        conversations,
    })
}

fn describe(
    names: &Names,
    identity: Identity,
    (learned, described): (&Learned, Described),
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
        unseen: incidence(learned, &Thresholds::default()).unseen(),
        gaps: gaps(watched, learned.hours(), zone, &SHIFTS),
        described,
    }
}

fn conversations(
    names: &Names,
    identity: &Identity,
    (learned, told): (&Learned, &Told),
    mut marks: HashMap<Conversation, Vec<Mark>>,
) -> Vec<LearnedConversation> {
    let listed = names.listed(identity.mac, identity.vlans.into());
    let directory = Directory::of(names.policy());
    let all = learned.conversations().iter();
    let all = all.map(|(conversation, seen)| {
        let told = told.words(conversation.peer);
        LearnedConversation {
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
            peer_name: directory.name(conversation.peer, &told),
            told,
            opened: seen.opened,
            frames: seen.frames,
            bytes: seen.bytes,
            hours: seen.hours.count(),
            first_seen: time(seen.first),
            last_seen: time(seen.last),
            marks: marks.remove(conversation).unwrap_or_default(),
        }
    });
    let mut all: Vec<_> = all.collect();
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
