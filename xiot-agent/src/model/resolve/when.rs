//! Windows and calendars turned into times: what a rule is in force in.

use super::{calendars::Calendars, times::Clock};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::Spanned,
        raw::{Part, RawWhen},
        times::{Interval, MAX_INTERVALS, MAX_STRETCHES, Overlap, Times, Window, stretches},
    },
};

/// Windows so far, and where each comes from.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    week: Vec<Spanned<Window>>,
    dates: Vec<Spanned<Interval>>,
    /// Something could not be spelt out.
    broken: bool,
}

impl Spelled {
    /// The windows of all these times, with those of calendars where they are named.
    pub(super) fn of(
        when: &RawWhen<'_>,
        clock: &mut Clock<'_>,
        mut calendars: Option<&mut Calendars<'_>>,
        report: &mut Report,
    ) -> Self {
        let mut all = Self::default();
        for part in &when.parts {
            match part.value {
                Part::Week(window) => {
                    clock.need_zone(part.span, report);
                    all.week.push(Spanned::new(window, part.span));
                }
                Part::Dates(begin, end) => match clock.interval(begin, end, part.span, report) {
                    Some(interval) => all.dates.push(Spanned::new(interval, part.span)),
                    None => all.broken = true,
                },
                Part::Calendar(name) => {
                    let name = Spanned::new(name, part.span);
                    let Some(calendars) = calendars.as_deref_mut() else {
                        report.push(nested(name));
                        all.broken = true;
                        continue;
                    };
                    let Some(times) = calendars.find(name, report) else {
                        all.broken = true;
                        continue;
                    };
                    let here = |window: &Window| Spanned::new(*window, part.span);
                    all.week.extend(times.windows.iter().map(here));
                    let here = |interval: &Interval| Spanned::new(*interval, part.span);
                    all.dates.extend(times.intervals.iter().map(here));
                }
            }
        }
        all
    }

    /// The times; none if something is wrong with them. Reports windows that overlap, and more than one rule can have.
    pub(super) fn times(mut self, span: Span, report: &mut Report) -> Option<Times> {
        self.dates.sort_by_key(|it| it.value);
        let is_well = [
            !self.broken,
            self.is_week_well(span, report),
            self.are_dates_apart(report),
        ];
        let mut intervals: Vec<Interval> = Vec::new();
        for &Spanned { value, .. } in &self.dates {
            match intervals.last_mut() {
                Some(last) if last.ends == value.begins => last.ends = value.ends,
                Some(_) | None => intervals.push(value),
            }
        }
        if intervals.len() > MAX_INTERVALS {
            let what = "windows that have dates";
            report.push(too_many(intervals.len(), what, MAX_INTERVALS, span));
            return None;
        }
        let windows = self.week.iter().map(|it| it.value).collect();
        is_well.into_iter().all(|it| it).then_some(Times {
            expires: None,
            windows,
            intervals,
        })
    }

    fn is_week_well(&self, span: Span, report: &mut Report) -> bool {
        let windows: Vec<Window> = self.week.iter().map(|it| it.value).collect();
        match stretches(&windows) {
            Err(Overlap(first, second)) => {
                let at = |index: usize| self.week.get(index).map_or(span, |it| it.span);
                report.push(overlap(at(first), at(second)));
                false
            }
            Ok(found) if found.len() > MAX_STRETCHES => {
                let what = "windows in a week";
                report.push(too_many(found.len(), what, MAX_STRETCHES, span));
                false
            }
            Ok(_) => true,
        }
    }

    /// Whether none of the windows that have dates, which are in order, overlap.
    fn are_dates_apart(&self, report: &mut Report) -> bool {
        let pairs = self.dates.iter().zip(self.dates.iter().skip(1));
        let overlapping = pairs.filter(|(one, other)| other.value.begins < one.value.ends);
        let mut apart = true;
        for (one, other) in overlapping {
            let (first, second) = if one.span.start <= other.span.start {
                (one, other)
            } else {
                (other, one)
            };
            report.push(overlap(first.span, second.span));
            apart = false;
        }
        apart
    }
}

fn overlap(first: Span, second: Span) -> Diagnostic {
    Diagnostic::new(
        Code::OverlappingWindows,
        second,
        "the windows have time in common",
    )
    .note(first, "this one comes first")
    .hint("list each hour once")
}

fn too_many(count: usize, what: &str, most: usize, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::TooManyWindows,
        span,
        format!("{count} {what}, at most {most} are possible"),
    )
    .hint("each day counts; windows that touch are one. Write two rules")
}

fn nested(name: Spanned<&str>) -> Diagnostic {
    Diagnostic::new(
        Code::BadWindow,
        name.span,
        format!("`{}` is not a window of time", name.value),
    )
    .hint("a calendar lists windows, not other calendars; a rule may name several")
}
