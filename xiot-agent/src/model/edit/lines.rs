//! Lines of a text: where a block ends by its indentation, and how something is put there.

use crate::model::yaml::{Node, Value};

/// Byte at which a line begins, and columns that it is indented by.
pub(super) type Place = (usize, usize);

/// Where a line (from 1) begins.
pub(super) fn offset_of(text: &str, line: u32) -> usize {
    let before = (line as usize).saturating_sub(1);
    let lines = text.split_inclusive('\n').take(before);
    lines.map(str::len).sum()
}

/// Spaces that the line which begins here is indented by.
pub(super) fn indent_of(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.len() - rest.trim_start_matches(' ').len()
}

/// Puts lines there.
pub(super) fn insert(text: &str, place: Place, lines: &[String]) -> String {
    let (before, after) = text.split_at_checked(place.0).unwrap_or((text, ""));
    [before, &insertion(text, place, lines), after].concat()
}

/// Lines as they are put there.
pub(super) fn insertion(text: &str, (at, indent): Place, lines: &[String]) -> String {
    let before = text.get(..at).unwrap_or(text);
    let mut all = String::new();
    if !before.is_empty() && !before.ends_with('\n') {
        all.push('\n');
    }
    for line in lines {
        if !line.is_empty() {
            all.extend(std::iter::repeat_n(' ', indent));
            all.push_str(line);
        }
        all.push('\n');
    }
    all
}

/// Where a list in block style ends, and its dashes stand; none: it is in no such style.
pub(super) fn tail_of_seq(text: &str, items: &[Node<'_>]) -> Option<Place> {
    let last = items.last()?;
    let at = offset_of(text, last.span.line);
    let indent = indent_of(text, at);
    let is_dash = |line: &str| line == "-" || line.starts_with("- ");
    let first = text.get(at..)?.lines().next()?.trim_start();
    if !is_dash(first) {
        return None;
    }
    Some((end_of(text, at, indent, is_dash), indent))
}

/// Where a map in block style ends, and its keys stand; none: it is in no such style.
pub(super) fn tail_of_map(text: &str, pairs: &[(Node<'_>, Node<'_>)]) -> Option<Place> {
    let (last, _) = pairs.last()?;
    let at = offset_of(text, last.span.line);
    let indent = (last.span.column as usize).checked_sub(1)?;
    // In braces all keys stand in one line, or behind what is no indentation.
    let line = text.get(at..)?.lines().next()?;
    let lead = line.get(..last.span.start as usize - at)?;
    // The only key of a list's item stands behind its dash.
    let is_block = lead.trim().is_empty() || pairs.len() == 1 && lead.trim() == "-";
    if !is_block {
        return None;
    }
    let goes_on = |line: &str| line == "-" || line.starts_with("- ");
    // A list may stand as far left as the key that it is of.
    Some((end_of(text, at, indent, goes_on), indent))
}

/// The end of what begins in the line at `at`: all that is indented by more than `indent`, lines at `indent` that `goes_on` knows, and comments among
/// and right behind them that are indented as far. Empty lines behind it do not belong to it.
pub(super) fn end_of(
    text: &str,
    at: usize,
    indent: usize,
    goes_on: impl Fn(&str) -> bool,
) -> usize {
    let mut end = at;
    let mut here = at;
    for (number, line) in text
        .get(at..)
        .unwrap_or_default()
        .split_inclusive('\n')
        .enumerate()
    {
        let bare = line.trim();
        let by = indent_of(line, 0);
        let belongs =
            number == 0 || by > indent || by == indent && (bare.starts_with('#') || goes_on(bare));
        here += line.len();
        if bare.is_empty() {
            continue;
        }
        if !belongs {
            break;
        }
        end = here;
    }
    end
}

/// The text with what stands under this key written as a block, if it is in braces or brackets on the key's line; none: it is not.
pub(super) fn unfold(text: &str, key: &Node<'_>, node: &Node<'_>) -> Option<String> {
    let start = node.span.start as usize;
    let whole = text.get(start..node.span.end as usize)?;
    let is_folded = whole.starts_with('{') && whole.ends_with('}')
        || whole.starts_with('[') && whole.ends_with(']');
    if !is_folded || node.span.line != key.span.line || node.is_empty() {
        return None;
    }
    let of = |node: &Node<'_>| text.get(node.span.start as usize..node.span.end as usize);
    let lines = match &node.value {
        Value::Map(pairs) => pairs
            .iter()
            .map(|(key, value)| {
                Some(
                    format!("{}: {}", of(key)?, of(value)?)
                        .trim_end()
                        .to_owned(),
                )
            })
            .collect::<Option<Vec<_>>>()?,
        Value::Seq(items) => items
            .iter()
            .map(|item| Some(format!("- {}", of(item)?)))
            .collect::<Option<Vec<_>>>()?,
        Value::Null | Value::Scalar(_) => return None,
    };
    let indent = (key.span.column as usize).checked_sub(1)? + 2;
    let before = text.get(..start)?.trim_end_matches(' ');
    let after = text.get(node.span.end as usize..)?;
    // A comment behind it stays behind the key.
    let (rest, after) = after.split_at(after.find('\n').unwrap_or(after.len()));
    if !rest.trim().is_empty() && !rest.trim_start().starts_with('#') {
        return None;
    }
    let head = format!("{before}{}\n", rest.trim_end());
    let block = insert(&head, (head.len(), indent), &lines);
    Some(format!("{}{after}", block.trim_end()))
}
