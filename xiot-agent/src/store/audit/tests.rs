//! Logs that were written, cut, changed and torn.

use std::fs;

use proptest::{prelude::*, sample::Index};

use super::*;

fn confirmed(revision: u64) -> Event {
    Event::Confirmed { revision }
}

fn opened(directory: &tempfile::TempDir) -> OpenedAudit {
    Audit::open(directory.path()).unwrap()
}

/// A log of this many entries, and its last.
fn log(entries: u64) -> (tempfile::TempDir, Place) {
    let directory = tempfile::tempdir().unwrap();
    let mut audit = opened(&directory).audit;
    for revision in 1..=entries {
        audit.append(Author::Agent, confirmed(revision)).unwrap();
    }
    (directory, audit.head())
}

/// All that a log has.
struct Read {
    chain: Chain,
    entries: Vec<Entry>,
    hashes: Vec<String>,
}

fn chain(directory: &tempfile::TempDir) -> Read {
    let file = File::open(Audit::path(directory.path())).unwrap();
    let (mut entries, mut hashes) = (Vec::new(), Vec::new());
    let chain = read(&file, |hash, entry| {
        hashes.push(hash.to_owned());
        entries.extend(entry);
    });
    Read {
        chain: chain.unwrap(),
        entries,
        hashes,
    }
}

#[test]
fn entries_are_found_again_in_one_chain() {
    let (directory, head) = log(3);
    let OpenedAudit { mut audit, broken } = opened(&directory);
    assert_eq!((audit.head(), broken), (head.clone(), None));
    let by = Author::User { uid: 7, name: None };
    audit.append(by.clone(), confirmed(4)).unwrap();
    let read = chain(&directory);
    assert_eq!(read.chain.broken, None);
    assert_eq!(read.entries.len(), 4);
    assert_eq!(
        (&read.entries[3].by, &read.entries[3].event),
        (&by, &confirmed(4))
    );
    assert_eq!(read.chain.last, Some(audit.head()));
    assert_eq!(read.hashes[2], head.hash);
}

#[test]
fn lines_are_as_documented() {
    let (directory, _) = log(2);
    let text = fs::read_to_string(Audit::path(directory.path())).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let first: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(first["sequence"], 1);
    assert_eq!(
        (&first["event"], &first["revision"]),
        (&"confirmed".into(), &1.into())
    );
    assert_eq!(
        (&first["by"], &first["previous"]),
        (&"agent".into(), &NOTHING.into())
    );
    let second: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    assert_eq!(second["previous"], digest(lines[0].as_bytes()));
}

#[test]
fn one_writer_at_a_time() {
    let (directory, _) = log(1);
    let first = opened(&directory);
    let second = Audit::open(directory.path());
    assert!(matches!(second, Err(AuditError::InUse(_))), "{first:?}");
}

#[test]
fn a_log_that_is_cut_short_lacks_what_was_noted() {
    let (directory, head) = log(5);
    let path = Audit::path(directory.path());
    let text = fs::read_to_string(&path).unwrap();
    let kept: Vec<_> = text.lines().take(3).collect();
    fs::write(&path, kept.join("\n") + "\n").unwrap();
    let read = chain(&directory);
    assert_eq!(read.chain.broken, None);
    assert!(!read.hashes.contains(&head.hash));
}

#[test]
fn a_broken_chain_stays_broken_and_goes_on() {
    let (directory, _) = log(3);
    let path = Audit::path(directory.path());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"revision\":2", "\"revision\":9")).unwrap();
    let OpenedAudit { mut audit, broken } = opened(&directory);
    assert_eq!(broken.unwrap().line, 3);
    audit.append(Author::Agent, confirmed(4)).unwrap();
    let chain = chain(&directory).chain;
    assert_eq!(chain.broken.unwrap().line, 3);
    assert_eq!(chain.last.unwrap().sequence, 4);
}

#[test]
fn a_line_longer_than_any_entry_breaks_the_chain_and_nothing_else() {
    // The shortest that is not read whole, some that end with a buffer, and the longest that could be left of an entry.
    for (bytes, ends) in [
        (65_535, true),
        (65_536, true),
        (131_071, true),
        (200_000, true),
    ]
    .into_iter()
    .chain([65_536, 73_728, 200_000].map(|bytes| (bytes, false)))
    {
        let (directory, _) = log(2);
        let path = Audit::path(directory.path());
        let long = "x".repeat(bytes);
        let before = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            format!("{before}{long}{}", if ends { "\n" } else { "" }),
        )
        .unwrap();
        let OpenedAudit { mut audit, broken } = opened(&directory);
        let case = format!("{bytes}, {ends}");
        assert_eq!(broken.unwrap().line, 3, "{case}");
        assert_eq!(
            audit.head(),
            Place {
                sequence: 3,
                hash: digest(long.as_bytes())
            },
            "{case}"
        );
        audit.append(Author::Agent, confirmed(4)).unwrap();
        let read = chain(&directory);
        assert_eq!(read.chain.broken.unwrap().line, 3, "{case}");
        assert_eq!(read.chain.last, Some(audit.head()), "{case}");
        assert_eq!(read.entries.len(), 3, "{case}");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("{before}{long}\n{{")), "{case}");
        assert_eq!(read.chain.bytes, text.len() as u64, "{case}");
    }
}

#[test]
fn power_may_fail_at_any_byte() {
    let (directory, _) = log(2);
    let path = Audit::path(directory.path());
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for end in 0..=whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let torn = match end {
            _ if end < first => end,
            _ if end < whole.len() => end - first,
            _ => 0,
        };
        let OpenedAudit { mut audit, broken } = opened(&directory);
        assert_eq!(broken, None, "{end}");
        audit.append(Author::Agent, confirmed(3)).unwrap();
        let Read { chain, entries, .. } = chain(&directory);
        assert_eq!((chain.broken, chain.torn), (None, 0), "{end}");
        let noted = entries.iter().find_map(|entry| match entry.event {
            Event::Torn { bytes } => Some(bytes),
            Event::Confirmed { .. } => None,
            Event::Start { .. }
            | Event::Stop { .. }
            | Event::Policy { .. }
            | Event::Decision { .. }
            | Event::Detach { .. } => panic!("{entry:?}"),
        });
        assert_eq!(noted.unwrap_or(0), torn as u64, "{end}");
    }
}

#[test]
fn half_a_line_that_cannot_be_cut_off_breaks_the_chain_and_nothing_else() {
    let (directory, _) = log(2);
    let path = Audit::path(directory.path());
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"sequence\":3,").unwrap();
    let flags = rustix::fs::ioctl_getflags(&file).unwrap();
    let grows = flags | rustix::fs::IFlags::APPEND;
    if let Err(error) = rustix::fs::ioctl_setflags(&file, grows) {
        eprintln!("skipped: no file here may only grow: {error}");
        return;
    }
    drop(file);
    let OpenedAudit { mut audit, broken } = opened(&directory);
    let noted = audit.append(Author::Agent, confirmed(4));
    drop(audit);
    let read = chain(&directory);
    let file = File::open(&path).unwrap();
    rustix::fs::ioctl_setflags(&file, flags).unwrap();
    noted.unwrap();
    assert_eq!(broken.unwrap().line, 3);
    assert_eq!(read.chain.broken.unwrap().line, 3);
    assert_eq!((read.entries.len(), read.chain.torn), (3, 0));
    assert_eq!(read.entries[2].sequence, 4);
}

proptest! {
    /// Whatever byte is changed, the chain or its last hash tells.
    #[test]
    fn a_changed_byte_shows(at in any::<Index>(), byte in any::<u8>()) {
        let (directory, head) = log(4);
        let path = Audit::path(directory.path());
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        fs::write(&path, bytes).unwrap();
        let chain = chain(&directory).chain;
        let shows = chain.broken.is_some() || chain.torn > 0 || chain.last != Some(head);
        prop_assert!(shows);
    }
}
