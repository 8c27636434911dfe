//! What was learned of one device: its conversations, as many as there is room for, and the hours in which it was heard of at all.
//!
//! A scan makes thousands of conversations in an hour, an alarm one in a year. Where there is no room left, one of those goes that came to light
//! with most others in one hour and never again: what was rare alone stays.

use std::collections::{BTreeMap, HashMap};

use super::{
    conversation::{Conversation, News, Seen, hour},
    hours::Hours,
    unseen::Incidence,
};

/// Conversations of a device that are kept.
pub const MOST_CONVERSATIONS: usize = 2048;

/// One device.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Learned {
    conversations: BTreeMap<Conversation, Seen>,
    hours: Hours,
    left_out: u64,
}

impl Learned {
    /// What was learned before.
    pub fn of(conversations: BTreeMap<Conversation, Seen>, hours: Hours, left_out: u64) -> Self {
        Self {
            conversations,
            hours,
            left_out,
        }
    }

    /// Adds what came in. Which conversation had to go for it, if any: it may be the very same.
    pub fn take(&mut self, conversation: Conversation, news: &News) -> Option<Conversation> {
        for second in [news.first, news.last] {
            self.hours.mark(hour(second));
        }
        if let Some(seen) = self.conversations.get_mut(&conversation) {
            seen.take(news);
            return None;
        }
        self.conversations.insert(conversation, Seen::first(news));
        if self.conversations.len() <= MOST_CONVERSATIONS {
            return None;
        }
        let goes = self.least(conversation)?;
        self.left_out = self.left_out.saturating_add(1);
        self.conversations.remove(&goes);
        Some(goes)
    }

    /// Of those that came to light in the hour in which most did that were never seen again, that with the fewest frames. Where there is no such
    /// crowd: that which was seen in the fewest hours, longest ago, but for what is new.
    fn least(&self, new: Conversation) -> Option<Conversation> {
        let passing = |seen: &Seen| (seen.hours.count() == 1).then(|| hour(seen.first));
        let mut crowds: HashMap<u32, usize> = HashMap::new();
        for hour in self.conversations.values().filter_map(passing) {
            *crowds.entry(hour).or_default() += 1;
        }
        let crowd = crowds
            .into_iter()
            .filter(|(_, size)| *size > 1)
            .max_by_key(|(hour, size)| (*size, *hour));
        let all = self.conversations.iter();
        let least = match crowd {
            Some((crowd, _)) => all
                .filter(|(_, seen)| passing(seen) == Some(crowd))
                .min_by_key(|(conversation, seen)| (seen.frames, **conversation)),
            None => all
                .filter(|(conversation, _)| **conversation != new)
                .min_by_key(|(_, seen)| (seen.hours.count(), seen.last)),
        };
        least.map(|(conversation, _)| *conversation)
    }

    /// Its conversations.
    pub fn conversations(&self) -> &BTreeMap<Conversation, Seen> {
        &self.conversations
    }

    /// The hours in which anything was seen of it.
    pub fn hours(&self) -> &Hours {
        &self.hours
    }

    /// Conversations that there was no room for.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How often its conversations were seen.
    pub fn incidence(&self) -> Incidence {
        let seen = self.conversations.values().map(|seen| seen.hours.count());
        Incidence::of(self.hours.count(), seen)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::learn::conversation::Initiator;

    const START: u64 = 1_795_996_800;

    fn to(port: u16) -> Conversation {
        Conversation {
            initiator: Initiator::Device,
            midstream: false,
            protocol: 6,
            port,
            peer: Ipv4Addr::new(10, 20, 8, 11).into(),
        }
    }

    fn news(hour: u64, frames: u64) -> News {
        let at = START + 3600 * hour;
        News {
            opened: 1,
            frames,
            bytes: 100 * frames,
            first: at,
            last: at,
        }
    }

    #[test]
    fn a_scan_makes_room_for_nothing_but_itself() {
        let mut device = Learned::default();
        // Rare each, and never in a crowd.
        for alarm in 0..40 {
            assert_eq!(
                device.take(to(alarm), &news(u64::from(alarm) * 30, 2)),
                None
            );
        }
        for hour in 0..24 {
            device.take(to(3613), &news(hour, 100));
        }
        let mut went = Vec::new();
        for port in 10_000..20_000 {
            went.extend(device.take(to(port), &news(2000, 1)));
        }
        assert_eq!(device.conversations().len(), MOST_CONVERSATIONS);
        assert_eq!(device.left_out(), went.len() as u64);
        assert_eq!(went.len(), 10_041 - MOST_CONVERSATIONS);
        assert!(went.iter().all(|it| it.port >= 10_000));
        for port in (0..40).chain([3613]) {
            assert!(device.conversations().contains_key(&to(port)), "{port}");
        }
        // What is new after it finds room.
        assert_ne!(device.take(to(22), &news(2001, 1)), Some(to(22)));
        assert!(device.conversations().contains_key(&to(22)));
    }

    #[test]
    fn where_all_come_again_the_least_and_oldest_goes() {
        let mut device = Learned::default();
        let most = u16::try_from(MOST_CONVERSATIONS).unwrap();
        for hour in 0..3 {
            for port in 0..most {
                if hour < 2 || port != 7 {
                    device.take(to(port), &news(hour, 1));
                }
            }
        }
        // What is new is looked at first.
        assert_eq!(device.take(to(30_000), &news(5, 1)), Some(to(7)));
        assert_eq!(device.take(to(30_001), &news(6, 1)), Some(to(30_000)));
    }

    #[test]
    fn hours_are_those_in_which_anything_was_seen() {
        let mut device = Learned::default();
        device.take(to(22), &news(0, 1));
        device.take(to(23), &news(0, 1));
        device.take(to(23), &news(4, 1));
        assert_eq!(device.hours().count(), 2);
        let incidence = device.incidence();
        assert_eq!(
            (incidence.once, incidence.twice, incidence.total),
            (1, 1, 3)
        );
    }
}
