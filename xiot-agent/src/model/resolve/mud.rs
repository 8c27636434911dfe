//! Abstractions of MUD files with every peer set looked up: each set stands for one of them, so that profiles can be written as files.

use std::collections::{BTreeMap, HashMap};

use super::{names::Names, peers::Expander};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::Spanned,
        mud::Mud,
        raw::{RawEntry, RawPolicy},
    },
};

/// What each set stands for so far, and where that is said.
type Taken<'n> = HashMap<&'n str, (&'static str, Span)>;

pub(super) fn resolve_mud<'n>(
    raw: &RawPolicy<'n>,
    names: &Names<'n>,
    expander: &mut Expander<'_, 'n>,
    report: &mut Report,
) -> Mud {
    let written = &raw.mud;
    for (profile, _) in &written.my_controllers {
        // Reports one that does not exist.
        let _known = names.profile(*profile, report);
    }
    let mut taken = Taken::default();
    let mut one = |set: Option<Spanned<&'n str>>, kind, report: &mut Report| {
        let set = set?;
        take(&mut taken, set, kind, false, report);
        expander.mention(set, report);
        Some(set.value.to_owned())
    };
    let local_networks = one(written.local_networks, "local-networks", report);
    let local_broadcast = one(written.local_broadcast, "local-broadcast", report);
    let mut all = |entries: &[RawEntry<'n>], kind, shared, report: &mut Report| {
        let mut sets = BTreeMap::new();
        for (key, set) in entries {
            take(&mut taken, *set, kind, shared, report);
            expander.mention(*set, report);
            sets.insert(key.value.to_owned(), set.value.to_owned());
        }
        sets
    };
    Mud {
        local_networks,
        local_broadcast,
        controllers: all(&written.controllers, "controllers", false, report),
        // Of each profile it is the same abstraction.
        my_controllers: all(&written.my_controllers, "my-controllers", true, report),
        manufacturers: all(&written.manufacturers, "manufacturers", false, report),
        models: all(&written.models, "models", false, report),
        urls: raw
            .profiles
            .iter()
            .filter_map(|profile| {
                let url = profile.mud_url?;
                Some((profile.name.value.to_owned(), url.to_owned()))
            })
            .collect(),
    }
}

/// Reports a set that stands for something else already.
fn take<'n>(
    taken: &mut Taken<'n>,
    set: Spanned<&'n str>,
    kind: &'static str,
    shared: bool,
    report: &mut Report,
) {
    let (first, span) = *taken.entry(set.value).or_insert((kind, set.span));
    if span == set.span || (shared && first == kind) {
        return;
    }
    report.push(
        Diagnostic::new(
            Code::DuplicateName,
            set.span,
            format!(
                "peer set `{}` stands for two things of MUD files",
                set.value
            ),
        )
        .note(span, "it stands for this already")
        .hint(format!(
            "make a set of its own for it: `OTHER: [{{set: {}}}]`",
            set.value
        )),
    );
}
