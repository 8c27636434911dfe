//! Profiles that changed: compiled by themselves, then brought in where they differ from what is there.

use std::{ops::Range, sync::Arc};

use hashbrown::HashSet;
use xiot_common::{profile::LINES_PER_PROFILE, rule::RuleId};

use super::{
    Basis,
    difference::{self, Stretch},
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
    model::policy::{Policy, Profile},
};

/// A profile that changed, compiled by itself.
#[derive(Debug)]
struct Revised {
    place: usize,
    head: Head,
    /// Keys and numbers of its rules.
    keys: Vec<u64>,
    ids: Vec<RuleId>,
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
    /// Numbers of all rules, from those before. `starts` are where the rules of each profile began.
    pub(super) fn number(&self, before: &Arc<Vec<RuleId>>, starts: &[usize]) -> Arc<Vec<RuleId>> {
        if self.profiles.is_empty() {
            return Arc::clone(before);
        }
        let mut all = Vec::with_capacity(before.len() + self.fresh.free.len());
        let mut from = 0;
        for profile in &self.profiles {
            let old = starts[profile.place]..starts[profile.place + 1];
            all.extend_from_slice(&before[from..old.start]);
            all.extend_from_slice(&profile.ids);
            from = old.end;
        }
        all.extend_from_slice(&before[from..]);
        Arc::new(all)
    }

    /// Where the rules of each profile begin now.
    pub(super) fn shift(&self, starts: &mut [usize]) {
        for profile in &self.profiles {
            let [start, end] = [starts[profile.place], starts[profile.place + 1]];
            let new_end = start + profile.ids.len();
            if new_end != end {
                for start in &mut starts[profile.place + 1..] {
                    *start = *start + new_end - end;
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

    /// Numbers and compiles the profiles at these places; none if they can't be, for whatever reason.
    pub(super) fn revise_profiles(
        &self,
        (before, after): (&Policy, &Policy),
        ids: &Assignment,
        places: &[usize],
    ) -> Option<Revision> {
        let stretches: Vec<Stretch> = places
            .iter()
            .map(|&at| difference::rules(&before.profiles[at], &after.profiles[at]))
            .collect();
        let old: Vec<u64> = places
            .iter()
            .flat_map(|&at| &self.keys[self.rules_of(at)])
            .copied()
            .collect();
        let numbers = places
            .iter()
            .flat_map(|&at| &ids.rules()[self.rules_of(at)]);
        let numbers: Vec<u32> = numbers.copied().collect();
        let mut known = Known::new(&old, &numbers);
        let new: Vec<Vec<u64>> = places
            .iter()
            .zip(&stretches)
            .map(|(&at, stretch)| {
                let profile = &after.profiles[at];
                let changed = &profile.rules[stretch.start..stretch.after_end];
                let old = &self.keys[self.rules_of(at)];
                let mut keys = old[..stretch.start].to_vec();
                keys.extend(key::rules_of(profile, changed, self.zone).map(Fingerprint::get));
                keys.extend(&old[stretch.before_end..]);
                keys
            })
            .collect();
        let kept = |keys: &Vec<u64>| keys.iter().map(|&key| known.take(key)).collect();
        let before_ids = ids;
        let mut ids: Vec<Vec<RuleId>> = new.iter().map(kept).collect();
        let stay: HashSet<RuleId> = ids.iter().flatten().copied().collect();
        let given_up = numbers
            .into_iter()
            .filter(|id| !stay.contains(id))
            .collect();

        let missing = || ids.iter().flatten().filter(|id| **id == 0);
        let free = self.rules.free(missing().count(), self.limits.rules)?;
        let wanting = ids.iter_mut().flatten().filter(|id| **id == 0);
        for (id, &number) in wanting.zip(&free) {
            *id = number;
        }
        let all = places.iter().zip(&stretches).zip(ids).zip(new);
        let profiles = all.map(|(((&place, stretch), ids), keys)| {
            let (old, profile) = (&before.profiles[place], &after.profiles[place]);
            let scopes = Scopes::of(ids::profile(place).ok()?);
            let old_ids = &before_ids.rules()[self.rules_of(place)];
            // Of equal rules one may have got the number of another.
            let is_kept = ids[..stretch.start] == old_ids[..stretch.start]
                && ids[stretch.after_end..] == old_ids[stretch.before_end..];
            let reach = if is_kept {
                let gone = &old.rules[stretch.start..stretch.before_end];
                let new = &profile.rules[stretch.start..stretch.after_end];
                Reach::of(scopes, &gone.iter().chain(new).collect::<Vec<_>>())
            } else {
                Reach::all(scopes)
            };
            compile(profile, place, reach, ids, keys, self.limits.slot_lines)
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
        let mut new_keys = Vec::new();
        for profile in &revision.profiles {
            let Filed { narrow, wide, .. } = &profile.filed;
            let old_narrow = Split::of(self.sets.narrow.of(profile.place), &profile.reach, true);
            let old_wide = Split::of(self.sets.wide.of(profile.place), &profile.reach, false);
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
            self.sets.narrow.set(profile.place, narrow);
            self.sets.wide.set(profile.place, wide);

            let first = header.profiles as usize + profile.place * LINES_PER_PROFILE as usize;
            for (place, line) in (first..).zip(profile.head.lines(&prefixes)) {
                lines[place] = line;
            }
            let rules = self.starts[profile.place]..self.starts[profile.place + 1];
            new_keys.push((rules, &profile.keys));
            self.fingerprints[profile.place] = profile.head.fingerprint;
            self.services[profile.place] = profile.head.services();
        }
        // From the end, so that places before stay what they are.
        for (place, keys) in new_keys.into_iter().rev() {
            if place.len() == keys.len() {
                self.keys[place].copy_from_slice(keys);
            } else {
                self.keys.splice(place, keys.iter().copied());
            }
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

fn compile(
    profile: &Profile,
    place: usize,
    mut reach: Reach,
    ids: Vec<RuleId>,
    keys: Vec<u64>,
    available: u32,
) -> Option<Revised> {
    let head = Head::of(profile, &keys);
    let concerned = reach.rules(profile);
    let mut peers = Peers::new(available);
    let mut part;
    let (compiled, numbers): (&Profile, Vec<RuleId>) = if concerned.len() > profile.rules.len() / 2
    {
        reach = Reach::all(reach.scopes());
        (profile, ids.clone())
    } else {
        part = Profile {
            rules: Vec::with_capacity(concerned.len()),
            ..profile.without_rules()
        };
        let rules = concerned.iter().map(|&n| profile.rules[n].clone());
        part.rules.extend(rules);
        (&part, concerned.iter().map(|&n| ids[n]).collect())
    };
    peers.add(compiled, reach.scopes()).ok()?;
    let mut filed = peers.into_filed();
    let rules = &compiled.rules;
    let first = rules.first().map_or(0, |rule| rule.id);
    number_rules(&mut filed.lines, |id| {
        // Mostly they are numbered without gaps.
        let guess = (id - first) as usize;
        let is_it = rules.get(guess).is_some_and(|rule| rule.id == id);
        let found = || rules.binary_search_by_key(&id, |rule| rule.id);
        let position = if is_it { Ok(guess) } else { found() };
        position.map_or(0, |position| numbers[position])
    });
    Some(Revised {
        place,
        head,
        keys,
        ids,
        reach,
        filed,
    })
}
