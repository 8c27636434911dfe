//! From the numbers that the kernel keeps back to the names that people gave.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use xiot_common::{device::DeviceId, port::Side, rule::RuleId};

use crate::{
    compile::Assignment,
    diag,
    model::{
        list::List,
        policy::{Device, Policy, Profile, Rule},
    },
    service::state::{MacBytes, RuleRef, Vlans},
    unit,
};

/// The policy lists no device of this name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the policy lists no device `{name}`, and it is no MAC{}",
    .closest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
)]
pub struct UnknownDevice {
    /// What was asked for.
    pub name: String,
    /// What may have been meant.
    pub closest: Option<String>,
}

/// Looks numbers up in the policy they were made from, and in those before: flows and events may be older.
#[derive(Clone, Debug)]
pub struct Names {
    policy: Arc<Policy>,
    wires: Arc<[String]>,
    /// Of the router, numbered on after the wires.
    uplinks: Vec<String>,
    ids: Arc<Assignment>,
    /// Positions of devices by number.
    devices: Vec<Option<usize>>,
    /// Profile and position in it of rules by number.
    rules: Vec<Option<(u32, u32)>>,
    /// Positions of listed devices, by MAC.
    listed: HashMap<MacBytes, Vec<usize>>,
    /// Of numbers that nothing has any more.
    retired: Retired,
}

/// What had numbers that are free now.
#[derive(Clone, Debug, Default)]
struct Retired {
    devices: HashMap<DeviceId, String>,
    rules: HashMap<RuleId, RuleRef>,
}

impl Names {
    /// Names of this policy under these numbers, and of these wires.
    pub fn new(policy: Arc<Policy>, wires: Arc<[String]>, ids: Arc<Assignment>) -> Self {
        let devices = by_number(ids.devices(), 0..policy.devices.len());
        let rules = by_number(ids.rules(), places(&policy));
        let mut listed: HashMap<_, Vec<_>> = HashMap::new();
        for (position, device) in policy.devices.iter().enumerate() {
            listed.entry(device.mac).or_default().push(position);
        }
        Self {
            policy,
            wires,
            uplinks: Vec::new(),
            ids,
            devices,
            rules,
            listed,
            retired: Retired::default(),
        }
    }

    /// The same on a gateway whose router has these uplinks.
    #[must_use]
    pub fn with_uplinks(mut self, interfaces: &[String]) -> Self {
        self.uplinks = interfaces.iter().map(|name| router_uplink(name)).collect();
        self
    }

    /// Names of the policy that follows this one. What is no more in it keeps its name until its number goes to something
    /// else.
    #[must_use]
    pub fn follow(&self, policy: Arc<Policy>, ids: Arc<Assignment>) -> Self {
        let mut next = Self::new(policy, Arc::clone(&self.wires), ids);
        next.uplinks.clone_from(&self.uplinks);
        let devices: HashSet<_> = next.ids.devices().iter().copied().collect();
        let rules: HashSet<_> = next.ids.rules().iter().copied().collect();
        let old = &self.retired;
        next.retired = Retired {
            devices: self
                .devices()
                .map(|(id, device)| (id, device.name.clone()))
                .chain(old.devices.iter().map(|(id, name)| (*id, name.clone())))
                .filter(|(id, _)| !devices.contains(id))
                .collect(),
            rules: self
                .ids
                .rules()
                .iter()
                .filter_map(|&id| Some((id, self.rule(id)?)))
                .chain(old.rules.iter().map(|(id, rule)| (*id, rule.clone())))
                .filter(|(id, _)| !rules.contains(id))
                .collect(),
        };
        next
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Names of the wires by index.
    pub fn wires(&self) -> &[String] {
        &self.wires
    }

    /// Devices with their numbers, in file order.
    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &Device)> {
        self.ids.devices().iter().copied().zip(&self.policy.devices)
    }

    /// Numbers of rules with the positions of their profiles, in file order.
    pub fn rules(&self) -> impl Iterator<Item = (RuleId, usize)> {
        let profiles = self.policy.profiles.iter().enumerate();
        let profiles = profiles.flat_map(|(n, profile)| profile.rules.iter().map(move |_| n));
        self.ids.rules().iter().copied().zip(profiles)
    }

    /// The device of this number; 0 and numbers that nothing has are none.
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        let position = self.devices.get(id as usize).copied().flatten()?;
        self.policy.devices.get(position)
    }

    /// Its name, also if the policy has it no more.
    pub fn device_name(&self, id: DeviceId) -> Option<String> {
        let listed = self.device(id).map(|device| &device.name);
        listed.or_else(|| self.retired.devices.get(&id)).cloned()
    }

    /// The profile of a device, or the one for devices that are not listed.
    pub fn profile(&self, device: Option<&Device>) -> Option<&Profile> {
        let index = device
            .map(|device| device.profile)
            .or(self.policy.default_profile)?;
        self.policy.profiles.get(index)
    }

    /// The rule of this number, also if the policy has it no more; 0 and numbers that nothing has are none.
    pub fn rule(&self, id: RuleId) -> Option<RuleRef> {
        let place = self.rules.get(id as usize).copied().flatten();
        match place.and_then(|place| self.rule_of(place)) {
            Some(rule) => Some(self.reference(rule)),
            None => self.retired.rules.get(&id).cloned(),
        }
    }

    /// The rule at this place of the policy, from 1.
    pub fn rule_at(&self, place: u32) -> Option<RuleRef> {
        let id = *self.ids.rules().get((place as usize).checked_sub(1)?)?;
        let place = self.rules.get(id as usize).copied().flatten()?;
        self.rule_of(place).map(|rule| self.reference(rule))
    }

    /// The listed device with this MAC on these VLANs, or else on any (docs/judgement.md, 4.1).
    pub fn listed(&self, mac: MacBytes, vlans: Vlans) -> Option<&Device> {
        let on = |vlan| {
            let positions = self.listed.get(&mac)?;
            let mut devices = positions
                .iter()
                .filter_map(|position| self.policy.devices.get(*position));
            devices.find(|device| device.vlan == vlan)
        };
        // Two tags are never any, nor is a service tag.
        on(Some((vlans.outer, vlans.inner))).or_else(|| on(None).filter(|_| vlans.inner == 0))
    }

    /// Whether any device has this MAC.
    pub fn lists(&self, mac: MacBytes) -> bool {
        self.listed.contains_key(&mac)
    }

    /// Whether something can have been of this device: a MAC, or a name of the policy, also if what had it is gone.
    pub fn know(&self, device: &str) -> Result<(), UnknownDevice> {
        let is_listed = self.policy.devices.iter().any(|it| it.name == device);
        let is_retired = || self.retired.devices.values().any(|it| it == device);
        if is_listed || is_retired() || unit::mac::parse(device).is_ok() {
            return Ok(());
        }
        Err(self.unknown(device))
    }

    /// That it is none, and which one may have been meant.
    pub fn unknown(&self, name: &str) -> UnknownDevice {
        let listed = self.policy.devices.iter().map(|it| it.name.as_str());
        UnknownDevice {
            name: name.to_owned(),
            closest: diag::closest(name, listed).map(str::to_owned),
        }
    }

    fn rule_of(&self, (profile, position): (u32, u32)) -> Option<&Rule> {
        let profile = self.policy.profiles.get(profile as usize)?;
        profile.rules.get(position as usize)
    }

    fn reference(&self, rule: &Rule) -> RuleRef {
        RuleRef {
            id: rule.id,
            label: rule.label.clone(),
            file: self.policy.file.clone(),
            line: rule.at.line,
        }
    }

    /// Name of the wire of this index, or of the router uplink.
    pub fn wire(&self, index: u16) -> String {
        self.wires
            .iter()
            .chain(&self.uplinks)
            .nth(usize::from(index))
            .cloned()
            .unwrap_or_else(|| format!("#{index}"))
    }
}

/// What an uplink of the router is called where wires are named: no wire can be called so.
pub fn router_uplink(interface: &str) -> String {
    format!("router:{interface}")
}

/// Profile and position in it of every rule, in file order.
fn places(policy: &Policy) -> impl Iterator<Item = (u32, u32)> {
    let profiles = (0..).zip(&policy.profiles);
    profiles.flat_map(|(profile, content)| {
        let positions = (0..).zip(&content.rules);
        positions.map(move |(position, _)| (profile, position))
    })
}

/// What has each number.
fn by_number<T: Copy>(numbers: &List<u32>, things: impl Iterator<Item = T>) -> Vec<Option<T>> {
    let highest = numbers.iter().copied().max().unwrap_or(0);
    let mut by_number = vec![None; highest as usize + 1];
    for (&number, thing) in numbers.iter().zip(things) {
        by_number[number as usize] = Some(thing);
    }
    by_number
}

/// Wire index and side of a port index: wires have two ports each, the device port first.
pub const fn wire_and_side(port: u16) -> (u16, Side) {
    let side = if port.is_multiple_of(2) {
        Side::Device
    } else {
        Side::Uplink
    };
    (port / 2, side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compile::Limits, service::sample};

    const LIMITS: Limits = Limits {
        slot_lines: 1024,
        devices: 16,
        rules: 16,
    };

    fn follow(names: &Names, change: impl FnOnce(&mut Policy)) -> Names {
        let mut policy = names.policy().clone();
        change(&mut policy);
        let (ids, _) = names.ids.follow(&policy, &LIMITS).unwrap();
        names.follow(Arc::new(policy), Arc::new(ids))
    }

    #[test]
    fn what_is_gone_keeps_its_name_until_its_number_goes_to_something_else() {
        let first = sample::names();
        let label = first.rule(3).unwrap().label;
        let second = follow(&first, |policy| {
            policy.devices.remove(0);
            policy.profiles[0].rules.remove(2);
        });
        assert_eq!(second.device_name(1).as_deref(), Some("pump-icu-12"));
        assert!(second.device(1).is_none());
        assert_eq!(second.device(2).unwrap().name, "monitor-7");
        assert_eq!(second.know("pump-icu-12"), Ok(()));
        assert_eq!(second.rule(3).unwrap().label, label);
        assert_eq!(second.rule(4).unwrap().label, "from pump-icu-12 udp 161");

        let third = follow(&second, |policy| {
            policy.devices.insert(0, policy.devices[0].clone());
            policy.devices[0].name = "new".to_owned();
            let mut rule = policy.profiles[1].rules[0].clone();
            rule.initiator = crate::model::policy::Initiator::Device;
            rule.label = "the new one".to_owned();
            policy.profiles[1].rules.push(rule);
            policy.profiles[1].rules[1].id = 5;
        });
        assert_eq!(third.device_name(1).as_deref(), Some("new"));
        assert_eq!(third.device_name(2).as_deref(), Some("monitor-7"));
        assert_eq!(third.rule(3).unwrap().label, "the new one");
        let ids: Vec<_> = third.devices().map(|(id, _)| id).collect();
        assert_eq!(ids, [1, 2]);
    }

    #[test]
    fn rules_are_found_by_number_and_by_place() {
        let first = sample::names();
        let second = follow(&first, |policy| {
            policy.profiles[0].rules.swap(0, 1);
            policy.profiles[0].rules[0].id = 1;
            policy.profiles[0].rules[1].id = 2;
        });
        assert_eq!(first.rule(1).unwrap().label, second.rule(1).unwrap().label);
        assert_eq!(
            second.rule_at(1).unwrap().label,
            second.rule(2).unwrap().label
        );
        assert_eq!((second.rule_at(0), second.rule_at(5)), (None, None));
    }

    #[test]
    fn devices_go_by_name_or_mac() {
        let names = sample::names();
        assert_eq!(names.know("pump-icu-12"), Ok(()));
        assert_eq!(names.know("02:00:00:00:77:01"), Ok(()));
        let unknown = names.know("pump-icu-13").unwrap_err();
        assert_eq!(unknown.closest.as_deref(), Some("pump-icu-12"));
        assert_eq!(names.know("zzz").unwrap_err().closest, None);
    }
}
