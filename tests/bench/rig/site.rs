//! Policies of any size, and conversations that they allow or do not.

use std::{
    fmt::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use ipnetwork::IpNetwork;
use xiot_agent::{
    model::policy::{Clause, Device, Initiator, Mode, Policy, Profile, Rule, Timeouts},
    netns::link::Mac,
};

use super::frames::Family;

/// How large a hospital is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Site {
    pub(crate) devices: u32,
    pub(crate) rules: u32,
    pub(crate) family: Family,
    /// Each device has a profile of its own.
    pub(crate) is_separate: bool,
}

/// Devices share profiles: at most so many.
const PROFILES: u32 = 100;

/// The lowest port that devices speak from.
const FIRST_PORT: u32 = 10_000;

/// One end of a conversation, or both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) mac: [u8; 6],
    pub(crate) device: IpAddr,
    pub(crate) peer: IpAddr,
    pub(crate) ports: [u16; 2],
}

/// A device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) mac: [u8; 6],
    pub(crate) address: IpAddr,
    pub(crate) profile: u32,
}

/// What a profile allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) profile: u32,
    pub(crate) peer: IpAddr,
    pub(crate) port: u16,
}

impl Site {
    /// One of so many rules: a tenth as many devices, ten at least.
    pub(crate) fn new(rules: u32, family: Family) -> Self {
        Self {
            devices: (rules / 10).max(10),
            rules,
            family,
            is_separate: false,
        }
    }

    fn profiles(&self) -> u32 {
        if self.is_separate {
            return self.devices;
        }
        PROFILES.min(self.devices.div_ceil(10))
    }

    fn rules_of_profile(&self) -> u32 {
        self.rules / self.profiles()
    }

    fn device(&self, number: u32) -> Member {
        Member {
            mac: mac(number),
            address: self.address(0x0a00_0000 | (number + 1)),
            profile: number % self.profiles(),
        }
    }

    fn service(&self, profile: u32, rule: u32) -> Service {
        let number = profile * self.rules_of_profile() + rule;
        Service {
            profile,
            peer: self.address(0x0a80_0000 | number),
            port: 5000 + u16::try_from(rule % 1000).expect("small"),
        }
    }

    fn address(&self, bits: u32) -> IpAddr {
        match self.family {
            Family::Ipv4 | Family::QinQ => Ipv4Addr::from_bits(bits).into(),
            Family::Ipv6 => Ipv6Addr::from_bits(0xfd00 << 112 | u128::from(bits)).into(),
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

    /// Conversations that the policy allows, all different: over all devices first, and over all rules.
    pub(crate) fn flow(&self, number: u32) -> Flow {
        let device_number = number % self.devices;
        let device = self.device(device_number);
        let number = number / self.devices;
        let rules = self.rules_of_profile();
        let rule = (number + scatter(device_number) % rules) % rules;
        let service = self.service(device.profile, rule);
        Flow {
            mac: device.mac,
            device: device.address,
            peer: service.peer,
            ports: [port(FIRST_PORT + number / rules), service.port],
        }
    }

    /// How many of the first conversations are from the first port: the same from another port is none of them.
    pub(crate) fn first_flows(&self) -> u32 {
        self.devices.saturating_mul(self.rules_of_profile())
    }

    /// What the first device asks for in vain: hosts that it is not listed for, and ports.
    pub(crate) fn denied(&self, number: u32) -> Flow {
        let random = scatter(number);
        Flow {
            peer: self.address(0x0af0_0000 | random & 0xf_ffff),
            ports: [port(FIRST_PORT), port(1 + random % 60_000)],
            ..self.flow(0)
        }
    }

    /// What is allowed, but from devices that are not listed. From ports of their own: conntrack asks for no MAC once a conversation is
    /// established.
    pub(crate) fn unknown(&self, number: u32) -> Flow {
        let [a, b, c, d] = scatter(number).to_be_bytes();
        let flow = self.flow(number);
        Flow {
            mac: [0x06, 0x99, a, b, c, d],
            ports: [port(FIRST_PORT / 10), flow.ports[1]],
            ..flow
        }
    }

    pub(crate) fn policy(&self, mode: Mode) -> Policy {
        let template = template();
        let profiles = (0..self.profiles()).map(|profile| Profile {
            name: format!("profile-{profile}"),
            timeouts: Timeouts {
                udp_unreplied: Duration::from_hours(1),
                udp_replied: Duration::from_hours(1),
                ..Timeouts::default()
            },
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
                vlan: self.family.vlan(),
                addresses: vec![device.address],
                profile: device.profile as usize,
                mode,
                ..template.devices[0].clone()
            });
        Policy {
            profiles: profiles.collect(),
            devices: devices.collect(),
            ..template.clone()
        }
    }

    /// The same as a file, for the agent.
    pub(crate) fn yaml(&self, mode: Mode) -> String {
        let policy = self.policy(mode);
        let mut text = "onboarding: enforce\nprofiles:\n".to_owned();
        let mut write = |line: fmt::Arguments<'_>| {
            text.write_fmt(line).expect("a string takes all");
        };
        let mut services = self.rules();
        for profile in &policy.profiles {
            write(format_args!(
                "  {}:\n    limits: {{new-flows: {}}}\n    allow:\n",
                profile.name, profile.limits.new_flows
            ));
            for service in services.by_ref().take(profile.rules.len()) {
                write(format_args!(
                    "      - {{to: \"{}\", udp: {}}}\n",
                    service.peer, service.port
                ));
            }
        }
        write(format_args!("devices:\n"));
        for device in &policy.devices {
            write(format_args!(
                "  - {{name: {}, mac: \"{}\", ip: \"{}\", profile: {}, mode: {}}}\n",
                device.name,
                Mac(device.mac),
                device.addresses[0],
                policy.profiles[device.profile].name,
                format!("{mode:?}").to_lowercase(),
            ));
        }
        text
    }

    fn rule(&self, profile: u32, rule: u32, like: &Rule) -> Rule {
        let Service { peer, port, .. } = self.service(profile, rule);
        Rule {
            id: profile * self.rules_of_profile() + rule + 1,
            initiator: Initiator::Device,
            peers: vec![IpNetwork::from(peer)],
            clauses: vec![Clause::Udp(vec![port..=port])],
            ..like.clone()
        }
    }
}

fn mac(device: u32) -> [u8; 6] {
    let [a, b, c, d] = device.to_be_bytes();
    [0x02, 0x10, a, b, c, d]
}

fn port(number: u32) -> u16 {
    u16::try_from(number).expect("room for ports")
}

/// The first so many numbers, each once, in an order without a pattern; always the same.
pub(crate) fn scattered(count: u32) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..count).collect();
    numbers.sort_unstable_by_key(|number| scatter(!number));
    numbers
}

/// A number that has nothing to do with this one; different for different ones.
fn scatter(number: u32) -> u32 {
    let number = (number ^ number >> 16).wrapping_mul(0x7feb_352d);
    let number = (number ^ number >> 15).wrapping_mul(0x846c_a68b);
    number ^ number >> 16
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
