//! When a rule is in force, as written: its end (`expires: 2027-01-31T18:00Z`), its windows, and the time zone.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::when::{RawWhen, read_when};

use crate::{
    diag::{Code, Diagnostic, Report, closest},
    model::{
        decode::{Fields, Spanned, shorten, text},
        yaml::Node,
    },
    unit::moment::{self, Moment},
};

/// Keys of a rule that say when it is in force.
pub(super) const KEYS: [&str; 2] = ["expires", "when"];

/// When a rule is in force, before local times are turned into moments.
#[derive(Debug, Default)]
pub(crate) struct RawTimes<'n> {
    pub(crate) expires: Option<Spanned<Moment>>,
    pub(crate) when: Option<RawWhen<'n>>,
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

/// Reads them; a rule of a baseline has its windows from `calendar`.
pub(super) fn read_times<'n>(
    fields: &Fields<'n, '_>,
    calendar: Option<Spanned<&'n str>>,
    report: &mut Report,
) -> RawTimes<'n> {
    let mut times = RawTimes {
        when: match (fields.get("when"), calendar) {
            (Some(node), None) => Some(read_when(node, report)),
            (None, calendar) => calendar.map(RawWhen::calendar),
            (Some(_), Some(calendar)) => {
                report.push(own_when(fields, calendar));
                None
            }
        },
        ..RawTimes::default()
    };
    if let Some(when) = &times.when {
        times.label = format!(" when {}", when.label);
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

fn own_when(fields: &Fields<'_, '_>, calendar: Spanned<&str>) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownKey,
        fields.key_span("when"),
        "a rule of a baseline has no `when` of its own",
    )
    .note(
        calendar.span,
        format!("it is in force in calendar `{}`", shorten(calendar.value)),
    )
    .hint("list a rule for other times under `allow`")
}
