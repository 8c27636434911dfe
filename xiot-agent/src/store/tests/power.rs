//! Power that fails: disks as they may be found afterwards.

use proptest::{prelude::*, sample::Index, test_runner::TestRunner};

use super::{
    super::{database::check, revisions::Revisions},
    disk::{Disk, Step, apply},
    put, record, texts,
};

/// A second revision put in force after a first: the disk before, every step, and how many there were when each call came back.
struct Story {
    before: Vec<u8>,
    log: Vec<Step>,
    written_down: usize,
    applied: usize,
}

fn story() -> Story {
    let disk = Disk::default();
    put(&check(disk.clone()).unwrap(), record(1));
    let before = disk.bytes();
    let disk = Disk::holding(before.clone());
    let revisions: Revisions = check(disk.clone()).unwrap();
    let mut second = record(2);
    revisions.begin(&second, &texts(2)).unwrap();
    let written_down = disk.steps();
    second.applied = Some(second.written);
    revisions.applied(&second).unwrap();
    let applied = disk.steps();
    drop(revisions);
    let log = disk.log();
    Story {
        before,
        log,
        written_down,
        applied,
    }
}

/// After every so many steps it is tried whether the next revision can be put in force.
const GO_ON: usize = 8;

/// What was acknowledged before step `cut` is there, and nothing else than what was ever written.
#[track_caller]
fn hold_to(story: &Story, disk: Vec<u8>, cut: usize) {
    let revisions = match check(Disk::holding(disk)) {
        Ok(revisions) => revisions,
        Err(fault) => panic!("after {cut} steps: {fault:?}"),
    };
    let in_force = number(&revisions);
    let allowed: &[u64] = if cut >= story.applied { &[2] } else { &[1, 2] };
    assert!(allowed.contains(&in_force), "{in_force} after {cut} steps");
    let record = revisions.get(in_force).unwrap().unwrap();
    assert_eq!(revisions.texts(&record).unwrap(), texts(in_force));
    if cut >= story.written_down {
        assert_eq!(revisions.newest().unwrap().unwrap().number, 2);
    }
    if cut.is_multiple_of(GO_ON) {
        put(&revisions, super::record(3));
        assert_eq!(number(&revisions), 3);
    }
}

fn number(revisions: &Revisions) -> u64 {
    revisions.in_force().unwrap().unwrap().number
}

#[test]
fn power_may_fail_at_any_byte() {
    let story = story();
    let mut disk = story.before.clone();
    let mut cuts = 0;
    for (step, what) in story.log.iter().enumerate() {
        if let Step::Write(at, data) = what {
            for end in 0..data.len() {
                // Bytes that do not change cut nothing.
                let place = usize::try_from(*at).unwrap() + end;
                if disk.get(place) == data.get(end) {
                    continue;
                }
                let mut torn = disk.clone();
                apply(&mut torn, &Step::Write(*at, data[..end].to_vec()));
                hold_to(&story, torn, step);
                cuts += 1;
            }
        }
        apply(&mut disk, what);
        hold_to(&story, disk.clone(), step + 1);
        cuts += 1;
    }
    assert!(cuts > 1_000, "{cuts}");
}

/// Disks write what they were given in any order, and some of it not at all, until they are told to sync.
#[test]
fn what_was_not_synced_may_be_there_or_not() {
    let story = story();
    let choices = (
        any::<Index>(),
        proptest::collection::vec(any::<(bool, Index)>(), 64),
    );
    TestRunner::new(ProptestConfig::with_cases(2_000))
        .run(&choices, |(cut, choices)| {
            let cut = cut.index(story.log.len() + 1);
            let (past, _) = story.log.split_at(cut);
            let synced = past
                .iter()
                .rposition(|step| matches!(step, Step::Sync))
                .map_or(0, |sync| sync + 1);
            let mut disk = story.before.clone();
            for step in &past[..synced] {
                apply(&mut disk, step);
            }
            for (step, (whole, end)) in past[synced..].iter().zip(choices.iter().cycle()) {
                match step {
                    Step::Write(at, data) if !whole => {
                        let end = end.index(data.len() + 1);
                        apply(&mut disk, &Step::Write(*at, data[..end].to_vec()));
                    }
                    Step::Write(..) | Step::Length(_) | Step::Sync => apply(&mut disk, step),
                }
            }
            hold_to(&story, disk, synced);
            Ok(())
        })
        .unwrap();
}
