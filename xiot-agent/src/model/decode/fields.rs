//! Maps with known keys, and lists.

use std::collections::HashMap;

use super::wrong_type;
use crate::{
    diag::{Code, Diagnostic, Report, Span, closest},
    model::yaml::{Node, Value},
};

/// The entries of a map whose keys are known.
#[derive(Debug)]
pub(crate) struct Fields<'n, 's> {
    /// Where the map stands.
    pub(crate) span: Span,
    /// What it describes: `a device`.
    what: &'static str,
    /// Key, where the key stands, value; duplicates and unknown keys are gone.
    entries: Vec<(&'n str, Span, &'n Node<'s>)>,
}

impl<'n, 's> Fields<'n, 's> {
    /// The entries of `node`, which describes `what`. Reports anything but a map, keys that are not `known`, and
    /// keys given twice.
    pub(crate) fn read(
        node: &'n Node<'s>,
        what: &'static str,
        known: &[&'static str],
        report: &mut Report,
    ) -> Option<Self> {
        let pairs = map(node, what, report)?;
        let mut fields = Self {
            span: node.span,
            what,
            entries: Vec::with_capacity(pairs.len()),
        };
        for (key, value) in pairs {
            let Some(name) = key_text(key, report) else {
                continue;
            };
            if !known.contains(&name) {
                report.push(unknown_key(name, key.span, what, known));
                continue;
            }
            match fields.entries.iter().find(|(other, ..)| *other == name) {
                Some((_, first, _)) => report.push(duplicate_key(name, key.span, *first)),
                None => fields.entries.push((name, key.span, value)),
            }
        }
        Some(fields)
    }

    /// Key, where the key stands and value, in file order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'n str, Span, &'n Node<'s>)> {
        self.entries.iter().copied()
    }

    /// The value of a key, if it is given. `key:` with nothing behind it counts as not given.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node<'s>> {
        self.entries
            .iter()
            .find(|(name, ..)| *name == key)
            .map(|(_, _, value)| *value)
            .filter(|value| value.value != Value::Null)
    }

    /// Where a key stands, or the map if it is not there.
    pub(crate) fn key_span(&self, key: &str) -> Span {
        self.entries
            .iter()
            .find(|(name, ..)| *name == key)
            .map_or(self.span, |(_, span, _)| *span)
    }

    /// The value of a key that must be given.
    pub(crate) fn require(
        &self,
        key: &str,
        hint: &str,
        report: &mut Report,
    ) -> Option<&'n Node<'s>> {
        let value = self.get(key);
        if value.is_none() {
            report.push(
                Diagnostic::new(
                    Code::MissingKey,
                    self.key_span(key),
                    format!("{} needs `{key}`", self.what),
                )
                .hint(hint),
            );
        }
        value
    }
}

/// The pairs of a map; reports anything else.
fn map<'n, 's>(
    node: &'n Node<'s>,
    what: &str,
    report: &mut Report,
) -> Option<&'n [(Node<'s>, Node<'s>)]> {
    match &node.value {
        Value::Map(pairs) => Some(pairs),
        Value::Null | Value::Scalar(_) | Value::Seq(_) => {
            wrong_type(node, &format!("{what} as a map of `key: value`"), report);
            None
        }
    }
}

/// The entries of a map from names that people choose to what they stand for, in file order. Reports names
/// given twice; nothing at all is an empty map.
pub(crate) fn items<'n, 's>(
    node: Option<&'n Node<'s>>,
    what: &str,
    report: &mut Report,
) -> Vec<(&'n str, Span, &'n Node<'s>)> {
    let Some(pairs) = node.and_then(|node| map(node, what, report)) else {
        return Vec::new();
    };
    let mut seen = HashMap::new();
    let mut entries = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let Some(name) = key_text(key, report) else {
            continue;
        };
        if let Some(first) = seen.get(name) {
            report.push(
                Diagnostic::new(
                    Code::DuplicateName,
                    key.span,
                    format!("`{name}` is defined twice"),
                )
                .label("second definition")
                .note(*first, "first definition"),
            );
            continue;
        }
        seen.insert(name, key.span);
        entries.push((name, key.span, value));
    }
    entries
}

/// The entries of a list, or the only value where one may stand for a list of one.
pub(crate) fn one_or_many<'n, 's>(node: &'n Node<'s>) -> &'n [Node<'s>] {
    match &node.value {
        Value::Seq(items) => items,
        Value::Null | Value::Scalar(_) | Value::Map(_) => std::slice::from_ref(node),
    }
}

fn key_text<'n>(key: &'n Node<'_>, report: &mut Report) -> Option<&'n str> {
    match &key.value {
        Value::Scalar(text) => Some(text),
        Value::Null | Value::Seq(_) | Value::Map(_) => {
            wrong_type(key, "a key", report);
            None
        }
    }
}

fn unknown_key(name: &str, span: Span, what: &str, known: &[&'static str]) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        Code::UnknownKey,
        span,
        format!("{what} has no key `{name}`"),
    );
    if name == "<<" {
        return diagnostic.hint(
            "merge keys are not supported; repeat the key or use `*alias` for a whole value",
        );
    }
    match closest(name, known.iter().copied()) {
        Some(key) => diagnostic.hint(format!("did you mean `{key}`?")),
        None => diagnostic.hint(format!("known keys: {}", known.join(", "))),
    }
}

fn duplicate_key(name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateKey,
        span,
        format!("key `{name}` is given twice"),
    )
    .label("given again here")
    .note(first, "first given here")
}
