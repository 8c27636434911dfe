//! What is learned, while the gateway runs.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use xiot_common::copy::CopyKind;

use super::{Live, lock};
use crate::{
    collect::Message,
    datapath::MapAccessError,
    learn::{self, device::Identity, told::Told},
    model::policy::Policy,
    propose::Proposal,
    service::{
        clock::Now,
        decide,
        explain::{Query, Subject},
        faults::Fault,
        handle::SourceError,
        learner::{self, Learner, NotLearned, ProposalError, Wanted},
        names::Names,
        state::{Decided, Decision, Learned, LearnedLevels, Vlans},
    },
    store::{LearnedStore, StoreError},
};

/// Devices that are read at once.
const AT_ONCE: usize = 16;

impl Live {
    /// Time between two looks at what was observed, and between two times that it is written down.
    pub(in crate::service) fn learning_times(&self) -> (Duration, Duration) {
        let learner = lock(&self.learner);
        (learner.look(), learner.write())
    }

    /// Learns from what was observed.
    pub(in crate::service) fn learn(&self) -> Result<(), MapAccessError> {
        let mut learner = lock(&self.learner);
        let observed = self.observed.snapshot()?;
        learner.note(Now::read(), &observed);
        self.tell_trouble(&learner);
        drop(learner);
        self.look_at_stages();
        Ok(())
    }

    /// Learns from messages.
    pub(in crate::service) fn hear(&self, messages: &[Message]) {
        let names = self.names();
        let is_listed = |it: &&Message| names.listed(it.mac, it.vlans.into()).is_some();
        let mut answers = lock(&self.answers);
        let mut again = false;
        for message in messages.iter().filter(is_listed) {
            again |= answers.take(message);
        }
        drop(answers);
        if again {
            // It may be another by now.
            self.tell(self.names().policy());
        }
        let mut learner = lock(&self.learner);
        let now = Now::read();
        for message in messages {
            self.heard.count(message.kind);
            learner.hear(now, message);
        }
    }

    /// Has the program know what devices were told of names that this policy, which is about to be in force, has in rules. What they are told until it is, they are told
    /// once more as it is heard of.
    pub(in crate::service) fn tell_names(&self, policy: &Policy) {
        lock(&self.answers).begin(Now::read());
        self.tell(policy);
    }

    fn tell(&self, policy: &Policy) {
        let now = Now::read();
        let told = lock(&self.answers).places(policy, now);
        let mut names = lock(&self.dns_names);
        for (device, set) in told {
            if let Err(error) = names.tell(&device, &set, now.second()) {
                self.fault(Fault::Maps);
                tracing::error!(%error, "Devices have to ask again for names that are in rules from now on.");
                return;
            }
        }
    }

    /// Goes on with answers of the servers of this policy, which is in force by now.
    pub(in crate::service) fn follow_servers(&self, policy: &Policy) {
        lock(&self.answers).follow(policy, Now::read());
    }

    /// Writes down what was learned. What goes wrong is logged, told of, and tried again.
    pub(in crate::service) fn write_learned(&self) {
        let names = self.names();
        let mut learner = lock(&self.learner);
        let written = learner.flush(|identity| is_listed(&names, identity));
        self.tell_trouble(&learner);
        if let Err(error) = written {
            tracing::debug!(%error, "what was learned waits to be written down");
        }
    }

    /// Why what is learned can't be kept.
    pub(super) fn learning_trouble(&self) -> Option<String> {
        lock(&self.learning_trouble).clone()
    }

    /// How much is in the database.
    pub(super) fn learned_levels(&self) -> LearnedLevels {
        *lock(&self.learned_levels)
    }

    /// For whoever may not wait for the learner, which reads and writes files.
    fn tell_trouble(&self, learner: &Learner) {
        *lock(&self.learning_trouble) = learner.trouble().map(str::to_owned);
        *lock(&self.learned_levels) = learner.levels();
    }

    /// What was learned of one device, or of all of them in short.
    pub(super) fn learned(&self, device: Option<&str>) -> Result<Learned, SourceError> {
        self.catch_up_learning()?;
        let names = self.names();
        let suspects = self.suspects()?;
        let learned = self.read_learned(|store| {
            learner::learned(store, &names, device, |identity| suspects.are(identity))
        });
        Ok(learned?)
    }

    /// Proposes a change of the policy in this text.
    pub(super) fn propose(
        &self,
        (file, text): (&str, &str),
        wanted: &Wanted,
    ) -> Result<Proposal, SourceError> {
        self.catch_up_learning()?;
        let suspects = self.suspects()?;
        let is_suspect = |identity: &Identity| suspects.are(identity);
        let store = lock(&self.learner).lend()?;
        let proposal = learner::propose(&store, (file, text), wanted, is_suspect, Now::read());
        drop(store);
        if let Err(ProposalError::Store(error)) = &proposal {
            lock(&self.learner).failed(error.to_string());
        }
        proposal.map_err(|error| SourceError::Proposal(Box::new(error)))
    }

    /// What the device in question was told of names. Where nothing can be read nothing is known.
    pub(super) fn told_of(&self, names: &Names, query: &Query) -> Told {
        let mac = match &query.subject {
            Subject::Mac(mac) => Some(*mac),
            Subject::Name(name) => {
                let mut devices = names.policy().devices.iter();
                devices
                    .find(|device| device.name == *name)
                    .map(|device| device.mac)
            }
        };
        let told = mac
            .filter(|_| query.asks_for_a_name())
            .map(|mac| lock(&self.learner).told_of(mac));
        match told.transpose() {
            Ok(told) => told.unwrap_or_default(),
            Err(error) => {
                tracing::debug!(%error, "names that devices were told are not known");
                Told::default()
            }
        }
    }

    /// Reads what was written down. Who learns meanwhile, or looks at a drop, does not wait for it.
    pub(super) fn read_learned<T>(
        &self,
        work: impl FnOnce(&LearnedStore) -> Result<T, StoreError>,
    ) -> Result<T, NotLearned> {
        let store = lock(&self.learner).lend()?;
        let read = work(&store);
        drop(store);
        read.map_err(|error| lock(&self.learner).failed(error.to_string()))
    }

    /// Looks at every device by MAC, as it was written down. It is read as it comes, so that nothing of the past is kept for whoever takes long.
    pub(super) fn visit_learned(
        &self,
        mut look: impl FnMut(Identity, learn::device::Learned, Told),
    ) -> Result<(), NotLearned> {
        let mut after = None;
        loop {
            let some = self.read_learned(|store| store.some(after.as_ref(), AT_ONCE))?;
            let Some((last, ..)) = some.last() else {
                return Ok(());
            };
            after = Some(*last);
            for (identity, learned, told) in some {
                look(identity, learned, told);
            }
        }
    }

    pub(super) fn catch_up_learning(&self) -> Result<(), SourceError> {
        self.learn().map_err(|error| self.failed(error))?;
        let names = self.names();
        let mut learner = lock(&self.learner);
        let written = learner.flush(|identity| is_listed(&names, identity));
        self.tell_trouble(&learner);
        Ok(written?)
    }

    /// Devices that somebody has put into quarantine.
    pub(super) fn suspects(&self) -> Result<Suspects, SourceError> {
        let overrides = self
            .overrides
            .entries()
            .map_err(|error| self.failed(error))?;
        let decided = decide::decisions(overrides, &self.names(), Now::read(), &BTreeMap::new());
        let suspects = decided
            .into_iter()
            .filter(|decided| decided.decision == Some(Decision::Quarantine));
        Ok(Suspects(suspects.collect()))
    }
}

/// Messages that were taken, by kind.
#[derive(Debug, Default)]
pub(super) struct Heard([AtomicU64; HEARD.len()]);

const HEARD: [(CopyKind, &str); 4] = [
    (CopyKind::DnsAnswer, "dns"),
    (CopyKind::DhcpRequest, "dhcp"),
    (CopyKind::Dhcpv6Request, "dhcpv6"),
    (CopyKind::Lldp, "lldp"),
];

impl Heard {
    fn count(&self, kind: CopyKind) {
        let places = HEARD.iter().zip(&self.0);
        for (_, number) in places.filter(|((it, _), _)| *it == kind) {
            number.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each with its number.
    pub(super) fn each(&self) -> Vec<(&'static str, u64)> {
        let places = HEARD.iter().zip(&self.0);
        let numbers = places.map(|((_, name), number)| (*name, number.load(Ordering::Relaxed)));
        numbers.collect()
    }
}

/// Devices in quarantine, on some VLANs or on any.
pub(super) struct Suspects(Vec<Decided>);

impl Suspects {
    pub(super) fn are(&self, identity: &Identity) -> bool {
        let vlans: Vlans = identity.vlans.into();
        self.0
            .iter()
            .any(|it| it.mac == identity.mac && it.vlans.is_none_or(|of_it| of_it == vlans))
    }
}

fn is_listed(names: &Names, identity: &Identity) -> bool {
    names.listed(identity.mac, identity.vlans.into()).is_some()
}
