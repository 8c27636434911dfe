//! Overrides: what is decided of one device beside the policy, at once and whatever policy comes after.

use crate::addr::{Mac, Vlans};

/// Whom an override is about. Files as a device does.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct OverrideKey {
    /// Its MAC.
    pub mac: Mac,
    /// Its VLANs, or [`crate::device::ANY_VLAN`].
    pub vlans: Vlans,
}

crate::layout!(OverrideKey, size 10, align 2);

/// What becomes of the device's frames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Action {
    /// As policy says.
    Policy = 0,
    /// None passes.
    Quarantine = 1,
    /// It is in mode monitor.
    Monitor = 2,
}

impl Action {
    /// The action of this number; anything unknown quarantines.
    #[inline(always)]
    pub const fn from_u8(number: u8) -> Self {
        match number {
            0 => Self::Policy,
            2 => Self::Monitor,
            _ => Self::Quarantine,
        }
    }

    /// The generation of a device under it, made of the one that it has by policy: flows of the one are judged again under the
    /// other.
    #[inline(always)]
    pub const fn generation(self, by_policy: u32) -> u32 {
        generation(self as u8, by_policy)
    }
}

/// [`Action::generation`] by the number of the action.
#[inline(always)]
pub const fn generation(action: u8, by_policy: u32) -> u32 {
    by_policy ^ (action as u32).wrapping_mul(0x9e37_79b1)
}

/// One override.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Override {
    /// Second (monotonic clock) from which on it is over; 0: it does not end by itself.
    pub until: u32,
    /// [`Action`].
    pub action: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

crate::layout!(Override, size 8, align 4);

impl Override {
    /// What it says now.
    #[inline(always)]
    pub const fn action(&self, now: u32) -> Action {
        if self.until != 0 && now >= self.until {
            Action::Policy
        } else {
            Action::from_u8(self.action)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Override};

    #[test]
    fn an_override_ends_with_its_second() {
        let until = |until| Override {
            until,
            action: Action::Monitor as u8,
            reserved: [0; 3],
        };
        assert_eq!(until(5).action(4), Action::Monitor);
        assert_eq!(until(5).action(5), Action::Policy);
        assert_eq!(until(0).action(u32::MAX), Action::Monitor);
    }

    #[test]
    fn generations_differ() {
        let [a, b, c] =
            [Action::Policy, Action::Quarantine, Action::Monitor].map(|it| it.generation(7));
        assert!(a != b && b != c && a != c);
    }
}
