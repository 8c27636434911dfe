//! Calendars and holidays as written.

use std::collections::HashMap;

use jiff::civil::{Date, date};

use super::when::{RawWhen, check_calendar_name, read_when};
use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::{Spanned, items, one_or_many, shorten, text},
        limit::MAX_CALENDARS,
        times::MAX_HOLIDAYS,
        yaml::Node,
    },
    unit::moment::{self, Moment},
};

/// A calendar as written.
#[derive(Debug)]
pub(crate) struct RawCalendar<'n> {
    pub(crate) name: Spanned<&'n str>,
    pub(crate) when: RawWhen<'n>,
}

pub(super) fn read_calendars<'n>(
    node: Option<&'n Node<'_>>,
    report: &mut Report,
) -> Vec<RawCalendar<'n>> {
    let mut calendars = Vec::new();
    for (name, span, node) in items(node, "`calendars`", report) {
        if !check_calendar_name(name, span, report) {
            continue;
        }
        calendars.push(RawCalendar {
            name: Spanned::new(name, span),
            when: read_when(node, report),
        });
    }
    if let Some(beyond) = calendars.get(MAX_CALENDARS) {
        report.push(Diagnostic::new(
            Code::TooLong,
            beyond.name.span,
            format!("a policy has at most {MAX_CALENDARS} calendars"),
        ));
    }
    calendars
}

/// Days, ascending.
pub(super) fn read_holidays(node: Option<&Node<'_>>, report: &mut Report) -> Vec<Date> {
    let Some(node) = node else {
        return Vec::new();
    };
    let nodes = one_or_many(node);
    if let Some(beyond) = nodes.get(MAX_HOLIDAYS) {
        report.push(
            Diagnostic::new(
                Code::TooLong,
                beyond.span,
                format!("at most {MAX_HOLIDAYS} holidays can be listed"),
            )
            .hint("remove those that are over"),
        );
    }
    let mut seen = HashMap::new();
    for node in nodes.iter().take(MAX_HOLIDAYS) {
        let Some(text) = text(node, "a day", report) else {
            continue;
        };
        let day = match moment::parse(text.value) {
            Some(Moment::Day(day)) => Some(day),
            Some(Moment::Exact(_) | Moment::Local(_)) | None => None,
        };
        let known = date(1970, 1, 1)..=date(2106, 12, 31);
        let Some(day) = day.filter(|day| known.contains(day)) else {
            report.push(
                Diagnostic::new(
                    Code::BadTime,
                    text.span,
                    format!("`{}` is not a day", shorten(text.value)),
                )
                .hint("as in `2026-12-25`, from 1970 to 2106"),
            );
            continue;
        };
        if let Some(first) = seen.insert(day, text.span) {
            report.push(
                Diagnostic::new(
                    Code::DuplicateName,
                    text.span,
                    format!("holiday {day} is listed twice"),
                )
                .note(first, "first listed here"),
            );
        }
    }
    let mut days: Vec<Date> = seen.into_keys().collect();
    days.sort_unstable();
    days
}
