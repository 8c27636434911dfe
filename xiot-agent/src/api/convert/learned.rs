//! What was learned, and what is proposed by that.

use super::{icmp, opener, protocol, vlan};
use crate::{
    api::wire,
    propose,
    service::{
        learner::Wanted,
        state::{self, words},
    },
    store::Texts,
    unit,
};

pub(crate) fn wanted(query: wire::ProposeQuery) -> Wanted {
    Wanted {
        profiles: query.profiles,
        devices: query.devices,
    }
}

pub(crate) fn learned_device(device: state::LearnedDevice) -> wire::LearnedDevice {
    wire::LearnedDevice {
        device: device.device,
        mac: unit::mac::format(device.mac),
        vlan: vlan(device.vlans),
        profile: device.profile,
        mode: words::mode(device.mode).to_owned(),
        criticality: device
            .criticality
            .map(|it| words::criticality(it).to_owned()),
        conversations: device.conversations,
        left_out: device.left_out,
        hours_heard: device.heard,
        hours_watched: device.watched,
        first_seen: device.first_seen,
        last_seen: device.last_seen,
        unseen: device.unseen.share,
        unseen_interval: (device.unseen.low, device.unseen.high),
        never_watched: device.gaps.iter().map(ToString::to_string).collect(),
        host: device.described.host,
        vendor_class: device.described.class,
        mud_url: device.described.mud_url,
    }
}

pub(crate) fn learned_conversation(seen: state::LearnedConversation) -> wire::LearnedConversation {
    wire::LearnedConversation {
        device: seen.device,
        mac: unit::mac::format(seen.mac),
        initiator: opener(seen.initiator),
        midstream: seen.midstream,
        protocol: protocol(seen.protocol),
        port: matches!(seen.protocol, 6 | 17).then_some(seen.port),
        icmp: icmp(seen.protocol, seen.peer, seen.port),
        peer: seen.peer,
        peer_name: seen.peer_name,
        peer_dns_names: seen.told,
        opened: seen.opened,
        frames: seen.frames,
        bytes: seen.bytes,
        hours: seen.hours,
        first_seen: seen.first_seen,
        last_seen: seen.last_seen,
        marks: seen
            .marks
            .iter()
            .map(|mark| mark.name().to_owned())
            .collect(),
    }
}

pub(crate) fn proposal((texts, proposal): (Texts, propose::Proposal)) -> wire::Proposal {
    wire::Proposal {
        before: texts.policy.to_string(),
        after: proposal.text,
        profiles: proposal.profiles.into_iter().map(part).collect(),
    }
}

fn part(part: propose::Part) -> wire::ProposedProfile {
    let known = part.completeness;
    let share = |thousandths: u32| f64::from(thousandths) / 1000.0;
    wire::ProposedProfile {
        profile: part.profile,
        devices_observed: known.devices.0,
        devices_listed: known.devices.1,
        hours_watched: known.watched,
        unseen: share(known.unseen.0),
        unseen_at_most: share(known.unseen.1),
        never_watched: known.gaps.iter().map(ToString::to_string).collect(),
        rules: part.rules,
        exceptions: part.exceptions,
        withheld: part.withheld,
        allowed: part.allowed,
    }
}
