//! Times as written, wherever they may be: windows of the week, windows that have dates, and names of calendars.

use super::week;
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Spanned, check_name, one_or_many, shorten, text},
        times::Window,
        yaml::Node,
    },
    unit::moment::{self, Moment},
};

/// What is written behind `when` or the name of a calendar.
#[derive(Debug, Default)]
pub(crate) struct RawWhen<'n> {
    pub(crate) span: Span,
    pub(crate) parts: Vec<Spanned<Part<'n>>>,
    /// In one line.
    pub(super) label: String,
}

/// One of the times.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'n> {
    Week(Window),
    /// From one moment to before another. Where that is a day, it is part of it.
    Dates(Moment, Moment),
    Calendar(&'n str),
}

const DATES: &str =
    "a window that has dates is two moments as in `2027-02-14T22:00/2027-02-15T04:00`, or a day";

impl<'n> RawWhen<'n> {
    /// What is in force in the calendar of this name.
    pub(super) fn calendar(name: Spanned<&'n str>) -> Self {
        Self {
            span: name.span,
            parts: vec![Spanned::new(Part::Calendar(name.value), name.span)],
            label: name.value.to_owned(),
        }
    }
}

/// Reads one time or a list of them; what is wrong with one is reported.
pub(super) fn read_when<'n>(node: &'n Node<'_>, report: &mut Report) -> RawWhen<'n> {
    let mut when = RawWhen {
        span: node.span,
        ..RawWhen::default()
    };
    let nodes = one_or_many(node);
    if nodes.is_empty() {
        report.push(
            Diagnostic::new(Code::EmptyList, node.span, "no times are listed")
                .hint("list some, or remove the key; a rule without times is always in force"),
        );
    }
    let mut labels = Vec::new();
    for node in nodes {
        let Some(text) = text(node, "a window of time", report) else {
            continue;
        };
        match part(text.value) {
            Ok(part) => {
                when.parts.push(Spanned::new(part, text.span));
                labels.push(text.value.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            Err(hint) => report.push(
                Diagnostic::new(
                    Code::BadWindow,
                    text.span,
                    format!("`{}` is not a window of time", shorten(text.value)),
                )
                .hint(hint),
            ),
        }
    }
    when.label = labels.join(", ");
    when
}

fn part(text: &str) -> Result<Part<'_>, &'static str> {
    if let Some((begin, end)) = text.split_once('/') {
        let moment = |text: &str| moment::parse(text).ok_or(DATES);
        return Ok(Part::Dates(moment(begin)?, moment(end)?));
    }
    match moment::parse(text) {
        Some(day @ Moment::Day(_)) => return Ok(Part::Dates(day, day)),
        Some(Moment::Exact(_) | Moment::Local(_)) => return Err(DATES),
        None => {}
    }
    if is_name(text) {
        return Ok(Part::Calendar(text));
    }
    week::window(text).map(Part::Week)
}

/// Whether it is no window and can be the name of a calendar.
fn is_name(text: &str) -> bool {
    let in_names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !week::says_days(text) && !text.is_empty() && text.chars().all(in_names)
}

/// Reports what cannot be the name of a calendar, and what would be read as a window where it is named.
pub(super) fn check_calendar_name(name: &str, span: Span, report: &mut Report) -> bool {
    if week::says_days(name) || moment::parse(name).is_some() {
        report.push(
            Diagnostic::new(
                Code::BadName,
                span,
                format!("`{name}` cannot be the name of a calendar: in a rule it means itself"),
            )
            .hint("use another name; days are `mon` to `sun` and `daily`"),
        );
        return false;
    }
    check_name(name, span, "a calendar", report)
}
