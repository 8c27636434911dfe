//! What is new in the kernel's observed map since the last look: its entries only grow, until they fall out and begin anew.

use super::conversation::News;

/// What the map says of a conversation, in seconds of one clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Entry {
    /// When it was made.
    pub first: u64,
    /// When it last grew.
    pub last: u64,
    /// Times that the conversation was opened.
    pub opened: u64,
    /// Its frames.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Seconds by which the wall clock may tell the same moment differently: the map counts whole seconds of another clock.
const BLUR: u64 = 2;

impl Entry {
    /// What came since it was this one; none: nothing did.
    pub fn since(&self, before: Option<&Self>) -> Option<News> {
        let goes_on = before.filter(|before| {
            before.first == self.first
                && before.frames <= self.frames
                && before.bytes <= self.bytes
                && before.opened <= self.opened
        });
        let Some(before) = goes_on else {
            return (self.frames > 0).then_some(News {
                opened: self.opened,
                frames: self.frames,
                bytes: self.bytes,
                first: self.first,
                last: self.last.max(self.first),
            });
        };
        let news = News {
            opened: self.opened - before.opened,
            frames: self.frames - before.frames,
            bytes: self.bytes - before.bytes,
            first: self.last,
            last: self.last,
        };
        (news.frames > 0 || news.opened > 0).then_some(news)
    }

    /// In seconds of the wall clock: what came since somebody took all there was `until` then, and nobody knows any more what that was: of an entry that is older, that it grew, and not by
    /// how much.
    pub fn since_restart(&self, until: Option<u64>) -> Option<News> {
        match until {
            Some(until) if self.first <= until + BLUR => (self.last > until).then_some(News {
                first: self.last,
                last: self.last,
                ..News::default()
            }),
            Some(_) | None => self.since(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Entry = Entry {
        first: 1_000_000,
        last: 1_000_500,
        opened: 3,
        frames: 40,
        bytes: 4_000,
    };

    #[test]
    fn the_first_look_takes_all_and_the_next_what_came_since() {
        let all = News {
            opened: 3,
            frames: 40,
            bytes: 4_000,
            first: 1_000_000,
            last: 1_000_500,
        };
        assert_eq!(ENTRY.since(None), Some(all));
        assert_eq!(ENTRY.since(Some(&ENTRY)), None);
        let more = Entry {
            last: 1_007_000,
            frames: 41,
            bytes: 4_100,
            ..ENTRY
        };
        let news = News {
            opened: 0,
            frames: 1,
            bytes: 100,
            first: 1_007_000,
            last: 1_007_000,
        };
        assert_eq!(more.since(Some(&ENTRY)), Some(news));
    }

    #[test]
    fn what_was_taken_before_a_restart_does_not_count_twice() {
        let all = ENTRY.since(None);
        assert_eq!(ENTRY.since_restart(None), all);
        assert_eq!(ENTRY.since_restart(Some(ENTRY.first - BLUR - 1)), all);
        assert_eq!(ENTRY.since_restart(Some(ENTRY.last)), None);
        let grown = News {
            first: ENTRY.last,
            last: ENTRY.last,
            ..News::default()
        };
        assert_eq!(ENTRY.since_restart(Some(ENTRY.first)), Some(grown));
    }

    #[test]
    fn an_entry_that_began_anew_is_new() {
        let anew = Entry {
            first: 1_000_400,
            frames: 100,
            ..ENTRY
        };
        assert_eq!(anew.since(Some(&ENTRY)).map(|news| news.frames), Some(100));
        // Of the same second, and smaller than before.
        let smaller = Entry {
            frames: 2,
            bytes: 200,
            ..ENTRY
        };
        assert_eq!(smaller.since(Some(&ENTRY)).map(|news| news.frames), Some(2));
        assert_eq!(Entry::default().since(None), None);
    }
}
