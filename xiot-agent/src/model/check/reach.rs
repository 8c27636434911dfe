//! Rules that can never be the one that allows a frame: all they allow is allowed already by one earlier rule of
//! their profile.
//!
//! Finds a rule that one other rule covers, not one that several cover together. An earlier rule comes into question
//! only if it lists a network around the first peer of the later one, or its first name, so that profiles of many rules
//! are not compared pair by pair; where that is not enough, the work is bounded.
//!
//! Rules of DNS names alone come last, wherever they stand: they are asked where no rule allows the address as such.

use std::collections::{BTreeSet, HashMap};

use ipnetwork::IpNetwork;

use super::extent::{Allowed, Peers};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        policy::{Clause, Initiator, Profile, Rule},
        raw::any_networks,
        resolve::Resolved,
        times::Times,
    },
    unit::dns_name::DnsName,
};

/// Comparisons of a network or a range of ports, over the whole policy: a second or two. The rules that a gateway can
/// hold for one peer are few enough for a million rules to stay within.
const MAX_STEPS: usize = 250_000_000;

/// Rules with more peers than this are compared with every later rule instead of being filed under each peer.
const MAX_FILED_PEERS: usize = 32;

pub(super) fn check(resolved: &Resolved, report: &mut Report) {
    check_within(MAX_STEPS, resolved, report);
}

fn check_within(max_steps: usize, resolved: &Resolved, report: &mut Report) {
    let mut steps = max_steps;
    for (profile, &included) in resolved.policy.profiles.iter().zip(&resolved.included) {
        let rules = || whole_rules(profile, included, resolved);
        // What is wrong with those of others is said of these.
        for (rule, span, _) in rules().filter(|(.., whose)| *whose == Whose::Own) {
            check_family(rule, span, report);
        }
        for initiator in [Initiator::Device, Initiator::Peer] {
            let mut rules: Vec<_> = rules()
                .filter(|(rule, ..)| rule.initiator == initiator)
                .collect();
            rules.sort_by_key(|(rule, ..)| rule.peers.is_empty());
            check_profile(&rules, &mut steps, report);
        }
        if steps == 0 {
            report.push(limited(profile));
            return;
        }
    }
}

/// Where a rule of a profile is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Whose {
    /// In the profile itself.
    Own,
    /// In one that it includes.
    Included,
}

/// The rules of a profile that people wrote and that have no fault of their own; the first of all are included.
fn whole_rules<'r>(
    profile: &'r Profile,
    included: usize,
    resolved: &'r Resolved,
) -> impl Iterator<Item = (&'r Rule, Span, Whose)> {
    let whose = move |place| {
        if place < included {
            Whose::Included
        } else {
            Whose::Own
        }
    };
    let rules = profile.rules.iter().enumerate();
    rules.filter_map(move |(place, rule)| {
        let index = usize::try_from(rule.id).ok()?.checked_sub(1)?;
        let span = resolved.rule_spans.get(index).copied().flatten()?;
        Some((rule, span, whose(place)))
    })
}

/// Reports ICMP to peers that cannot speak it.
fn check_family(rule: &Rule, span: Span, report: &mut Report) {
    // A name may have addresses of both families.
    let named = !rule.names.is_empty();
    let has_v4 = named || rule.peers.iter().any(IpNetwork::is_ipv4);
    let has_v6 = named || rule.peers.iter().any(IpNetwork::is_ipv6);
    for clause in &rule.clauses {
        let (key, family) = match clause {
            Clause::Icmp(_) if !has_v4 => ("icmp", "IPv4"),
            Clause::Icmpv6(_) if !has_v6 => ("icmpv6", "IPv6"),
            Clause::Any
            | Clause::Tcp(_)
            | Clause::Udp(_)
            | Clause::Icmp(_)
            | Clause::Icmpv6(_)
            | Clause::Protocol(_) => continue,
        };
        report.push(
            Diagnostic::new(
                Code::IneffectiveRule,
                span,
                format!(
                    "`{key}` is part of {family}, and no peer of the rule has an {family} address"
                ),
            )
            .hint("`icmp` goes with IPv4 peers and `icmpv6` with IPv6 peers"),
        );
    }
}

/// A rule that a later one may be compared with.
struct Earlier {
    /// Its number: rules of a profile have them in their order.
    id: u32,
    allowed: Allowed,
    times: Times,
    peers: Peers,
    span: Span,
}

/// Earlier rules, by the networks and names they list.
#[derive(Default)]
struct Filed {
    rules: Vec<Earlier>,
    by_network: HashMap<IpNetwork, Vec<usize>>,
    by_name: HashMap<DnsName, Vec<usize>>,
    lengths: BTreeSet<u8>,
    wide: Vec<usize>,
}

fn check_profile(rules: &[(&Rule, Span, Whose)], steps: &mut usize, report: &mut Report) {
    let mut filed = Filed::default();
    for (rule, span, whose) in rules {
        let allowed = Allowed::of(&rule.clauses);
        let candidates = match (rule.peers.first(), rule.names.first()) {
            (Some(network), _) => filed.around(*network),
            (None, Some(name)) => filed.with_name(name),
            (None, None) => continue,
        };
        let cover = candidates
            .iter()
            .filter_map(|index| filed.rules.get(*index))
            .find(|earlier| {
                *steps = steps.saturating_sub(1 + allowed.len());
                // A rule that is not always in force leaves something to a later one, unless both are in force at the same times.
                let leaves = !earlier.times.is_always() && earlier.times != rule.times;
                if *steps == 0 || leaves || !earlier.allowed.covers(&allowed) {
                    return false;
                }
                *steps = steps.saturating_sub(rule.peers.len() + rule.names.len());
                let counts = earlier.id < rule.id || earlier.peers.are_all();
                counts && earlier.peers.cover(rule)
            });
        match cover {
            // What it covers in turn, the earlier rule covers too: there is no need to file it.
            Some(earlier) if *whose == Whose::Own => {
                report.push(unreachable(rule, *span, earlier));
            }
            // Two profiles may well allow the same: neither is wrong because another includes both.
            Some(_) => {}
            None => filed.file(rule, allowed, *span),
        }
        if *steps == 0 {
            return;
        }
    }
}

impl Filed {
    fn file(&mut self, rule: &Rule, allowed: Allowed, span: Span) {
        let index = self.rules.len();
        self.rules.push(Earlier {
            id: rule.id,
            allowed,
            times: rule.times.clone(),
            peers: Peers::of(rule),
            span,
        });
        if rule.peers.len() + rule.names.len() > MAX_FILED_PEERS {
            self.wide.push(index);
            return;
        }
        for network in &rule.peers {
            self.lengths.insert(network.prefix());
            self.by_network.entry(*network).or_default().push(index);
        }
        for name in &rule.names {
            self.by_name.entry(name.clone()).or_default().push(index);
        }
    }

    /// Rules that list `network` or one around it, and those that list very many; first in the file first.
    fn around(&self, network: IpNetwork) -> Vec<usize> {
        let mut found = self.wide.clone();
        for length in self
            .lengths
            .iter()
            .take_while(|length| **length <= network.prefix())
        {
            let outer = IpNetwork::new(network.ip(), *length)
                .and_then(|outer| IpNetwork::new(outer.network(), *length));
            if let Ok(outer) = outer
                && let Some(rules) = self.by_network.get(&outer)
            {
                found.extend_from_slice(rules);
            }
        }
        found.sort_unstable();
        found
    }

    /// Rules that list this name, or every address, and those that list very many peers; first in the file first.
    fn with_name(&self, name: &DnsName) -> Vec<usize> {
        let [any, _] = any_networks();
        let mut found = self.around(any);
        found.extend(self.by_name.get(name).into_iter().flatten());
        found.sort_unstable();
        found
    }
}

fn unreachable(rule: &Rule, span: Span, earlier: &Earlier) -> Diagnostic {
    let why = if earlier.id < rule.id {
        "this one comes first"
    } else {
        "this one allows every address, with or without a name"
    };
    Diagnostic::new(
        Code::UnreachableRule,
        span,
        format!("all that `{}` allows is allowed already", rule.label),
    )
    .label("never the rule that allows")
    .note(earlier.span, why)
    .hint("remove one of the two, or narrow the first")
}

fn limited(last: &Profile) -> Diagnostic {
    Diagnostic::new(
        Code::CheckLimited,
        Span::FILE,
        format!(
            "unreachable rules were looked for only up to profile `{}`: there are too many to compare",
            last.name
        ),
    )
    .hint("rules that share peers and protocol can be one rule with a list of ports")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use jiff::Timestamp;

    use super::*;
    use crate::model::{raw::read_policy, resolve::resolve, yaml};

    /// The codes found in a policy of one profile with these rules.
    fn codes(rules: &str, max_steps: usize) -> Vec<Code> {
        let text = format!(
            "onboarding: learn\ndefaults: {{profile: p}}\nprofiles:\n  p:\n    allow:\n{rules}"
        );
        let mut report = Report::new("policy.yaml", text.as_str());
        let root = yaml::parse(&text).unwrap();
        let raw = read_policy(&root, &mut report);
        let resolved = resolve(&raw, "policy.yaml", Timestamp::UNIX_EPOCH, &mut report);
        assert!(report.is_clean());
        check_within(max_steps, &resolved, &mut report);
        report.diagnostics().iter().map(|one| one.code).collect()
    }

    #[test]
    fn many_rules_are_compared_by_peer_and_not_pair_by_pair() {
        let mut rules = String::new();
        for rule in 0..5_000_u32 {
            let [_, _, a, b] = rule.to_be_bytes();
            writeln!(rules, "      - {{to: 10.0.{a}.{b}, tcp: 80}}").unwrap();
        }
        rules.push_str("      - {to: 10.0.7.7, tcp: 80}\n");
        assert_eq!(codes(&rules, 10_000), [Code::UnreachableRule]);
    }

    #[test]
    fn where_comparing_would_take_too_long_it_stops_and_says_so() {
        let mut rules = String::new();
        for port in 1..200 {
            writeln!(rules, "      - {{to: any, tcp: {port}}}").unwrap();
        }
        assert_eq!(codes(&rules, 1_000_000), []);
        assert_eq!(codes(&rules, 10_000), [Code::CheckLimited]);
    }

    #[test]
    fn long_lists_of_peers_cover_single_ones() {
        let list: Vec<_> = (0..100).map(|n| format!("10.0.{n}.0/24")).collect();
        let wide = format!("      - {{to: [{}], tcp: 80}}\n", list.join(", "));
        let inside = "      - {to: 10.0.99.1, tcp: 80}\n";
        let outside = "      - {to: 10.0.100.1, tcp: 80}\n";
        assert_eq!(
            codes(&format!("{wide}{inside}"), 1_000),
            [Code::UnreachableRule]
        );
        assert_eq!(codes(&format!("{wide}{outside}"), 1_000), []);
    }
}
