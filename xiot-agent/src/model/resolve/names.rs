//! What each name stands for.

use std::collections::{HashMap, HashSet};

use crate::{
    diag::{Code, Diagnostic, Report, closest},
    model::{decode::Spanned, raw::RawPolicy},
};

/// Positions in the vectors of a [`RawPolicy`], by name.
#[derive(Debug, Default)]
pub(super) struct Names<'n> {
    pub(super) sets: HashMap<&'n str, usize>,
    pub(super) profiles: HashMap<&'n str, usize>,
    pub(super) devices: HashMap<&'n str, usize>,
    /// Members in file order.
    pub(super) groups: HashMap<&'n str, Vec<usize>>,
}

impl<'n> Names<'n> {
    /// Collects all names. Sets and profiles are unique already, being keys of maps; devices are checked here.
    pub(super) fn collect(raw: &RawPolicy<'n>, report: &mut Report) -> Self {
        let mut names = Self::default();
        for (index, set) in raw.peer_sets.iter().enumerate() {
            names.sets.insert(set.name.value, index);
        }
        for (index, profile) in raw.profiles.iter().enumerate() {
            names.profiles.insert(profile.name.value, index);
        }
        for (index, device) in raw.devices.iter().enumerate() {
            for group in &device.groups {
                names.groups.entry(group.value).or_default().push(index);
            }
            let Some(name) = device.name else {
                continue;
            };
            let first = *names.devices.entry(name.value).or_insert(index);
            if first != index
                && let Some(other) = raw.devices.get(first).and_then(|device| device.name)
            {
                report.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        name.span,
                        format!("device `{}` is listed twice", name.value),
                    )
                    .label("listed again here")
                    .note(other.span, "first listed here"),
                );
            }
        }
        names
    }

    /// The profile of this name; reports a name that none has.
    pub(super) fn profile(&self, name: Spanned<&str>, report: &mut Report) -> Option<usize> {
        let found = self.profiles.get(name.value).copied();
        if found.is_none() {
            report.push(
                Diagnostic::new(
                    Code::UnknownName,
                    name.span,
                    format!("there is no profile `{}`", name.value),
                )
                .suggest(closest(name.value, self.profiles.keys().copied()))
                .hint_if_none("define it under `profiles`"),
            );
        }
        found
    }
}

/// Warns of profiles that no device has, no other profile includes or names as disclosed, and that are not the default.
pub(super) fn report_unused_profiles(raw: &RawPolicy<'_>, report: &mut Report) {
    let used: HashSet<&str> = raw
        .devices
        .iter()
        .filter_map(|device| device.profile)
        .chain(raw.default_profile)
        .chain(
            raw.profiles
                .iter()
                .flat_map(|it| it.include.iter().copied().chain(it.disclosed)),
        )
        .map(|name| name.value)
        .collect();
    for profile in &raw.profiles {
        let name = profile.name;
        if !used.contains(name.value) {
            report.push(
                Diagnostic::new(
                    Code::UnusedProfile,
                    name.span,
                    format!("no device has profile `{}`", name.value),
                )
                .hint(
                    "give it to a device, include it in another, make it the default, or remove it",
                ),
            );
        }
    }
}
