//! From a file to a policy or a gateway, with everything that is wrong with it.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use jiff::Timestamp;

use super::{
    check,
    gateway::Gateway,
    limit::{MAX_GATEWAY_BYTES, MAX_POLICY_BYTES},
    policy::Policy,
    raw,
    resolve::resolve,
    yaml,
};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    unit::size,
};

/// What a file says, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// What it says; none if there is any error.
    pub value: Option<T>,
    /// What is wrong with it: all of it.
    pub report: Report,
    /// Where the wire of each device stands, for checks against another file.
    pub(super) wire_spans: Vec<Span>,
}

/// Reads a policy from its text. `path` is for messages.
pub fn load_policy(path: &str, text: impl Into<Vec<u8>>) -> Loaded<Policy> {
    load_policy_at(path, text, Timestamp::now())
}

/// The same at this moment: rules that have expired by then are reported.
pub fn load_policy_at(path: &str, text: impl Into<Vec<u8>>, now: Timestamp) -> Loaded<Policy> {
    let text = text.into();
    if exceeds(text.len(), MAX_POLICY_BYTES) {
        return too_large(path, MAX_POLICY_BYTES);
    }
    let mut report = begin(path, text);
    let text = report.shared_text();
    let Some(root) = tree(&text, &mut report) else {
        return refused(report);
    };
    let raw = raw::read_policy(&root, &mut report);
    let resolved = resolve(&raw, path, now, &mut report);
    check::check_policy(&raw, &resolved, &mut report);
    Loaded {
        value: (report.errors() == 0).then_some(resolved.policy),
        report,
        wire_spans: resolved.wire_spans,
    }
}

/// Reads a gateway configuration from its text. `path` is for messages.
pub fn load_gateway(path: &str, text: impl Into<Vec<u8>>) -> Loaded<Gateway> {
    let text = text.into();
    if exceeds(text.len(), MAX_GATEWAY_BYTES) {
        return too_large(path, MAX_GATEWAY_BYTES);
    }
    let mut report = begin(path, text);
    let text = report.shared_text();
    let Some(root) = tree(&text, &mut report) else {
        return refused(report);
    };
    let gateway = raw::read_gateway(&root, path, &mut report);
    Loaded {
        value: gateway.filter(|_| report.errors() == 0),
        report,
        wire_spans: Vec::new(),
    }
}

/// Reads a policy file, never more of it than the limit.
pub fn read_policy(path: &Path) -> io::Result<Loaded<Policy>> {
    let text = read_text(path, MAX_POLICY_BYTES)?;
    Ok(load_policy(&path.display().to_string(), text))
}

/// Reads a gateway file, never more of it than the limit.
pub fn read_gateway(path: &Path) -> io::Result<Loaded<Gateway>> {
    let text = read_text(path, MAX_GATEWAY_BYTES)?;
    Ok(load_gateway(&path.display().to_string(), text))
}

/// The file up to one byte past `limit`, which is enough to see that it is too large.
pub fn read_text(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn exceeds(length: usize, limit: u64) -> bool {
    u64::try_from(length).is_ok_and(|length| length > limit)
}

fn too_large<T>(path: &str, limit: u64) -> Loaded<T> {
    let mut report = Report::new(path, "");
    report.push(
        Diagnostic::new(
            Code::TooLarge,
            Span::FILE,
            format!("the file is larger than {}", size::format(limit)),
        )
        .hint("it was not read any further"),
    );
    refused(report)
}

fn refused<T>(report: Report) -> Loaded<T> {
    Loaded {
        value: None,
        report,
        wire_spans: Vec::new(),
    }
}

/// A report for a file, which says so if the file is no text.
fn begin(path: &str, bytes: Vec<u8>) -> Report {
    let (text, fault) = yaml::check_text(bytes);
    let mut report = Report::new(path, text);
    if let Some(fault) = fault {
        report.push(fault);
    }
    report
}

/// The tree of a file that has no fault so far; reports what makes it unreadable.
fn tree<'s>(text: &'s str, report: &mut Report) -> Option<yaml::Node<'s>> {
    if report.errors() > 0 {
        return None;
    }
    yaml::parse(text)
        .map_err(|diagnostic| report.push(diagnostic))
        .ok()
}
