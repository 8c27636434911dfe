//! What was learned beside what makers disclose and what is enforced.

use std::{collections::BTreeMap, sync::Arc};

use super::{Live, simulate::By};
use crate::{
    learn::{
        conversation::{Conversation, Seen},
        device::{Identity, Learned},
        review::{Peers, Thresholds, marks},
        told::Told,
    },
    model::policy::{Policy, Rule},
    propose::Directory,
    service::{
        compare::{
            Choice, CompareError, Comparison, Judged, OfProfile, Ruling, Tally, Wanted, choose,
        },
        explain::JudgeError,
        files::Files,
        guards,
        handle::SourceError,
        reload::Candidate,
        state::RuleRef,
    },
};

impl Live {
    /// Compares what was learned of these devices with a policy, that in force where none is given, and with what their makers disclose by it.
    pub(super) fn compare(
        &self,
        what: Option<&Candidate>,
        wanted: &Wanted,
    ) -> Result<Comparison, SourceError> {
        self.catch_up_learning()?;
        let files = match what {
            None => self.files(),
            Some(what) => self.beside(what)?.1,
        };
        let policy = Arc::clone(&files.policy);
        let choice = choose(&policy, wanted)?;
        let sides = self.sides(&files, &choice)?;
        let suspects = self.suspects()?;
        let mut peers = Peers::default();
        self.visit_learned(|_, learned, _| peers.add(&learned))?;
        let mut work = Work::new(&policy, &choice, sides, &peers);
        self.visit_learned(|identity, learned, told| {
            work.look((&identity, &told), &learned, suspects.are(&identity));
        })?;
        Ok(work.finish())
    }

    fn sides(&self, files: &Files, choice: &Choice) -> Result<Sides, SourceError> {
        let disclosed = match choice.as_disclosed(&files.policy) {
            None => None,
            Some(policy) => {
                let files = files.beside(policy).map_err(CompareError::from)?;
                // What a wire guards against is no matter of makers.
                Some(self.judge_by(&files, None)?)
            }
        };
        Ok(Sides {
            enforced: self.judge_by(files, guards::needed(&files.gateway))?,
            disclosed,
        })
    }
}

/// Who judges.
struct Sides {
    /// By the policy.
    enforced: By,
    /// By the policy in which devices may do what their makers disclose.
    disclosed: Option<By>,
}

impl Sides {
    /// What the two say, the maker if it disclosed anything.
    fn rule(
        &mut self,
        of: (&Identity, &Told),
        is_disclosed: bool,
        (conversation, seen): (&Conversation, &Seen),
    ) -> Result<(Option<Ruling>, Ruling), JudgeError> {
        let disclosed = self.disclosed.as_mut().filter(|_| is_disclosed);
        let disclosed = disclosed.map(|it| it.judge(of, conversation, seen.last));
        let enforced = self.enforced.judge(of, conversation, seen.last)?;
        Ok((disclosed.transpose()?.map(Ruling::from), enforced.into()))
    }
}

/// A comparison while it is made.
struct Work<'w> {
    policy: &'w Policy,
    choice: &'w Choice,
    sides: Sides,
    peers: &'w Peers,
    directory: Directory<'w>,
    /// By profile.
    tallies: BTreeMap<usize, Tally>,
    unknown: u64,
    failed: Option<JudgeError>,
}

impl<'w> Work<'w> {
    fn new(policy: &'w Policy, choice: &'w Choice, sides: Sides, peers: &'w Peers) -> Self {
        let mut tallies: BTreeMap<_, Tally> = BTreeMap::new();
        for profile in choice.devices.values() {
            tallies.entry(*profile).or_default().expect();
        }
        Self {
            policy,
            choice,
            sides,
            peers,
            directory: Directory::of(policy),
            tallies,
            unknown: 0,
            failed: None,
        }
    }

    /// Takes in what was learned of a device.
    fn look(
        &mut self,
        of @ (identity, told): (&Identity, &Told),
        learned: &Learned,
        is_suspect: bool,
    ) {
        let listed = self.sides.enforced.listed(identity);
        let Some(device) = listed.map(|device| device.name.clone()) else {
            return;
        };
        let Some(profile) = self.choice.devices.get(&device) else {
            return;
        };
        let Some(tally) = self.tallies.get_mut(profile) else {
            return;
        };
        tally.observe(&device);
        let is_disclosed = self.choice.disclosed.contains_key(profile);
        let marks = marks(learned, is_suspect, self.peers, &Thresholds::default());
        for (conversation, seen) in learned.conversations() {
            match self.sides.rule(of, is_disclosed, (conversation, seen)) {
                Err(error) => {
                    self.unknown += 1;
                    self.failed = Some(error);
                }
                Ok((disclosed, enforced)) => tally.add(Judged {
                    device: &device,
                    conversation,
                    seen,
                    marks: marks.get(conversation).map_or(&[], Vec::as_slice),
                    peer_name: self
                        .directory
                        .name(conversation.peer, &told.words(conversation.peer))
                        .or_else(|| first_name(told, conversation)),
                    disclosed,
                    enforced,
                }),
            }
        }
    }

    fn finish(self) -> Comparison {
        if let Some(error) = self.failed {
            tracing::warn!(
                "{} conversations could not be judged: {error:#}",
                self.unknown
            );
        }
        let (policy, choice) = (self.policy, self.choice);
        let tallies = self.tallies.into_iter();
        let profiles = tallies.filter_map(|(profile, tally)| -> Option<OfProfile> {
            let list = choice.disclosed.get(&profile);
            let list = list.and_then(|list| policy.profiles.get(*list));
            let find = |rule: &Rule| RuleRef {
                id: rule.id,
                label: rule.label.clone(),
                file: policy.file.clone(),
                line: rule.at.line,
            };
            Some(tally.finish(policy.profiles.get(profile)?, list, find))
        });
        Comparison {
            profiles: profiles.collect(),
            unknown: self.unknown,
        }
    }
}

/// The name that a device was told last of its peer, which no rule would be proposed by.
fn first_name(told: &Told, conversation: &Conversation) -> Option<String> {
    let names = told.names().get(&conversation.peer)?;
    names.first().map(|(name, _)| format!("{name}?"))
}
