//! How much of what a rule allows others allow, too: makers' lists beside the policy's.
//!
//! Rules with times count as they stand: lists of makers know none. A network that several rules cover only together counts as covered in part.

use std::ops::RangeInclusive;

use ipnetwork::IpNetwork;

use super::{
    check::extent::{Ranges, ranges},
    policy::{DnsName, Rule},
};

/// How much of a rule.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Extent {
    /// Nothing of it.
    None,
    /// Some.
    Part,
    /// All of it.
    All,
}

/// How much of what `rule` allows these rules allow.
pub fn extent<'r, I: IntoIterator<Item = &'r Rule>>(rule: &Rule, others: I) -> Extent {
    let others: Vec<_> = others
        .into_iter()
        .filter(|other| other.initiator == rule.initiator)
        .collect();
    let networks = rule.peers.iter().map(|network| {
        let wanted = ranges(&rule.clauses, Some(*network));
        let whole = others.iter().filter(|it| contains(it, *network));
        let touching = others.iter().filter(|it| meets(it, *network));
        of_peer(
            &wanted,
            whole.flat_map(|it| ranges(&it.clauses, Some(*network))),
            touching.flat_map(|it| ranges(&it.clauses, Some(*network))),
        )
    });
    let names = rule.names.iter().map(|name| {
        let wanted = ranges(&rule.clauses, None);
        let has_it = || others.iter().filter(|it| has(it, name));
        of_peer(
            &wanted,
            has_it().flat_map(|it| ranges(&it.clauses, None)),
            has_it().flat_map(|it| ranges(&it.clauses, None)),
        )
    });
    let all: Vec<_> = networks.chain(names).flatten().collect();
    match (all.iter().min(), all.iter().max()) {
        (Some(Extent::All), _) => Extent::All,
        (_, Some(Extent::Part | Extent::All)) => Extent::Part,
        _ => Extent::None,
    }
}

/// How much of these services others allow for one peer; none: the peer can't speak any of them.
fn of_peer(
    wanted: &[RangeInclusive<u32>],
    whole: impl Iterator<Item = RangeInclusive<u32>>,
    touching: impl Iterator<Item = RangeInclusive<u32>>,
) -> Option<Extent> {
    if wanted.is_empty() {
        return None;
    }
    let whole = Ranges::merge(whole.collect());
    let meets = |other: &RangeInclusive<u32>| {
        let mut all = wanted.iter();
        all.any(|it| it.start() <= other.end() && other.start() <= it.end())
    };
    Some(if wanted.iter().all(|range| whole.contain(range)) {
        Extent::All
    } else if touching.into_iter().any(|it| meets(&it)) {
        Extent::Part
    } else {
        Extent::None
    })
}

fn contains(rule: &Rule, network: IpNetwork) -> bool {
    rule.peers
        .iter()
        .any(|own| own.prefix() <= network.prefix() && own.contains(network.network()))
}

fn meets(rule: &Rule, network: IpNetwork) -> bool {
    let mut peers = rule.peers.iter();
    peers.any(|own| own.contains(network.network()) || network.contains(own.network()))
}

/// Whoever allows every address of a family allows what has the name, as far as that is of it.
fn has(rule: &Rule, name: &DnsName) -> bool {
    let everybody = |is_v4| {
        let mut peers = rule.peers.iter();
        peers.any(|it| it.prefix() == 0 && it.is_ipv4() == is_v4)
    };
    rule.names.contains(name) || everybody(true) && everybody(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::load_policy;

    /// How much of the first rule of `own` the rules of `others` allow.
    fn found(own: &str, others: &str) -> Extent {
        let text = format!(
            "onboarding: learn\nservices: {{dns: {{servers: 10.9.9.9}}}}\nprofiles:\n  own: {{services: [dns], allow: [{own}]}}\n  others: {{services: [dns], allow: [{others}]}}\n"
        );
        let policy = load_policy("policy.yaml", text).value.unwrap();
        let [own, others] = [0, 1].map(|n| policy.profiles.get(n).unwrap());
        extent(own.rules.first().unwrap(), &others.rules)
    }

    #[test]
    fn rules_are_compared_by_who_opens_whom_and_what_is_spoken() {
        use Extent::{All, None, Part};
        for (own, others, expected) in [
            (
                "{to: 10.0.0.1, tcp: 80}",
                "{to: 10.0.0.0/24, tcp: 1-100}",
                All,
            ),
            (
                "{to: 10.0.0.1, tcp: 80}",
                "{from: 10.0.0.0/24, tcp: 80}",
                None,
            ),
            (
                "{to: 10.0.0.1, tcp: 80}",
                "{to: 10.0.1.0/24, tcp: 80}",
                None,
            ),
            ("{to: 10.0.0.1, tcp: 80}", "{to: 10.0.0.1, udp: 80}", None),
            (
                "{to: 10.0.0.0/24, tcp: 80}",
                "{to: 10.0.0.1, tcp: 80}",
                Part,
            ),
            (
                "{to: [10.0.0.1, 10.0.1.1], tcp: 80}",
                "{to: 10.0.0.1, tcp: 80}",
                Part,
            ),
            (
                "{to: 10.0.0.1, tcp: [80, 443]}",
                "{to: 10.0.0.1, tcp: 80}",
                Part,
            ),
            // Together they do.
            (
                "{to: 10.0.0.1, tcp: 80-81, udp: 53}",
                "{to: 10.0.0.1, tcp: 80}, {to: 10.0.0.0/8, tcp: 81-90}, {to: any, protocol: udp}",
                All,
            ),
            (
                "{to: 10.0.0.1, protocol: any}",
                "{to: any, tcp: 1-65535}",
                Part,
            ),
            ("{to: 10.0.0.1, tcp: 80}", "{to: any, protocol: any}", All),
            (
                "{to: any, icmp: echo-request}",
                "{to: 10.0.0.1, icmp: any}",
                Part,
            ),
            // Messages of IPv6 are no matter of IPv4.
            (
                "{to: any, icmp: echo-request}",
                "{to: 0.0.0.0/0, icmp: any}",
                All,
            ),
            (
                "{to: {dns: a.example}, tcp: 443}",
                "{to: {dns: a.example}, tcp: 1-500}",
                All,
            ),
            (
                "{to: {dns: a.example}, tcp: 443}",
                "{to: {dns: b.example}, tcp: 443}",
                None,
            ),
            (
                "{to: {dns: a.example}, tcp: 443}",
                "{to: any, tcp: 443}",
                All,
            ),
            (
                "{to: {dns: a.example}, tcp: 443}",
                "{to: 0.0.0.0/0, tcp: 443}",
                None,
            ),
        ] {
            assert_eq!(found(own, others), expected, "{own} by {others}");
        }
    }
}
