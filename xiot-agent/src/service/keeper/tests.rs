//! Agents that end at any moment, and what the next one takes for good.

use super::*;
use crate::{service::sample, store::Text};

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

impl Fixture {
    /// With these revisions in force one after another.
    fn with(numbers: &[u64]) -> Self {
        let fixture = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let mut keeper = fixture.keeper();
        for &number in numbers {
            keeper.begin(&record(number), &texts(number)).unwrap();
            keeper.applied(record(number), None).unwrap();
        }
        fixture
    }

    fn keeper(&self) -> Keeper {
        Keeper::open(self.directory.path()).unwrap()
    }

    /// What an agent starts with that finds this in the kernel.
    fn known(&self, in_kernel: Option<u64>) -> Option<(u64, Cause)> {
        let attached = in_kernel.map(|revision| Attached {
            revision,
            digest: DIGEST,
        });
        let (record, with) = self.keeper().known_good(|_| attached)?;
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
        fixture.keeper().begin(&record(3), &texts(3)).unwrap();
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
    fixture.keeper().begin(&other, &texts(2)).unwrap();
    assert_eq!(fixture.known(Some(2)), Some((1, Cause::Apply)));
}

#[test]
fn what_was_on_trial_is_not_good() {
    let on_trial = Some((2, Duration::from_mins(1)));
    let fixture = Fixture::with(&[1, 2]);
    let mut keeper = fixture.keeper();
    keeper.begin(&record(3), &texts(3)).unwrap();
    keeper.applied(record(3), on_trial).unwrap();
    assert_eq!(keeper.trial().map(|it| it.back_to), Some(2));
    drop(keeper);
    let (back, _) = fixture.keeper().known_good(|_| None).unwrap();
    assert_eq!((back.number, back.cause), (4, Cause::Unconfirmed(2)));
    // Ended once more before it was in force again: the same once more.
    let (back, _) = fixture.keeper().known_good(|_| None).unwrap();
    assert_eq!((back.number, back.cause), (4, Cause::Unconfirmed(2)));
    let mut keeper = fixture.keeper();
    keeper.begin(&back, &texts(2)).unwrap();
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
    fixture.keeper().begin(&second, &texts(2)).unwrap();
    assert_eq!(fixture.known(Some(2)), Some((3, Cause::Unconfirmed(1))));
}

#[test]
fn what_is_confirmed_is_good() {
    let fixture = Fixture::with(&[1]);
    let mut keeper = fixture.keeper();
    assert_eq!(keeper.confirm(), Ok(None));
    keeper.begin(&record(2), &texts(2)).unwrap();
    keeper
        .applied(record(2), Some((1, Duration::from_mins(1))))
        .unwrap();
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
    assert!(keeper.begin(&record(1), &texts(1)).is_err());
    std::fs::remove_file(&state).unwrap();
    keeper.begin(&record(1), &texts(1)).unwrap();
    keeper.applied(record(1), None).unwrap();
    assert_eq!(keeper.trouble(), None);
    assert_eq!(keeper.list(9).unwrap().0.len(), 1);
}
