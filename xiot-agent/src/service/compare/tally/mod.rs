//! From judged conversations of a profile's devices to what all three agree on, and what only some of them have.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Disagreement, Extent, OfProfile, Regions, Unobservable, UnusedRule};
use crate::{
    learn::{
        conversation::{Conversation, Initiator, Seen},
        review::Mark,
    },
    model::{
        overlap::extent,
        policy::{Profile, Rule},
    },
    service::{
        explain::Judgement,
        state::{Opener, Reason, RuleRef, Verdict},
    },
};

/// Names of devices that are told of one conversation.
const SHOWN: usize = 5;

/// What a policy says of a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ruling {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: Reason,
    /// The rule that allows it, by its number in the policy.
    pub rule: Option<u32>,
}

impl From<Judgement> for Ruling {
    fn from(judged: Judgement) -> Self {
        Self {
            allowed: Verdict::of(judged.reason, judged.dropped) == Verdict::Forwarded,
            reason: judged.reason,
            rule: judged.rule,
        }
    }
}

/// A conversation of a device, by both policies.
#[derive(Clone, Debug)]
pub struct Judged<'j> {
    /// Name of the device.
    pub device: &'j str,
    /// Which conversation.
    pub conversation: &'j Conversation,
    /// What was seen of it.
    pub seen: &'j Seen,
    /// What a person has to look at.
    pub marks: &'j [Mark],
    /// What the other side is called.
    pub peer_name: Option<String>,
    /// By what the maker discloses; none: nothing is disclosed.
    pub disclosed: Option<Ruling>,
    /// By the policy.
    pub enforced: Ruling,
}

/// What tells conversations apart that are counted: devices that share one may still be judged each in its own way.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    conversation: Conversation,
    disclosed: Option<bool>,
    rule: Option<u32>,
    reason: u8,
}

#[derive(Clone, Debug)]
struct Together {
    enforced: Ruling,
    peer_name: Option<String>,
    devices: BTreeSet<String>,
    times: u64,
    first: u64,
    last: u64,
    marks: Vec<Mark>,
}

/// What is known of a profile so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    devices: u64,
    observed: BTreeSet<String>,
    conversations: BTreeMap<Key, Together>,
    /// Rules by which anything was seen, by number: of the maker's list, and of the policy.
    disclosed: BTreeSet<u32>,
    enforced: BTreeSet<u32>,
}

impl Tally {
    /// One more device is looked at.
    pub fn expect(&mut self) {
        self.devices += 1;
    }

    /// Something was learned of this device.
    pub fn observe(&mut self, device: &str) {
        if !self.observed.contains(device) {
            self.observed.insert(device.to_owned());
        }
    }

    /// Adds a conversation.
    pub fn add(&mut self, judged: Judged<'_>) {
        let Judged {
            device,
            conversation,
            seen,
            marks,
            peer_name,
            disclosed,
            enforced,
        } = judged;
        self.disclosed.extend(disclosed.and_then(|it| it.rule));
        self.enforced.extend(enforced.rule);
        let key = Key {
            conversation: *conversation,
            disclosed: disclosed.map(|it| it.allowed),
            rule: enforced.rule,
            reason: enforced.reason as u8,
        };
        let together = self.conversations.entry(key).or_insert_with(|| Together {
            enforced,
            peer_name: None,
            devices: BTreeSet::new(),
            times: 0,
            first: seen.first,
            last: seen.last,
            marks: Vec::new(),
        });
        together.devices.insert(device.to_owned());
        together.peer_name = together.peer_name.take().or(peer_name);
        together.times = together.times.saturating_add(seen.opened);
        together.first = together.first.min(seen.first);
        together.last = together.last.max(seen.last);
        for mark in marks {
            if !together.marks.contains(mark) {
                together.marks.push(*mark);
            }
        }
    }

    /// What comes of it for this profile, and for that which says what the maker discloses. `find` knows where rules are written.
    pub fn finish(
        self,
        profile: &Profile,
        list: Option<&Profile>,
        find: impl Fn(&Rule) -> RuleRef,
    ) -> OfProfile {
        let mut regions = self.regions();
        let others = list.map(|list| &list.rules);
        let without_evidence: Vec<_> = profile
            .rules
            .iter()
            .filter(|rule| !self.enforced.contains(&rule.id))
            .map(|rule| unused(rule, &find, others.map(|rules| extent(rule, rules))))
            .collect();
        let unused: Vec<_> = others
            .into_iter()
            .flatten()
            .filter(|rule| !self.disclosed.contains(&rule.id))
            .map(|rule| unused(rule, &find, Some(extent(rule, &profile.rules))))
            .collect();
        let count = |rules: &[UnusedRule], has: bool| {
            let rules = rules.iter();
            let found = rules.filter(|it| (it.other == Some(Extent::All)) == has);
            found.count() as u64
        };
        regions.disclosed_enforced = count(&without_evidence, true);
        regions.enforced = count(&without_evidence, false);
        regions.disclosed = count(&unused, false);
        OfProfile {
            profile: profile.name.clone(),
            criticality: profile.criticality,
            disclosed: list.map(|list| list.name.clone()),
            observed: self.observed.len() as u64,
            devices: self.devices,
            regions,
            conversations: self.disagreements(profile, find),
            unused,
            without_evidence,
            unobservable: unobservable(profile, list),
        }
    }

    fn regions(&self) -> Regions {
        let mut regions = Regions::default();
        for (key, together) in &self.conversations {
            let count = match (key.disclosed, together.enforced.allowed) {
                (Some(true), true) => &mut regions.disclosed_learned_enforced,
                (Some(true), false) => &mut regions.disclosed_learned,
                (Some(false) | None, true) => &mut regions.learned_enforced,
                (Some(false) | None, false) => &mut regions.learned,
            };
            *count += 1;
        }
        regions
    }

    /// What the maker did not disclose, or the policy denies.
    fn disagreements(
        self,
        profile: &Profile,
        find: impl Fn(&Rule) -> RuleRef,
    ) -> Vec<Disagreement> {
        let agrees = |key: &Key, together: &Together| {
            key.disclosed != Some(false) && together.enforced.allowed
        };
        let all = self.conversations.into_iter();
        let mut all: Vec<_> = all
            .filter(|(key, together)| !agrees(key, together))
            .map(|(key, together)| {
                let rule = profile.rules.iter().find(|it| Some(it.id) == key.rule);
                disagreement(&key, together, rule.map(&find))
            })
            .collect();
        all.sort_by_key(|it| {
            let most = (it.device_count, it.times);
            (std::cmp::Reverse(most), it.peer, it.protocol, it.port)
        });
        all
    }
}

fn disagreement(key: &Key, together: Together, rule: Option<RuleRef>) -> Disagreement {
    let Together {
        enforced,
        peer_name,
        devices,
        times,
        first,
        last,
        marks,
    } = together;
    let Conversation {
        initiator,
        midstream,
        protocol,
        port,
        peer,
    } = key.conversation;
    Disagreement {
        initiator: match initiator {
            Initiator::Device => Opener::Device,
            Initiator::Peer => Opener::Peer,
        },
        midstream,
        protocol,
        port,
        peer,
        peer_name,
        disclosed: key.disclosed,
        allowed: enforced.allowed,
        reason: enforced.reason,
        rule,
        device_count: devices.len() as u64,
        devices: devices.into_iter().take(SHOWN).collect(),
        times,
        first_seen: time(first),
        last_seen: time(last),
        marks,
    }
}

fn unused(rule: &Rule, find: impl Fn(&Rule) -> RuleRef, other: Option<Extent>) -> UnusedRule {
    UnusedRule {
        rule: find(rule),
        note: rule.note.clone(),
        other,
    }
}

/// Services that pass without a conversation, where any of the two has them.
fn unobservable(profile: &Profile, list: Option<&Profile>) -> Vec<Unobservable> {
    type Has = fn(&Profile) -> bool;
    let services: [(_, Has); 3] = [
        ("arp", |it| it.arp),
        ("nd", |it| it.nd),
        ("dhcp", |it| it.dhcp),
    ];
    let services = services.into_iter().map(|(service, has)| Unobservable {
        service,
        disclosed: list.map(has),
        allowed: has(profile),
    });
    services
        .filter(|it| it.allowed || it.disclosed == Some(true))
        .collect()
}

fn time(second: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(second).ok()?).ok()
}

#[cfg(test)]
mod tests;
