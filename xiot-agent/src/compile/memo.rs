//! Remembers the rule set of a list of rules, for the networks of one peer set that come one after another.

use hashbrown::HashTable;

use super::{fingerprint::Fingerprint, sets::RuleSet};

/// Rule sets by the set around them and the rules added to it.
#[derive(Debug, Default)]
pub(super) struct Memo {
    index: HashTable<u32>,
    known: Vec<Known>,
    /// The rules of all that is known, one list after another.
    rules: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    outer: Option<RuleSet>,
    start: usize,
    end: usize,
    set: RuleSet,
}

impl Memo {
    /// The set of these rules within `outer`, if it was asked for before.
    pub(super) fn get(
        &self,
        outer: Option<RuleSet>,
        rules: &(impl Iterator<Item = u32> + Clone),
    ) -> Option<RuleSet> {
        let is_it = |&index: &u32| {
            let known = &self.known[index as usize];
            known.outer == outer && self.rules_of(known).iter().copied().eq(rules.clone())
        };
        let index = *self.index.find(hash(outer, rules.clone()), is_it)?;
        Some(self.known[index as usize].set)
    }

    /// Remembers it. It must be new.
    pub(super) fn insert(
        &mut self,
        outer: Option<RuleSet>,
        rules: impl Iterator<Item = u32>,
        set: RuleSet,
    ) {
        let index = u32::try_from(self.known.len()).expect("there are fewer sets than lines");
        let start = self.rules.len();
        self.rules.extend(rules);
        let new = Known {
            outer,
            start,
            end: self.rules.len(),
            set,
        };
        self.known.push(new);
        let rules = &self.rules;
        let hash_of =
            |known: &Known| hash(known.outer, rules[known.start..known.end].iter().copied());
        self.index.insert_unique(hash_of(&new), index, |&index| {
            hash_of(&self.known[index as usize])
        });
    }

    fn rules_of(&self, known: &Known) -> &[u32] {
        &self.rules[known.start..known.end]
    }
}

fn hash(outer: Option<RuleSet>, rules: impl Iterator<Item = u32>) -> u64 {
    let outer = outer.map_or(u64::MAX, |set| u64::from(set.first));
    rules
        .fold(Fingerprint::new(outer), |hash, rule| {
            hash.add(rule.into(), 0)
        })
        .get()
}
