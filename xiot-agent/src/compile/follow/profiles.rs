//! Profiles that changed: compiled by themselves, then brought in where they differ from what is there.

use std::ops::Range;

use hashbrown::HashSet;
use xiot_common::{profile::LINES_PER_PROFILE, rule::RuleId};

use super::{
    Basis, difference,
    draft::Draft,
    placing::Placing,
    reach::Reach,
    sets::{Split, prefixes},
};
use crate::{
    compile::{
        assignment::{Assignment, FreshNumbers, Known},
        fingerprint::Fingerprint,
        ids::{self, Scopes},
        key,
        layout::number_rules,
        peers::{Filed, Peers},
        profiles::Head,
        slot::Slot as _,
    },
    model::{
        list::{List, Stretch},
        policy::{Policy, Profile},
    },
};

/// A profile that changed.
#[derive(Debug)]
struct Change {
    place: usize,
    /// Where its rules differ.
    stretch: Stretch,
    /// Where those that differ stand among all that there were.
    old: Range<usize>,
    /// Keys of those that stand there now.
    keys: Vec<u64>,
}

/// The same, compiled by itself.
#[derive(Debug)]
struct Revised {
    change: Change,
    /// Numbers of its rules that differ.
    ids: Vec<RuleId>,
    head: Head,
    /// The networks that it was compiled for.
    reach: Reach,
    /// Its rule sets; slots count lines from the first of these.
    filed: Filed,
}

/// All of them, and what that means for the numbers of rules.
#[derive(Debug)]
pub(super) struct Revision {
    profiles: Vec<Revised>,
    pub(super) fresh: FreshNumbers,
    given_up: Vec<RuleId>,
}

impl Revision {
    /// Numbers of all rules, from those before.
    pub(super) fn number(&self, before: &List<RuleId>) -> List<RuleId> {
        let mut all = before.clone();
        // From the end, so that places before stay what they are.
        for profile in self.profiles.iter().rev() {
            all.splice(profile.change.old.clone(), profile.ids.iter().copied());
        }
        all
    }

    /// Where the rules of each profile begin now.
    pub(super) fn shift(&self, starts: &mut [usize]) {
        for Change {
            place, old, keys, ..
        } in self.profiles.iter().map(|it| &it.change)
        {
            if old.len() != keys.len() {
                for start in &mut starts[place + 1..] {
                    *start = *start + keys.len() - old.len();
                }
            }
        }
    }
}

impl Basis {
    /// Where the rules of a profile stand among all.
    fn rules_of(&self, profile: usize) -> Range<usize> {
        self.starts[profile]..self.starts[profile + 1]
    }

    /// What differs in the profiles at these places.
    fn changes(&self, before: &Policy, after: &Policy, places: &[usize]) -> Vec<Change> {
        let change = |place: usize, of: fn(&Profile, &Profile) -> Stretch| {
            let (one, other) = (&before.profiles[place], &after.profiles[place]);
            let stretch = of(one, other);
            let keys = key::rules_of(other, stretch.after(), self.zone).map(Fingerprint::get);
            let start = self.starts[place];
            Change {
                place,
                old: start + stretch.start..start + stretch.before_end,
                keys: keys.collect(),
                stretch,
            }
        };
        let changes: Vec<_> = places
            .iter()
            .map(|&place| change(place, difference::rules))
            .collect();
        if self.are_apart(&changes) {
            return changes;
        }
        // Which of several equal rules keeps its number is decided among all.
        let whole = |one: &Profile, other: &Profile| Stretch::whole(&one.rules, &other.rules);
        places.iter().map(|&place| change(place, whole)).collect()
    }

    /// Whether no rule that differs is equal to one of the same profiles that does not.
    fn are_apart(&self, changes: &[Change]) -> bool {
        let differ = changes.iter().flat_map(|it| {
            let old = &self.keys[it.old.clone()];
            old.iter().chain(&it.keys)
        });
        let differ: HashSet<_> = differ.collect();
        let mut others = changes.iter().flat_map(|it| {
            let Range { start, end } = self.rules_of(it.place);
            let (front, back) = (start..it.old.start, it.old.end..end);
            self.keys[front].iter().chain(&self.keys[back])
        });
        !others.any(|key| differ.contains(key))
    }

    /// Numbers and compiles the profiles at these places; none if they can't be, for whatever reason.
    pub(super) fn revise_profiles(
        &self,
        (before, after): (&Policy, &Policy),
        ids: &Assignment,
        places: &[usize],
    ) -> Option<Revision> {
        let changes = self.changes(before, after, places);
        let old = changes.iter().flat_map(|it| &self.keys[it.old.clone()]);
        let old: Vec<u64> = old.copied().collect();
        let numbers = changes
            .iter()
            .flat_map(|it| ids.rules().range(it.old.clone()));
        let numbers: Vec<RuleId> = numbers.copied().collect();
        let mut known = Known::new(&old, numbers.clone());
        let keys = changes.iter().flat_map(|it| &it.keys);
        let mut new: Vec<RuleId> = keys.map(|&key| known.take(key)).collect();
        let stay: HashSet<RuleId> = new.iter().copied().collect();
        let given_up = numbers.into_iter().filter(|id| !stay.contains(id));
        let given_up = given_up.collect();

        let missing = new.iter().filter(|id| **id == 0).count();
        let free = self.rules.free(missing, self.limits.rules)?;
        for (id, &number) in new.iter_mut().filter(|id| **id == 0).zip(&free) {
            *id = number;
        }
        let mut left = new.into_iter();
        let profiles = changes.into_iter().map(|change| {
            let own: Vec<RuleId> = left.by_ref().take(change.keys.len()).collect();
            let (old, profile) = (
                &before.profiles[change.place],
                &after.profiles[change.place],
            );
            let scopes = Scopes::of(ids::profile(change.place).ok()?);
            let gone = old.rules.range(change.stretch.before());
            let new = profile.rules.range(change.stretch.after());
            let reach = Reach::of(scopes, &gone.chain(new).collect::<Vec<_>>());
            let all = self.rules_of(change.place);
            let (front, back) = (all.start..change.old.start, change.old.end..all.end);
            let keys = [
                &self.keys[front.clone()],
                &change.keys,
                &self.keys[back.clone()],
            ];
            let (front, back) = (ids.rules().range(front), ids.rules().range(back));
            let numbers: Vec<RuleId> = front.chain(&own).chain(back).copied().collect();
            let (reach, filed) = compile(profile, reach, &numbers, self.limits.slot_lines)?;
            Some(Revised {
                head: Head::of(profile, &keys.concat(), self.holidays),
                change,
                ids: own,
                reach,
                filed,
            })
        });
        Some(Revision {
            profiles: profiles.collect::<Option<_>>()?,
            fresh: FreshNumbers {
                free,
                taken_over: Vec::new(),
            },
            given_up,
        })
    }

    /// Brings them in; none if there is no room.
    pub(super) fn set_profiles(&mut self, revision: &Revision, draft: &mut Draft) -> Option<()> {
        let Draft {
            header,
            lines,
            edits,
        } = draft;
        for profile in &revision.profiles {
            let Filed { narrow, wide, .. } = &profile.filed;
            let old_narrow = Split::of(
                self.sets.narrow.of(profile.change.place),
                &profile.reach,
                true,
            );
            let old_wide = Split::of(
                self.sets.wide.of(profile.change.place),
                &profile.reach,
                false,
            );
            let narrow = Split::of(narrow, &profile.reach, true).reached;
            let wide = Split::of(wide, &profile.reach, false).reached;
            let mut sets = Placing::new(&profile.filed, header.rule_lines);
            sets.keep(&old_narrow.reached, &narrow, lines);
            sets.keep(&old_wide.reached, &wide, lines);
            let payloads = narrow.iter().map(|it| it.payload());
            sets.place(
                payloads.chain(wide.iter().map(|it| it.payload())),
                &mut self.room,
                lines,
            )?;
            let mut old = HashSet::new();
            let narrow = sets.edit(&old_narrow.reached, &narrow, &mut edits.narrow, &mut old);
            let wide = sets.edit(&old_wide.reached, &wide, &mut edits.wide, &mut old);
            let (narrow, wide) = (old_narrow.with(narrow), old_wide.with(wide));
            let payloads = narrow.iter().map(|it| it.payload());
            sets.free(
                old,
                payloads.chain(wide.iter().map(|it| it.payload())),
                &mut self.room,
                lines,
            );
            let prefixes = prefixes(profile.reach.scopes(), &narrow, &wide)?;
            self.sets.narrow.set(profile.change.place, narrow);
            self.sets.wide.set(profile.change.place, wide);

            let first =
                header.profiles as usize + profile.change.place * LINES_PER_PROFILE as usize;
            for (place, line) in (first..).zip(profile.head.lines(&prefixes)) {
                lines[place] = line;
            }
            self.fingerprints[profile.change.place] = profile.head.fingerprint;
            self.services[profile.change.place] = profile.head.services();
        }
        // From the end, so that places before stay what they are.
        for Change { old, keys, .. } in revision.profiles.iter().rev().map(|it| &it.change) {
            self.keys.splice(old.clone(), keys.iter().copied());
        }
        for &id in &revision.given_up {
            self.rules.remove(id);
        }
        for &id in &revision.fresh.free {
            self.rules.add(id);
        }
        Some(())
    }
}

/// Compiles as much of a profile as is reached, whose rules have these numbers; returns what was.
fn compile(
    profile: &Profile,
    mut reach: Reach,
    ids: &[RuleId],
    available: u32,
) -> Option<(Reach, Filed)> {
    let concerned = reach.rules(profile);
    let mut peers = Peers::new(available);
    let part;
    let (compiled, numbers): (&Profile, Vec<RuleId>) = if concerned.len() > profile.rules.len() / 2
    {
        reach = Reach::all(reach.scopes());
        (profile, ids.to_vec())
    } else {
        let rules = concerned.iter().map(|&n| profile.rules[n].clone());
        part = Profile {
            rules: rules.collect(),
            ..profile.without_rules()
        };
        (&part, concerned.iter().map(|&n| ids[n]).collect())
    };
    peers.add(compiled, reach.scopes()).ok()?;
    let mut filed = peers.into_filed();
    let places: Vec<u32> = compiled.rules.iter().map(|rule| rule.id).collect();
    let first = places.first().copied().unwrap_or(0);
    number_rules(&mut filed.lines, |id| {
        // Mostly they are numbered without gaps.
        let guess = (id - first) as usize;
        let is_it = places.get(guess) == Some(&id);
        let position = if is_it {
            Ok(guess)
        } else {
            places.binary_search(&id)
        };
        position.map_or(0, |position| numbers[position])
    });
    Some((reach, filed))
}
