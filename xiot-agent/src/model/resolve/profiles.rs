//! Profiles and rules with every name looked up, and the rules that come from built-in services.

use std::ops::RangeInclusive;

use ipnetwork::IpNetwork;

use super::{calendars::Calendars, include::Whole, peers::Expander, times::Clock};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Spanned, position},
        limit::MAX_PEERS,
        policy::{Clause, Initiator, Profile, Rule, Services},
        raw::{RawPolicy, RawProfile, RawRule, Service},
        times::Times,
    },
};

const DNS: RangeInclusive<u16> = 53..=53;
const NTP: RangeInclusive<u16> = 123..=123;

/// The profiles, and what is known of where their rules stand.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) profiles: Vec<Profile>,
    /// Where each rule stands, by number; none for rules that have faults or that nobody wrote.
    pub(super) spans: Vec<Option<Span>>,
    /// How many rules of each profile come from those that it includes: its first ones.
    pub(super) included: Vec<usize>,
}

/// What rules are made of.
#[derive(Debug)]
pub(super) struct Means<'r, 'n> {
    pub(super) services: &'r Services,
    pub(super) expander: Expander<'r, 'n>,
    pub(super) clock: Clock<'r>,
    pub(super) calendars: Calendars<'n>,
}

/// The rules that are written in one profile, with where they stand.
type Written = Vec<(Rule, Option<Span>)>;

pub(super) fn resolve_profiles<'n>(
    raw: &RawPolicy<'n>,
    wholes: &[Whole],
    means: &mut Means<'_, 'n>,
    report: &mut Report,
) -> Resolved {
    let written = raw.profiles.iter().map(|profile| {
        let rules = profile.rules.iter();
        rules
            .map(|rule| written_rule(rule, means, report))
            .collect()
    });
    let mut written: Vec<Written> = written.collect();
    let is_included = is_included(wholes);
    let mut resolved = Resolved::default();
    let mut copied = 0;
    for (index, (profile, whole)) in raw.profiles.iter().zip(wholes).enumerate() {
        let mut rules: Vec<Rule> = Vec::new();
        let mut add = |rule: Rule, span: Option<Span>| {
            resolved.spans.push(span);
            rules.push(Rule {
                id: number(resolved.spans.len()),
                ..rule
            });
        };
        let mut included = 0;
        for &part in &whole.parts {
            if part == index && !is_included[index] {
                let own = std::mem::take(&mut written[index]);
                for (rule, span) in own {
                    add(rule, span);
                }
                continue;
            }
            for (rule, span) in &written[part] {
                copied += (rule.peers.len() + rule.names.len()).max(1);
                if copied > MAX_PEERS {
                    break;
                }
                included += usize::from(part != index);
                add(rule.clone(), *span);
            }
        }
        for service in &whole.services {
            if let Some(rule) = service_rule(*service, raw, means.services, report) {
                add(rule, None);
            }
        }
        if copied > MAX_PEERS {
            report.push(too_many_copies(profile));
        }
        resolved.profiles.push(build(profile, whole, rules));
        resolved.included.push(included);
    }
    resolved
}

/// Whether some other profile has the rules of each.
fn is_included(wholes: &[Whole]) -> Vec<bool> {
    let mut is_included = vec![false; wholes.len()];
    for (index, whole) in wholes.iter().enumerate() {
        for &part in whole.parts.iter().filter(|part| **part != index) {
            is_included[part] = true;
        }
    }
    is_included
}

fn too_many_copies(profile: &RawProfile<'_>) -> Diagnostic {
    let first = profile.include.first();
    Diagnostic::new(
        Code::TooManyPeers,
        first.map_or(profile.name.span, |name| name.span),
        format!("the policy has more than {MAX_PEERS} peers up to here, those of included profiles once more each time"),
    )
    .hint("include long profiles in few others")
}

/// Files are too small for four thousand million rules.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn build(raw: &RawProfile<'_>, whole: &Whole, rules: Vec<Rule>) -> Profile {
    let has = |service| whole.services.iter().any(|listed| listed.value == service);
    Profile {
        name: raw.name.value.to_owned(),
        criticality: whole.criticality,
        arp: has(Service::Arp),
        nd: has(Service::Nd),
        dhcp: has(Service::Dhcp),
        timeouts: whole.timeouts,
        limits: whole.limits,
        rules: rules.into(),
        at: position(raw.name.span),
    }
}

/// A rule that has no number yet, and where it stands if it has no fault.
fn written_rule<'n>(
    raw: &RawRule<'n>,
    means: &mut Means<'_, 'n>,
    report: &mut Report,
) -> (Rule, Option<Span>) {
    let Means {
        expander,
        clock,
        calendars,
        ..
    } = means;
    let faults = expander.faults();
    let peers = expander.expand(&raw.peers, report);
    let times = clock.times(&raw.times, calendars, report);
    let whole = raw.whole && expander.faults() == faults && times.is_some();
    let rule = Rule {
        id: 0,
        initiator: raw.initiator,
        peers: peers.networks,
        names: peers.names,
        clauses: raw.clauses.clone(),
        times: times.unwrap_or_default(),
        label: raw.label.clone(),
        note: raw.note.clone(),
        owner: raw.owner.clone(),
        at: position(raw.span),
    };
    (rule, whole.then_some(raw.span))
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
        names: Vec::new(),
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
