//! How far a rule reaches, in a form that can be compared: merged ranges of addresses and ports.

use std::{collections::HashSet, ops::RangeInclusive};

use ipnetwork::IpNetwork;

use crate::{
    model::policy::{Clause, IcmpType, Rule},
    unit::dns_name::DnsName,
};

/// Protocols and ports of a rule.
#[derive(Debug, Default)]
pub(super) struct Allowed {
    any: bool,
    /// Ranges of `protocol << 16 | port`, merged and sorted. ICMP: `type << 8 | code`; protocols without ports:
    /// all ports.
    ranges: Ranges<u32>,
}

impl Allowed {
    pub(super) fn of(clauses: &[Clause]) -> Self {
        let mut ranges = Vec::new();
        let mut any = false;
        for clause in clauses {
            match clause {
                Clause::Any => any = true,
                Clause::Tcp(ports) => ranges.extend(ports.iter().map(|ports| within(6, ports))),
                Clause::Udp(ports) => ranges.extend(ports.iter().map(|ports| within(17, ports))),
                Clause::Icmp(types) => ranges.extend(types.iter().map(|kind| message(1, *kind))),
                Clause::Icmpv6(types) => ranges.extend(types.iter().map(|kind| message(58, *kind))),
                Clause::Protocol(number) => ranges.push(within(*number, &(0..=u16::MAX))),
            }
        }
        Self {
            any,
            ranges: Ranges::merge(ranges),
        }
    }

    /// Number of ranges.
    pub(super) fn len(&self) -> usize {
        self.ranges.0.len()
    }

    /// Whether all of `other` is allowed by this.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.any
            || (!other.any
                && other
                    .ranges
                    .0
                    .iter()
                    .all(|range| self.ranges.contain(range)))
    }
}

/// What these clauses allow with peers in this network, or with those that have a name.
pub(in crate::model) fn ranges(
    clauses: &[Clause],
    peers: Option<IpNetwork>,
) -> Vec<RangeInclusive<u32>> {
    let speaks = |clause: &&Clause| match clause {
        Clause::Icmp(_) => peers.is_none_or(|it| it.is_ipv4()),
        Clause::Icmpv6(_) => peers.is_none_or(|it| it.is_ipv6()),
        Clause::Any | Clause::Tcp(_) | Clause::Udp(_) | Clause::Protocol(_) => true,
    };
    let clauses: Vec<_> = clauses.iter().filter(speaks).cloned().collect();
    let Allowed { any, ranges } = Allowed::of(&clauses);
    if any {
        return vec![0..=u32::from(u8::MAX) << 16 | u32::from(u16::MAX)];
    }
    ranges.0
}

fn within(protocol: u8, ports: &RangeInclusive<u16>) -> RangeInclusive<u32> {
    let base = u32::from(protocol) << 16;
    base | u32::from(*ports.start())..=base | u32::from(*ports.end())
}

fn message(protocol: u8, icmp: IcmpType) -> RangeInclusive<u32> {
    let kind = u16::from(icmp.kind) << 8;
    match icmp.code {
        Some(code) => within(protocol, &(kind | u16::from(code)..=kind | u16::from(code))),
        None => within(protocol, &(kind..=kind | 0xff)),
    }
}

/// Peers of a rule.
#[derive(Debug)]
pub(super) struct Peers {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
    names: HashSet<DnsName>,
}

impl Peers {
    pub(super) fn of(rule: &Rule) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in &rule.peers {
            match network {
                IpNetwork::V4(own) => v4.push(own.network().to_bits()..=own.broadcast().to_bits()),
                IpNetwork::V6(own) => v6.push(own.network().to_bits()..=own.broadcast().to_bits()),
            }
        }
        Self {
            v4: Ranges::merge(v4),
            v6: Ranges::merge(v6),
            names: rule.names.iter().cloned().collect(),
        }
    }

    /// Whether every address is among these peers.
    pub(super) fn are_all(&self) -> bool {
        self.v4.contain(&(0..=u32::MAX)) && self.v6.contain(&(0..=u128::MAX))
    }

    /// Whether all peers of `rule` are among these. Every address that a name can have is among all addresses.
    pub(super) fn cover(&self, rule: &Rule) -> bool {
        let mut names = rule.names.iter();
        if !names.all(|name| self.names.contains(name)) && !self.are_all() {
            return false;
        }
        rule.peers.iter().all(|network| match network {
            IpNetwork::V4(own) => self
                .v4
                .contain(&(own.network().to_bits()..=own.broadcast().to_bits())),
            IpNetwork::V6(own) => self
                .v6
                .contain(&(own.network().to_bits()..=own.broadcast().to_bits())),
        })
    }
}

/// Sorted ranges without overlap and without neighbours that touch.
#[derive(Debug)]
pub(in crate::model) struct Ranges<T>(Vec<RangeInclusive<T>>);

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A number with a next one.
pub(in crate::model) trait Step: Copy + Ord {
    /// The next number, if there is one.
    fn next(self) -> Option<Self>;
}

impl Step for u32 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Step for u128 {
    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl<T: Step> Ranges<T> {
    pub(in crate::model) fn merge(mut ranges: Vec<RangeInclusive<T>>) -> Self {
        ranges.sort_by_key(|range| *range.start());
        let mut merged: Vec<RangeInclusive<T>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if last.end().next().is_none_or(|next| *range.start() <= next) => {
                    let end = *last.end().max(range.end());
                    *last = *last.start()..=end;
                }
                Some(_) | None => merged.push(range),
            }
        }
        Self(merged)
    }

    /// Whether `range` lies within one of these.
    pub(in crate::model) fn contain(&self, range: &RangeInclusive<T>) -> bool {
        let behind = self.0.partition_point(|own| own.start() <= range.start());
        behind
            .checked_sub(1)
            .and_then(|index| self.0.get(index))
            .is_some_and(|own| range.end() <= own.end())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranges() -> impl Strategy<Value = Vec<RangeInclusive<u32>>> {
        proptest::collection::vec(
            (0..60u32, 0..8u32).prop_map(|(low, more)| low..=low + more),
            0..8,
        )
    }

    proptest! {
        #[test]
        fn merged_ranges_hold_the_same_numbers(listed in ranges(), probe in ranges()) {
            let merged = Ranges::merge(listed.clone());
            for range in probe {
                let each = range.clone().all(|n| listed.iter().any(|own| own.contains(&n)));
                prop_assert_eq!(merged.contain(&range), each, "{:?} in {:?}", range, merged);
            }
        }
    }

    #[test]
    fn a_whole_protocol_covers_its_ports_and_all_ports_are_the_protocol() {
        let tcp = Allowed::of(&[Clause::Protocol(6)]);
        let all_ports = Allowed::of(&[Clause::Tcp(vec![0..=1023, 1024..=65535])]);
        let web = Allowed::of(&[Clause::Tcp(vec![80..=80, 443..=443])]);
        let any = Allowed::of(&[Clause::Any]);
        assert!(tcp.covers(&web) && tcp.covers(&all_ports) && all_ports.covers(&tcp));
        assert!(any.covers(&tcp) && !tcp.covers(&any) && !web.covers(&tcp));
        assert!(!tcp.covers(&Allowed::of(&[Clause::Udp(vec![80..=80])])));
    }
}
