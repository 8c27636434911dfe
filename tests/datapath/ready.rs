//! What is written to a slot and what is not, and that whatever else lies in it is found.

use aya::maps::Array;
use xiot_agent::{
    compile::image::{Image, Lines},
    datapath::{Capacity, Datapath, Options},
};
use xiot_common::{device::Mode, image::Line, map};

use crate::image::{nobody_listed, small};

/// More lines than are read back every time.
const MANY: usize = 1 << 17;

fn large() -> Options {
    Options {
        capacity: Capacity {
            slot_lines: 1 << 18,
            ..small().capacity
        },
        ..small()
    }
}

/// A policy of so many lines, of which `place` differs from revision to revision.
fn policy(revision: u64, lines: usize, place: usize) -> Image {
    let mut image = nobody_listed(Mode::Enforce, 0);
    let mut all: Lines = (0..lines)
        .map(|n| Line([if n < 4 { 0 } else { n as u64 }; 8]))
        .collect();
    all[place].0[5] = revision;
    image.header.revision = revision;
    image.header.lines = u32::try_from(lines).expect("few lines");
    image.header.digest = all.digest();
    image.lines = all;
    image
}

/// The same with another line, as a compiler makes it that keeps what did not change.
fn next(before: &Image, place: usize) -> Image {
    let mut image = before.clone();
    image.header.revision += 1;
    image.lines[place].0[5] = image.header.revision;
    image.header.digest = image.lines.digest();
    image
}

/// Somebody else writes a line of a slot.
fn disturb(datapath: &Datapath, slot: u32, line: usize) {
    let map = datapath.duplicate(map::IMAGE).expect("it is loaded");
    let mut image: Array<_, Line> = map.try_into().expect("an array of lines");
    let index = slot * datapath.capacity().slot_lines + u32::try_from(line).expect("few lines");
    let mut there = image.get(&index, 0).expect("a line of the slot");
    there.0[7] ^= 1 << 40;
    image.set(index, there, 0).expect("a line of the slot");
}

fn active(datapath: &Datapath) -> u32 {
    datapath.active().expect("a policy").slot
}

#[test]
fn a_line_that_somebody_else_wrote_is_put_right_before_the_slot_is_in_force() {
    let mut datapath = Datapath::load(&small()).unwrap();
    let mut image = policy(1, 60, 5);
    datapath.apply(&image).unwrap();
    for place in [5, 6, 59, 5] {
        datapath.make_ready(&image).unwrap();
        let other = 1 - active(&datapath);
        // In a line that does not change, and in one that does.
        disturb(&datapath, other, 40);
        disturb(&datapath, other, place);
        image = next(&image, place);
        datapath.apply(&image).unwrap();
        assert_eq!(active(&datapath), other);
        assert_eq!(datapath.header(), Some(image.header));
        assert!(datapath.holds(other, &image.lines));
    }
}

#[test]
fn revisions_follow_each_other_whether_or_not_a_slot_was_made_ready() {
    let mut datapath = Datapath::load(&large()).unwrap();
    let mut image = policy(1, MANY, 5);
    datapath.apply(&image).unwrap();
    for round in 0..6 {
        if round % 3 != 0 {
            datapath.make_ready(&image).unwrap();
            assert!(datapath.holds(1 - active(&datapath), &image.lines));
        }
        image = next(&image, 1_000 * (round + 1));
        datapath.apply(&image).unwrap();
        assert!(datapath.holds(active(&datapath), &image.lines));
    }
    // One that has nothing in common with it, and fewer lines.
    let other = policy(50, 10_000, 9);
    datapath.apply(&other).unwrap();
    assert!(datapath.holds(active(&datapath), &other.lines));
    assert_eq!(datapath.header(), Some(other.header));
}

#[test]
fn what_is_written_is_compared_however_large_the_policy_is() {
    let mut datapath = Datapath::load(&large()).unwrap();
    let image = policy(1, MANY, 5);
    datapath.apply(&image).unwrap();
    datapath.make_ready(&image).unwrap();
    let other = 1 - active(&datapath);
    disturb(&datapath, other, 70_001);
    // Beside the line that is written.
    let image = next(&image, 70_000);
    datapath.apply(&image).unwrap();
    assert!(datapath.holds(other, &image.lines));
}

#[test]
fn what_somebody_wrote_meanwhile_is_found_when_the_next_slot_is_made_ready() {
    let mut datapath = Datapath::load(&large()).unwrap();
    let image = policy(1, MANY, 5);
    datapath.apply(&image).unwrap();
    datapath.make_ready(&image).unwrap();
    let damaged = 1 - active(&datapath);
    disturb(&datapath, damaged, 90_000);
    let image = next(&image, 70_000);
    datapath.apply(&image).unwrap();
    let error = datapath.make_ready(&image).unwrap_err().to_string();
    assert!(error.contains("does not hold what was written"), "{error}");
    // The other one is in force now, and is whole.
    assert_eq!(active(&datapath), 1 - damaged);
    assert_eq!(datapath.header(), Some(image.header));
    assert!(datapath.holds(1 - damaged, &image.lines));
    // The next one is written as a whole.
    let image = next(&image, 3_000);
    datapath.apply(&image).unwrap();
    assert!(datapath.holds(damaged, &image.lines));
    datapath.make_ready(&image).unwrap();
}

#[test]
fn there_is_nothing_to_make_ready_for_another_policy() {
    let mut datapath = Datapath::load(&small()).unwrap();
    let image = policy(1, 60, 5);
    datapath.make_ready(&image).unwrap();
    assert_eq!(datapath.active(), None);
    datapath.apply(&image).unwrap();
    datapath.make_ready(&next(&image, 7)).unwrap();
    assert!(!datapath.holds(1 - active(&datapath), &image.lines));
}
