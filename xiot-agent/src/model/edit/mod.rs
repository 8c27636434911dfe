//! Changes to the text of a policy that leave everything else as people wrote it: order, comments, style.
//!
//! YAML libraries that keep comments can't write any themselves, and a proposal lives by them: so lines are put where the parser says that a
//! list or map ends. What is written in braces or brackets on one line becomes a block first; over several lines it is left alone, and the error says where.

mod lines;

use std::collections::HashMap;

use self::lines::{
    end_of, indent_of, insert, insertion, offset_of, tail_of_map, tail_of_seq, unfold,
};
use super::{
    policy::Mode,
    yaml::{self, Node, Value},
};
use crate::diag::Span;

/// The text can't be changed in this way.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EditError {
    /// It is no policy.
    #[error("the policy can't be read: {0}")]
    Unreadable(String),
    /// There is no such profile or device.
    #[error("the policy has no {what} `{name}`")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is one already.
    #[error("the policy has a {what} `{name}` already, in line {line}")]
    Exists {
        /// What is there.
        what: &'static str,
        /// Its name.
        name: String,
        /// Where.
        line: u32,
    },
    /// It is written in braces or brackets over several lines, or behind an alias.
    #[error(
        "line {line}: {what} is written in a way that can't be added to; write it as a block, one entry to a line"
    )]
    Style {
        /// What it is.
        what: String,
        /// Where.
        line: u32,
    },
}

/// What is written of a profile, from its name to its last line, comments among that. Nothing where there is none.
pub fn profile_text<'t>(text: &'t str, profile: &str) -> Result<&'t str, EditError> {
    let root = parse(text)?;
    let key = top(&root, "profiles")
        .and_then(pairs)
        .and_then(|profiles| profiles.iter().find(|(key, _)| is(key, profile)));
    let Some((key, _)) = key else {
        return Ok("");
    };
    let at = offset_of(text, key.span.line);
    let indent = indent_of(text, at);
    Ok(text
        .get(at..end_of(text, at, indent, |_| false))
        .unwrap_or_default())
}

/// Adds lines to the rules of a profile, at their end: each a rule behind its dash, or a comment.
pub fn add_rules(text: &str, profile: &str, lines: &[String]) -> Result<String, EditError> {
    with_profile(text, profile, |text, node| {
        let what = || format!("profile `{profile}`");
        let pairs = pairs(node).ok_or_else(|| style(what(), node.span))?;
        let Some((key, rules)) = pairs.iter().find(|(key, _)| is(key, "allow")) else {
            let at = tail_of_map(text, pairs).ok_or_else(|| style(what(), node.span))?;
            let lines = std::iter::once("allow:".to_owned())
                .chain(lines.iter().map(|line| format!("  {line}")))
                .collect::<Vec<_>>();
            return Ok(insert(text, at, &lines));
        };
        let what = || format!("`allow` of profile `{profile}`");
        match &rules.value {
            Value::Seq(items) if is_own(key, items) => {
                let at = tail_of_seq(text, items).ok_or_else(|| style(what(), rules.span))?;
                Ok(insert(text, at, lines))
            }
            Value::Null | Value::Seq(_) | Value::Scalar(_) | Value::Map(_) => {
                Err(style(what(), rules.span))
            }
        }
    })
}

/// Adds a service to those of a profile, which has these; nothing where it has it.
pub fn add_service(
    text: &str,
    profile: &str,
    service: &str,
    before: &[&str],
) -> Result<String, EditError> {
    with_profile(text, profile, |text, node| {
        let what = || format!("`services` of profile `{profile}`");
        let pairs = pairs(node).ok_or_else(|| style(what(), node.span))?;
        let all = before.iter().copied().chain([service]);
        let all = format!("services: [{}]", all.collect::<Vec<_>>().join(", "));
        let Some((key, services)) = pairs.iter().find(|(key, _)| is(key, "services")) else {
            let (first, _) = pairs.first().ok_or_else(|| style(what(), node.span))?;
            let at = offset_of(text, first.span.line);
            let indent = indent_of(text, at);
            return Ok(insert(text, (at, indent), &[all]));
        };
        match &services.value {
            Value::Seq(items) if is_own(key, items) => {
                if let Some(at) = tail_of_seq(text, items) {
                    return Ok(insert(text, at, &[format!("- {service}")]));
                }
                let end = services.span.end as usize;
                let (Some(before), Some(rest)) = (text.get(..end), text.get(end..)) else {
                    return Err(style(what(), services.span));
                };
                let before = before
                    .strip_suffix(']')
                    .ok_or_else(|| style(what(), services.span))?;
                Ok(format!("{}, {service}]{rest}", before.trim_end()))
            }
            Value::Seq(_) | Value::Null | Value::Scalar(_) | Value::Map(_) => {
                Err(style(what(), key.span))
            }
        }
    })
}

/// Adds a profile at the end of the profiles. The lines are those of its body.
pub fn add_profile(text: &str, name: &str, body: &[String]) -> Result<String, EditError> {
    add_profiles(text, &[(name.to_owned(), body.to_vec())])
}

/// Adds profiles at the end of the profiles, each with the lines of its body.
pub fn add_profiles(text: &str, all: &[(String, Vec<String>)]) -> Result<String, EditError> {
    let lines: Vec<_> = all
        .iter()
        .flat_map(|(name, body)| {
            let body = body.iter().map(|line| format!("  {line}"));
            std::iter::once(format!("{name}:")).chain(body)
        })
        .collect();
    add_to(
        text,
        "profiles",
        |text, profiles| {
            let profiles = pairs(profiles).ok_or_else(|| style("`profiles`", profiles.span))?;
            let there: HashMap<_, _> = profiles
                .iter()
                .filter_map(|(key, _)| Some((scalar(key)?, key.span.line)))
                .collect();
            if let Some((name, line)) = all
                .iter()
                .find_map(|(name, _)| Some((name, there.get(name.as_str())?)))
            {
                return Err(EditError::Exists {
                    what: "profile",
                    name: name.clone(),
                    line: *line,
                });
            }
            let at = tail_of_map(text, profiles)
                .ok_or_else(|| style("`profiles`", key_span(profiles)))?;
            Ok(insert(text, at, &lines))
        },
        &lines,
    )
}

/// Adds a device at the end of the devices: a map in braces.
pub fn add_device(text: &str, name: &str, device: &str) -> Result<String, EditError> {
    let line = format!("- {device}");
    add_to(
        text,
        "devices",
        |text, devices| {
            let Value::Seq(items) = &devices.value else {
                return Err(style("`devices`", devices.span));
            };
            if let Some(item) = items.iter().find(|item| has_name(item, name)) {
                return Err(EditError::Exists {
                    what: "device",
                    name: name.to_owned(),
                    line: item.span.line,
                });
            }
            let at = tail_of_seq(text, items).ok_or_else(|| style("`devices`", devices.span))?;
            Ok(insert(text, at, std::slice::from_ref(&line)))
        },
        std::slice::from_ref(&line),
    )
}

/// Gives each of these devices another mode.
pub fn set_modes(text: &str, modes: &[(&str, Mode)]) -> Result<String, EditError> {
    let values: Vec<_> = modes
        .iter()
        .map(|(device, mode)| {
            let mode = match mode {
                Mode::Learn => "learn",
                Mode::Monitor => "monitor",
                Mode::Enforce => "enforce",
            };
            (*device, mode)
        })
        .collect();
    set(text, "mode", &values)
}

/// Gives each of these devices another profile.
pub fn set_profiles(text: &str, profiles: &[(&str, &str)]) -> Result<String, EditError> {
    set(text, "profile", profiles)
}

/// Bytes of the text, and what stands there instead.
type Patch = (std::ops::Range<usize>, String);

/// Gives each of these devices a value of a key.
fn set(text: &str, key: &str, values: &[(&str, &str)]) -> Result<String, EditError> {
    let root = parse(text)?;
    let items = top(&root, "devices").and_then(|devices| match &devices.value {
        Value::Seq(items) => Some(items),
        Value::Null | Value::Scalar(_) | Value::Map(_) => None,
    });
    let of_name: HashMap<_, _> = items
        .into_iter()
        .flatten()
        .filter_map(|item| Some((name_of(item)?, item)))
        .collect();
    let mut patches = values
        .iter()
        .map(|(device, value)| {
            let node = of_name.get(device);
            let node = node.ok_or_else(|| missing("device", device))?;
            patch(text, node, key, value)
                .ok_or_else(|| style(format!("device `{device}`"), node.span))
        })
        .collect::<Result<Vec<_>, _>>()?;
    // From the end, so that places before stay where they are.
    patches.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut text = text.to_owned();
    for (place, instead) in patches {
        text.replace_range(place, &instead);
    }
    Ok(text)
}

/// None: it is written in a way that this would change something else of.
fn patch(text: &str, node: &Node<'_>, key: &str, value: &str) -> Option<Patch> {
    let pairs = pairs(node)?;
    if let Some((_, before)) = pairs.iter().find(|(it, _)| is(it, key)) {
        // Behind an alias it stands elsewhere, for others too.
        let place = before.span.start as usize..before.span.end as usize;
        let written = text.get(place.clone())?;
        let is_scalar = matches!(&before.value, Value::Scalar(it)
            if written.trim_matches(['"', '\'']) == it.as_ref());
        return (is_scalar && before.span.start >= node.span.start)
            .then(|| (place, value.to_owned()));
    }
    let (start, end) = (node.span.start as usize, node.span.end as usize);
    let whole = text.get(start..end)?;
    if whole.starts_with('{') {
        let inner = whole.strip_suffix('}')?.trim_end();
        return Some((start + inner.len()..end, format!(", {key}: {value}}}")));
    }
    let (at, _) = tail_of_map(text, pairs)?;
    let indent = (node.span.column as usize).saturating_sub(1);
    Some((
        at..at,
        insertion(text, (at, indent), &[format!("{key}: {value}")]),
    ))
}

/// Works on a profile, which is a block by then.
fn with_profile(
    text: &str,
    profile: &str,
    work: impl Fn(&str, &Node<'_>) -> Result<String, EditError>,
) -> Result<String, EditError> {
    let mut text = text.to_owned();
    loop {
        let root = parse(&text)?;
        let node = top(&root, "profiles")
            .and_then(pairs)
            .and_then(|profiles| profiles.iter().find(|(key, _)| is(key, profile)))
            .ok_or_else(|| missing("profile", profile))?;
        let (key, node) = node;
        let rules = pairs(node).and_then(|pairs| pairs.iter().find(|(key, _)| is(key, "allow")));
        // First the profile, then its rules.
        let folded = [Some((key, node)), rules.map(|(key, rules)| (key, rules))];
        let unfolded = folded
            .into_iter()
            .flatten()
            .find_map(|(key, node)| unfold(&text, key, node));
        match unfolded {
            Some(unfolded) => text = unfolded,
            None => return work(&text, node),
        }
    }
}

/// Works on what stands under a key of the file, or writes it at the end of the file.
fn add_to(
    text: &str,
    key: &str,
    work: impl Fn(&str, &Node<'_>) -> Result<String, EditError>,
    lines: &[String],
) -> Result<String, EditError> {
    let root = parse(text)?;
    match top(&root, key) {
        Some(node) if !node.is_empty() => work(text, node),
        Some(node) => Err(style(format!("`{key}`"), node.span)),
        None => {
            let end = if text.ends_with('\n') || text.is_empty() {
                ""
            } else {
                "\n"
            };
            let head = format!("{text}{end}\n{key}:\n");
            Ok(insert(&head, (head.len(), 2), lines))
        }
    }
}

fn parse(text: &str) -> Result<Node<'_>, EditError> {
    yaml::parse(text).map_err(|fault| EditError::Unreadable(fault.message))
}

fn top<'n, 's>(root: &'n Node<'s>, name: &str) -> Option<&'n Node<'s>> {
    let (_, node) = pairs(root)?.iter().find(|(key, _)| is(key, name))?;
    Some(node)
}

fn pairs<'n, 's>(node: &'n Node<'s>) -> Option<&'n [(Node<'s>, Node<'s>)]> {
    match &node.value {
        Value::Map(pairs) => Some(pairs),
        Value::Null | Value::Scalar(_) | Value::Seq(_) => None,
    }
}

fn is(node: &Node<'_>, text: &str) -> bool {
    matches!(&node.value, Value::Scalar(scalar) if scalar == text)
}

fn has_name(item: &Node<'_>, name: &str) -> bool {
    name_of(item) == Some(name)
}

fn name_of<'n>(item: &'n Node<'_>) -> Option<&'n str> {
    let (_, name) = pairs(item)?.iter().find(|(key, _)| is(key, "name"))?;
    scalar(name)
}

fn scalar<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match &node.value {
        Value::Scalar(text) => Some(text),
        Value::Null | Value::Map(_) | Value::Seq(_) => None,
    }
}

/// Whether there are items, and they stand behind the key: not where an anchor is that is used here.
fn is_own(key: &Node<'_>, items: &[Node<'_>]) -> bool {
    items
        .first()
        .is_some_and(|first| first.span.start > key.span.start)
}

fn key_span(pairs: &[(Node<'_>, Node<'_>)]) -> Span {
    pairs.first().map_or(Span::FILE, |(key, _)| key.span)
}

fn missing(what: &'static str, name: &str) -> EditError {
    EditError::Missing {
        what,
        name: name.to_owned(),
    }
}

fn style(what: impl Into<String>, span: Span) -> EditError {
    EditError::Style {
        what: what.into(),
        line: span.line,
    }
}

#[cfg(test)]
mod tests;
