//! Agents that end at any moment, and what the next one takes for good.

use std::{fs::File, ops::Bound};

use redb::{StorageBackend as _, backends::FileBackend};

use super::*;
use crate::{
    service::{sample, state::words::hex},
    store::{Cause, Text},
};

const DIGEST: [u8; 32] = [7; 32];

struct Fixture {
    directory: tempfile::TempDir,
}

fn texts(number: u64) -> Texts {
    Texts {
        gateway: "wires: []\n".into(),
        policy: format!("devices: [] # {number}\n").into(),
    }
}

fn record(number: u64) -> Record {
    Record {
        applied: None,
        image: hex(&DIGEST),
        policy: Text::of("policy.yaml", &texts(number).policy),
        ..sample::record(number)
    }
}

fn attached(revision: Option<u64>) -> Option<Attached> {
    revision.map(|revision| Attached {
        revision,
        digest: DIGEST,
    })
}

impl Fixture {
    /// With these revisions in force one after another.
    fn with(numbers: &[u64]) -> Self {
        let fixture = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let mut keeper = fixture.keeper();
        for &number in numbers {
            keeper.begin(record(number), texts(number)).kept().unwrap();
            keeper.applied(record(number), None).unwrap();
        }
        fixture
    }

    fn keeper(&self) -> Keeper {
        Keeper::open(self.directory.path()).unwrap()
    }

    /// One that can read what is there and write nothing.
    fn only_reads(&self) -> Keeper {
        let mut keeper = self.keeper();
        self.fail(&mut keeper);
        keeper.copy = store::read(self.directory.path()).ok();
        keeper
    }

    /// Until it is dropped nobody else opens the store, and everybody can read it.
    fn reader(&self) -> FileBackend {
        let file = File::open(self.directory.path().join("revisions.redb")).unwrap();
        let reader = FileBackend::new(file).unwrap();
        let is_locked = reader.try_lock_shared_range(Bound::Unbounded, Bound::Unbounded);
        assert!(is_locked.unwrap());
        reader
    }

    /// What is to be written fails from now on.
    fn fail(&self, keeper: &mut Keeper) {
        keeper.store = None;
        let file = self.directory.path().join("revisions.redb");
        keeper.directory = file.join("no directory");
    }

    /// And no longer.
    fn mend(&self, keeper: &mut Keeper) {
        keeper.directory = self.directory.path().to_owned();
    }

    /// What an agent starts with that finds this in the kernel.
    fn known(&self, in_kernel: Option<u64>) -> Option<(u64, Cause)> {
        let (record, with) = self.keeper().known_good(|_| attached(in_kernel))?;
        if let Cause::Unconfirmed(of) = record.cause {
            assert_eq!(with, texts(of));
        } else {
            assert_eq!(with, texts(record.number));
        }
        Some((record.number, record.cause))
    }
}

#[test]
fn nothing_is_known_at_first() {
    assert_eq!(Fixture::with(&[]).known(Some(3)), None);
}

#[test]
fn what_was_in_force_last_is_good() {
    assert_eq!(Fixture::with(&[1, 2]).known(None), Some((2, Cause::Apply)));
}

#[test]
fn what_was_only_written_down_is_good_if_the_kernel_has_it() {
    for (in_kernel, expected) in [(Some(3), 3), (Some(2), 2), (None, 2)] {
        let fixture = Fixture::with(&[1, 2]);
        fixture.keeper().begin(record(3), texts(3)).kept().unwrap();
        assert_eq!(fixture.known(in_kernel), Some((expected, Cause::Apply)));
        // It stays so.
        assert_eq!(fixture.known(None), Some((expected, Cause::Apply)));
        assert_eq!(fixture.keeper().next_number(0), expected + 1);
    }
}

#[test]
fn another_image_of_the_same_number_is_another_revision() {
    let fixture = Fixture::with(&[1]);
    let mut other = record(2);
    other.image = hex(&[8; 32]);
    fixture.keeper().begin(other, texts(2)).kept().unwrap();
    assert_eq!(fixture.known(Some(2)), Some((1, Cause::Apply)));
}

#[test]
fn what_was_on_trial_is_not_good() {
    let on_trial = Some((2, Duration::from_mins(1)));
    let fixture = Fixture::with(&[1, 2]);
    let mut keeper = fixture.keeper();
    let mut third = record(3);
    third.seen = ["gateway", "policy"].map(str::to_owned);
    keeper.begin(third.clone(), texts(3)).kept().unwrap();
    keeper.applied(third.clone(), on_trial).unwrap();
    assert_eq!(keeper.trial().map(|it| it.back_to), Some(2));
    drop(keeper);
    let mut keeper = fixture.keeper();
    let (back, _) = keeper.known_good(|_| None).unwrap();
    assert_eq!(back.cause, Cause::Unconfirmed(2));
    // Files that were there when it was put on trial are not wanted for that alone.
    assert_eq!(back.seen, third.seen);
    // Written down before it is in force.
    assert_eq!(keeper.get(4), Ok(Some(back)));
    drop(keeper);
    // Ended once more before it was in force again: the same once more.
    let (back, _) = fixture.keeper().known_good(|_| None).unwrap();
    assert_eq!((back.number, back.cause), (4, Cause::Unconfirmed(2)));
    let mut keeper = fixture.keeper();
    keeper.begin(back.clone(), texts(2)).kept().unwrap();
    keeper.applied(back, None).unwrap();
    assert_eq!(keeper.trial(), None);
    let in_force = keeper.in_force().unwrap();
    assert_eq!((in_force.number, in_force.back_to), (4, None));
}

#[test]
fn what_was_on_trial_and_only_written_down_is_not_good_either() {
    let fixture = Fixture::with(&[1]);
    let mut second = record(2);
    second.back_to = Some(1);
    fixture.keeper().begin(second, texts(2)).kept().unwrap();
    assert_eq!(fixture.known(Some(2)), Some((3, Cause::Unconfirmed(1))));
}

#[test]
fn what_is_confirmed_is_good() {
    let fixture = Fixture::with(&[1]);
    let mut keeper = fixture.keeper();
    assert_eq!(keeper.confirm(), Ok(None));
    keeper.begin(record(2), texts(2)).kept().unwrap();
    keeper
        .applied(record(2), Some((1, Duration::from_mins(1))))
        .unwrap();
    assert_eq!(keeper.confirm().unwrap().unwrap().number, 2);
    assert_eq!(keeper.trial(), None);
    let confirmed = keeper.in_force().unwrap();
    assert_eq!(confirmed.back_to, None);
    assert!(confirmed.confirmed.is_some());
    drop(keeper);
    assert_eq!(fixture.known(None), Some((2, Cause::Apply)));
    // What comes back nobody has confirmed.
    let mut keeper = fixture.keeper();
    let begun = keeper.begin(record(3), texts(3));
    keeper
        .ends(begun, Some((2, Duration::from_mins(1))))
        .unwrap();
    drop(keeper);
    let (back, _) = fixture.keeper().known_good(|_| None).unwrap();
    assert_eq!((back.number, back.confirmed), (4, None));
}

#[test]
fn where_nothing_can_be_written_what_was_in_force_is_known_nevertheless() {
    let fixture = Fixture::with(&[1, 2]);
    let mut keeper = fixture.keeper();
    keeper.begin(record(3), texts(3)).kept().unwrap();
    drop(keeper);
    for (in_kernel, expected) in [(Some(3), 3), (None, 2)] {
        let mut keeper = fixture.only_reads();
        let known = keeper.known_good(|_| attached(in_kernel)).unwrap();
        assert_eq!((known.0.number, known.1), (expected, texts(expected)));
        assert_eq!(keeper.next_number(0), 4);
        let numbers: Vec<_> = keeper.list(9).unwrap().0;
        assert_eq!(numbers.len(), 3);
        assert_eq!(keeper.list(1).unwrap().1, 2);
        keeper.begin(record(4), texts(4)).kept().unwrap_err();
        assert!(keeper.trouble().is_some());
    }
    assert_eq!(fixture.known(None), Some((2, Cause::Apply)));
}

#[test]
fn what_was_on_trial_goes_back_where_nothing_can_be_written() {
    let fixture = Fixture::with(&[1]);
    let mut keeper = fixture.keeper();
    keeper.begin(record(2), texts(2)).kept().unwrap();
    let trial = Some((1, Duration::from_mins(1)));
    keeper.applied(record(2), trial).unwrap();
    drop(keeper);
    let mut keeper = fixture.only_reads();
    let (back, _) = keeper.known_good(|_| None).unwrap();
    assert_eq!((back.number, back.cause), (3, Cause::Unconfirmed(1)));
    keeper.applied(back, None).unwrap_err();
    assert!(!keeper.is_well());
    // Once there is room again, later agents know.
    fixture.mend(&mut keeper);
    keeper.catch_up().unwrap();
    assert!(keeper.is_well());
    drop(keeper);
    let (record, with) = fixture.keeper().known_good(|_| None).unwrap();
    assert_eq!((record.number, with), (3, texts(1)));
}

#[test]
fn what_could_not_be_written_down_is_before_the_next_one() {
    let fixture = Fixture::with(&[1]);
    let mut keeper = fixture.keeper();
    fixture.fail(&mut keeper);
    let begun = keeper.begin(record(2), texts(2));
    begun.kept().unwrap_err();
    keeper.ends(begun, None).unwrap_err();
    assert_eq!(keeper.in_force().unwrap().number, 2);
    keeper.catch_up().unwrap_err();
    fixture.mend(&mut keeper);
    keeper.begin(record(3), texts(3)).kept().unwrap();
    let second = keeper.get(2).unwrap().unwrap();
    assert_eq!(
        (second.back_to, keeper.texts(&second)),
        (None, Ok(texts(2)))
    );
    assert!(second.applied.is_some());
    keeper.withdraw(3).unwrap();
    assert_eq!(keeper.get(3), Ok(None));
    drop(keeper);
    assert_eq!(fixture.known(None), Some((2, Cause::Apply)));
}

#[test]
fn what_is_confirmed_while_it_could_not_be_marked_stays() {
    let fixture = Fixture::with(&[1]);
    let mut keeper = fixture.keeper();
    let begun = keeper.begin(record(2), texts(2));
    fixture.fail(&mut keeper);
    let trial = Some((1, Duration::from_mins(1)));
    keeper.ends(begun, trial).unwrap_err();
    keeper.confirm().unwrap_err();
    assert_eq!(keeper.trial().map(|trial| trial.number), Some(2));
    fixture.mend(&mut keeper);
    assert_eq!(keeper.confirm().unwrap().unwrap().number, 2);
    drop(keeper);
    assert_eq!(fixture.known(None), Some((2, Cause::Apply)));
}

#[test]
fn numbers_are_never_used_twice() {
    let fixture = Fixture::with(&[1, 2]);
    let mut keeper = fixture.keeper();
    assert_eq!((keeper.next_number(0), keeper.next_number(9)), (3, 10));
}

#[test]
fn a_directory_that_can_be_used_again_is() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    std::fs::write(&state, "a file").unwrap();
    let mut keeper = Keeper::open(&state).unwrap();
    assert!(keeper.trouble().is_some());
    keeper.begin(record(1), texts(1)).kept().unwrap_err();
    std::fs::remove_file(&state).unwrap();
    keeper.begin(record(1), texts(1)).kept().unwrap();
    keeper.applied(record(1), None).unwrap();
    assert_eq!(keeper.trouble(), None);
    assert_eq!(keeper.list(9).unwrap().0.len(), 1);
}

#[test]
fn a_store_that_failed_is_looked_after_until_it_can_be_used() {
    let fixture = Fixture::with(&[1]);
    let mut keeper = fixture.keeper();
    keeper.goes_on(record(1)).unwrap();
    assert!(keeper.is_well());
    fixture.fail(&mut keeper);
    keeper.retry().unwrap_err();
    assert!(!keeper.is_well() && keeper.trouble().is_some());
    fixture.mend(&mut keeper);
    keeper.retry().unwrap();
    assert!(keeper.is_well());
    assert_eq!(keeper.trouble(), None);
    // What is owed is written by it, too.
    let begun = keeper.begin(record(2), texts(2));
    fixture.fail(&mut keeper);
    keeper.ends(begun, None).unwrap_err();
    fixture.mend(&mut keeper);
    assert!(!keeper.is_well());
    keeper.retry().unwrap();
    assert!(keeper.is_well());
    drop(keeper);
    assert_eq!(fixture.known(None), Some((2, Cause::Apply)));
}

#[test]
fn what_is_kept_is_found_as_soon_as_nothing_can_be_written_any_more() {
    let fixture = Fixture::with(&[1, 2]);
    let mut keeper = fixture.keeper();
    keeper.store = None;
    let reader = fixture.reader();
    assert_eq!(keeper.list(9).unwrap().0.len(), 2);
    assert!(keeper.trouble().is_some());
    keeper.begin(record(3), texts(3)).kept().unwrap_err();
    drop(reader);
    // What is written from then on is what is read.
    keeper.begin(record(3), texts(3)).kept().unwrap();
    assert_eq!(keeper.list(9).unwrap().0.len(), 3);
    assert_eq!(keeper.trouble(), None);
}

#[test]
fn a_revision_that_goes_on_is_written_where_it_is_another_now() {
    let fixture = Fixture::with(&[1]);
    let mut keeper = fixture.keeper();
    let kept = keeper.get(1).unwrap().unwrap();
    let other = Record {
        image: hex(&[8; 32]),
        ..kept.clone()
    };
    keeper.goes_on(other.clone()).unwrap();
    drop(keeper);
    assert_eq!(fixture.keeper().get(1), Ok(Some(other.clone())));
    // What is there already needs no disk that takes something.
    let mut keeper = fixture.only_reads();
    keeper.goes_on(other).unwrap();
    keeper.goes_on(kept).unwrap_err();
    assert!(!keeper.is_well());
}

#[test]
fn files_that_say_what_is_in_force_are_known_unless_it_is_on_trial() {
    let fixture = Fixture::with(&[1, 2]);
    let kept = |number| fixture.keeper().get(number).unwrap().unwrap();
    let second = kept(2);
    let seen = ["gateway", "policy"].map(str::to_owned);
    let mut keeper = fixture.keeper();
    keeper.goes_on(second).unwrap();
    keeper.matches(seen.clone()).unwrap();
    drop(keeper);
    assert_eq!(kept(2).seen, seen);
    assert_ne!(kept(1).seen, seen);

    let mut keeper = fixture.keeper();
    keeper.begin(record(3), texts(3)).kept().unwrap();
    let trial = Some((2, Duration::from_mins(1)));
    keeper.applied(record(3), trial).unwrap();
    keeper.matches(seen.clone()).unwrap();
    drop(keeper);
    assert_ne!(kept(3).seen, seen);

    let third = kept(3);
    let mut keeper = fixture.only_reads();
    keeper.goes_on(third).unwrap();
    keeper.matches(seen).unwrap_err();
    assert!(!keeper.is_well());
}

#[test]
fn a_state_directory_is_one_keepers() {
    let fixture = Fixture::with(&[1]);
    let _first = fixture.keeper();
    let second = Keeper::open(fixture.directory.path());
    assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
}
