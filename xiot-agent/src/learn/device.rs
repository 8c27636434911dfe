//! What was learned of one device: its conversations, as many as there is room for, and the hours in which it was heard of at all.
//!
//! A scan makes thousands of conversations in an hour, an alarm one in a year. Where there is no room left, one of those goes that came to light
//! with most others in one hour and never again: what was rare alone stays.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, HashSet},
};

use super::{
    conversation::{Conversation, News, Seen, hour},
    hours::Hours,
};

/// Conversations of a device that are kept.
pub const MOST_CONVERSATIONS: usize = 2048;

/// Which device: who sends under this MAC on these VLANs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Identity {
    /// MAC, bytes in transmission order.
    pub mac: [u8; 6],
    /// VLAN ids, outer and inner; 0: no tag.
    pub vlans: (u16, u16),
}

/// One device.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Learned {
    conversations: BTreeMap<Conversation, Seen>,
    hours: Hours,
    left_out: u64,
}

impl Learned {
    /// What was learned before.
    pub const fn of(
        conversations: BTreeMap<Conversation, Seen>,
        hours: Hours,
        left_out: u64,
    ) -> Self {
        Self {
            conversations,
            hours,
            left_out,
        }
    }

    /// Adds what came in, however much that is.
    pub fn take(&mut self, conversation: Conversation, news: &News) {
        for second in [news.first, news.last] {
            self.hours.mark(hour(second));
        }
        self.conversations
            .entry(conversation)
            .and_modify(|seen| seen.take(news))
            .or_insert_with(|| Seen::first(news));
    }

    /// Adds what was learned of it later, and lets go what there is no room for beyond `most` conversations: which those are.
    pub fn join(&mut self, later: &Self, most: usize) -> Vec<Conversation> {
        self.hours.join(&later.hours);
        self.left_out = self.left_out.saturating_add(later.left_out);
        for (conversation, seen) in &later.conversations {
            self.conversations
                .entry(*conversation)
                .and_modify(|before| before.join(seen))
                .or_insert_with(|| seen.clone());
        }
        let gone = self.least(self.conversations.len().saturating_sub(most), later);
        for conversation in &gone {
            self.conversations.remove(conversation);
        }
        self.left_out = self.left_out.saturating_add(gone.len() as u64);
        gone
    }

    /// So many that go. First, one after the other, of the hour in which most came to light that were never seen again that with the fewest frames, as
    /// long as any hour has several; then those that were seen in the fewest hours and longest ago, what is new at the end.
    fn least(&self, count: usize, later: &Self) -> Vec<Conversation> {
        let mut gone = Vec::new();
        if count == 0 {
            return gone;
        }
        let mut crowds: HashMap<u32, Vec<(Reverse<u64>, Conversation)>> = HashMap::new();
        for (conversation, seen) in &self.conversations {
            if seen.hours.count() == 1 {
                let crowd = crowds.entry(hour(seen.first)).or_default();
                crowd.push((Reverse(seen.frames), *conversation));
            }
        }
        for crowd in crowds.values_mut() {
            crowd.sort_unstable();
        }
        let mut largest: BinaryHeap<_> = crowds
            .iter()
            .map(|(hour, crowd)| (crowd.len(), *hour))
            .collect();
        while gone.len() < count
            && let Some((2.., hour)) = largest.pop()
            && let Some(crowd) = crowds.get_mut(&hour)
        {
            gone.extend(crowd.pop().map(|(_, conversation)| conversation));
            largest.push((crowd.len(), hour));
        }
        let chosen: HashSet<_> = gone.iter().copied().collect();
        let rest = self.conversations.iter();
        let mut rest: Vec<_> = rest
            .filter(|(conversation, _)| !chosen.contains(conversation))
            .map(|(conversation, seen)| {
                let is_new = later.conversations.get(conversation) == Some(seen);
                (is_new, seen.hours.count(), seen.last, *conversation)
            })
            .collect();
        rest.sort_unstable();
        let missing = count - gone.len();
        gone.extend(rest.into_iter().map(|(.., it)| it).take(missing));
        gone
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

    /// Joins what came in to what is kept.
    fn come(device: &mut Learned, news: &[(u16, News)]) -> Vec<u16> {
        let mut later = Learned::default();
        for (port, news) in news {
            later.take(to(*port), news);
        }
        let gone = device.join(&later, MOST_CONVERSATIONS);
        gone.into_iter().map(|it| it.port).collect()
    }

    #[test]
    fn a_scan_makes_room_for_nothing_but_itself() {
        let mut device = Learned::default();
        // Rare each, and never in a crowd.
        for alarm in 0..40 {
            let gone = come(&mut device, &[(alarm, news(u64::from(alarm) * 30, 2))]);
            assert!(gone.is_empty());
        }
        for hour in 0..24 {
            come(&mut device, &[(3613, news(hour, 100))]);
        }
        let mut gone = Vec::new();
        for scan in (10_000..60_000_u16).collect::<Vec<_>>().chunks(5_000) {
            let scan: Vec<_> = scan.iter().map(|port| (*port, news(2000, 1))).collect();
            gone.extend(come(&mut device, &scan));
        }
        assert_eq!(device.conversations().len(), MOST_CONVERSATIONS);
        assert_eq!(device.left_out(), gone.len() as u64);
        assert_eq!(gone.len(), 50_041 - MOST_CONVERSATIONS);
        assert!(gone.iter().all(|port| *port >= 10_000));
        for port in (0..40).chain([3613]) {
            assert!(device.conversations().contains_key(&to(port)), "{port}");
        }
        // What is new after it finds room.
        let gone = come(&mut device, &[(2222, news(2001, 1))]);
        assert!(gone.len() == 1 && gone[0] >= 10_000, "{gone:?}");
        assert!(device.conversations().contains_key(&to(2222)));
    }

    #[test]
    fn of_two_crowds_the_larger_gives_until_they_are_alike() {
        let mut device = Learned::default();
        let mut later = Learned::default();
        for port in 0..6 {
            later.take(to(port), &news(0, u64::from(port) + 1));
        }
        for port in 10..13 {
            later.take(to(port), &news(5, 1));
        }
        later.take(to(20), &news(9, 1));
        let gone = device.join(&later, 6);
        assert_eq!(gone.len(), 4);
        let left: Vec<_> = device.conversations().keys().map(|it| it.port).collect();
        // The busier of each crowd stay; alike ones go by their order.
        assert_eq!(left, [3, 4, 5, 10, 11, 20]);
    }

    #[test]
    fn where_all_come_again_the_least_and_oldest_goes() {
        let mut device = Learned::default();
        let most = u16::try_from(MOST_CONVERSATIONS).unwrap();
        for hour in 0..3 {
            let all = (0..most).filter(|port| hour < 2 || *port != 7);
            let all: Vec<_> = all.map(|port| (port, news(hour, 1))).collect();
            come(&mut device, &all);
        }
        // What is new goes last.
        assert_eq!(come(&mut device, &[(30_000, news(5, 1))]), [7]);
        assert_eq!(come(&mut device, &[(30_001, news(6, 1))]), [30_000]);
    }

    #[test]
    fn hours_are_those_in_which_anything_was_seen() {
        let mut device = Learned::default();
        device.take(to(22), &news(0, 1));
        device.take(to(23), &news(0, 1));
        device.take(to(23), &news(4, 1));
        assert_eq!(device.hours().count(), 2);
    }
}
