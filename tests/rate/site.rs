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

impl Site {
    fn profiles(&self) -> u32 {
        PROFILES.min(self.devices.div_ceil(10))
    }

    fn rules_of_profile(&self) -> u32 {
        self.rules / self.profiles()
    }

    fn peer(&self, profile: u32, rule: u32) -> (Ipv4Addr, u16) {
        let number = profile * self.rules_of_profile() + rule;
        let port = 5000 + u16::try_from(rule % 1000).expect("small");
        (Ipv4Addr::from_bits(0x0a80_0000 | number), port)
    }

    /// Conversations that the policy allows, all different.
    pub(crate) fn flow(&self, number: u32) -> Flow {
        let device = number % self.devices;
        let number = number / self.devices;
        let rule = number % self.rules_of_profile();
        let port =
            10_000 + u16::try_from(number / self.rules_of_profile()).expect("room for ports");
        let (peer, service) = self.peer(device % self.profiles(), rule);
        Flow {
            mac: mac(device),
            device: address(device),
            peer,
            ports: [port, service],
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
        let devices = (0..self.devices).map(|device| Device {
            name: format!("device-{device}"),
            mac: mac(device),
            addresses: vec![IpAddr::from(address(device)).into()],
            profile: (device % self.profiles()) as usize,
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
        let (peer, port) = self.peer(profile, rule);
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

fn address(device: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 | (device + 1))
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
