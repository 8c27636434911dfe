//! Whose frame it is (docs/judgement.md section 4.1).

use super::{
    Side,
    frame::{Frame, Mac},
};
use crate::model::policy::Policy;

/// The device side of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    /// Position in the policy's devices.
    Listed(usize),
    Unlisted,
    /// A group address from the uplink that is not listed there: no device in particular.
    Nobody,
}

impl Owner {
    /// `mac` is that of the device's side of a frame that came in on `side` of `wire`.
    pub(super) fn of(
        policy: &Policy,
        (side, wire): (Side, &str),
        mac: Mac,
        vlans: (u16, u16),
    ) -> Self {
        let to_group = side == Side::Uplink && is_group(mac);
        let listed_for = |vlan| {
            policy
                .devices
                .iter()
                .position(|device| device.mac == mac && device.vlan == vlan)
        };
        let listed = listed_for(Some(vlans)).or_else(|| listed_for(None).filter(|_| vlans.1 == 0));
        let is_here = |device: usize| {
            let wanted = policy.devices[device].wire.as_deref();
            wanted.is_none_or(|wanted| wanted == wire)
        };
        match listed {
            Some(device) if !to_group || is_here(device) => Self::Listed(device),
            Some(_) | None if to_group => Self::Nobody,
            Some(_) | None => Self::Unlisted,
        }
    }

    pub(super) fn device(self) -> Option<usize> {
        match self {
            Self::Listed(device) => Some(device),
            Self::Unlisted | Self::Nobody => None,
        }
    }
}

/// The MAC on the device's side of the frame.
pub(super) fn device_mac(side: Side, frame: &Frame) -> Mac {
    match side {
        Side::Device => frame.source,
        Side::Uplink => frame.destination,
    }
}

pub(super) fn is_group(mac: Mac) -> bool {
    mac[0] & 1 == 1
}
