//! What was decided of single devices beside the policy (docs/judgement.md section 11).

use super::{
    Oracle, Side,
    frame::Mac,
    grounds::Grounds,
    owner::{Owner, is_group},
};

/// What becomes of a device's frames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// None passes.
    Quarantine,
    /// It is in mode monitor.
    Monitor,
}

/// A decision about a MAC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Override {
    /// The MAC.
    pub mac: [u8; 6],
    /// Its VLANs, outer and inner; none: any.
    pub vlan: Option<(u16, u16)>,
    /// What was decided.
    pub decision: Decision,
    /// Second in which it is over; none: it does not end by itself.
    pub until: Option<u64>,
}

/// A decision at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Decided {
    pub(super) decision: Decision,
    pub(super) ends: bool,
}

impl<'p> Oracle<'p> {
    /// Decides about a device, instead of what was decided before.
    pub fn decide(&mut self, decided: Override) {
        self.forget(decided.mac, decided.vlan);
        self.overrides.push(decided);
        self.touch();
    }

    /// Leaves the device to the policy again.
    pub fn release(&mut self, mac: [u8; 6], vlan: Option<(u16, u16)>) {
        self.forget(mac, vlan);
        self.touch();
    }

    fn forget(&mut self, mac: Mac, vlan: Option<(u16, u16)>) {
        self.overrides.retain(|it| (it.mac, it.vlan) != (mac, vlan));
    }

    /// What a frame with this MAC on the device's side is judged by.
    pub(super) fn grounds(
        &self,
        (side, wire): (Side, usize),
        mac: Mac,
        vlans: (u16, u16),
        now: u64,
    ) -> Grounds<'p> {
        let owner = Owner::of(self.policy, (side, &self.wire(wire).name), mac, vlans);
        Grounds {
            policy: self.policy,
            owner,
            // Nothing is decided about groups, listed or not.
            decided: if side == Side::Uplink && is_group(mac) {
                None
            } else {
                self.decided(mac, vlans, now)
            },
        }
    }

    fn decided(&self, mac: Mac, vlans: (u16, u16), now: u64) -> Option<Decided> {
        let on = |vlan| {
            self.overrides
                .iter()
                .find(|it| it.mac == mac && it.vlan == vlan)
        };
        let found = on(Some(vlans)).or_else(|| on(None))?;
        found
            .until
            .is_none_or(|until| now < until)
            .then_some(Decided {
                decision: found.decision,
                ends: found.until.is_some(),
            })
    }

    /// The epoch that what is judged on these grounds is stamped with; 0 is none.
    pub(super) fn stamp(&self, grounds: Grounds<'_>) -> u64 {
        if grounds.decided.is_some_and(|decided| decided.ends) {
            0
        } else {
            self.epoch
        }
    }
}
