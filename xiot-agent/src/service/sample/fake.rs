//! A service that answers from the sample.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::broadcast;

use super::{binding, device_totals, devices, drop, flow, names, observed, reloaded, status};
use crate::service::{
    decide::{DecideError, Wish},
    explain::{self, Explanation, Query, Reference},
    handle::{Handle, Source, SourceError},
    reload::ReloadError,
    state::{
        Binding, BindingFilter, Decided, Device, DeviceTotal, Drop, Flow, FlowFilter, Health,
        Observed, ObservedFilter, Reloaded, Selected, Status,
    },
    view,
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

    fn bindings(&self, filter: &BindingFilter) -> Result<Selected<Binding>, SourceError> {
        self.check()?;
        let all = std::iter::repeat_with(binding).take(self.flows);
        Ok(view::select_bindings(all, filter))
    }

    fn explain(&self, query: &Query) -> Result<Explanation, SourceError> {
        self.check()?;
        let names = names();
        let mut judge = Reference::new(names.policy(), names.wires());
        Ok(explain::explain(&names, query, &mut judge)?)
    }

    fn reload(&self) -> Result<Reloaded, SourceError> {
        self.check()?;
        if self.refuse {
            return Err(ReloadError::Findings("error[bad-port]: no".to_owned()).into());
        }
        Ok(reloaded())
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
