//! Profiles that include others: whose rules each has, and what it takes over from them.

use std::collections::HashSet;

use super::{disclosed, names::Names};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::Spanned,
        limit::MAX_INCLUDED,
        policy::{Criticality, Limits, Timeouts},
        raw::{DEFAULT_SERVICES, RawPolicy, RawProfile, Service},
    },
};

/// What a profile is with all that it includes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    /// Profiles whose rules it has, by position: those that are included first, each once, itself last.
    pub(crate) parts: Vec<usize>,
    pub(super) criticality: Option<Criticality>,
    /// The profile that says what the maker discloses, by position.
    pub(super) disclosed: Option<usize>,
    /// Of all, each once.
    pub(crate) services: Vec<Spanned<Service>>,
    pub(super) timeouts: Timeouts,
    pub(super) limits: Limits,
}

/// How far the walk got with a profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Every profile with what it includes. Reports names that no profile has, profiles that include themselves, and too many.
///
/// Walks with a stack of its own: profiles may be chained a hundred thousand deep.
pub(super) fn wholes(raw: &RawPolicy<'_>, names: &Names<'_>, report: &mut Report) -> Vec<Whole> {
    let included = raw.profiles.iter().map(|profile| {
        let found = profile.include.iter().map(|&name| {
            let index = names.profile(name, report)?;
            Some(Spanned::new(index, name.span))
        });
        found.flatten().collect::<Vec<_>>()
    });
    let included: Vec<Vec<Spanned<usize>>> = included.collect();
    let disclosed = disclosed::named(raw, names, report);
    let mut marks = vec![Mark::New; raw.profiles.len()];
    let mut wholes = vec![Whole::default(); raw.profiles.len()];
    for start in 0..raw.profiles.len() {
        // A profile and the one to look at next of those that it includes.
        let mut path = vec![(start, 0)];
        if marks[start] == Mark::Done {
            path.clear();
        }
        while let Some((profile, next)) = path.last_mut() {
            let profile = *profile;
            marks[profile] = Mark::Open;
            let Some(inner) = included[profile].get(*next) else {
                let parts: Vec<_> = included[profile]
                    .iter()
                    .filter(|inner| marks[inner.value] == Mark::Done)
                    .map(|inner| (&wholes[inner.value], inner.span))
                    .collect();
                let own = (profile, &raw.profiles[profile]);
                wholes[profile] = Whole {
                    disclosed: disclosed[profile]
                        .or_else(|| parts.iter().find_map(|(inner, _)| inner.disclosed)),
                    ..whole(own, &parts, report)
                };
                marks[profile] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match marks[inner.value] {
                Mark::New => path.push((inner.value, 0)),
                Mark::Open => report.push(cycle(raw, &path, *inner)),
                Mark::Done => {}
            }
        }
    }
    wholes
}

/// A profile of which all that it includes is known.
fn whole(
    (index, own): (usize, &RawProfile<'_>),
    included: &[(&Whole, Span)],
    report: &mut Report,
) -> Whole {
    let mut parts = Vec::new();
    let mut seen = HashSet::new();
    for (inner, span) in included {
        let new = inner.parts.iter().filter(|part| seen.insert(**part));
        parts.extend(new);
        if parts.len() > MAX_INCLUDED {
            report.push(
                Diagnostic::new(
                    Code::TooLong,
                    *span,
                    format!(
                        "profile `{}` includes more than {MAX_INCLUDED} profiles up to here",
                        own.name.value
                    ),
                )
                .hint("those that an included profile includes count too"),
            );
            parts.clear();
            break;
        }
    }
    parts.push(index);
    let first = included.first().map(|(first, _)| *first);
    let mut services: Vec<Spanned<Service>> = Vec::new();
    let inherited = included.iter().flat_map(|(inner, _)| &inner.services);
    for service in inherited.chain(own.services.iter().flatten()) {
        if !services.iter().any(|it| it.value == service.value) {
            services.push(*service);
        }
    }
    if included.is_empty() && own.services.is_none() {
        services = DEFAULT_SERVICES
            .map(|service| Spanned::new(service, own.name.span))
            .into();
    }
    Whole {
        parts,
        criticality: own
            .criticality
            .or_else(|| included.iter().find_map(|(inner, _)| inner.criticality)),
        disclosed: None,
        services,
        timeouts: own
            .timeouts
            .over(first.map(|it| it.timeouts).unwrap_or_default()),
        limits: own
            .limits
            .over(first.map(|it| it.limits).unwrap_or_default()),
    }
}

/// The complaint about a reference which leads back to a profile on the path.
fn cycle(raw: &RawPolicy<'_>, path: &[(usize, usize)], inner: Spanned<usize>) -> Diagnostic {
    const SHOWN: usize = 6;
    let name = |profile: usize| raw.profiles[profile].name.value;
    let mut circle: Vec<_> = path
        .iter()
        .map(|(profile, _)| *profile)
        .skip_while(|profile| *profile != inner.value)
        .map(name)
        .collect();
    if circle.len() >= SHOWN {
        circle.truncate(SHOWN - 2);
        circle.push("...");
    }
    circle.push(name(inner.value));
    Diagnostic::new(
        Code::IncludeCycle,
        inner.span,
        format!("profile `{}` includes itself", name(inner.value)),
    )
    .label(circle.join(" -> "))
    .hint("remove one of the references")
}
