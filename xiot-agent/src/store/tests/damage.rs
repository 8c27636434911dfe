//! Files that are not what was written.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
};

use proptest::{prelude::*, test_runner::TestRunner};

use super::{OpenError, Opened, Revisions, open, opened, put, read, record, texts};

const FILE: &str = "revisions.redb";

/// A directory with two revisions.
fn two() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let Opened {
        content: revisions, ..
    } = opened(&directory);
    put(&revisions, record(1));
    put(&revisions, record(2));
    directory
}

#[test]
fn a_file_that_is_none_is_set_aside_and_kept() {
    for content in [b"not a database".to_vec(), vec![0; 100_000]] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), &content).unwrap();
        let Opened {
            content: revisions,
            set_aside,
        } = opened(&directory);
        let (aside, what) = set_aside.unwrap();
        assert!(!what.is_empty());
        assert_eq!(fs::read(&aside).unwrap(), content);
        put(&revisions, record(1));
        drop(revisions);
        assert!(opened(&directory).set_aside.is_none());
    }
}

#[test]
fn two_damaged_files_in_one_second_are_both_kept() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        fs::write(directory.path().join(FILE), "damaged").unwrap();
        assert!(opened(&directory).set_aside.is_some());
    }
    let names = fs::read_dir(directory.path()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains("damaged-")).count(), 3);
}

#[test]
fn a_directory_that_is_a_file_is_an_error_with_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = open::<Revisions>(&file).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("/file"), "{error}");
}

/// As an agent leaves it that was killed: nothing was closed.
#[test]
fn what_is_only_read_is_found_as_it_was_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    assert!(matches!(
        read::<Revisions>(directory.path()),
        Err(OpenError::Io { .. })
    ));
    let Opened {
        content: revisions, ..
    } = opened(&directory);
    put(&revisions, record(1));
    let refused = read::<Revisions>(directory.path()).unwrap_err();
    assert!(matches!(refused, OpenError::InUse(_)), "{refused:?}");
    let killed = fs::read(&path).unwrap();
    drop(revisions);
    fs::write(&path, &killed).unwrap();

    let copy: Revisions = read(directory.path()).unwrap();
    let in_force = copy.in_force().unwrap().unwrap();
    assert_eq!(copy.texts(&in_force).unwrap(), texts(1));
    put(&copy, record(2));
    // Nor does it keep an agent from starting.
    assert_eq!(fs::read(&path).unwrap(), killed);
    put(&opened(&directory).content, record(3));

    for content in [&b"not a database"[..], b"", &killed[..killed.len() / 2]] {
        fs::write(&path, content).unwrap();
        let error = read::<Revisions>(directory.path()).unwrap_err();
        assert!(error.to_string().contains(FILE), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

/// Whatever bytes are changed: what is believed is what was written, or nothing.
#[test]
fn changed_bytes_are_never_believed() {
    let whole = fs::read(two().path().join(FILE)).unwrap();
    let changes = proptest::collection::vec((0..whole.len(), any::<u8>()), 1..6);
    let quiet = panic::take_hook();
    // The database gives up in the middle of some.
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        TestRunner::new(ProptestConfig::with_cases(400)).run(&changes, |changes| {
            let directory = tempfile::tempdir().unwrap();
            let mut bytes = whole.clone();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            fs::write(directory.path().join(FILE), bytes).unwrap();
            let Opened {
                content: revisions,
                set_aside,
            } = opened(&directory);
            let in_force = revisions.in_force().unwrap();
            if set_aside.is_some() {
                prop_assert_eq!(in_force, None);
                return Ok(());
            }
            // The last commit may be undone, as by a crash; what is there is one of those that were.
            if let Some(in_force) = in_force {
                prop_assert!([1, 2].contains(&in_force.number));
                if let Ok(read) = revisions.texts(&in_force) {
                    prop_assert_eq!(read, texts(in_force.number));
                }
            }
            Ok(())
        })
    }));
    panic::set_hook(quiet);
    outcome.unwrap().unwrap();
}
