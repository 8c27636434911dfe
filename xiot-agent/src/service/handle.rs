//! What the surfaces hold of the service: questions in, snapshots out.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use tokio::{sync::broadcast, task};

use super::{
    compare::{self, CompareError, Comparison},
    decide::{DecideError, Wish},
    explain::{ExplainError, Explanation, Query},
    learner::{NotLearned, ProposalError, Wanted},
    names::UnknownDevice,
    plan::Plan,
    promotion::{self, Promotion, PromotionError},
    reload::{Candidate, Change, ReloadError},
    seldom::Seldom,
    simulate::{self, Simulation},
    state::{
        Binding, BindingFilter, Decided, Device, DeviceTotal, Drop, Flow, FlowFilter, Health,
        Learned, Named, NamedFilter, Observed, ObservedFilter, Reloaded, Selected, Status,
    },
    supervisor::Reloading,
};
use crate::{
    propose::Proposal,
    store::{Author, Record, Texts},
};

/// Where answers come from. Calls may take milliseconds of system calls: [`Handle`] keeps them off the event loop.
pub trait Source: Send + Sync + 'static {
    /// The gateway as a whole.
    fn status(&self) -> Result<Status, SourceError>;
    /// Listed devices in file order, then the others by MAC.
    fn devices(&self) -> Result<Vec<Device>, SourceError>;
    /// What is in place right now. Waits for nothing that takes long, a reload above all.
    fn health(&self) -> Result<Health, SourceError>;
    /// What the listed devices of a group did, or all of them, in file order.
    fn device_totals(&self, group: Option<&str>) -> Result<Vec<DeviceTotal>, SourceError>;
    /// A call failed within.
    fn note_failure(&self) {}
    /// Whether something can have been of this device: a name of the policy, or a MAC.
    fn know(&self, device: &str) -> Result<(), UnknownDevice>;
    /// Flows, most recently active first.
    fn flows(&self, filter: &FlowFilter) -> Result<Selected<Flow>, SourceError>;
    /// Observed conversations, by device.
    fn observed(&self, filter: &ObservedFilter) -> Result<Selected<Observed>, SourceError>;
    /// What was learned of one device by name or MAC, or of all of them in short.
    fn learned(&self, device: Option<&str>) -> Result<Learned, SourceError>;
    /// Proposes a change of the policy file: its text as it is, and what is proposed.
    fn propose(&self, wanted: &Wanted) -> Result<(Texts, Proposal), SourceError>;
    /// What a candidate would drop of what was learned.
    fn simulate(
        &self,
        what: &Candidate,
        wanted: &simulate::Wanted,
    ) -> Result<Simulation, SourceError>;
    /// What was learned, beside what makers disclose and what a policy allows: that in force where none is given.
    fn compare(
        &self,
        what: Option<&Candidate>,
        wanted: &compare::Wanted,
    ) -> Result<Comparison, SourceError>;
    /// What stands in the way of devices that are to get another mode, and the policy file with it.
    fn promotion(&self, wanted: &promotion::Wanted) -> Result<Promotion, SourceError>;
    /// Addresses bound to MACs, by device.
    fn bindings(&self, filter: &BindingFilter) -> Result<Selected<Binding>, SourceError>;
    /// Addresses that devices were told DNS names have, by device.
    fn named(&self, filter: &NamedFilter) -> Result<Selected<Named>, SourceError>;
    /// What becomes of a conversation.
    fn explain(&self, query: &Query) -> Result<Explanation, SourceError>;
    /// What a change would do.
    fn plan(&self, what: &Candidate) -> Result<Plan, SourceError>;
    /// Puts another policy in force.
    fn change(&self, change: &Change) -> Result<Reloaded, SourceError>;
    /// Whether a file is another than when the policy in force was put there.
    fn news(&self) -> News;
    /// What is on trial stays.
    fn confirm(&self, author: Author) -> Result<Record, SourceError>;
    /// Revisions, newest first.
    fn history(&self, limit: usize) -> Result<Selected<Record>, SourceError>;
    /// Both texts of a revision; none: the files as they are.
    fn texts(&self, revision: Option<u64>) -> Result<Texts, SourceError>;
    /// Decides about a device.
    fn decide(&self, wish: &Wish) -> Result<Decided, SourceError>;
    /// Recent drops from this time on, oldest first.
    fn recent_drops(&self, since: Option<Timestamp>) -> Vec<Drop>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The kernel's maps can't be read.
    #[error("the maps of the XDP program can't be read")]
    Datapath(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The question can't be answered.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The files were not loaded again.
    #[error(transparent)]
    Reload(#[from] ReloadError),
    /// Nothing was decided.
    #[error(transparent)]
    Decide(#[from] DecideError),
    /// What was learned can't be read.
    #[error(transparent)]
    NotLearned(#[from] NotLearned),
    /// Nothing was proposed.
    #[error(transparent)]
    Proposal(Box<ProposalError>),
    /// Nothing was compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// No device gets another mode.
    #[error(transparent)]
    Promotion(#[from] PromotionError),
    /// Nothing can be of this device.
    #[error(transparent)]
    UnknownDevice(#[from] UnknownDevice),
    /// The service is on its way down, or the call panicked.
    #[error("the service did not finish the request")]
    Gone,
}

/// What the files say beside the policy in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum News {
    /// They are as they were when it was put there.
    Nothing,
    /// This is to be loaded.
    Other(Candidate),
    /// Nobody can tell yet: it is on trial, and until that is over nothing else is loaded.
    Later,
}

/// A cheap handle to the running service.
#[derive(Clone)]
pub struct Handle {
    source: Arc<dyn Source>,
    drops: broadcast::Sender<Arc<Drop>>,
    failures: Seldom,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

impl Handle {
    /// A handle to this source; drops are sent through `drops`.
    pub fn new(source: Arc<dyn Source>, drops: broadcast::Sender<Arc<Drop>>) -> Self {
        Self {
            source,
            drops,
            failures: Seldom::new("requests that failed inside the service", 1),
        }
    }

    /// The gateway as a whole.
    pub async fn status(&self) -> Result<Status, SourceError> {
        self.ask(Source::status).await
    }

    /// What is in place right now.
    pub async fn health(&self) -> Result<Health, SourceError> {
        self.ask(Source::health).await
    }

    /// What the listed devices of a group did, or all of them, in file order.
    pub async fn device_totals(
        &self,
        group: Option<String>,
    ) -> Result<Vec<DeviceTotal>, SourceError> {
        self.ask(move |source| source.device_totals(group.as_deref()))
            .await
    }

    /// Listed devices in file order, then the others by MAC.
    pub async fn devices(&self) -> Result<Vec<Device>, SourceError> {
        self.ask(Source::devices).await
    }

    /// Whether something can have been of this device, if one is named.
    pub async fn know(&self, device: Option<String>) -> Result<(), SourceError> {
        let Some(device) = device else {
            return Ok(());
        };
        self.ask(move |source| Ok(source.know(&device)?)).await
    }

    /// Flows, most recently active first.
    pub async fn flows(&self, filter: FlowFilter) -> Result<Selected<Flow>, SourceError> {
        self.ask(move |source| source.flows(&filter)).await
    }

    /// Observed conversations, by device.
    pub async fn observed(
        &self,
        filter: ObservedFilter,
    ) -> Result<Selected<Observed>, SourceError> {
        self.ask(move |source| source.observed(&filter)).await
    }

    /// What was learned of one device by name or MAC, or of all of them in short.
    pub async fn learned(&self, device: Option<String>) -> Result<Learned, SourceError> {
        self.ask(move |source| source.learned(device.as_deref()))
            .await
    }

    /// Proposes a change of the policy file: its text as it is, and what is proposed.
    pub async fn propose(&self, wanted: Wanted) -> Result<(Texts, Proposal), SourceError> {
        self.ask(move |source| source.propose(&wanted)).await
    }

    /// What a candidate would drop of what was learned.
    pub async fn simulate(
        &self,
        what: Candidate,
        wanted: simulate::Wanted,
    ) -> Result<Simulation, SourceError> {
        self.ask(move |source| source.simulate(&what, &wanted))
            .await
    }

    /// What was learned, beside what makers disclose and what a policy allows.
    pub async fn compare(
        &self,
        what: Option<Candidate>,
        wanted: compare::Wanted,
    ) -> Result<Comparison, SourceError> {
        self.ask(move |source| source.compare(what.as_ref(), &wanted))
            .await
    }

    /// What stands in the way of devices that are to get another mode, and the policy file with it.
    pub async fn promotion(&self, wanted: promotion::Wanted) -> Result<Promotion, SourceError> {
        self.ask(move |source| source.promotion(&wanted)).await
    }

    /// Addresses bound to MACs, by device.
    pub async fn bindings(&self, filter: BindingFilter) -> Result<Selected<Binding>, SourceError> {
        self.ask(move |source| source.bindings(&filter)).await
    }

    /// Addresses that devices were told DNS names have, by device.
    pub async fn named(&self, filter: NamedFilter) -> Result<Selected<Named>, SourceError> {
        self.ask(move |source| source.named(&filter)).await
    }

    /// What becomes of a conversation.
    pub async fn explain(&self, query: Query) -> Result<Explanation, SourceError> {
        self.ask(move |source| source.explain(&query)).await
    }

    /// What a change would do.
    pub async fn plan(&self, what: Candidate) -> Result<Plan, SourceError> {
        self.ask(move |source| source.plan(&what)).await
    }

    /// Puts another policy in force: all of it, or nothing.
    pub async fn change(&self, change: Change) -> Result<Reloaded, SourceError> {
        self.ask(move |source| {
            let reloading = Reloading::begin();
            let reloaded = source.change(&change)?;
            let after = &reloaded.after;
            reloading.succeeded(&after.digest, after.revision);
            Ok(reloaded)
        })
        .await
    }

    /// Whether a file is another than when the policy in force was put there.
    pub async fn news(&self) -> Result<News, SourceError> {
        self.ask(|source| Ok(source.news())).await
    }

    /// What is on trial stays.
    pub async fn confirm(&self, author: Author) -> Result<Record, SourceError> {
        self.ask(move |source| source.confirm(author)).await
    }

    /// Revisions, newest first.
    pub async fn history(&self, limit: usize) -> Result<Selected<Record>, SourceError> {
        self.ask(move |source| source.history(limit)).await
    }

    /// Both texts of a revision; none: the files as they are.
    pub async fn texts(&self, revision: Option<u64>) -> Result<Texts, SourceError> {
        self.ask(move |source| source.texts(revision)).await
    }

    /// Decides about a device: what policy says of it counts for nothing until that is over.
    pub async fn decide(&self, wish: Wish) -> Result<Decided, SourceError> {
        self.ask(move |source| source.decide(&wish)).await
    }

    /// Recent drops, oldest first.
    pub fn recent_drops(&self, since: Option<Timestamp>) -> Vec<Drop> {
        self.source.recent_drops(since)
    }

    /// Drops from now on. A receiver that is too slow is told how many it missed.
    pub fn subscribe_drops(&self) -> broadcast::Receiver<Arc<Drop>> {
        self.drops.subscribe()
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Source) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let source = Arc::clone(&self.source);
        task::spawn_blocking(move || question(source.as_ref()))
            .await
            .unwrap_or_else(|error| {
                self.source.note_failure();
                self.failures
                    .write(|| tracing::error!(%error, "a request failed inside the service"));
                Err(SourceError::Gone)
            })
    }
}
