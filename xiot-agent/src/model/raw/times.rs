//! When a rule is in force, as written: `expires: 2027-01-31T18:00Z`, `when: mon-fri 08:00-18:00`.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::{
    diag::{Code, Diagnostic, Report, Span, closest},
    model::{
        decode::{Fields, Spanned, one_or_many, shorten, text},
        times::{DAY, MAX_STRETCHES, Overlap, Window, stretches},
        yaml::Node,
    },
    unit::moment::{self, Moment},
};

/// Keys of a rule that say when it is in force.
pub(super) const KEYS: [&str; 2] = ["expires", "when"];

/// When a rule is in force, before local times are turned into moments.
#[derive(Debug, Default)]
pub(crate) struct RawTimes {
    pub(crate) expires: Option<Spanned<Moment>>,
    pub(crate) windows: Vec<Window>,
    /// Where the windows stand.
    pub(crate) when: Option<Span>,
    /// As it stands in the rule's label; empty: always.
    pub(super) label: String,
}

/// The time zone of a policy as written.
#[derive(Clone, Debug, Default)]
pub(crate) enum RawZone {
    #[default]
    Missing,
    /// Reported.
    Bad,
    Known(TimeZone),
}

pub(super) fn read_zone(node: Option<&Node<'_>>, report: &mut Report) -> RawZone {
    let Some(node) = node else {
        return RawZone::Missing;
    };
    let Some(name) = text(node, "the name of a time zone", report) else {
        return RawZone::Bad;
    };
    // The one that is part of the program: the same on every machine.
    let zones = TimeZoneDatabase::bundled();
    if let Ok(zone) = zones.get(name.value) {
        return RawZone::Known(zone);
    }
    let known: Vec<String> = zones.available().map(|it| it.to_string()).collect();
    let city = |zone: &str| zone.rsplit('/').next().map(str::to_owned);
    let diagnostic = Diagnostic::new(
        Code::UnknownTimeZone,
        name.span,
        format!("there is no time zone `{}`", shorten(name.value)),
    );
    let near = closest(name.value, known.iter().map(String::as_str)).or_else(|| {
        let wanted = city(name.value)?.to_ascii_lowercase();
        let same = |it: &&String| city(it).is_some_and(|it| it.to_ascii_lowercase() == wanted);
        known.iter().find(same).map(String::as_str)
    });
    report.push(match near {
        Some(near) => diagnostic.hint(format!("did you mean `{near}`?")),
        None => diagnostic.hint("a name of the IANA database as in `Europe/Berlin`, or `UTC`"),
    });
    RawZone::Bad
}

pub(super) fn read_times(fields: &Fields<'_, '_>, report: &mut Report) -> RawTimes {
    let mut times = RawTimes::default();
    if let Some(node) = fields.get("when") {
        read_windows(node, &mut times, report);
    }
    if let Some(node) = fields.get("expires")
        && let Some((expires, label)) = read_expiry(node, report)
    {
        times.expires = Some(Spanned::new(expires, node.span));
        times.label.push_str(" until ");
        times.label.push_str(&label);
    }
    times
}

fn read_expiry(node: &Node<'_>, report: &mut Report) -> Option<(Moment, String)> {
    const WHAT: &str = "a date, or a date and time";
    let text = text(node, WHAT, report)?;
    let value = text.value.trim();
    if let Some(moment) = moment::parse(value) {
        return Some((moment, value.to_owned()));
    }
    report.push(
        Diagnostic::new(
            Code::BadTime,
            text.span,
            format!("`{}` is not {WHAT}", shorten(text.value)),
        )
        .hint(
            "as in `2027-01-31T18:00Z` or `2027-01-31T18:00+01:00`; in the policy's `time_zone` \
             `2027-01-31T18:00`, or `2027-01-31` with the whole of that day",
        ),
    );
    None
}

fn read_windows(node: &Node<'_>, times: &mut RawTimes, report: &mut Report) {
    times.when = Some(node.span);
    let nodes = one_or_many(node);
    if nodes.is_empty() {
        report.push(
            Diagnostic::new(Code::EmptyList, node.span, "`when` lists nothing")
                .hint("remove the key for a rule that is always in force"),
        );
        return;
    }
    let mut spans = Vec::new();
    let mut labels = Vec::new();
    for node in nodes {
        let Some(text) = text(node, "a window of time", report) else {
            continue;
        };
        match window(text.value) {
            Ok(window) => {
                times.windows.push(window);
                spans.push(text.span);
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
    times.label = format!(" when {}", labels.join(", "));
    match stretches(&times.windows) {
        Err(Overlap(first, second)) => report.push(overlap(&spans, first, second)),
        Ok(found) if found.len() > MAX_STRETCHES => report.push(
            Diagnostic::new(
                Code::TooManyWindows,
                node.span,
                format!(
                    "{} windows in a week, at most {MAX_STRETCHES} are possible",
                    found.len()
                ),
            )
            .hint("each day counts; windows that touch are one. Write two rules"),
        ),
        Ok(found) if found.is_empty() => times.windows.clear(),
        Ok(_) => {}
    }
}

fn overlap(spans: &[Span], first: usize, second: usize) -> Diagnostic {
    let span = |index: usize| spans.get(index).copied().unwrap_or(Span::FILE);
    Diagnostic::new(
        Code::OverlappingWindows,
        span(second),
        "the windows have time in common",
    )
    .note(span(first), "this one comes first")
    .hint("list each hour once")
}

/// Reads `mon-fri 08:00-18:00`, `sat,sun`, `daily 22:00-06:00`.
fn window(text: &str) -> Result<Window, &'static str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (listed, span) = match *words.as_slice() {
        [one] if one.contains(':') => ("daily", Some(one)),
        [one] => (one, None),
        [listed, span] => (listed, Some(span)),
        _ => return Err(SHAPE),
    };
    let (from, to) = span.map_or(Ok((0, DAY)), hours)?;
    Ok(Window {
        days: days(listed)?,
        from,
        to,
    })
}

const SHAPE: &str = "days, and hours unless it is the whole day: `mon-fri 08:00-18:00`, `sat,sun`, `daily 22:00-06:00`";
const HOURS: &str = "hours are as in `08:00-18:00`, from 00:00 to 24:00";

fn days(text: &str) -> Result<u8, &'static str> {
    if text == "daily" {
        return Ok(0x7f);
    }
    let mut days = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day_of_week(first)?, day_of_week(last)?);
        loop {
            if days >> at & 1 != 0 {
                return Err("a day is listed twice");
            }
            days |= 1 << at;
            if at == last {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Ok(days)
}

fn day_of_week(text: &str) -> Result<u8, &'static str> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    (0..)
        .zip(names)
        .find(|(_, name)| *name == text)
        .map(|(day, _)| day)
        .ok_or("days are `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, or `daily` for all")
}

fn hours(text: &str) -> Result<(u16, u16), &'static str> {
    let (from, to) = text.split_once('-').ok_or(HOURS)?;
    let (from, to) = (minute(from)?, minute(to)?);
    if from == DAY {
        return Err("a window begins at 23:59 at the latest");
    }
    Ok((from, to))
}

fn minute(text: &str) -> Result<u16, &'static str> {
    let number = |text: &str| {
        Some(text)
            .filter(|text| text.len() == 2 && text.chars().all(|c| c.is_ascii_digit()))
            .and_then(|text| text.parse::<u16>().ok())
    };
    text.split_once(':')
        .and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)))
        .filter(|&(hour, minute)| minute < 60 && hour * 60 + minute <= DAY)
        .map(|(hour, minute)| hour * 60 + minute)
        .ok_or(HOURS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_days_and_hours() {
        let read = |text| window(text).map(|it| (it.days, it.from, it.to));
        assert_eq!(read("mon-fri 08:00-18:00"), Ok((0x1f, 480, 1080)));
        assert_eq!(read("sat,sun"), Ok((0x60, 0, DAY)));
        assert_eq!(read("fri-mon 00:00-24:00"), Ok((0x71, 0, DAY)));
        assert_eq!(read("daily 22:00-06:00"), Ok((0x7f, 1320, 360)));
        assert_eq!(read("12:30-13:00"), Ok((0x7f, 750, 780)));
        for wrong in [
            "",
            "monday",
            "mon,",
            "mon-fri-sun",
            "mon,mon-tue",
            "mon 8:00-18:00",
            "mon 08:00",
            "mon 24:00-01:00",
            "mon 08:60-09:00",
            "mon 08:00-24:01",
            "mon 08:00-18:00 UTC",
            "Mon",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
