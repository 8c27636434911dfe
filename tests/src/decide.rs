//! Decisions about single devices, as program and oracle are told of them.

use xiot_agent::oracle::{Decision, Oracle, Override};
use xiot_common::{
    addr::{self, Vlans},
    device::ANY_VLAN,
    overrides::{self, Action, OverrideKey},
};

use crate::frame::Mac;

/// A decision, or the end of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Decide {
    /// MAC of the device.
    pub mac: Mac,
    /// Its VLANs; none: any.
    pub vlan: Option<(u16, u16)>,
    /// None: policy alone says what becomes of it.
    pub decision: Option<Decision>,
    /// How long it holds; 0: it does not end by itself.
    pub seconds: u32,
}

impl Decide {
    /// Tells the oracle, at this second.
    pub fn tell(&self, oracle: &mut Oracle<'_>, now: u64) {
        match self.decision {
            None => oracle.release(self.mac, self.vlan),
            Some(decision) => oracle.decide(Override {
                mac: self.mac,
                vlan: self.vlan,
                decision,
                until: (self.seconds > 0).then(|| now + u64::from(self.seconds)),
            }),
        }
    }

    /// Whom the program files it under.
    pub fn key(&self) -> OverrideKey {
        OverrideKey {
            mac: addr::Mac(self.mac),
            vlans: self
                .vlan
                .map_or(ANY_VLAN, |(outer, inner)| Vlans { outer, inner }),
        }
    }

    /// What the program files, at this second; none: nothing any more.
    pub fn value(&self, now: u32) -> Option<overrides::Override> {
        let action = match self.decision? {
            Decision::Quarantine => Action::Quarantine,
            Decision::Monitor => Action::Monitor,
        };
        Some(overrides::Override {
            until: if self.seconds > 0 {
                now + self.seconds
            } else {
                0
            },
            action: action as u8,
            reserved: [0; 3],
        })
    }
}
