//! From the numbers that the kernel keeps back to the names that people gave.

use std::{collections::HashMap, sync::Arc};

use xiot_common::port::Side;

use crate::{
    model::policy::{Device, Policy, Profile, Rule},
    service::state::{MacBytes, RuleRef, Vlans},
};

/// Looks numbers up in the policy they were made from.
#[derive(Clone, Debug)]
pub struct Names {
    policy: Arc<Policy>,
    wires: Arc<[String]>,
    /// Profile and position in it, by rule id - 1.
    rules: Vec<(u32, u32)>,
    /// Positions of listed devices, by MAC.
    listed: HashMap<MacBytes, Vec<usize>>,
}

impl Names {
    /// Names of this policy and these wires.
    pub fn new(policy: Arc<Policy>, wires: Arc<[String]>) -> Self {
        let mut rules = Vec::new();
        for (profile, content) in (0..).zip(&policy.profiles) {
            for (position, rule) in (0..).zip(&content.rules) {
                let index = rule.id.saturating_sub(1) as usize;
                if rules.len() <= index {
                    rules.resize(index + 1, (u32::MAX, 0));
                }
                if let Some(place) = rules.get_mut(index) {
                    *place = (profile, position);
                }
            }
        }
        let mut listed: HashMap<_, Vec<_>> = HashMap::new();
        for (position, device) in policy.devices.iter().enumerate() {
            listed.entry(device.mac).or_default().push(position);
        }
        Self {
            policy,
            wires,
            rules,
            listed,
        }
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Names of the wires by index.
    pub fn wires(&self) -> &[String] {
        &self.wires
    }

    /// The device of this id; 0 and unknown ids are none.
    pub fn device(&self, id: u32) -> Option<&Device> {
        self.policy.devices.get((id as usize).checked_sub(1)?)
    }

    /// The profile of a device of this id, or the one for devices that are not listed.
    pub fn profile(&self, device: Option<&Device>) -> Option<&Profile> {
        let index = device
            .map(|device| device.profile)
            .or(self.policy.default_profile)?;
        self.policy.profiles.get(index)
    }

    /// The rule of this id; 0 and unknown ids are none.
    pub fn rule(&self, id: u32) -> Option<RuleRef> {
        let rule = self.find_rule(id)?;
        Some(RuleRef {
            id,
            label: rule.label.clone(),
            file: self.policy.file.clone(),
            line: rule.at.line,
        })
    }

    /// The listed device with this MAC on these VLANs, or else on any (docs/judgement.md, 3.1).
    pub fn listed(&self, mac: MacBytes, vlans: Vlans) -> Option<&Device> {
        let on = |vlan| {
            let positions = self.listed.get(&mac)?;
            let mut devices = positions
                .iter()
                .filter_map(|position| self.policy.devices.get(*position));
            devices.find(|device| device.vlan == vlan)
        };
        on(Some((vlans.outer, vlans.inner))).or_else(|| on(None))
    }

    fn find_rule(&self, id: u32) -> Option<&Rule> {
        let (profile, position) = self.rules.get((id as usize).checked_sub(1)?)?;
        let profile = self.policy.profiles.get(*profile as usize)?;
        profile.rules.get(*position as usize)
    }

    /// Name of the wire of this index.
    pub fn wire(&self, index: u16) -> String {
        self.wires
            .get(usize::from(index))
            .cloned()
            .unwrap_or_else(|| format!("#{index}"))
    }
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
