//! Single values.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use super::{Fields, Spanned, wrong_type};
use crate::{
    diag::{Code, Diagnostic, Report, Span, closest},
    model::{
        limit::{MAX_NAME_BYTES, MAX_TEXT_BYTES},
        yaml::{Node, Value, is_hidden},
    },
    unit::duration,
};

/// The text of a single value; reports anything else.
pub(crate) fn text<'n>(
    node: &'n Node<'_>,
    expected: &str,
    report: &mut Report,
) -> Option<Spanned<&'n str>> {
    match &node.value {
        Value::Scalar(text) => Some(Spanned::new(text, node.span)),
        Value::Null | Value::Seq(_) | Value::Map(_) => {
            wrong_type(node, expected, report);
            None
        }
    }
}

/// A value that `parse` reads; what it says against the text is reported under `code`.
pub(crate) fn with_unit<T, E: std::fmt::Display>(
    node: &Node<'_>,
    code: Code,
    expected: &str,
    parse: impl Fn(&str) -> Result<T, E>,
    report: &mut Report,
) -> Option<T> {
    let text = text(node, expected, report)?;
    match parse(text.value) {
        Ok(value) => Some(value),
        Err(error) => {
            report.push(
                Diagnostic::new(
                    code,
                    text.span,
                    format!("`{}` is not {expected}", shorten(text.value)),
                )
                .hint(error.to_string()),
            );
            None
        }
    }
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(
    node: &Node<'_>,
    what: &str,
    words: &[(&'static str, T)],
    report: &mut Report,
) -> Option<T> {
    let text = text(node, what, report)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
        return Some(*value);
    }
    let names = || words.iter().map(|(word, _)| *word);
    let listed = names()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let diagnostic = Diagnostic::new(
        Code::UnknownValue,
        text.span,
        format!("`{}` is not {what}", shorten(text.value)),
    );
    report.push(match closest(text.value, names()) {
        Some(name) => diagnostic.hint(format!("did you mean `{name}`? Possible are {listed}")),
        None => diagnostic.hint(format!("possible are {listed}")),
    });
    None
}

/// A whole number within `range`.
pub(crate) fn count(
    node: &Node<'_>,
    what: &str,
    range: &RangeInclusive<u64>,
    report: &mut Report,
) -> Option<u64> {
    let text = text(node, what, report)?;
    let number = Some(text.value)
        .filter(|text| text.chars().all(|c| c.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .filter(|number| range.contains(number));
    if number.is_none() {
        report.push(
            Diagnostic::new(
                Code::BadNumber,
                text.span,
                format!("`{}` is not {what}", shorten(text.value)),
            )
            .hint(format!(
                "a whole number from {} to {}",
                range.start(),
                range.end()
            )),
        );
    }
    number
}

/// Whole numbers of a kind.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    /// What one is: `a number per second`.
    pub(crate) what: &'static str,
    /// Those that there are.
    pub(crate) range: RangeInclusive<u64>,
}

/// A map of whole numbers; what is not in it keeps its value.
pub(crate) fn counts<const N: usize>(
    node: Option<&Node<'_>>,
    map: &'static str,
    slots: [(&'static str, &Numbers, &mut u32); N],
    report: &mut Report,
) {
    let keys = slots.each_ref().map(|(key, _, _)| *key);
    let Some(fields) = node.and_then(|node| Fields::read(node, map, &keys, report)) else {
        return;
    };
    for (key, Numbers { what, range }, slot) in slots {
        let number = fields
            .get(key)
            .and_then(|node| count(node, what, range, report));
        if let Some(number) = number.and_then(|number| u32::try_from(number).ok()) {
            *slot = number;
        }
    }
}

/// A duration within `range`.
pub(crate) fn duration_within(
    node: &Node<'_>,
    what: &str,
    range: &RangeInclusive<Duration>,
    report: &mut Report,
) -> Option<Duration> {
    let duration = with_unit(
        node,
        Code::BadDuration,
        "a duration",
        duration::parse,
        report,
    )?;
    if range.contains(&duration) {
        return Some(duration);
    }
    report.push(
        Diagnostic::new(
            Code::BadDuration,
            node.span,
            format!("{what} of {} is out of range", duration::format(duration)),
        )
        .hint(format!(
            "from {} to {}",
            duration::format(*range.start()),
            duration::format(*range.end())
        )),
    );
    None
}

/// A name that people chose, where it is used.
pub(crate) fn name<'n>(
    node: &'n Node<'_>,
    what: &str,
    report: &mut Report,
) -> Option<Spanned<&'n str>> {
    let text = text(node, what, report)?;
    check_name(text.value, text.span, what, report).then_some(text)
}

/// Whether a text can be a name: ASCII letters and digits, `-`, `_` and `.`, first a letter or digit.
pub(crate) fn check_name(name: &str, span: Span, what: &str, report: &mut Report) -> bool {
    let first = name.chars().next();
    let fault = if name.len() > MAX_NAME_BYTES {
        Some(format!("a name has at most {MAX_NAME_BYTES} characters"))
    } else if first.is_none_or(|c| !c.is_ascii_alphanumeric())
        || !name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    {
        Some(
            "a name has letters a-z and A-Z, digits, `-`, `_` and `.`, and begins with a letter or a digit"
                .to_owned(),
        )
    } else {
        None
    };
    let Some(hint) = fault else {
        return true;
    };
    report.push(
        Diagnostic::new(
            Code::BadName,
            span,
            format!("`{}` cannot be the name of {what}", shorten(name)),
        )
        .hint(hint),
    );
    false
}

/// Free text of bounded length, in one line: notes and owners stand in tables and logs.
pub(crate) fn free_text(node: &Node<'_>, what: &str, report: &mut Report) -> Option<String> {
    let text = text(node, what, report)?;
    if text.value.len() > MAX_TEXT_BYTES {
        report.push(
            Diagnostic::new(Code::TooLong, text.span, format!("{what} is too long"))
                .hint(format!("at most {MAX_TEXT_BYTES} bytes")),
        );
        return None;
    }
    if let Some(c) = text.value.chars().find(|c| is_hidden(*c)) {
        report.push(
            Diagnostic::new(
                Code::NotText,
                text.span,
                format!("{what} has the invisible character U+{:04X}", u32::from(c)),
            )
            .hint("remove it; it would garble tables and logs"),
        );
        return None;
    }
    Some(text.value.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// An absolute path of at most `max` bytes.
pub(crate) fn path(
    node: &Node<'_>,
    what: &str,
    max: usize,
    report: &mut Report,
) -> Option<PathBuf> {
    let text = text(node, what, report)?;
    let path = PathBuf::from(text.value);
    if path.is_absolute() && text.value.len() <= max {
        return Some(path);
    }
    report.push(
        Diagnostic::new(
            Code::BadPath,
            text.span,
            format!("`{}` cannot be {what}", shorten(text.value)),
        )
        .hint(format!("an absolute path of at most {max} bytes")),
    );
    None
}

/// A text short and harmless enough for a message: escapes in double quotes can put anything into a value.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN: usize = 48;
    let mut chars = text.chars();
    let mut shown: String = chars
        .by_ref()
        .take(SHOWN)
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if is_hidden(c) => '\u{fffd}',
            c => c,
        })
        .collect();
    if chars.next().is_some() {
        shown.push_str("...");
    }
    shown
}
