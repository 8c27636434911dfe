//! What a person has to look at before it becomes a rule: what is rare, and what may be an attacker's.

use std::{collections::HashMap, net::IpAddr};

use super::{
    conversation::{Conversation, Seen, hour},
    device::Learned,
    unseen::Incidence,
};

/// Why a conversation needs a look.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Mark {
    /// It was seen in few of the hours in which the device was heard of: an alarm, a service visit, or an accident.
    Rare,
    /// It was picked up after its start: who opens it is a guess.
    Midstream,
    /// It came to light in an hour with many others that were never seen again, as a scan does.
    Crowd,
    /// Nobody of the site knew the peer for long.
    NewPeer,
    /// It is of a class that the site wants in no policy without being asked.
    Class,
    /// The device is under suspicion.
    Suspect,
}

impl Mark {
    /// Name used in JSON and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rare => "rare",
            Self::Midstream => "midstream",
            Self::Crowd => "crowd",
            Self::NewPeer => "new-peer",
            Self::Class => "class",
            Self::Suspect => "suspect",
        }
    }

    /// The same for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Rare => "seen in few hours",
            Self::Midstream => "it was there before the gateway: who opens it is a guess",
            Self::Crowd => "one of many that came in one hour and never again, as in a scan",
            Self::NewPeer => "nobody here has known this peer for a day",
            Self::Class => "a kind of access that nobody gets without being asked for",
            Self::Suspect => "the device is under suspicion",
        }
    }

    /// Whether it is in no proposal unless a person says that it belongs there.
    pub const fn withholds(self) -> bool {
        match self {
            Self::Rare => false,
            Self::Midstream | Self::Crowd | Self::NewPeer | Self::Class | Self::Suspect => true,
        }
    }
}

/// A class of conversations by protocol and port of the side that is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Class {
    /// IP protocol number.
    pub protocol: u8,
    /// Ports, first and last.
    pub ports: (u16, u16),
}

/// What counts as rare, new and many.
#[derive(Clone, Debug)]
pub struct Thresholds {
    /// Hours in which less than so many are rare.
    pub rare_hours: u32,
    /// Conversations of an hour that were never seen again make a crowd from this number on.
    pub crowd: usize,
    /// Seconds between the first and the last time that anything of the site spoke with a peer: below that it is new.
    pub peer_age: u64,
    /// Classes that are withheld.
    pub classes: Vec<Class>,
}

impl Default for Thresholds {
    /// Rare: fewer than three hours. A crowd: sixteen. A peer: a day. Classes: remote shells, file shares and desktops.
    fn default() -> Self {
        Self {
            rare_hours: 3,
            crowd: 16,
            peer_age: 24 * 3600,
            classes: CLASSES
                .map(|(protocol, first, last)| Class {
                    protocol,
                    ports: (first, last),
                })
                .into(),
        }
    }
}

/// Remote shells, file shares and desktops, and names by broadcast: what malware spreads by. Telnet, RPC and
/// `NetBIOS`, SMB, RDP, VNC.
const CLASSES: [(u8, u16, u16); 6] = [
    (6, 23, 23),
    (6, 135, 139),
    (17, 137, 138),
    (6, 445, 445),
    (6, 3389, 3389),
    (6, 5900, 5901),
];

/// When anything of the site spoke with each peer first and last, in seconds since the Unix epoch.
#[derive(Clone, Debug, Default)]
pub struct Peers(HashMap<IpAddr, (u64, u64)>);

impl Peers {
    /// Of these devices.
    pub fn of<'l, I: IntoIterator<Item = &'l Learned>>(devices: I) -> Self {
        let mut peers = Self::default();
        for device in devices {
            peers.add(device);
        }
        peers
    }

    /// And of this device.
    pub fn add(&mut self, device: &Learned) {
        for (conversation, seen) in device.conversations() {
            let (first, last) = self
                .0
                .entry(conversation.peer)
                .or_insert((seen.first, seen.last));
            *first = (*first).min(seen.first);
            *last = (*last).max(seen.last);
        }
    }

    /// For how many seconds it has been known.
    fn age(&self, peer: IpAddr) -> u64 {
        let known = self.0.get(&peer);
        known.map_or(0, |(first, last)| last.saturating_sub(*first))
    }
}

/// The marks of each conversation of a device, in order; those without any are not among them.
pub fn marks(
    device: &Learned,
    is_suspect: bool,
    peers: &Peers,
    thresholds: &Thresholds,
) -> HashMap<Conversation, Vec<Mark>> {
    let crowds = crowds(device);
    let of = |conversation: &Conversation, seen: &Seen| {
        let crowd = passed(seen).and_then(|hour| crowds.get(&hour));
        let is_class = |class: &Class| {
            let (first, last) = class.ports;
            class.protocol == conversation.protocol && (first..=last).contains(&conversation.port)
        };
        [
            (Mark::Rare, seen.hours.count() < thresholds.rare_hours),
            (Mark::Midstream, conversation.midstream),
            (
                Mark::Crowd,
                crowd.is_some_and(|size| *size >= thresholds.crowd),
            ),
            (
                Mark::NewPeer,
                peers.age(conversation.peer) < thresholds.peer_age,
            ),
            (Mark::Class, thresholds.classes.iter().any(is_class)),
            (Mark::Suspect, is_suspect),
        ]
        .into_iter()
        .filter_map(|(mark, holds)| holds.then_some(mark))
        .collect::<Vec<_>>()
    };
    let all = device.conversations().iter();
    all.map(|(conversation, seen)| (*conversation, of(conversation, seen)))
        .filter(|(_, marks)| !marks.is_empty())
        .collect()
}

/// How often what a device does was seen, but for crowds: a scan of a device is nothing that it does, and would make it look as if hardly anything were known.
pub fn incidence(device: &Learned, thresholds: &Thresholds) -> Incidence {
    let crowds = crowds(device);
    let is_crowd = |seen: &Seen| {
        let size = passed(seen).and_then(|hour| crowds.get(&hour));
        size.is_some_and(|size| *size >= thresholds.crowd)
    };
    let seen = device.conversations().values();
    let hours = seen
        .filter(|seen| !is_crowd(seen))
        .map(|seen| seen.hours.count());
    Incidence::of(device.hours().count(), hours)
}

/// How many conversations were seen in each hour alone.
fn crowds(device: &Learned) -> HashMap<u32, usize> {
    let mut crowds = HashMap::new();
    for seen in device.conversations().values() {
        if let Some(hour) = passed(seen) {
            *crowds.entry(hour).or_default() += 1;
        }
    }
    crowds
}

/// The hour of what was seen in one alone.
fn passed(seen: &Seen) -> Option<u32> {
    (seen.hours.count() == 1).then(|| hour(seen.first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::conversation::{Initiator, News};

    const START: u64 = 1_795_996_800;

    fn to(last: u8, port: u16) -> Conversation {
        Conversation {
            initiator: Initiator::Device,
            midstream: false,
            protocol: 6,
            port,
            peer: [10, 20, 8, last].into(),
        }
    }

    /// A device that did these things in these hours.
    fn device(did: &[(Conversation, &[u64])]) -> Learned {
        let mut device = Learned::default();
        for (conversation, hours) in did {
            for hour in *hours {
                let at = START + 3600 * hour;
                let news = News {
                    opened: 1,
                    frames: 1,
                    bytes: 100,
                    first: at,
                    last: at,
                };
                device.take(*conversation, &news);
            }
        }
        device
    }

    fn marks_of(device: &Learned, others: &[&Learned]) -> HashMap<Conversation, Vec<Mark>> {
        let peers = Peers::of(others.iter().copied().chain([device]));
        marks(device, false, &peers, &Thresholds::default())
    }

    #[test]
    fn what_comes_every_day_needs_no_look_and_what_is_rare_is_only_marked() {
        let often = to(11, 3613);
        let alarm = to(11, 5000);
        let device = device(&[(often, &[0, 24, 48]), (alarm, &[7])]);
        let marks = marks_of(&device, &[]);
        assert_eq!(marks.len(), 1);
        assert_eq!(marks[&alarm], [Mark::Rare]);
        assert!(!Mark::Rare.withholds());
    }

    #[test]
    fn a_peer_is_new_until_the_site_has_known_it_for_a_day() {
        let call = to(11, 3613);
        let young = device(&[(call, &[0, 1, 2])]);
        assert_eq!(marks_of(&young, &[])[&call], [Mark::NewPeer]);
        let old = device(&[(to(11, 22), &[0, 1, 24])]);
        assert!(marks_of(&young, &[&old]).is_empty());
        assert!(Mark::NewPeer.withholds());
    }

    #[test]
    fn a_scan_is_a_crowd_and_an_alarm_beside_it_is_none() {
        let known = to(11, 3613);
        let alarm = to(11, 5000);
        let mut did: Vec<(Conversation, &[u64])> = vec![(known, &[0, 24, 48]), (alarm, &[12])];
        did.extend((1..=16).map(|port| (to(11, port), &[30_u64] as &[u64])));
        let marks = marks_of(&device(&did), &[]);
        assert_eq!(marks[&to(11, 1)], [Mark::Rare, Mark::Crowd]);
        assert_eq!(marks[&alarm], [Mark::Rare]);
        let scanned = device(&did);
        let incidence = incidence(&scanned, &Thresholds::default());
        assert_eq!(
            (incidence.hours, incidence.once, incidence.total),
            (5, 1, 4)
        );
        // One fewer is no crowd.
        let marks = marks_of(&device(&did[..did.len() - 1]), &[]);
        assert_eq!(marks[&to(11, 1)], [Mark::Rare]);
    }

    #[test]
    fn guesses_classes_and_suspects_are_withheld() {
        let guess = Conversation {
            midstream: true,
            ..to(11, 3613)
        };
        let smb = to(11, 445);
        let device = device(&[(guess, &[0, 1, 24]), (smb, &[0, 1, 24])]);
        let thresholds = Thresholds {
            classes: vec![Class {
                protocol: 6,
                ports: (440, 450),
            }],
            ..Thresholds::default()
        };
        let peers = Peers::of([&device]);
        let found = marks(&device, false, &peers, &thresholds);
        assert_eq!(
            (&found[&guess][..], &found[&smb][..]),
            (&[Mark::Midstream][..], &[Mark::Class][..])
        );
        let found = marks(&device, true, &peers, &Thresholds::default());
        assert_eq!(found[&smb], [Mark::Class, Mark::Suspect]);
        assert!(
            [Mark::Midstream, Mark::Class, Mark::Suspect, Mark::Crowd].map(Mark::withholds)
                == [true; 4]
        );
    }
}
