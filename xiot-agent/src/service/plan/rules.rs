//! Rules that two policies differ in.

use std::collections::HashSet;

use crate::{
    model::{list::List, policy::Rule},
    service::files::Files,
};

/// A rule that comes or goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleChange {
    /// Its profile.
    pub profile: String,
    /// The rule in one line.
    pub label: String,
    /// Line in its file, from 1.
    pub line: u32,
    /// It comes; else it goes.
    pub added: bool,
}

/// Those that go and those that come, by profile and line. A rule with another content is another one: it goes and comes.
pub(super) fn changes(old: &Files, new: &Files) -> Vec<RuleChange> {
    let [was, is] = [old, new].map(|files| keys(files));
    let mut changes = one_way(old, &is, false);
    changes.extend(one_way(new, &was, true));
    changes.sort_by(|a, b| {
        let order = |it: &RuleChange| (it.added, it.line);
        a.profile
            .cmp(&b.profile)
            .then_with(|| order(a).cmp(&order(b)))
    });
    changes
}

/// Number and profile: a number that became free may go to another profile's rule.
type Key<'p> = (u32, &'p str, String);

fn keys(files: &Files) -> HashSet<Key<'_>> {
    rules(files).map(|(key, _)| key).collect()
}

fn rules(files: &Files) -> impl Iterator<Item = (Key<'_>, &Rule)> {
    let ids: &List<u32> = files.ids.rules();
    let rules = files.policy.profiles.iter().flat_map(|profile| {
        let rules = profile.rules.iter();
        rules.map(|rule| (profile.name.as_str(), rule))
    });
    ids.iter()
        .zip(rules)
        .map(|(&id, (profile, rule))| ((id, profile, rule.label.clone()), rule))
}

fn one_way(files: &Files, other: &HashSet<Key<'_>>, added: bool) -> Vec<RuleChange> {
    rules(files)
        .filter(|(key, _)| !other.contains(key))
        .map(move |((_, profile, label), rule)| RuleChange {
            profile: profile.to_owned(),
            label,
            line: rule.at.line,
            added,
        })
        .collect()
}
