//! What is compared with what: which devices, and which profile says what their maker discloses.

use std::collections::{BTreeMap, BTreeSet};

use super::CompareError;
use crate::{
    diag,
    model::policy::{Device, Policy},
    service::names::UnknownDevice,
    unit,
};

/// What is asked; none: all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// Devices of this profile.
    pub profile: Option<String>,
    /// This device, by name or MAC.
    pub device: Option<String>,
    /// The profile that says what the maker discloses, in place of that which the policy names.
    pub disclosed: Option<String>,
}

/// Who is compared with what, profiles by position in the policy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Choice {
    /// Devices by name, with their profiles.
    pub devices: BTreeMap<String, usize>,
    /// Profiles that say what the makers of these profiles' devices disclose.
    pub disclosed: BTreeMap<usize, usize>,
}

impl Choice {
    /// Profiles of the devices.
    pub fn profiles(&self) -> BTreeSet<usize> {
        self.devices.values().copied().collect()
    }

    /// The policy in which each of these devices may do what its maker discloses; none: nothing is disclosed of any.
    pub fn as_disclosed(&self, policy: &Policy) -> Option<Policy> {
        let of = |device: &Device| {
            let profile = self.devices.get(&device.name)?;
            self.disclosed.get(profile).copied()
        };
        if self.disclosed.is_empty() {
            return None;
        }
        let devices = policy.devices.iter().map(|device| Device {
            profile: of(device).unwrap_or(device.profile),
            ..device.clone()
        });
        Some(Policy {
            devices: devices.collect(),
            ..policy.clone()
        })
    }
}

/// Finds what is asked for. What groups hear is not learned: they are left out.
pub fn choose(policy: &Policy, wanted: &Wanted) -> Result<Choice, CompareError> {
    let profile = wanted.profile.as_deref();
    let profile = profile.map(|name| find(policy, name)).transpose()?;
    let mac = wanted.device.as_deref();
    let mac = mac.and_then(|device| unit::mac::parse(device).ok());
    let is_it = |device: &Device| {
        let named = wanted.device.as_ref();
        named.is_none_or(|name| device.name == *name || mac == Some(device.mac))
    };
    let devices = policy.devices.iter();
    let hosts = devices.filter(|device| device.mac[0] & 1 == 0);
    let mut choice = Choice {
        devices: hosts
            .filter(|device| is_it(device))
            .map(|device| (device.name.clone(), device.profile))
            .collect(),
        ..Choice::default()
    };
    if let Some(name) = &wanted.device
        && choice.devices.is_empty()
    {
        return Err(match mac {
            Some(mac) => CompareError::Unlisted(unit::mac::format(mac)),
            None => CompareError::UnknownDevice(unknown(policy, name)),
        });
    }
    let name_of = |place: usize| {
        let profile = policy.profiles.get(place);
        profile.map_or_else(String::new, |it| it.name.clone())
    };
    if let Some(profile) = profile {
        let other = choice.devices.values().find(|it| **it != profile).copied();
        if let (Some(device), Some(other)) = (&wanted.device, other) {
            return Err(CompareError::OtherProfile {
                device: device.clone(),
                profile: name_of(other),
            });
        }
        choice.devices.retain(|_, it| *it == profile);
        if choice.devices.is_empty() {
            return Err(CompareError::NoDevices(name_of(profile)));
        }
    }
    let list = wanted.disclosed.as_deref();
    let list = list.map(|name| find(policy, name)).transpose()?;
    if let Some(list) = list
        && wanted.device.is_none()
        && wanted.profile.is_none()
    {
        return Err(CompareError::Whose(name_of(list)));
    }
    choice.disclosed = choice
        .profiles()
        .into_iter()
        .filter_map(|profile| {
            let named = || {
                let name = policy.disclosed.get(&name_of(profile))?;
                policy.profiles.iter().position(|it| it.name == *name)
            };
            Some((profile, list.or_else(named)?))
        })
        .collect();
    Ok(choice)
}

fn find(policy: &Policy, name: &str) -> Result<usize, CompareError> {
    let mut profiles = policy.profiles.iter();
    profiles.position(|it| it.name == name).ok_or_else(|| {
        let names = policy.profiles.iter().map(|it| it.name.as_str());
        CompareError::UnknownProfile {
            name: name.to_owned(),
            closest: diag::closest(name, names).map(str::to_owned),
        }
    })
}

fn unknown(policy: &Policy, name: &str) -> UnknownDevice {
    let listed = policy.devices.iter().map(|it| it.name.as_str());
    UnknownDevice {
        name: name.to_owned(),
        closest: diag::closest(name, listed).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::load_policy;

    fn policy() -> Policy {
        let text = "onboarding: learn
profiles:
  pump: {disclosed: vendor, allow: [{to: 10.0.0.1, tcp: 1}]}
  lamp: {allow: [{to: 10.0.0.2, tcp: 1}]}
  heard: {allow: [{from: 10.0.0.2, udp: 1}]}
  vendor: {allow: [{to: 10.0.0.3, tcp: 1}]}
devices:
  - {name: p, mac: 000000000001, profile: pump, mode: learn}
  - {name: l, mac: 000000000002, profile: lamp, mode: learn}
  - {name: g, multicast: 224.0.23.63, profile: heard, mode: learn}
";
        load_policy("policy.yaml", text).value.unwrap()
    }

    fn wanted(profile: &str, device: &str, disclosed: &str) -> Result<Choice, String> {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let wanted = Wanted {
            profile: given(profile),
            device: given(device),
            disclosed: given(disclosed),
        };
        choose(&policy(), &wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn devices_have_the_list_of_their_profile_or_the_one_that_is_named() {
        let of = |devices: &[(&str, usize)]| -> BTreeMap<String, usize> {
            let devices = devices.iter();
            devices
                .map(|(name, profile)| ((*name).to_owned(), *profile))
                .collect()
        };
        let all = wanted("", "", "").unwrap();
        assert_eq!(all.devices, of(&[("l", 1), ("p", 0)]));
        assert_eq!(all.disclosed, BTreeMap::from([(0, 3)]));
        let moved = all.as_disclosed(&policy()).unwrap();
        let profiles: Vec<_> = moved.devices.iter().map(|it| it.profile).collect();
        assert_eq!(profiles, [3, 1, 2]);
        let lamp = wanted("", "00:00:00:00:00:02", "").unwrap();
        assert_eq!(lamp.devices, of(&[("l", 1)]));
        assert_eq!(lamp.as_disclosed(&policy()), None);
        let lamp = wanted("lamp", "l", "vendor").unwrap();
        assert_eq!(lamp.disclosed, BTreeMap::from([(1, 3)]));
    }

    #[test]
    fn what_can_not_be_compared_is_said() {
        for (profile, device, disclosed, message) in [
            ("pomp", "", "", "did you mean `pump`?"),
            ("lamp", "", "vendr", "did you mean `vendor`?"),
            ("vendor", "", "", "no device has profile `vendor`"),
            ("heard", "", "", "no device has profile `heard`"),
            ("", "pp", "", "no device `pp`"),
            (
                "",
                "00:00:00:00:00:09",
                "",
                "00:00:00:00:00:09 is not listed",
            ),
            ("lamp", "p", "", "device `p` has profile `pump`"),
            ("", "", "vendor", "whose devices"),
        ] {
            let said = wanted(profile, device, disclosed).unwrap_err();
            assert!(said.contains(message), "{said}");
        }
    }
}
