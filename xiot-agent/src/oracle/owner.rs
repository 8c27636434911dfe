//! Whose frame it is, and how strictly it is judged (docs/judgement.md section 3).

use super::{
    Side,
    frame::{Frame, Mac},
};
use crate::model::policy::{Mode, Policy, Timeouts};

/// The device side of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    /// Position in the policy's devices.
    Listed(usize),
    Unlisted,
    /// A group address from the uplink: no device in particular.
    Nobody,
}

impl Owner {
    pub(super) fn of(policy: &Policy, side: Side, frame: &Frame) -> Self {
        let mac = device_mac(side, frame);
        if side == Side::Uplink && is_group(mac) {
            return Self::Nobody;
        }
        let listed_for = |vlan| {
            policy
                .devices
                .iter()
                .position(|device| device.mac == mac && device.vlan == vlan)
        };
        listed_for(Some(frame.vlans))
            .or_else(|| listed_for(None))
            .map_or(Self::Unlisted, Self::Listed)
    }

    pub(super) fn device(self) -> Option<usize> {
        match self {
            Self::Listed(device) => Some(device),
            Self::Unlisted | Self::Nobody => None,
        }
    }

    pub(super) fn mode(self, policy: &Policy) -> Mode {
        self.device()
            .map_or(policy.onboarding, |device| policy.devices[device].mode)
    }

    pub(super) fn profile(self, policy: &Policy) -> Option<usize> {
        match self {
            Self::Listed(device) => Some(policy.devices[device].profile),
            Self::Unlisted => policy.default_profile,
            Self::Nobody => None,
        }
    }

    pub(super) fn timeouts(self, policy: &Policy) -> Timeouts {
        self.profile(policy)
            .map_or_else(Timeouts::default, |profile| {
                policy.profiles[profile].timeouts
            })
    }
}

/// The MAC on the device's side of the frame.
pub(super) fn device_mac(side: Side, frame: &Frame) -> Mac {
    match side {
        Side::Device => frame.source,
        Side::Uplink => frame.destination,
    }
}

fn is_group(mac: Mac) -> bool {
    mac[0] & 1 == 1
}
