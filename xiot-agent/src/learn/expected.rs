//! What is to be expected of a device after a change, by what it did before: what is missing since, and whether what was dropped was known.

use super::{
    conversation::{Conversation, Initiator, Seen, hour},
    device::Learned,
    hours::Hours,
    stage::Change,
};

/// Hours of silence that count: the least that a device has to have been heard of before.
const HEARD: u32 = 24;

/// Probability, in one in so many, that a conversation is silent by chance where it is taken for lost; for all conversations of the device together.
const CHANCE: f64 = 10_000.0;

/// The same conversation as the device was known to have it before the change; none: it had none such.
pub fn known<'l>(
    learned: &'l Learned,
    dropped: &Conversation,
    change: &Change,
) -> Option<(&'l Conversation, &'l Seen)> {
    [false, true].iter().find_map(|midstream| {
        let key = Conversation {
            midstream: *midstream,
            ..*dropped
        };
        let found = learned.conversations().get_key_value(&key);
        found.filter(|(_, seen)| seen.first < change.began)
    })
}

/// Conversations that the device opened so regularly before the change, and not at all in the hours since in which it sent something, that this can't be
/// chance. `lives` says of which there is a flow now: one that goes on is not opened again. What others open to it may be missing because of them.
pub fn lost(
    learned: &Learned,
    change: &Change,
    now: u64,
    lives: impl Fn(&Conversation) -> bool,
) -> Vec<Conversation> {
    let began = hour(change.began);
    let heard = before(learned.hours(), began);
    // The hour of the change and that of the look are cut off.
    let silent = within(&change.awake, began + 1, hour(now));
    if heard < HEARD || silent == 0 {
        return Vec::new();
    }
    let count = u32::try_from(learned.conversations().len()).unwrap_or(u32::MAX);
    let all = learned.conversations().iter();
    all.filter(|(conversation, seen)| is_own(conversation) && seen.last < change.began)
        .filter(|(_, seen)| is_lost(before(&seen.hours, began), heard, silent, count))
        .map(|(conversation, _)| *conversation)
        .filter(|conversation| !lives(conversation))
        .collect()
}

/// Whether it can't be chance that a conversation which was seen in `seen` of `heard` hours is in none of `silent`. Its rate is taken to be lower than it was
/// by one hour in which it may have been missed.
fn is_lost(seen: u32, heard: u32, silent: u32, conversations: u32) -> bool {
    let rate = f64::from(seen) / f64::from(heard + 1);
    let silence = (1.0 - rate).powi(i32::try_from(silent).unwrap_or(i32::MAX));
    silence * CHANCE * f64::from(conversations.max(1)) < 1.0
}

fn before(hours: &Hours, end: u32) -> u32 {
    within(hours, 0, end)
}

/// Hours from one to another, the end not included.
fn within(hours: &Hours, start: u32, end: u32) -> u32 {
    let runs = hours.runs().iter();
    runs.map(|run| {
        let last = (run.start + run.length).min(end);
        last.saturating_sub(run.start.max(start))
    })
    .sum()
}

/// Whose word a drop of something that was never seen before is: a device's own, or somebody else's.
pub const fn is_own(conversation: &Conversation) -> bool {
    matches!(conversation.initiator, Initiator::Device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::conversation::News;

    const START: u64 = 1_795_996_800;

    fn at(hour: u64) -> u64 {
        START + 3600 * hour
    }

    fn to(port: u16) -> Conversation {
        Conversation {
            initiator: Initiator::Device,
            midstream: false,
            protocol: 6,
            port,
            peer: [10, 20, 8, 11].into(),
        }
    }

    fn device(did: &[(u16, &[u64])]) -> Learned {
        let mut device = Learned::default();
        for (port, hours) in did {
            for hour in *hours {
                let news = News {
                    opened: 1,
                    first: at(*hour),
                    last: at(*hour),
                    ..News::default()
                };
                device.take(to(*port), &news);
            }
        }
        device
    }

    /// A change in hour 48, after which it sent in these hours.
    fn change(awake: std::ops::Range<u64>) -> Change {
        let mut change = Change {
            began: at(48) + 60,
            ..Change::default()
        };
        for hour in awake {
            change.awake.mark(super::hour(at(hour)));
        }
        change
    }

    #[test]
    fn what_came_each_hour_is_missed_after_a_few() {
        let all: Vec<u64> = (0..48).collect();
        let device = device(&[(3613, &all), (123, &all[..2])]);
        let none = |_: &Conversation| false;
        let ports = |awake, now| {
            let lost = lost(&device, &change(awake), at(now), none);
            lost.iter().map(|it| it.port).collect::<Vec<_>>()
        };
        assert_eq!(ports(48..49, 49), [] as [u16; 0]);
        assert_eq!(ports(48..51, 51), [] as [u16; 0]);
        assert_eq!(ports(48..52, 52), [3613]);
        // Asleep, it misses nothing.
        assert_eq!(ports(48..49, 80), [] as [u16; 0]);
        // The hour that is not over yet does not count.
        assert_eq!(ports(48..52, 51), [] as [u16; 0]);
        let lives = |it: &Conversation| it.port == 3613;
        assert_eq!(lost(&device, &change(48..60), at(60), lives), []);
    }

    #[test]
    fn what_came_now_and_then_takes_longer_and_what_came_since_is_not_lost() {
        let all: Vec<u64> = (0..48).collect();
        let halves: Vec<u64> = (0..48).step_by(2).collect();
        let since: Vec<u64> = (0..48).chain([50]).collect();
        let device = device(&[(1, &all), (2, &halves), (3, &since)]);
        let none = |_: &Conversation| false;
        let ports = |end| {
            let lost = lost(&device, &change(48..end), at(end), none);
            lost.iter().map(|it| it.port).collect::<Vec<_>>()
        };
        assert_eq!(ports(52), [1]);
        assert_eq!(ports(62), [1]);
        assert_eq!(ports(66), [1, 2]);
    }

    #[test]
    fn what_others_open_to_it_is_missed_by_nobody() {
        let all: Vec<u64> = (0..48).collect();
        let mut device = device(&[(1, &all)]);
        for hour in all {
            let news = News {
                first: at(hour),
                last: at(hour),
                ..News::default()
            };
            let call = Conversation {
                initiator: Initiator::Peer,
                ..to(22)
            };
            device.take(call, &news);
        }
        assert_eq!(lost(&device, &change(48..80), at(80), |_| false), [to(1)]);
    }

    #[test]
    fn a_device_that_nobody_knows_misses_nothing() {
        let some: Vec<u64> = (30..48).collect();
        let device = device(&[(1, &some)]);
        assert_eq!(lost(&device, &change(48..200), at(200), |_| false), []);
    }

    #[test]
    fn known_is_what_it_did_before_whoever_was_thought_to_begin() {
        let mut device = device(&[(1, &[0]), (2, &[49])]);
        let guess = Conversation {
            midstream: true,
            ..to(7)
        };
        device.take(
            guess,
            &News {
                first: at(1),
                last: at(1),
                ..News::default()
            },
        );
        let change = change(48..49);
        let found = |port| known(&device, &to(port), &change).map(|(it, _)| it.midstream);
        assert_eq!(
            [1, 2, 7, 8].map(found),
            [Some(false), None, Some(true), None]
        );
        let answer = Conversation {
            initiator: Initiator::Peer,
            ..to(1)
        };
        assert_eq!(known(&device, &answer, &change), None);
        assert!(is_own(&to(1)) && !is_own(&answer));
    }
}
