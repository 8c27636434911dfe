//! Calendars: times that have a name.

use std::collections::HashMap;

use super::{times::Clock, when::Spelled};
use crate::{
    diag::{Code, Diagnostic, Report, closest},
    model::{
        decode::{Spanned, position},
        policy::Calendar,
        raw::RawCalendar,
        times::Times,
    },
};

/// All calendars, and which of them are used.
#[derive(Debug, Default)]
pub(super) struct Calendars<'n> {
    by_name: HashMap<&'n str, usize>,
    all: Vec<Known<'n>>,
}

#[derive(Debug)]
struct Known<'n> {
    name: Spanned<&'n str>,
    /// None if something is wrong with it.
    times: Option<Times>,
    used: bool,
}

impl<'n> Calendars<'n> {
    pub(super) fn new(raw: &[RawCalendar<'n>], clock: &mut Clock<'_>, report: &mut Report) -> Self {
        let mut calendars = Self::default();
        for calendar in raw {
            let spelled = Spelled::of(&calendar.when, clock, None, report);
            let times = spelled.times(calendar.when.span, report);
            // What could not be read is reported.
            let times = times.filter(|times| !times.is_always());
            let name = calendar.name;
            calendars.by_name.insert(name.value, calendars.all.len());
            calendars.all.push(Known {
                name,
                times,
                used: false,
            });
        }
        calendars
    }

    /// The times of a calendar that is named somewhere; none if there is no such calendar, or something is wrong with it. Both are
    /// reported.
    pub(super) fn find(&mut self, name: Spanned<&str>, report: &mut Report) -> Option<&Times> {
        let Some(&index) = self.by_name.get(name.value) else {
            report.push(self.unknown(name));
            return None;
        };
        let known = self.all.get_mut(index)?;
        known.used = true;
        known.times.as_ref()
    }

    fn unknown(&self, name: Spanned<&str>) -> Diagnostic {
        Diagnostic::new(
            Code::UnknownName,
            name.span,
            format!("there is no calendar `{}`", name.value),
        )
        .suggest(closest(name.value, self.by_name.keys().copied()))
        .hint_if_none(
            "define it under `calendars`; windows are written as in `mon-fri 08:00-18:00`, `sat,sun`, `daily 22:00-06:00`",
        )
    }

    /// Warns of calendars that nothing uses.
    pub(super) fn report_unused(&self, report: &mut Report) {
        for calendar in self.all.iter().filter(|it| !it.used) {
            report.push(
                Diagnostic::new(
                    Code::UnusedCalendar,
                    calendar.name.span,
                    format!("nothing uses calendar `{}`", calendar.name.value),
                )
                .hint("name it in `when` of a rule or in `baselines` of a profile, or remove it"),
            );
        }
    }

    /// What the policy keeps of them.
    pub(super) fn into_policy(self) -> Vec<Calendar> {
        self.all
            .into_iter()
            .map(|it| Calendar {
                name: it.name.value.to_owned(),
                times: it.times.unwrap_or_default(),
                at: position(it.name.span),
            })
            .collect()
    }
}
