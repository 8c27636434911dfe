//! When rules are in force, with local times turned into moments.

use jiff::{Timestamp, civil::Time, tz::TimeZone};

use super::{calendars::Calendars, when::Spelled};

use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::Spanned,
        raw::{RawTimes, RawZone},
        times::{Interval, Times, stretches},
    },
    unit::moment::Moment,
};

/// Which end of a day is meant.
#[derive(Clone, Copy, Debug)]
enum Edge {
    Begin,
    End,
}

/// Turns local times into moments.
#[derive(Debug)]
pub(super) struct Clock<'n> {
    zone: &'n RawZone,
    now: Timestamp,
    missed: bool,
}

impl<'n> Clock<'n> {
    pub(super) const fn new(zone: &'n RawZone, now: Timestamp) -> Self {
        Self {
            zone,
            now,
            missed: false,
        }
    }

    /// The policy's time zone.
    pub(super) fn zone(&self) -> Option<TimeZone> {
        match self.zone {
            RawZone::Known(zone) => Some(zone.clone()),
            RawZone::Missing | RawZone::Bad => None,
        }
    }

    /// When a rule is in force; none if something is wrong with that, which is reported.
    pub(super) fn times(
        &mut self,
        raw: &RawTimes<'_>,
        calendars: &mut Calendars<'_>,
        report: &mut Report,
    ) -> Option<Times> {
        let mut times = match &raw.when {
            None => Times::default(),
            Some(when) => {
                Spelled::of(when, self, Some(calendars), report).times(when.span, report)?
            }
        };
        if !times.windows.is_empty() && stretches(&times.windows).is_ok_and(|it| it.is_empty()) {
            // The whole week, whatever the date.
            times = Times::default();
        }
        if let Some(expires) = raw.expires {
            times.expires = Some(self.expiry(expires, report)?);
        }
        Some(times)
    }

    fn expiry(&mut self, written: Spanned<Moment>, report: &mut Report) -> Option<u32> {
        let second = self.second(written, Edge::End, report)?;
        if i64::from(second) <= self.now.as_second() {
            report.push(
                Diagnostic::new(Code::ExpiredRule, written.span, "the rule has expired")
                    .hint("remove it, or give it another end; it allows nothing"),
            );
        }
        Some(second)
    }

    /// A window that has dates.
    pub(super) fn interval(
        &mut self,
        begin: Moment,
        end: Moment,
        span: Span,
        report: &mut Report,
    ) -> Option<Interval> {
        let begins = self.second(Spanned::new(begin, span), Edge::Begin, report)?;
        let ends = self.second(Spanned::new(end, span), Edge::End, report)?;
        if ends <= begins {
            report.push(
                Diagnostic::new(Code::BadWindow, span, "the window ends before it begins")
                    .hint("write the earlier moment first"),
            );
            return None;
        }
        if i64::from(ends) <= self.now.as_second() {
            report.push(
                Diagnostic::new(Code::PastWindow, span, "the window is over")
                    .hint("remove it; nothing comes of it any more"),
            );
        }
        Some(Interval { begins, ends })
    }

    /// The second of a moment; of a day that it begins or ends with.
    fn second(&mut self, written: Spanned<Moment>, edge: Edge, report: &mut Report) -> Option<u32> {
        let moment = match written.value {
            Moment::Exact(moment) => Ok(moment),
            Moment::Local(time) => self.need_zone(written.span, report)?.to_timestamp(time),
            Moment::Day(day) => {
                let zone = self.need_zone(written.span, report)?;
                let day = match edge {
                    Edge::Begin => Ok(day),
                    Edge::End => day.tomorrow(),
                };
                day.and_then(|day| zone.to_timestamp(day.to_datetime(Time::midnight())))
            }
        };
        let second = moment
            .ok()
            .and_then(|moment| u32::try_from(moment.as_second()).ok())
            .filter(|&second| second != 0);
        if second.is_none() {
            report.push(
                Diagnostic::new(Code::BadTime, written.span, "the time is out of range")
                    .hint("from 1970 to 2106"),
            );
        }
        second
    }

    /// The time zone; reports it missing the first time.
    pub(super) fn need_zone(&mut self, span: Span, report: &mut Report) -> Option<TimeZone> {
        if matches!(self.zone, RawZone::Missing) && !self.missed {
            self.missed = true;
            report.push(
                Diagnostic::new(
                    Code::MissingTimeZone,
                    span,
                    "local time needs the policy's `time_zone`",
                )
                .hint("`time_zone: Europe/Berlin` at the top of the file; `UTC` is one, too"),
            );
        }
        self.zone()
    }
}
