//! DNS names: what they are filed under, and which addresses a device was told they have (docs/judgement.md, 13).

use crate::{
    addr::{Addr, Mac, Vlans},
    capacity::NAME_PLACES,
    hash::mix,
};

/// Words that hold the longest name as it stands in messages (255 bytes, RFC 1035 2.3.4), filled up with zeros.
pub const NAME_WORDS: usize = 32;

/// A name as it stands in messages: lower case, uncompressed, the root last, and zeros behind it.
pub type NameWords = [u64; NAME_WORDS];

/// What the hash of a name begins with. The hash need not resist chosen names: whole names are compared before one is learned.
pub const NAME_SEED: u64 = 0x444e_5320_6e61_6d65;

/// The hash with one more word of the name.
#[inline(always)]
pub const fn hash_word(state: u64, word: u64) -> u64 {
    mix(state, word)
}

/// The hash of a name of so many bytes.
pub const fn hash(name: &NameWords, bytes: usize) -> u64 {
    let mut state = NAME_SEED;
    let mut word = 0;
    while word < bytes.div_ceil(size_of::<u64>()) && word < NAME_WORDS {
        state = hash_word(state, name[word]);
        word += 1;
    }
    state
}

/// In the key of a name in the peer tables: IPv4 peers of this name.
pub const NAME_V4: u64 = 4;
/// IPv6 peers of this name.
pub const NAME_V6: u64 = 6;

/// Key of a name in the table of IPv6 peers: `part` is [`NAME_V4`], [`NAME_V6`] or, under [`crate::table::scope::NAMES`], 0.
#[inline(always)]
pub const fn name_key(scope: u32, hash: u64, part: u64) -> [u64; 3] {
    [hash, part, (scope as u64) << 32 | 128]
}

/// Seconds that an address has a name at least: devices ask once, when they start, and stay with the answer.
pub const SHORTEST: u32 = 86_400;
/// Seconds that it has it at most, unless it is used or told again.
pub const LONGEST: u32 = 7 * 86_400;

/// Seconds that an answer with this TTL holds. One with the highest bit set is 0 (RFC 2181, 8).
#[inline(always)]
pub const fn lasts(ttl: u32) -> u32 {
    if ttl <= SHORTEST || ttl > u32::MAX >> 1 {
        SHORTEST
    } else if ttl > LONGEST {
        LONGEST
    } else {
        ttl
    }
}

/// Records of an answer that are looked at.
pub const MAX_ANSWERS: u32 = 32;

/// Whose names.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct NamesKey {
    /// The device's MAC.
    pub mac: Mac,
    /// Wire index.
    pub wire: u16,
    /// VLANs.
    pub vlans: Vlans,
}

crate::layout!(NamesKey, size 12, align 2);

/// An address and a name that it has for a device.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct NamePlace {
    /// The address.
    pub addr: Addr,
    /// [`hash`] of the name.
    pub name: u64,
    /// Low half: second (monotonic clock) before which it has the name, 0: nothing is here. High half: for how many seconds it has it
    /// since it was told or used last. One word, so that a place is taken and given at once.
    pub life: u64,
}

crate::layout!(NamePlace, size 32, align 8);

impl NamePlace {
    /// Both halves of a life.
    #[inline(always)]
    pub const fn life(until: u32, lasts: u32) -> u64 {
        until as u64 | (lasts as u64) << 32
    }

    /// The second before which it is live.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the word holds two halves")]
    pub const fn until(life: u64) -> u32 {
        life as u32
    }

    /// How long it lasts from its next use.
    #[inline(always)]
    pub const fn lasting(life: u64) -> u32 {
        (life >> 32) as u32
    }
}

/// What one device was told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct NameSet(pub [NamePlace; NAME_PLACES as usize]);

crate::layout!(NameSet, size 1024, align 8);

impl NameSet {
    /// Nothing.
    pub const NONE: Self = Self(
        [NamePlace {
            addr: Addr([0; 4]),
            name: 0,
            life: 0,
        }; NAME_PLACES as usize],
    );

    /// With what is live of another, the last first, in places that are over; none: that changes nothing. A pair that is live already stays as it is.
    #[must_use]
    pub fn with(&self, other: &Self, now: u32) -> Option<Self> {
        let is_live = |place: &NamePlace| now < NamePlace::until(place.life);
        let mut both = *self;
        let mut changed = false;
        for place in other.0.iter().rev().filter(|it| is_live(it)) {
            let is_same = |it: &NamePlace| it.addr == place.addr && it.name == place.name;
            if both.0.iter().any(|it| is_live(it) && is_same(it)) {
                continue;
            }
            let Some(free) = both.0.iter_mut().find(|it| !is_live(it)) else {
                break;
            };
            *free = *place;
            changed = true;
        }
        changed.then_some(both)
    }

    /// Whether nothing in it is live.
    pub fn is_over(&self, now: u32) -> bool {
        self.0
            .iter()
            .all(|place| now >= NamePlace::until(place.life))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_a_day_to_a_week() {
        for (ttl, seconds) in [
            (0, SHORTEST),
            (300, SHORTEST),
            (86_401, 86_401),
            (604_800, LONGEST),
            (604_801, LONGEST),
            (1 << 31, SHORTEST),
            (u32::MAX, SHORTEST),
        ] {
            assert_eq!(lasts(ttl), seconds, "{ttl}");
        }
    }

    fn place(last: u8, name: u64, until: u32) -> NamePlace {
        NamePlace {
            addr: Addr::v4([192, 0, 2, last]),
            name,
            life: NamePlace::life(until, SHORTEST),
        }
    }

    #[test]
    fn what_is_told_once_more_takes_nothing_away() {
        let mut known = NameSet::NONE;
        known.0[0] = place(1, 7, 90);
        known.0[1] = place(2, 7, 50);
        let mut told = NameSet::NONE;
        // The same, older; the same address by another name; one that is over by now; one that was over already.
        told.0[0] = place(1, 7, 80);
        told.0[1] = place(1, 8, 80);
        told.0[2] = place(2, 7, 70);
        told.0[3] = place(3, 7, 60);
        let both = known.with(&told, 60).unwrap();
        assert_eq!(
            both.0[..3],
            [place(1, 7, 90), place(2, 7, 70), place(1, 8, 80)]
        );
        assert_eq!(both.0[3].life, 0);
        assert!(both.with(&told, 60).is_none());
        assert!(known.with(&NameSet::NONE, 60).is_none());
        assert_eq!(NameSet::NONE.with(&known, 60).unwrap().0[0], known.0[0]);
    }

    #[test]
    fn where_there_is_little_room_the_last_is_told() {
        let mut known = NameSet([place(0, 7, 90); 32]);
        known.0[9].life = 0;
        let mut told = NameSet::NONE;
        told.0[0] = place(1, 7, 80);
        told.0[1] = place(2, 7, 80);
        let both = known.with(&told, 60).unwrap();
        assert_eq!(both.0[9], place(2, 7, 80));
        assert!(both.0.iter().all(|it| *it != place(1, 7, 80)));
    }

    #[test]
    fn zeros_behind_a_name_are_not_hashed() {
        let mut name = [0; NAME_WORDS];
        name[0] = 0x0102_0304;
        assert_ne!(hash(&name, 8), hash(&name, 9));
        assert_eq!(hash(&name, 4), hash(&name, 8));
    }
}
