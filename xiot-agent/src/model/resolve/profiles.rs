//! Profiles and rules with every name looked up, and the rules that come from built-in services.

use std::ops::RangeInclusive;

use ipnetwork::IpNetwork;

use super::{peers::Expander, times::Clock};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Spanned, position},
        policy::{Clause, Initiator, Profile, Rule, Services},
        raw::{RawPolicy, RawProfile, RawRule, Service},
        times::Times,
    },
};

const DNS: RangeInclusive<u16> = 53..=53;
const NTP: RangeInclusive<u16> = 123..=123;

/// The profiles, and where each rule stands, by number; none for rules that have faults or that nobody wrote.
pub(super) fn resolve_profiles<'n>(
    raw: &RawPolicy<'n>,
    services: &Services,
    expander: &mut Expander<'_, 'n>,
    clock: &mut Clock<'_>,
    report: &mut Report,
) -> (Vec<Profile>, Vec<Option<Span>>) {
    let mut profiles = Vec::with_capacity(raw.profiles.len());
    let mut spans: Vec<Option<Span>> = Vec::new();
    for profile in &raw.profiles {
        let mut rules = Vec::with_capacity(profile.rules.len());
        for written in &profile.rules {
            let faults = expander.faults();
            let peers = expander.expand(&written.peers, report);
            let times = clock.times(&written.times, report);
            let whole = written.whole && expander.faults() == faults;
            spans.push(whole.then_some(written.span));
            rules.push(written_rule(written, spans.len(), peers, times));
        }
        for service in &profile.services {
            if let Some(rule) = service_rule(*service, raw, services, report) {
                spans.push(None);
                rules.push(Rule {
                    id: number(spans.len()),
                    ..rule
                });
            }
        }
        profiles.push(build(profile, rules));
    }
    (profiles, spans)
}

/// Files are too small for four thousand million rules.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn build(raw: &RawProfile<'_>, rules: Vec<Rule>) -> Profile {
    let has = |service| raw.services.iter().any(|listed| listed.value == service);
    Profile {
        name: raw.name.value.to_owned(),
        criticality: raw.criticality,
        arp: has(Service::Arp),
        nd: has(Service::Nd),
        dhcp: has(Service::Dhcp),
        timeouts: raw.timeouts,
        limits: raw.limits,
        rules: rules.into(),
        at: position(raw.name.span),
    }
}

fn written_rule(raw: &RawRule<'_>, count: usize, peers: Vec<IpNetwork>, times: Times) -> Rule {
    Rule {
        id: number(count),
        initiator: raw.initiator,
        peers,
        clauses: raw.clauses.clone(),
        times,
        label: raw.label.clone(),
        note: raw.note.clone(),
        owner: raw.owner.clone(),
        at: position(raw.span),
    }
}

/// The rule of a service that needs flows; the others pass without one.
fn service_rule(
    service: Spanned<Service>,
    raw: &RawPolicy<'_>,
    services: &Services,
    report: &mut Report,
) -> Option<Rule> {
    let (name, written, servers, clauses, label) = match service.value {
        Service::Arp | Service::Nd | Service::Dhcp => return None,
        Service::Dns => (
            "dns",
            raw.services.dns.is_some(),
            &services.dns,
            vec![Clause::Udp(vec![DNS]), Clause::Tcp(vec![DNS])],
            "to dns servers udp 53 tcp 53",
        ),
        Service::Ntp => (
            "ntp",
            raw.services.ntp.is_some(),
            &services.ntp,
            vec![Clause::Udp(vec![NTP])],
            "to ntp servers udp 123",
        ),
    };
    if !written {
        report.push(missing_servers(name, service.span));
        return None;
    }
    Some(rule(servers, clauses, label, service.span))
}

fn rule(servers: &[IpNetwork], clauses: Vec<Clause>, label: &str, span: Span) -> Rule {
    Rule {
        id: 0,
        initiator: Initiator::Device,
        peers: servers.to_vec(),
        clauses,
        times: Times::default(),
        label: label.to_owned(),
        note: None,
        owner: None,
        at: position(span),
    }
}

fn missing_servers(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::MissingServers,
        span,
        format!("service `{name}` has no servers"),
    )
    .hint(format!(
        "add `{name}: {{servers: [ADDRESS]}}` under `services` at the top of the file"
    ))
}
