//! Numbers of devices, profiles and wires in the image, and the scopes made of them.

use xiot_common::{
    device::{ANY_WIRE, DeviceId},
    rule::RuleId,
    table::scope,
};

use crate::model::policy::Policy;

use super::error::{CompileError, Resource};

/// Profiles that scopes can tell apart: their number and a direction share 29 bits.
const MAX_PROFILES: u32 = 1 << 28;
/// Devices that scopes can tell apart, and the 0 that stands for none.
const MAX_DEVICES: u32 = 1 << 30;

/// Number of the profile at this place of the policy.
pub(super) fn profile(index: usize) -> Result<u32, CompileError> {
    below(index, MAX_PROFILES, Resource::Profiles)
}

/// Refuses numbers of devices that scopes cannot tell apart.
pub(super) fn check_devices(highest: DeviceId) -> Result<(), CompileError> {
    below(highest as usize, MAX_DEVICES, Resource::Devices).map(drop)
}

/// Number of the wire of this name.
pub(super) fn wire(wires: &[String], name: &str) -> Option<u16> {
    let index = wires.iter().position(|wire| wire == name)?;
    u16::try_from(index).ok().filter(|&wire| wire != ANY_WIRE)
}

/// The highest rule number of the policy. The first rule that matches is the one with the lowest number, so
/// the rules of a profile must be numbered as they stand.
pub(super) fn rule_count(policy: &Policy) -> Result<RuleId, CompileError> {
    let mut highest = 0;
    for profile in &policy.profiles {
        let mut last = 0;
        for rule in &profile.rules {
            if rule.id <= last {
                return Err(CompileError::RuleOrder {
                    profile: profile.name.clone(),
                    rule: rule.id,
                    label: rule.label.clone(),
                });
            }
            last = rule.id;
        }
        highest = highest.max(last);
    }
    Ok(highest)
}

fn below(index: usize, limit: u32, what: Resource) -> Result<u32, CompileError> {
    u32::try_from(index)
        .ok()
        .filter(|&index| index < limit)
        .ok_or_else(|| CompileError::DoesNotFit {
            what,
            needed: index as u64 + 1,
            available: limit.into(),
        })
}

/// Where the peers of a profile are filed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scopes {
    /// Those that its devices may contact.
    pub to: u32,
    /// Those that may contact its devices.
    pub from: u32,
    /// DNS names that its devices may contact.
    pub names_to: u32,
    /// DNS names that may contact its devices.
    pub names_from: u32,
}

impl Scopes {
    /// Of a profile.
    pub(super) const fn of(profile: u32) -> Self {
        Self {
            to: scope::to(profile),
            from: scope::from(profile),
            names_to: scope::names_to(profile),
            names_from: scope::names_from(profile),
        }
    }
}

#[cfg(test)]
mod tests {
    use xiot_common::{addr::Vlans, device::ANY_VLAN};

    use super::*;

    #[test]
    fn scopes_never_overlap() {
        let last_profile = profile(MAX_PROFILES as usize - 1).unwrap();
        let last_device = MAX_DEVICES - 1;
        assert!(scope::from(last_profile) < scope::binding(0));
        assert_eq!(scope::binding(last_device), scope::DHCP_SERVER - 1);
        let first = scope::owned(0, Vlans { outer: 0, inner: 0 });
        let others = [scope::DHCP_SERVER, scope::NAMES, scope::DNS_SERVER];
        assert!(others.is_sorted() && others[2] < scope::names_to(0));
        assert_eq!(scope::names_from(last_profile), first - 1);
        assert_eq!(scope::owned(ANY_WIRE, ANY_VLAN), u32::MAX);
        profile(MAX_PROFILES as usize).unwrap_err();
        check_devices(last_device).unwrap();
        check_devices(last_device + 1).unwrap_err();
    }

    #[test]
    fn wires_are_numbered_as_listed() {
        let wires = ["a", "b"].map(str::to_owned);
        assert_eq!(wire(&wires, "b"), Some(1));
        assert_eq!(wire(&wires, "c"), None);
    }
}
