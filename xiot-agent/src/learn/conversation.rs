//! One conversation of a device as learning knows it: who opens it, of what protocol, to which port of whom; and what was seen of it.

use std::net::IpAddr;

use super::hours::Hours;

/// Which side opens a conversation.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Initiator {
    /// The device.
    Device,
    /// The other side.
    Peer,
}

/// Which conversation: without the port of who opens it, which is another each time.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Conversation {
    /// Who opens it.
    pub initiator: Initiator,
    /// It was picked up after its start: initiator and port are a guess.
    pub midstream: bool,
    /// IP protocol number.
    pub protocol: u8,
    /// Port of the side that does not open it; ICMP: `type << 8 | code`; 0 where there is none.
    pub port: u16,
    /// The other side.
    pub peer: IpAddr,
}

/// What came in since the last look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct News {
    /// Times that it was opened.
    pub opened: u64,
    /// Frames, both ways.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the first of them came, in seconds since the Unix epoch.
    pub first: u64,
    /// And the last.
    pub last: u64,
}

/// What was seen of a conversation.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    /// Times that it was opened.
    pub opened: u64,
    /// Frames, both ways: in mode learn all of them, in the other modes those that opened it.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When it was seen first, in seconds since the Unix epoch.
    pub first: u64,
    /// And last.
    pub last: u64,
    /// The hours in which it was seen.
    pub hours: Hours,
}

/// The hour of a moment, counted from the Unix epoch.
pub fn hour(second: u64) -> u32 {
    u32::try_from(second / 3600).unwrap_or(u32::MAX)
}

impl Seen {
    /// As it is seen for the first time.
    pub fn first(news: &News) -> Self {
        let mut seen = Self {
            first: news.first,
            last: news.last,
            ..Self::default()
        };
        seen.take(news);
        seen
    }

    /// Adds what came in. Of a long time between two looks only the first and the last hour are known.
    pub fn take(&mut self, news: &News) {
        self.opened = self.opened.saturating_add(news.opened);
        self.frames = self.frames.saturating_add(news.frames);
        self.bytes = self.bytes.saturating_add(news.bytes);
        self.first = self.first.min(news.first);
        self.last = self.last.max(news.last);
        for second in [news.first, news.last] {
            self.hours.mark(hour(second));
        }
    }

    /// Adds what was seen of it later.
    pub fn join(&mut self, later: &Self) {
        self.opened = self.opened.saturating_add(later.opened);
        self.frames = self.frames.saturating_add(later.frames);
        self.bytes = self.bytes.saturating_add(later.bytes);
        self.first = self.first.min(later.first);
        self.last = self.last.max(later.last);
        self.hours.join(&later.hours);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_is_added_and_its_hours_are_noted() {
        let at = |hour: u64| 1_795_996_800 + 3600 * hour;
        let mut seen = Seen::first(&News {
            opened: 1,
            frames: 10,
            bytes: 1000,
            first: at(0),
            last: at(0) + 3599,
        });
        assert_eq!((seen.hours.count(), seen.first), (1, at(0)));
        seen.take(&News {
            opened: 2,
            frames: 20,
            bytes: 2000,
            first: at(3),
            last: at(5),
        });
        assert_eq!((seen.opened, seen.frames, seen.bytes), (3, 30, 3000));
        assert_eq!((seen.first, seen.last), (at(0), at(5)));
        let hours = [0, 3, 4, 5].map(|it| seen.hours.contains(hour(at(it))));
        assert_eq!(hours, [true, true, false, true]);
        assert_eq!(hour(u64::MAX), u32::MAX);
    }
}
