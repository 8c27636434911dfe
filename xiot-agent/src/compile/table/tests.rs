//! Bucket tables: nothing lost, nothing invented, and the first line first.

use xiot_common::table::{peer4_key, peer6_key, scope};

use super::*;
use crate::compile::slot::{Narrow, Wide};

/// Addresses one after another, as in a policy: what a weak hash would stumble over.
fn narrow(count: u32) -> Vec<Narrow> {
    (0..count)
        .map(|n| {
            let key = peer4_key(scope::to(n % 7), 0x0a00_0000 + n / 7, 32);
            Narrow::new(key, n + 1)
        })
        .collect()
}

fn wide(count: u32) -> Vec<Wide> {
    (0..count)
        .map(|n| {
            let key = peer6_key(scope::from(n % 3), 0xfd00 << 48, (n / 3).into(), 128);
            Wide::new(key, n + 1)
        })
        .collect()
}

fn empty(buckets: u32) -> (Vec<Line>, Table) {
    let table = Table {
        base: 0,
        mask: buckets - 1,
        seed: 0x1234_5678_9abc_def1,
    };
    (vec![Line::default(); buckets as usize], table)
}

/// Fills a table so that this many of a hundred slots are in use, and returns how many keys found both of their
/// lines full.
fn displaced<S: Slot>(slots: &[S], buckets: u32, load: usize) -> usize {
    let (mut lines, table) = empty(buckets);
    let slots = &slots[..lines.len() * S::PER_LINE * load / 100];
    let mut displaced = 0;
    for &slot in slots {
        let (first, second) = slot.lines(&table);
        let full = |line: u32| free::<S>(&lines[line as usize]).is_none();
        displaced += usize::from(full(first) && full(second));
        assert_eq!(place(&mut lines, &table, slot), Ok(true));
    }
    assert!(holds(&lines, &table, slots));
    displaced
}

#[test]
fn tables_can_be_filled_far_beyond_their_load_by_displacing() {
    assert!(displaced(&narrow(16_000), 1 << 12, 95) > 1_000);
    assert!(displaced(&wide(8_000), 1 << 12, 85) > 500);
}

#[test]
fn at_their_load_displacing_is_rare() {
    let (narrow, wide) = (narrow(12_288), wide(7_987));
    assert!(displaced(&narrow, 1 << 12, Narrow::LOAD) * 20 < narrow.len());
    assert!(displaced(&wide, 1 << 12, Wide::LOAD) * 20 < wide.len());
}

#[test]
fn most_keys_stand_in_their_first_line_and_most_misses_end_there() {
    fn check<S: Slot>(slots: &[S], strangers: &[S]) {
        let mut lines = Vec::new();
        let table = append(&mut lines, slots).unwrap();
        let first = |slot: &&S| &lines[slot.lines(&table).0 as usize];
        let hits = slots.iter().filter(|slot| slot.find(first(slot)) != 0);
        assert!(hits.count() * 100 > slots.len() * 80);
        let misses = strangers
            .iter()
            .filter(|slot| free::<S>(first(slot)).is_some());
        assert!(misses.count() * 100 > strangers.len() * 50);
    }
    let slots = narrow(20_000);
    check(&slots[..12_288], &slots[12_288..]);
    let slots = wide(20_000);
    check(&slots[..10_649], &slots[10_649..]);
}

#[test]
fn a_table_lies_behind_what_was_there_and_has_its_size() {
    for count in [0, 1, 3, 4, 5, 100, 1_000, 10_000] {
        let mut lines = vec![Line([7; 8]); 3];
        let slots = narrow(count);
        let table = append(&mut lines, &slots).unwrap();
        assert_eq!(table.base, 3);
        assert_eq!(table.mask as usize + 1, size::<Narrow>(slots.len()));
        assert_eq!(lines.len(), 3 + size::<Narrow>(slots.len()));
        assert_eq!(lines[..3], [Line([7; 8]); 3]);
        assert!(holds(&lines, &table, &slots));
    }
    assert_eq!(size::<Narrow>(0), 1);
    assert_eq!(size::<Wide>(0), 1);
}

#[test]
fn a_key_that_is_there_already_is_named() {
    let mut slots = narrow(1_000);
    let twin = Narrow::new(peer4_key(scope::to(3), 0x0a00_0000, 32), 7_777);
    slots.insert(500, twin);
    let clash = append(&mut Vec::new(), &slots).unwrap_err();
    assert_eq!((clash.first, clash.second), (4, 7_777));
}

/// Keys that may use every slot.
#[derive(Clone, Copy)]
struct Tight(Narrow);

impl Slot for Tight {
    const PER_LINE: usize = Narrow::PER_LINE;
    const LOAD: usize = 100;

    fn read(line: &Line, n: usize) -> Option<Self> {
        Narrow::read(line, n).map(Self)
    }

    fn write(self, line: &mut Line, n: usize) {
        self.0.write(line, n);
    }

    fn payload(self) -> u32 {
        self.0.payload()
    }

    fn lines(self, table: &Table) -> (u32, u32) {
        self.0.lines(table)
    }

    fn find(self, line: &Line) -> u32 {
        self.0.find(line)
    }
}

#[test]
fn a_table_grows_when_no_seed_will_do() {
    let slots: Vec<_> = narrow(1 << 12).into_iter().map(Tight).collect();
    assert_eq!(size::<Tight>(slots.len()), 1 << 10);
    let mut lines = Vec::new();
    let table = append(&mut lines, &slots).unwrap();
    assert_eq!((table.mask, lines.len()), ((1 << 11) - 1, 1 << 11));
    assert!(holds(&lines, &table, &slots));
}

#[test]
fn a_search_in_vain_changes_nothing() {
    let (mut lines, table) = empty(1);
    let slots = narrow(5);
    assert_eq!(fill(&mut lines, &table, &slots[..4]), Ok(true));
    let before = lines.clone();
    assert_eq!(place(&mut lines, &table, slots[4]), Ok(false));
    assert_eq!(lines, before);
}

#[test]
fn the_self_check_sees_what_is_wrong() {
    let slots = narrow(1_000);
    let mut lines = Vec::new();
    let table = append(&mut lines, &slots).unwrap();

    // A key that nobody can find, for another payload stands there.
    let mut broken = lines.clone();
    let line = broken.iter_mut().find(|line| line.0[1] != 0).unwrap();
    line.0[1] ^= 1 << 63;
    assert!(!holds(&broken, &table, &slots));

    // A key too few, and one too many.
    assert!(!holds(&lines, &table, &slots[1..]));
    assert!(!holds(&lines, &table, &narrow(1_001)));

    // A key in its second line although its first has room.
    let (mut broken, table) = empty(2);
    let slot = *slots
        .iter()
        .find(|slot| slot.lines(&table).0 != slot.lines(&table).1)
        .unwrap();
    slot.write(&mut broken[slot.lines(&table).1 as usize], 0);
    assert!(!holds(&broken, &table, &[slot]));
}

/// The key of all zeroes looks like a free slot: profile 0 to anywhere.
#[test]
fn the_zero_key_is_a_key() {
    let zero = Narrow::new(peer4_key(scope::to(0), 0, 0), 42);
    let mut slots = narrow(1_000);
    slots.insert(900, zero);
    let mut lines = Vec::new();
    let table = append(&mut lines, &slots).unwrap();
    assert!(holds(&lines, &table, &slots));
}
