//! Whatever comes and goes, the table answers as a list does.

use proptest::{collection::vec, prelude::*};
use xiot_common::table::{peer4_key, peer6_key, scope};

use super::*;
use crate::compile::{
    slot::{Narrow, Slot as _, Wide},
    table::append,
};

/// Small tables, so that lines are full and slots displaced.
const KEYS: u32 = 40;

fn narrow(key: u32, payload: u32) -> Narrow {
    Narrow::new(peer4_key(scope::to(key % 3), key, 32), payload)
}

fn wide(key: u32, payload: u32) -> Wide {
    Wide::new(peer6_key(scope::to(key % 3), 7, key.into(), 128), payload)
}

/// Changes a table of the first keys step by step; what it holds is the payload of each key, 0 for none.
fn follow<S: Editable>(slot: fn(u32, u32) -> S, first: u32, steps: &[Vec<(u32, u32)>]) {
    let mut held: Vec<u32> = (0..KEYS).map(|key| u32::from(key < first)).collect();
    let slots: Vec<S> = (0..first).map(|key| slot(key, 1)).collect();
    let mut laid = Vec::new();
    let mut table = append(&mut laid, &slots).unwrap();
    let mut lines = Edited::new(laid.into());
    for step in steps {
        let mut wanted = held.clone();
        for &(key, payload) in step {
            wanted[key as usize] = payload;
        }
        let mut edit = Edit::default();
        for (key, (&old, &new)) in (0..).zip(held.iter().zip(&wanted)) {
            match (old, new) {
                (0, 0) => (),
                (0, _) => edit.new.push(slot(key, new)),
                (_, 0) => edit.gone.push(slot(key, old)),
                _ => edit.changed.push(slot(key, new)),
            }
        }
        let count = |held: &[u32]| held.iter().filter(|it| **it != 0).count();
        let made = edit.make(&mut lines, &table, count(&held));
        held = wanted;
        if made.is_some() {
            assert_eq!(made, Some(count(&held)));
        } else {
            // As the compiler does where there is no room.
            let slots = (0..).zip(&held).filter(|(_, payload)| **payload != 0);
            let slots: Vec<S> = slots.map(|(key, &payload)| slot(key, payload)).collect();
            let mut laid = Vec::new();
            table = append(&mut laid, &slots).unwrap();
            lines = Edited::new(laid.into());
        }
        for (key, &payload) in (0..).zip(&held) {
            assert_eq!(find(&lines, &table, slot(key, 1)), payload);
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Vec<(u32, u32)>>> {
    let payload = prop_oneof![Just(0), 1..4_u32];
    vec(vec((0..KEYS, payload), 0..12), 1..30)
}

proptest! {
    #[test]
    fn a_table_that_is_changed_answers_as_a_list(first in 0..KEYS, steps in steps()) {
        follow(narrow, first, &steps);
        follow(wide, first, &steps);
    }
}

#[test]
fn what_stands_in_its_second_line_is_found_when_its_first_has_room_again() {
    // Of one line's keys one more than it has slots.
    let table = Table {
        base: 0,
        mask: 1,
        seed: 5,
    };
    let mut same = (0..KEYS).map(|key| narrow(key, 1 + key));
    let same: Vec<_> = same
        .by_ref()
        .filter(|slot| slot.lines(&table) == (0, 1))
        .take(5)
        .collect();
    let mut lines = Edited::new(vec![Line::default(); 2].into());
    for &slot in &same {
        assert_eq!(place(&mut lines, &table, slot), Ok(true));
    }
    assert_eq!(same[4].find(&lines[1]), same[4].payload());
    for &slot in &same[..4] {
        remove(&mut lines, &table, slot).unwrap();
        assert!(is_full(&lines[0]));
        assert_eq!(find(&lines, &table, slot), 0);
        assert_eq!(find(&lines, &table, same[4]), same[4].payload());
    }
    // There is room again, and the key is not filed twice.
    let edit = Edit {
        new: same[..2].to_vec(),
        changed: vec![same[4].with(99)],
        gone: Vec::new(),
    };
    assert_eq!(edit.make(&mut lines, &table, 1), Some(3));
    assert_eq!(find(&lines, &table, same[4]), 99);
}

#[test]
fn what_is_there_is_not_new_and_what_is_not_there_neither_goes_nor_changes() {
    let slots = [narrow(1, 1), narrow(2, 2)];
    let mut laid = Vec::new();
    let table = append(&mut laid, &slots).unwrap();
    let make =
        |edit: Edit<Narrow>| edit.make(&mut Edited::new(laid.clone().into()), &table, slots.len());
    let of = |n: u32| vec![narrow(n, 9)];
    assert_eq!(
        make(Edit {
            new: of(1),
            ..Edit::default()
        }),
        None
    );
    assert_eq!(
        make(Edit {
            gone: of(3),
            ..Edit::default()
        }),
        None
    );
    assert_eq!(
        make(Edit {
            changed: of(3),
            ..Edit::default()
        }),
        None
    );
    assert_eq!(
        make(Edit {
            new: of(1),
            gone: of(1),
            ..Edit::default()
        }),
        Some(2)
    );
}
