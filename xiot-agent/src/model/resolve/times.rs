//! When rules are in force, with local times turned into moments.

use jiff::{Timestamp, civil::Time, tz::TimeZone};

use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::Spanned,
        raw::{RawTimes, RawZone},
        times::Times,
    },
    unit::moment::Moment,
};

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

    pub(super) fn times(&mut self, raw: &RawTimes, report: &mut Report) -> Times {
        if let Some(when) = raw.when {
            self.need_zone(when, report);
        }
        Times {
            expires: raw.expires.and_then(|expires| self.expiry(expires, report)),
            windows: raw.windows.clone(),
        }
    }

    fn expiry(&mut self, written: Spanned<Moment>, report: &mut Report) -> Option<u32> {
        let moment = match written.value {
            Moment::Exact(moment) => Ok(moment),
            Moment::Local(time) => self.need_zone(written.span, report)?.to_timestamp(time),
            Moment::Day(day) => {
                let zone = self.need_zone(written.span, report)?;
                let midnight = day
                    .tomorrow()
                    .map(|next| next.to_datetime(Time::midnight()));
                midnight.and_then(|midnight| zone.to_timestamp(midnight))
            }
        };
        let second = moment
            .ok()
            .and_then(|moment| u32::try_from(moment.as_second()).ok())
            .filter(|&second| second != 0);
        let Some(second) = second else {
            report.push(
                Diagnostic::new(Code::BadTime, written.span, "the time is out of range")
                    .hint("from 1970 to 2106"),
            );
            return None;
        };
        if i64::from(second) <= self.now.as_second() {
            report.push(
                Diagnostic::new(Code::ExpiredRule, written.span, "the rule has expired")
                    .hint("remove it, or give it another end; it allows nothing"),
            );
        }
        Some(second)
    }

    /// The time zone; reports it missing the first time.
    fn need_zone(&mut self, span: Span, report: &mut Report) -> Option<TimeZone> {
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
