//! Profiles that say what makers disclose: looked up, and refused where one is said to be another's and has one itself.

use std::collections::BTreeMap;

use super::{include::Whole, names::Names};
use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::Spanned,
        raw::{RawPolicy, RawProfile},
    },
};

/// The profile that each names as what its maker discloses, by position.
pub(super) fn named(
    raw: &RawPolicy<'_>,
    names: &Names<'_>,
    report: &mut Report,
) -> Vec<Option<usize>> {
    let profiles = raw.profiles.iter();
    profiles
        .map(|profile| {
            let name = profile.disclosed?;
            let index = names.profile(name, report)?;
            if let Some(of_it) = raw.profiles[index].disclosed {
                report.push(chain(profile, name, of_it));
                return None;
            }
            Some(index)
        })
        .collect()
}

/// What the maker of each profile's devices discloses, by name: what the profile itself names, or the first that it includes.
pub(super) fn disclosed(raw: &RawPolicy<'_>, wholes: &[Whole]) -> BTreeMap<String, String> {
    let name = |index: usize| raw.profiles[index].name.value.to_owned();
    let wholes = wholes.iter().enumerate();
    wholes
        .filter_map(|(index, whole)| {
            // A maker's list may include the profile that names it.
            let by = whole.disclosed.filter(|by| *by != index)?;
            Some((name(index), name(by)))
        })
        .collect()
}

fn chain(profile: &RawProfile<'_>, name: Spanned<&str>, of_it: Spanned<&str>) -> Diagnostic {
    let what = if profile.name.value == name.value {
        format!("profile `{}` is said to be disclosed by itself", name.value)
    } else {
        format!(
            "profile `{}` says what a maker discloses, and names another that does",
            name.value
        )
    };
    Diagnostic::new(Code::DisclosedChain, name.span, what)
        .note(of_it.span, "it has `disclosed` here")
        .hint("name a profile that holds the maker's list alone: it has no `disclosed` of its own")
}
