//! Nearest misses: what the policy would have allowed, and where that is written.

use std::net::IpAddr;

use jiff::{Timestamp, tz::TimeZone};

use super::{Judgement, Service, probe::Probe};
use crate::{
    model::policy::{Clause, Device, IcmpType, Initiator, Policy, Position, Profile, Rule},
    service::{
        calendar,
        state::{Reason, Side},
    },
    unit,
};

/// Hints of one leg; the rest is counted.
const MAX_HINTS: usize = 3;

/// Hints for a frame that policy denies at this moment; none for others.
pub(super) fn hints(
    policy: &Policy,
    wires: &[String],
    probe: &Probe,
    judgement: &Judgement,
    at: Timestamp,
) -> Vec<String> {
    let device = judgement
        .device
        .or(probe.device)
        .and_then(|index| policy.devices.get(index));
    let reason = judgement.reason;
    let Site { all, more } = if reason == Reason::UnknownDevice {
        unknown_device(policy, probe)
    } else if reason == Reason::WrongWire {
        wrong_wire(policy, wires, device, probe)
    } else if reason == Reason::AddressNotBound {
        not_bound(policy, device)
    } else {
        near_rules(policy, device, probe, reason, at)
    };
    let mut hints = all;
    if more > 0 {
        hints.push(format!("and {more} more"));
    }
    hints
}

#[derive(Default)]
struct Site {
    all: Vec<String>,
    more: usize,
}

impl FromIterator<String> for Site {
    fn from_iter<I: IntoIterator<Item = String>>(iter: I) -> Self {
        let mut hints = iter.into_iter();
        let all = hints.by_ref().take(MAX_HINTS).collect();
        Self {
            all,
            more: hints.count(),
        }
    }
}

fn place(policy: &Policy, at: Position) -> String {
    format!("{}:{}", policy.file, at.line)
}

fn unknown_device(policy: &Policy, probe: &Probe) -> Site {
    let vlans = (probe.opening.vlans.outer, probe.opening.vlans.inner);
    let same = policy
        .devices
        .iter()
        .filter(|device| device.mac == probe.mac)
        .map(|device| {
            format!(
                "{}: {} has this MAC on VLAN {}, the frame is on {}",
                place(policy, device.at),
                device.name,
                unit::vlan::format(device.vlan.unwrap_or_default()),
                unit::vlan::format(vlans),
            )
        });
    let near = policy
        .devices
        .iter()
        .filter(|device| one_digit_off(device.mac, probe.mac))
        .map(|device| {
            format!(
                "{}: {} has nearly this MAC: {}",
                place(policy, device.at),
                device.name,
                unit::mac::format(device.mac)
            )
        });
    let remedy = "list it under `devices`, or give devices that are not listed a profile: `defaults: {profile: ...}`";
    same.chain(near).chain([remedy.to_owned()]).collect()
}

/// Whether two MACs differ in exactly one hexadecimal digit.
fn one_digit_off(a: [u8; 6], b: [u8; 6]) -> bool {
    let differing: u32 = a
        .iter()
        .zip(b)
        .map(|(a, b)| {
            let bits = a ^ b;
            u32::from(bits & 0xf0 != 0) + u32::from(bits & 0x0f != 0)
        })
        .sum();
    differing == 1
}

fn wrong_wire(policy: &Policy, wires: &[String], device: Option<&Device>, probe: &Probe) -> Site {
    device
        .into_iter()
        .map(|device| {
            format!(
                "{}: {} is listed on wire {}, the frame is on {}",
                place(policy, device.at),
                device.name,
                device.wire.as_deref().unwrap_or("any"),
                wires.get(probe.wire).map_or("another", String::as_str)
            )
        })
        .collect()
}

fn not_bound(policy: &Policy, device: Option<&Device>) -> Site {
    device
        .into_iter()
        .map(|device| {
            let addresses: Vec<_> = device.addresses.iter().map(IpAddr::to_string).collect();
            format!(
                "{}: {} has {}",
                place(policy, device.at),
                device.name,
                addresses.join(", ")
            )
        })
        .collect()
}

fn near_rules(
    policy: &Policy,
    device: Option<&Device>,
    probe: &Probe,
    reason: Reason,
    at: Timestamp,
) -> Site {
    let index = device
        .map(|device| device.profile)
        .or(policy.default_profile);
    let Some(profile) = index.and_then(|index| policy.profiles.get(index)) else {
        return Site::default();
    };
    let ours = match probe.side {
        Side::Device => Initiator::Device,
        Side::Uplink => Initiator::Peer,
    };
    let peer = probe.peer();
    let service = probe.opening.service;
    let cite =
        |rule: &Rule, what: &str| format!("{} {what}: `{}`", place(policy, rule.at), rule.label);
    let same_service = |rule: &Rule| {
        let mut clauses = rule.clauses.iter();
        clauses.any(|clause| same_protocol(clause, service))
    };
    let with_peer = || profile.rules.iter().filter(|rule| has_peer(rule, peer));
    if reason == Reason::NoPort {
        with_peer()
            .filter(|rule| rule.initiator == ours && same_service(rule))
            .map(|rule| {
                let (protocol, ports) = (service.protocol(), ports(service));
                cite(
                    rule,
                    &format!("allows {protocol} with {peer} on other {ports}"),
                )
            })
            .collect()
    } else if reason == Reason::RuleNotInForce {
        with_peer()
            .filter(|rule| rule.initiator == ours && !rule.times.is_always())
            .filter(|rule| rule.clauses.iter().any(|clause| matches(clause, service)))
            .map(|rule| cite(rule, &at_other_times(policy, rule, at)))
            .collect()
    } else if reason == Reason::NoProtocol {
        with_peer()
            .filter(|rule| rule.initiator == ours)
            .map(|rule| cite(rule, &format!("allows {peer}, with another protocol")))
            .collect()
    } else if reason == Reason::WrongDirection {
        with_peer()
            .filter(|rule| rule.initiator != ours && same_service(rule))
            .map(|rule| {
                let opener = opener(rule.initiator);
                cite(rule, &format!("allows it when {opener} opens it"))
            })
            .collect()
    } else if reason == Reason::NoPeer {
        no_peer(policy, profile, ours, probe)
    } else {
        Site::default()
    }
}

/// When a rule comes into force that is not at this moment.
fn at_other_times(policy: &Policy, rule: &Rule, at: Timestamp) -> String {
    let Some(next) = calendar::next_change(policy, &rule.times, at) else {
        return "allowed it at times that are over".to_owned();
    };
    let zone = policy
        .time_zone
        .as_ref()
        .unwrap_or(const { &TimeZone::UTC });
    let offset = zone.to_offset(next);
    format!(
        "allows it at other times, next from {}, {}",
        offset.to_datetime(next).strftime("%A"),
        next.display_with_offset(offset)
    )
}

fn no_peer(policy: &Policy, profile: &Profile, ours: Initiator, probe: &Probe) -> Site {
    let peer = probe.peer();
    let service = probe.opening.service;
    let sets = policy
        .peer_sets
        .iter()
        .filter(|set| set.networks.iter().any(|network| network.contains(peer)))
        .map(|set| {
            format!(
                "{} has {peer} in peer set {}, which no `{}` rule of profile {} names",
                place(policy, set.at),
                set.name,
                keyword(ours),
                profile.name
            )
        });
    let rules = profile
        .rules
        .iter()
        .filter(|rule| rule.initiator == ours)
        .filter(|rule| rule.clauses.iter().any(|clause| matches(clause, service)))
        .map(|rule| {
            let others = if rule.names.is_empty() {
                format!("others than {peer}")
            } else {
                format!(
                    "{}, and no answer told the device that {peer} is one of its addresses",
                    named(rule)
                )
            };
            format!(
                "{} allows {} with {others}: `{}`",
                place(policy, rule.at),
                service.words(),
                rule.label
            )
        });
    sets.chain(rules).collect()
}

/// The DNS names of a rule, cut where they are many.
fn named(rule: &Rule) -> String {
    match &rule.names[..] {
        [name] => name.to_string(),
        [first, others @ ..] => format!("{first} or {} other names", others.len()),
        [] => String::new(),
    }
}

const fn keyword(initiator: Initiator) -> &'static str {
    match initiator {
        Initiator::Device => "to",
        Initiator::Peer => "from",
    }
}

const fn opener(initiator: Initiator) -> &'static str {
    match initiator {
        Initiator::Device => "the device",
        Initiator::Peer => "the other side",
    }
}

const fn ports(service: Service) -> &'static str {
    match service {
        Service::Icmp(_) | Service::Icmpv6(_) => "types",
        Service::Tcp(_) | Service::Udp(_) | Service::Other(_) => "ports",
    }
}

fn has_peer(rule: &Rule, peer: IpAddr) -> bool {
    rule.peers.iter().any(|network| network.contains(peer))
}

fn same_protocol(clause: &Clause, service: Service) -> bool {
    match (clause, service) {
        (Clause::Any, _)
        | (Clause::Tcp(_), Service::Tcp(_))
        | (Clause::Udp(_), Service::Udp(_))
        | (Clause::Icmp(_), Service::Icmp(_))
        | (Clause::Icmpv6(_), Service::Icmpv6(_)) => true,
        (Clause::Protocol(number), service) => *number == service.number(),
        _ => false,
    }
}

fn matches(clause: &Clause, service: Service) -> bool {
    let of_type = |types: &[IcmpType], message: super::IcmpMessage| {
        types.iter().any(|icmp| {
            icmp.kind == message.kind && icmp.code.is_none_or(|code| code == message.code)
        })
    };
    match (clause, service) {
        (Clause::Any, _) => true,
        (Clause::Tcp(ports), Service::Tcp(port)) | (Clause::Udp(ports), Service::Udp(port)) => {
            ports.iter().any(|range| range.contains(&port))
        }
        (Clause::Icmp(types), Service::Icmp(message))
        | (Clause::Icmpv6(types), Service::Icmpv6(message)) => of_type(types, message),
        (Clause::Protocol(number), service) => *number == service.number(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        compile::Assignment,
        model::{policy::DnsName, times::Interval},
        service::{
            explain::{Query, Reference, Service, Subject, explain},
            names::Names,
            sample,
            state::{Opener, Reason},
        },
    };

    #[test]
    fn a_rule_that_is_not_in_force_says_when_it_is_next() {
        let mut policy = sample::policy();
        policy.time_zone = TimeZone::get("Europe/Berlin").ok();
        policy.profiles[0].rules[0].times.intervals = vec![Interval {
            begins: 1_802_638_800,
            ends: 1_802_660_400,
        }];
        let rule = &policy.profiles[0].rules[0];
        let said = |at: &str| at_other_times(&policy, rule, at.parse().unwrap());
        assert_eq!(
            said("2026-11-30T12:00:00Z"),
            "allows it at other times, next from Sunday, 2027-02-14T22:00:00+01:00"
        );
        assert_eq!(
            said("2027-02-15T03:00:00Z"),
            "allowed it at times that are over"
        );
    }

    #[test]
    fn a_name_that_the_device_was_told_nothing_of_is_named() {
        let sample = sample::names();
        let mut policy = sample.policy().clone();
        let name = DnsName::parse("cloud.vendor.com").unwrap();
        policy.profiles[0].rules[0].names = vec![name];
        policy.profiles[0].rules[0].peers.clear();
        let ids = Assignment::fresh(&policy);
        let wires = Arc::from(["ward-3".to_owned()]);
        let names = Names::new(Arc::new(policy), wires, Arc::new(ids));
        let mut judge = Reference::new(names.policy(), names.wires());
        let query = Query {
            subject: Subject::Name("pump-icu-12".to_owned()),
            opener: Opener::Device,
            peer: "192.0.2.7".to_owned(),
            service: Service::Tcp(3613),
            vlans: None,
            wire: None,
            address: None,
            at: None,
        };
        let leg = explain(&names, &query, &mut judge).unwrap().legs.remove(0);
        assert_eq!(leg.reason, Reason::NoPeer);
        assert_eq!(
            leg.hints,
            [
                "policy.yaml:11 allows tcp 3613 with cloud.vendor.com, and no answer told the device that 192.0.2.7 is one of its addresses: `to pump-server tcp 3613`"
            ]
        );
    }
}
