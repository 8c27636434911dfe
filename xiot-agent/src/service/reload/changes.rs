//! What two policies differ in, in numbers.

use std::collections::HashSet;

use crate::{
    compile::{FreshNumbers, read::Reader},
    model::list::List,
    service::{
        files::Files,
        state::{Changes, RuleChanges},
    },
};

pub(in crate::service) fn devices(old: &Files, new: &Files, fresh: &FreshNumbers) -> Changes {
    let RuleChanges { added, removed } = rules(old.ids.devices(), new.ids.devices(), fresh);
    let (before, after) = (Reader::new(&old.image), Reader::new(&new.image));
    let generation = |reader: &Reader<'_>, id| reader.record(id).map(|record| record.generation);
    let fresh: HashSet<_> = fresh.all().collect();
    let kept = new.ids.devices().iter().filter(|id| !fresh.contains(*id));
    let changed = kept.filter(|&&id| generation(&before, id) != generation(&after, id));
    Changes {
        added,
        removed,
        changed: changed.count() as u64,
    }
}

/// By the numbers that the things of both policies have.
pub(in crate::service) fn rules(
    old: &List<u32>,
    new: &List<u32>,
    fresh: &FreshNumbers,
) -> RuleChanges {
    let added = fresh.all().count();
    RuleChanges {
        added: added as u64,
        removed: (old.len() + added).saturating_sub(new.len()) as u64,
    }
}
