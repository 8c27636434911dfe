//! Lists against plain vectors.

use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;

/// What somebody does to a list.
#[derive(Clone, Debug)]
enum Edit {
    Splice(Index, Index, Vec<u8>),
    Set(Index, u8),
    Swap(Index, Index),
    Retain(u8),
    Truncate(Index),
    Push(u8),
    Remove(Index),
    Bump,
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    prop_oneof![
        4 => (place(), place(), vec(any::<u8>(), 0..7)).prop_map(|(a, b, it)| Edit::Splice(a, b, it)),
        4 => (place(), any::<u8>()).prop_map(|(a, it)| Edit::Set(a, it)),
        2 => (place(), place()).prop_map(|(a, b)| Edit::Swap(a, b)),
        2 => (2..5_u8).prop_map(Edit::Retain),
        1 => place().prop_map(Edit::Truncate),
        2 => any::<u8>().prop_map(Edit::Push),
        2 => place().prop_map(Edit::Remove),
        1 => Just(Edit::Bump),
    ]
}

impl Edit {
    /// Does the same to both.
    fn make(self, list: &mut List<u8>, plain: &mut Vec<u8>) {
        let length = plain.len();
        match self {
            Self::Splice(one, other, items) => {
                let (one, other) = (one.index(length + 1), other.index(length + 1));
                let places = one.min(other)..one.max(other);
                list.splice(places.clone(), items.clone());
                plain.splice(places, items);
            }
            Self::Set(place, item) if length > 0 => {
                list[place.index(length)] = item;
                plain[place.index(length)] = item;
            }
            Self::Swap(one, other) if length > 0 => {
                list.swap(one.index(length), other.index(length));
                plain.swap(one.index(length), other.index(length));
            }
            Self::Retain(by) => {
                list.retain(|item| item % by != 0);
                plain.retain(|item| item % by != 0);
            }
            Self::Truncate(place) => {
                list.truncate(place.index(length + 1));
                plain.truncate(place.index(length + 1));
            }
            Self::Push(item) => {
                list.push(item);
                plain.push(item);
            }
            Self::Remove(place) if length > 0 => {
                let place = place.index(length);
                assert_eq!(list.remove(place), plain.remove(place));
            }
            Self::Bump => {
                for item in list.iter_mut().chain(plain) {
                    *item = item.wrapping_add(1);
                }
            }
            Self::Set(..) | Self::Swap(..) | Self::Remove(_) => (),
        }
    }
}

/// It holds what the vector holds, however one asks.
fn assert_holds(list: &List<u8>, plain: &[u8]) {
    assert!(list.iter().eq(plain));
    assert!(list.iter().rev().eq(plain.iter().rev()));
    assert_eq!(
        (list.len(), list.is_empty()),
        (plain.len(), plain.is_empty())
    );
    assert_eq!(list.first(), plain.first());
    for (place, item) in plain.iter().enumerate() {
        assert_eq!((list.get(place), list[place]), (Some(item), *item));
        assert!(list.range(place..plain.len()).eq(&plain[place..]));
    }
    assert_eq!(list.get(plain.len()), None);
    assert_eq!(*list, List::from(plain.to_vec()));
}

proptest! {
    #[test]
    fn it_is_edited_as_a_vector_is_and_copies_stay_what_they_were(
        first in vec(any::<u8>(), 0..20),
        edits in vec(edit(), 0..12),
    ) {
        let (mut list, mut plain) = (List::from(first.clone()), first);
        for edit in edits {
            let (copy, before) = (list.clone(), plain.clone());
            edit.make(&mut list, &mut plain);
            assert_holds(&list, &plain);
            assert_holds(&copy, &before);

            // What is left out is alike.
            let differ: Vec<_> = copy.beside(&list).map(|(place, ..)| place).collect();
            for (place, (one, other)) in before.iter().zip(&plain).enumerate() {
                prop_assert!(one == other || differ.contains(&place));
            }
            let stretch = copy.stretch(&list, |one, other| one == other);
            let both = before.iter().zip(&plain);
            let start = both.take_while(|(one, other)| one == other).count();
            let both = before[start..].iter().rev().zip(plain[start..].iter().rev());
            let end = both.take_while(|(one, other)| one == other).count();
            let expected = Stretch {
                start,
                before_end: before.len() - end,
                after_end: plain.len() - end,
            };
            prop_assert_eq!(stretch, expected);
            prop_assert_eq!(stretch.is_empty(), before == plain);
        }
    }
}

#[test]
fn copies_share_what_neither_changed() {
    let first: List<u8> = (0..100).collect();
    let mut second = first.clone();
    assert_eq!(first.beside(&second).count(), 0);
    second[50] = 0;
    let chunk = List::<u8>::CHUNK;
    assert_eq!(first.beside(&second).count(), chunk);
    // What comes after an item that was added is at another place, and still the same.
    second.insert(20, 7);
    let asked = std::cell::Cell::new(0);
    let stretch = first.stretch(&second, |one, other| {
        asked.set(asked.get() + 1);
        one == other
    });
    assert_eq!((stretch.before(), stretch.after()), (20..51, 20..52));
    assert!(asked.get() <= 4 * chunk, "{}", asked.get());
}
