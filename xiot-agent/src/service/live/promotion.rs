//! What stands in the way of devices that are to get another mode.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use jiff::{Timestamp, tz::TimeZone};

use super::{Live, lock, simulate::By};
use crate::{
    diag,
    learn::{
        conversation::Initiator,
        coverage::{Gap, gaps},
        device::{Identity, Learned},
        gate::{Known, Obstacle, obstacles},
        hours::Hours,
        review::{Mark, Peers, Thresholds, incidence, marks},
        stage::Stage,
        told::Told,
        unseen::thousandths,
    },
    model::{
        edit,
        policy::{Device, Mode, Policy},
    },
    propose::Directory,
    service::{
        clock::Now,
        guards,
        handle::{Source as _, SourceError},
        learner::{SHIFTS, listed},
        names::Names,
        promotion::{Candidate, Lost, Promotion, PromotionError, To, Wanted},
        state::{Opener, words},
    },
    store::LearnedStore,
};

impl Live {
    /// Looks at what is wanted, and writes the policy that says so; nothing is put in force.
    pub(super) fn promotion(&self, wanted: &Wanted) -> Result<Promotion, SourceError> {
        let files = self.files();
        let texts = self.texts(None)?;
        let record = self.keeper().in_force().cloned();
        if record.is_some_and(|record| !record.policy.is(&texts.policy)) {
            let file = files.paths.policy.display().to_string();
            return Err(PromotionError::OtherFile(file).into());
        }
        let names = self.names();
        let devices = select(names.policy(), &names, wanted)?;
        let mut candidates = match wanted.to {
            // Whoever is to be let through has nothing to prove.
            To::Down(_) => self.as_they_are(&names, &devices),
            To::Up(_) => self.judged(&names, &devices)?,
        };
        for candidate in &mut candidates {
            candidate.obstacles.retain(|it| !wanted.waived.waives(it));
        }
        candidates.sort_by_key(|it| (Reverse(it.criticality), it.device.clone()));
        let is_ready = |it: &&Candidate| it.obstacles.is_empty();
        let goes = wanted.only_ready || candidates.iter().all(|it| is_ready(&it));
        let modes: Vec<_> = candidates
            .iter()
            .filter(|it| goes && is_ready(it))
            .map(|it| (it.device.as_str(), it.to))
            .collect();
        let text = edit::set_modes(&texts.policy, &modes).map_err(PromotionError::from)?;
        let path = &files.paths.policy;
        Ok(Promotion {
            text,
            before: texts,
            file: std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            revision: files.image.header.revision,
            devices: candidates,
        })
    }

    fn as_they_are(&self, names: &Names, devices: &[(&Device, Mode)]) -> Vec<Candidate> {
        let learner = lock(&self.learner);
        let stage = |device: &Device| learner.stage(&listed(device.mac, device.vlan));
        let all = devices.iter();
        all.map(|(device, to)| candidate(names, device, *to, stage(device)))
            .collect()
    }

    fn judged(
        &self,
        names: &Names,
        devices: &[(&Device, Mode)],
    ) -> Result<Vec<Candidate>, SourceError> {
        self.catch_up_learning()?;
        let files = self.files();
        let mut judge = self.judge_by(&files, guards::needed(&files.gateway))?;
        let zone = zone(names.policy());
        let watched = self.read_learned(LearnedStore::watched)?;
        let mut common: HashMap<usize, Vec<Gap>> = HashMap::new();
        let profiles: HashSet<_> = devices.iter().map(|(device, _)| device.profile).collect();
        let mut peers = Peers::default();
        self.visit_learned(|identity, it, _| {
            peers.add(&it);
            let device = names.listed(identity.mac, identity.vlans.into());
            if let Some(device) = device.filter(|it| profiles.contains(&it.profile)) {
                let its = gaps(&watched, it.hours(), zone, &SHIFTS);
                let of_profile = common.entry(device.profile).or_insert_with(|| its.clone());
                of_profile.retain(|gap| its.contains(gap));
            }
        })?;
        let policy = judge.policy();
        let directory = Directory::of(&policy);
        let all = devices.iter().map(|(device, to)| {
            let mut its = self.read_learned(|store| store.known_as(device.mac))?;
            let learner = lock(&self.learner);
            let stage = learner.stage(&listed(device.mac, device.vlan)).cloned();
            let now = learner.at(Now::read());
            drop(learner);
            its.retain(|(identity, ..)| {
                let listed = names.listed(identity.mac, identity.vlans.into());
                listed.is_some_and(|it| it.name == device.name)
            });
            let mut it = candidate(names, device, *to, stage.as_ref());
            find_lost(&mut judge, &directory, &its, &peers, &mut it)?;
            let stage = stage.filter(|stage| stage.mode == device.mode);
            let known = Known {
                would_drop: it.would_drop.len(),
                quiet: stage.map_or(0, |stage| stage.quiet(now)),
                ..known(zone, &its, &watched, common.get(&device.profile))
            };
            let gate = names.policy().gates.before(*to, device.criticality);
            it.obstacles = gate.map_or_else(Vec::new, |gate| obstacles(&gate, &known));
            if device.mode == Mode::Learn && *to == Mode::Enforce {
                it.obstacles.insert(0, Obstacle::NotMonitored);
            }
            Ok(it)
        });
        all.collect()
    }
}

/// A device as it was observed: on which VLANs, what it did, and what it was told of names.
type Its = (Identity, Learned, Told);

/// Which devices are meant, and the modes that they would get.
fn select<'p>(
    policy: &'p Policy,
    names: &Names,
    wanted: &Wanted,
) -> Result<Vec<(&'p Device, Mode)>, PromotionError> {
    if wanted.devices.is_empty() && wanted.profile.is_none() && wanted.group.is_none() {
        return Err(PromotionError::Nobody);
    }
    let listed: HashSet<_> = policy.devices.iter().map(|it| it.name.as_str()).collect();
    if let Some(name) = wanted
        .devices
        .iter()
        .find(|it| !listed.contains(it.as_str()))
    {
        return Err(names.unknown(name).into());
    }
    let profiles: Vec<_> = policy.profiles.iter().map(|it| it.name.as_str()).collect();
    let groups = policy.devices.iter().flat_map(|it| &it.groups);
    let groups: Vec<_> = groups.map(String::as_str).collect();
    check("profile", wanted.profile.as_deref(), &profiles)?;
    check("group", wanted.group.as_deref(), &groups)?;
    let named: HashSet<_> = wanted.devices.iter().collect();
    let is_meant = |device: &&Device| {
        let profile = policy.profiles.get(device.profile).map(|it| &it.name);
        named.contains(&device.name)
            || wanted.profile.is_some() && profile == wanted.profile.as_ref()
            || wanted
                .group
                .as_ref()
                .is_some_and(|group| device.groups.contains(group))
    };
    let meant: Vec<_> = policy.devices.iter().filter(is_meant).collect();
    let devices: Vec<_> = meant
        .iter()
        .filter_map(|device| Some((*device, wanted.to.of(device.mode)?)))
        .collect();
    match (devices.is_empty(), meant.as_slice()) {
        (false, _) => Ok(devices),
        (true, []) => Err(PromotionError::Nothing("no device is of it".to_owned())),
        (true, [device]) => Err(PromotionError::Nothing(format!(
            "{} is in mode {}",
            device.name,
            word(device.mode)
        ))),
        (true, all) => Err(PromotionError::Nothing(format!(
            "all {} devices are in that mode, or beyond it",
            all.len()
        ))),
    }
}

fn check(what: &'static str, name: Option<&str>, all: &[&str]) -> Result<(), PromotionError> {
    match name {
        Some(name) if !all.contains(&name) => Err(PromotionError::Unknown {
            what,
            name: name.to_owned(),
            closest: diag::closest(name, all.iter().copied()).map(str::to_owned),
        }),
        _ => Ok(()),
    }
}

fn candidate(names: &Names, device: &Device, to: Mode, stage: Option<&Stage>) -> Candidate {
    let profile = names.policy().profiles.get(device.profile);
    let since = stage.filter(|stage| stage.mode == device.mode);
    Candidate {
        device: device.name.clone(),
        profile: profile.map_or_else(String::new, |it| it.name.clone()),
        criticality: device.criticality,
        from: device.mode,
        since: since.and_then(|stage| time(stage.since)),
        to,
        obstacles: Vec::new(),
        would_drop: Vec::new(),
        withheld: 0,
    }
}

/// What its policy would drop of what it did.
fn find_lost(
    judge: &mut By,
    directory: &Directory<'_>,
    its: &[Its],
    peers: &Peers,
    into: &mut Candidate,
) -> Result<(), SourceError> {
    for (identity, learned, told) in its {
        let marks = marks(learned, false, peers, &Thresholds::default());
        for (conversation, seen) in learned.conversations() {
            let allows = judge.allows((identity, told), conversation, seen.last);
            if allows.map_err(|error| SourceError::Datapath(Box::new(error)))? {
                continue;
            }
            let its_marks = marks.get(conversation).into_iter().flatten();
            if its_marks.copied().any(Mark::withholds) {
                into.withheld += 1;
                continue;
            }
            into.would_drop.push(Lost {
                initiator: match conversation.initiator {
                    Initiator::Device => Opener::Device,
                    Initiator::Peer => Opener::Peer,
                },
                protocol: conversation.protocol,
                port: conversation.port,
                peer: conversation.peer,
                peer_name: directory.name(conversation.peer, &told.words(conversation.peer)),
                hours: seen.hours.count(),
                last_seen: time(seen.last),
            });
        }
    }
    into.would_drop
        .sort_by_key(|it| (Reverse(it.hours), it.peer, it.protocol, it.port));
    Ok(())
}

/// What gates ask for. Hours that were watched before there was the device tell nothing of it; a time that another device of its profile was watched at
/// is no gap: what one of them does then, the others do too.
fn known(zone: &TimeZone, its: &[Its], watched: &Hours, common: Option<&Vec<Gap>>) -> Known {
    // A device on several VLANs is the one that most was seen of.
    let most = its
        .iter()
        .map(|(_, it, _)| it)
        .max_by_key(|it| it.hours().count());
    let none = Learned::default();
    let learned = most.unwrap_or(&none);
    let first = learned
        .hours()
        .runs()
        .first()
        .map_or(u32::MAX, |run| run.start);
    let since = watched.since(first);
    let mut gaps = gaps(&since, learned.hours(), zone, &SHIFTS);
    if let Some(common) = common {
        gaps.retain(|gap| match gap {
            Gap::Days(_) => common.iter().any(|it| matches!(it, Gap::Days(_))),
            Gap::Weekday | Gap::Weekend | Gap::Night | Gap::Shift(_) | Gap::Restart => {
                common.contains(gap)
            }
        });
    }
    Known {
        watched: since.count(),
        unseen: thousandths(incidence(learned, &Thresholds::default()).unseen().high),
        gaps,
        ..Known::default()
    }
}

fn zone(policy: &Policy) -> &TimeZone {
    policy
        .time_zone
        .as_ref()
        .unwrap_or(const { &TimeZone::UTC })
}

fn word(mode: Mode) -> &'static str {
    words::mode(mode)
}

fn time(second: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(second).ok()?).ok()
}
