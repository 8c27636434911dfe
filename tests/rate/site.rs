//! Policies of any size.

use std::net::{IpAddr, Ipv4Addr};

use ipnetwork::IpNetwork;
use xiot_agent::model::policy::{Clause, Device, Initiator, Mode, Policy, Profile, Rule};

/// How large a hospital is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) devices: u32,
    pub(crate) rules: u32,
}

/// Devices share profiles: at most so many.
const PROFILES: u32 = 100;

/// One end of a conversation, or both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) mac: [u8; 6],
    pub(crate) device: Ipv4Addr,
    pub(crate) peer: Ipv4Addr,
    pub(crate) ports: [u16; 2],
}

/// A device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) mac: [u8; 6],
    pub(crate) address: Ipv4Addr,
    pub(crate) profile: u32,
}

/// What a profile allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) profile: u32,
    pub(crate) peer: Ipv4Addr,
    pub(crate) port: u16,
}

impl Site {
    fn profiles(&self) -> u32 {
        PROFILES.min(self.devices.div_ceil(10))
    }

    fn rules_of_profile(&self) -> u32 {
        self.rules / self.profiles()
    }

    fn device(&self, number: u32) -> Member {
        Member {
            mac: mac(number),
            address: Ipv4Addr::from_bits(0x0a00_0000 | (number + 1)),
            profile: number % self.profiles(),
        }
    }

    fn service(&self, profile: u32, rule: u32) -> Service {
        let number = profile * self.rules_of_profile() + rule;
        Service {
            profile,
            peer: Ipv4Addr::from_bits(0x0a80_0000 | number),
            port: 5000 + u16::try_from(rule % 1000).expect("small"),
        }
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = Member> {
        (0..self.devices).map(|number| self.device(number))
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = Service> {
        let site = *self;
        let of = move |profile| {
            (0..site.rules_of_profile()).map(move |rule| site.service(profile, rule))
        };
        (0..site.profiles()).flat_map(of)
    }

    /// Conversations that the policy allows, all different.
    pub(crate) fn flow(&self, number: u32) -> Flow {
        let device = self.device(number % self.devices);
        let number = number / self.devices;
        let service = self.service(device.profile, number % self.rules_of_profile());
        let port = u16::try_from(number / self.rules_of_profile()).expect("room for ports");
        Flow {
            mac: device.mac,
            device: device.address,
            peer: service.peer,
            ports: [10_000 + port, service.port],
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        let template = template();
        let profiles = (0..self.profiles()).map(|profile| Profile {
            name: format!("profile-{profile}"),
            rules: (0..self.rules_of_profile())
                .map(|rule| self.rule(profile, rule, &template.profiles[0].rules[0]))
                .collect(),
            ..template.profiles[0].clone()
        });
        let devices = (0..)
            .zip(self.devices())
            .map(|(number, device): (u32, _)| Device {
                name: format!("device-{number}"),
                mac: device.mac,
                addresses: vec![IpAddr::from(device.address).into()],
                profile: device.profile as usize,
                mode: Mode::Enforce,
                ..template.devices[0].clone()
            });
        Policy {
            profiles: profiles.collect(),
            devices: devices.collect(),
            ..template.clone()
        }
    }

    fn rule(&self, profile: u32, rule: u32, like: &Rule) -> Rule {
        let Service { peer, port, .. } = self.service(profile, rule);
        Rule {
            id: profile * self.rules_of_profile() + rule + 1,
            initiator: Initiator::Device,
            peers: vec![IpNetwork::from(IpAddr::from(peer))],
            clauses: vec![Clause::Udp(vec![port..=port])],
            ..like.clone()
        }
    }
}

fn mac(device: u32) -> [u8; 6] {
    let [a, b, c, d] = device.to_be_bytes();
    [0x02, 0x10, a, b, c, d]
}

/// One of each, to take the defaults from.
fn template() -> Policy {
    let text = r#"
onboarding: enforce
profiles:
  pump:
    limits: {new-flows: 1000000}
    allow:
      - {to: 10.128.0.1, udp: 5000}
devices:
  - {name: pump, mac: "02:00:00:00:00:01", ip: 10.0.0.1, profile: pump, mode: enforce}
"#;
    let loaded = xiot_agent::model::load_policy("rate.yaml", text);
    loaded.value.expect("the policy is right")
}
