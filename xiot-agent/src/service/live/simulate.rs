//! What a candidate would drop of what was learned.

use std::sync::Arc;

use super::{Live, lock};
use jiff::Timestamp;
use xiot_common::guard::WireGuards;

use crate::{
    learn::{
        conversation::{Conversation, Initiator, Seen},
        device::Identity,
        review::{Mark, Peers, Thresholds, marks},
        told::Told,
    },
    model::policy::{Device, Mode, Policy},
    propose::Directory,
    service::{
        clock::Now,
        explain::{Judge as _, JudgeError, Judgement, Program},
        files::Files,
        guards,
        handle::SourceError,
        names::Names,
        reload::{self, Candidate, Prepared, ReloadError},
        simulate::{self, Simulation, Wanted, WouldDrop},
        state::{Opener, Verdict},
    },
    unit,
};

impl Live {
    /// Puts what was learned of these devices to the program, with this candidate in it.
    pub(super) fn simulate(
        &self,
        what: &Candidate,
        wanted: &Wanted,
    ) -> Result<Simulation, SourceError> {
        self.catch_up_learning()?;
        let (old, new) = self.beside(what)?;
        let by = |files: &Files| self.judge_by(files, guards::needed(&files.gateway));
        let (mut candidate, mut in_force) = (by(&new)?, by(&old)?);
        let mut failed = None;
        let mut simulation = Simulation {
            until: time(lock(&self.learner).at(Now::read())),
            ..Simulation::default()
        };
        let policy = candidate.policy();
        let directory = Directory::of(&policy);
        self.visit_learned(|identity, learned, told| {
            if !candidate.is_wanted(&identity, wanted) {
                return;
            }
            simulation.devices += 1;
            let marks = marks(&learned, false, &Peers::default(), &Thresholds::default());
            let is_scan = |it: &Conversation| {
                marks
                    .get(it)
                    .is_some_and(|marks| marks.contains(&Mark::Crowd))
            };
            let all = learned.conversations().iter();
            let all = all.filter(|(_, seen)| wanted.since.is_none_or(|since| seen.last >= since));
            for (conversation, seen) in all {
                let of = (&identity, &told);
                match candidate.would_drop((&mut in_force, &directory), of, conversation, seen) {
                    Ok(None) => simulation.judged += 1,
                    Ok(Some(it)) => {
                        simulation.judged += 1;
                        simulation.would_drop.push(WouldDrop {
                            scan: it.before.is_none() && is_scan(conversation),
                            ..it
                        });
                    }
                    Err(error) => {
                        simulation.unknown += 1;
                        failed = Some(error);
                    }
                }
            }
        })?;
        if let Some(error) = failed {
            tracing::warn!(
                "{} conversations could not be judged: {error:#}",
                simulation.unknown
            );
        }
        simulation.sort();
        Ok(simulation)
    }

    /// What is in force, and a candidate compiled beside it.
    pub(super) fn beside(&self, what: &Candidate) -> Result<(Files, Files), SourceError> {
        let prepared = self
            .with_datapath(|datapath| reload::prepare(self, &mut self.keeper(), datapath, what))
            .unwrap_or(Err(ReloadError::Ending))?;
        let Prepared {
            old, before, both, ..
        } = prepared;
        let next = before.header.revision + 1;
        let (new, _) = reload::compile_beside(both, &old, next, Now::read())?;
        Ok((old, new))
    }

    /// A judge by these files, with these guards on each wire.
    pub(super) fn judge_by(
        &self,
        files: &Files,
        guards: Option<Vec<WireGuards>>,
    ) -> Result<By, SourceError> {
        let program = Program::new(&files.image, &files.ids, guards);
        let mut program = program.map_err(|error| SourceError::Datapath(error.into()))?;
        let known = self.with_datapath(|datapath| program.know(datapath, Now::read().second()));
        known
            .unwrap_or(Ok(()))
            .map_err(|error| self.failed(error))?;
        let names = Names::new(
            Arc::clone(&files.policy),
            Arc::clone(&files.wires),
            Arc::clone(&files.ids),
        );
        Ok(By {
            program,
            policy: Arc::clone(&files.policy),
            names,
        })
    }
}

/// A judge by one policy.
#[derive(Debug)]
pub(super) struct By {
    program: Program,
    policy: Arc<Policy>,
    names: Names,
}

impl By {
    /// Devices that are not listed count where they are asked for, or where the policy lets none of them through.
    fn is_wanted(&self, identity: &Identity, wanted: &Wanted) -> bool {
        let Wanted {
            profile, device, ..
        } = wanted;
        let listed = self.listed(identity);
        let is_device = device.as_deref().is_none_or(|device| {
            listed.is_some_and(|it| it.name == device)
                || unit::mac::parse(device) == Ok(identity.mac)
        });
        let of = listed.and_then(|it| self.policy.profiles.get(it.profile));
        let is_of = profile
            .as_ref()
            .is_none_or(|name| of.is_some_and(|of| of.name == *name));
        let counts =
            listed.is_some() || device.is_some() || self.policy.onboarding == Mode::Enforce;
        is_device && is_of && counts
    }

    /// The policy.
    pub(super) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy)
    }

    /// Whether it allows a conversation, as of this second since the Unix epoch.
    pub(super) fn allows(
        &mut self,
        of: (&Identity, &Told),
        conversation: &Conversation,
        at: u64,
    ) -> Result<bool, JudgeError> {
        let judged = self.judge(of, conversation, at)?;
        Ok(Verdict::of(judged.reason, judged.dropped) == Verdict::Forwarded)
    }

    /// Judged as of the moment when it was seen last; none: it is allowed.
    fn would_drop(
        &mut self,
        (in_force, directory): (&mut Self, &Directory<'_>),
        of @ (identity, told): (&Identity, &Told),
        conversation: &Conversation,
        seen: &Seen,
    ) -> Result<Option<WouldDrop>, JudgeError> {
        let judged = self.judge(of, conversation, seen.last)?;
        if Verdict::of(judged.reason, judged.dropped) == Verdict::Forwarded {
            return Ok(None);
        }
        let before = in_force.judge(of, conversation, seen.last)?;
        let before = before.rule.and_then(|place| in_force.names.rule_at(place));
        let device = self.listed(identity);
        let profile = device
            .map(|device| device.profile)
            .or(self.policy.default_profile);
        let profile = profile.and_then(|profile| self.policy.profiles.get(profile));
        Ok(Some(WouldDrop {
            device: device.map(|device| device.name.clone()),
            mac: identity.mac,
            profile: profile.map(|profile| profile.name.clone()),
            criticality: device.and_then(|device| device.criticality),
            initiator: match conversation.initiator {
                Initiator::Device => Opener::Device,
                Initiator::Peer => Opener::Peer,
            },
            protocol: conversation.protocol,
            port: conversation.port,
            peer: conversation.peer,
            peer_name: directory.name(conversation.peer, &told.words(conversation.peer)),
            scan: false,
            reason: judged.reason,
            before,
            times: seen.opened,
            first_seen: time(seen.first),
            last_seen: time(seen.last),
        }))
    }

    /// The device that this is, where it is listed.
    pub(super) fn listed(&self, identity: &Identity) -> Option<&Device> {
        self.names.listed(identity.mac, identity.vlans.into())
    }

    /// Judged as of this second since the Unix epoch.
    pub(super) fn judge(
        &mut self,
        of @ (identity, _): (&Identity, &Told),
        conversation: &Conversation,
        at: u64,
    ) -> Result<Judgement, JudgeError> {
        self.program.set_clock(u32::try_from(at).ok());
        let device = self.names.listed(identity.mac, identity.vlans.into());
        let wires = self.names.wires();
        simulate::judge(&mut self.program, wires, device, of, conversation)
    }
}

fn time(second: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(second).ok()?).ok()
}
