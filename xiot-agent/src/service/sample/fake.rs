//! A service that answers from the sample.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::broadcast;

use super::{
    binding,
    comparison::comparison,
    device_totals, devices, drop, flow,
    learned::{learned, proposal, simulation},
    named, names, observed, plan,
    promoted::promoted,
    record, reloaded, status,
};
use crate::{
    propose::Proposal,
    service::{
        compare::{self, Comparison},
        decide::{DecideError, Wish},
        explain::{self, Explanation, Query, Reference},
        handle::{Handle, News, Source, SourceError},
        learner::{ProposalError, Wanted},
        names::UnknownDevice,
        plan::Plan,
        promotion::{self, Promotion},
        reload::{Candidate, Change, ReloadError},
        simulate::{self, Simulation},
        state::{
            Binding, BindingFilter, Decided, Device, DeviceTotal, Drop, Flow, FlowFilter, Health,
            Learned, Named, NamedFilter, Observed, ObservedFilter, Reloaded, Selected, Status,
        },
        view,
    },
    store::{Author, Record, Texts},
};

/// A service without a kernel.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) fail: bool,
    /// Reloads find errors in the files.
    pub(crate) refuse: bool,
    /// Number of flows, and of observed conversations.
    pub(crate) flows: usize,
    pub(crate) recent: Vec<Drop>,
    pub(crate) health: Health,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            fail: false,
            refuse: false,
            flows: 1,
            recent: vec![drop(1)],
            health: Health {
                has_policy: true,
                ports: 2,
                attached: 2,
            },
        }
    }
}

impl Fake {
    pub(crate) fn handle(self, drops: broadcast::Sender<Arc<Drop>>) -> Handle {
        Handle::new(Arc::new(self), drops)
    }

    fn check(&self) -> Result<(), SourceError> {
        if self.fail {
            return Err(SourceError::Datapath("the map is gone".into()));
        }
        Ok(())
    }
}

impl Source for Fake {
    fn status(&self) -> Result<Status, SourceError> {
        self.check()?;
        Ok(status())
    }

    fn health(&self) -> Result<Health, SourceError> {
        self.check()?;
        Ok(self.health)
    }

    fn device_totals(&self, group: Option<&str>) -> Result<Vec<DeviceTotal>, SourceError> {
        self.check()?;
        Ok(device_totals(group))
    }

    fn devices(&self) -> Result<Vec<Device>, SourceError> {
        self.check()?;
        Ok(devices())
    }

    fn know(&self, device: &str) -> Result<(), UnknownDevice> {
        names().know(device)
    }

    fn flows(&self, filter: &FlowFilter) -> Result<Selected<Flow>, SourceError> {
        self.check()?;
        let flows = std::iter::repeat_with(flow).take(self.flows);
        Ok(view::select(flows, filter))
    }

    fn observed(&self, filter: &ObservedFilter) -> Result<Selected<Observed>, SourceError> {
        self.check()?;
        let all = std::iter::repeat_with(observed).take(self.flows);
        Ok(view::select_observed(all, filter))
    }

    fn learned(&self, device: Option<&str>) -> Result<Learned, SourceError> {
        self.check()?;
        Ok(learned(device))
    }

    fn propose(&self, wanted: &Wanted) -> Result<(Texts, Proposal), SourceError> {
        self.check()?;
        if self.refuse {
            return Err(SourceError::Proposal(Box::new(ProposalError::Nothing(
                wanted.profiles.clone(),
            ))));
        }
        Ok((self.texts(None)?, proposal()))
    }

    fn simulate(
        &self,
        _what: &Candidate,
        _wanted: &simulate::Wanted,
    ) -> Result<Simulation, SourceError> {
        self.check()?;
        Ok(simulation())
    }

    fn compare(
        &self,
        _what: Option<&Candidate>,
        _wanted: &compare::Wanted,
    ) -> Result<Comparison, SourceError> {
        self.check()?;
        Ok(comparison())
    }

    fn promotion(&self, _wanted: &promotion::Wanted) -> Result<Promotion, SourceError> {
        self.check()?;
        Ok(promoted())
    }

    fn bindings(&self, filter: &BindingFilter) -> Result<Selected<Binding>, SourceError> {
        self.check()?;
        let all = std::iter::repeat_with(binding).take(self.flows);
        Ok(view::select_bindings(all, filter))
    }

    fn named(&self, filter: &NamedFilter) -> Result<Selected<Named>, SourceError> {
        self.check()?;
        let all = std::iter::repeat_with(named).take(self.flows);
        Ok(view::select_named(all, filter))
    }

    fn explain(&self, query: &Query) -> Result<Explanation, SourceError> {
        self.check()?;
        let names = names();
        let mut judge = Reference::new(names.policy(), names.wires());
        Ok(explain::explain(&names, query, &mut judge)?)
    }

    fn plan(&self, _what: &Candidate) -> Result<Plan, SourceError> {
        self.check()?;
        Ok(plan())
    }

    fn change(&self, change: &Change) -> Result<Reloaded, SourceError> {
        self.check()?;
        if self.refuse {
            return Err(ReloadError::Findings("error[bad-port]: no".to_owned()).into());
        }
        if change.base.is_some_and(|base| base != 3) {
            return Err(ReloadError::Moved { base: 0, now: 3 }.into());
        }
        if let Candidate::Policy { file, text } = &change.what {
            return Ok(Reloaded {
                file: format!("{file} of {} bytes", text.len()),
                ..reloaded()
            });
        }
        Ok(reloaded())
    }

    fn news(&self) -> News {
        News::Other(Candidate::Files)
    }

    fn confirm(&self, _author: Author) -> Result<Record, SourceError> {
        self.check()?;
        Err(ReloadError::NoTrial.into())
    }

    fn history(&self, limit: usize) -> Result<Selected<Record>, SourceError> {
        self.check()?;
        let mut items = vec![record(3), record(2)];
        items.truncate(limit);
        Ok(Selected {
            left_out: 2 - items.len() as u64,
            items,
        })
    }

    fn texts(&self, _revision: Option<u64>) -> Result<Texts, SourceError> {
        self.check()?;
        Ok(Texts {
            gateway: "wires: []\n".into(),
            policy: "devices: []\n".into(),
        })
    }

    fn decide(&self, wish: &Wish) -> Result<Decided, SourceError> {
        self.check()?;
        if self.refuse {
            return Err(DecideError::LifeSustaining(wish.device.clone()).into());
        }
        Ok(Decided {
            device: Some(wish.device.clone()),
            mac: [0x00, 0x03, 0xb1, 0, 0, 0x12],
            vlans: wish.vlans,
            decision: wish.decision,
            until: None,
            fallback: None,
        })
    }

    fn recent_drops(&self, since: Option<Timestamp>) -> Vec<Drop> {
        let recent = self.recent.iter();
        recent
            .filter(|drop| since.is_none_or(|since| drop.time >= since))
            .cloned()
            .collect()
    }
}
