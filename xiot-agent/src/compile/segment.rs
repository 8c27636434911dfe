//! What a rule allows, as intervals on one number line: all ports of all protocols, one protocol after another.
//!
//! On that line the union of rules is the lowest rule number at each point, which is associative, so that sets
//! of rules can be built from sets. The interval "any protocol" stands behind all protocols.

use std::{cmp::Reverse, collections::BinaryHeap};

use xiot_common::rule::RuleId;

use crate::model::policy::{Clause, IcmpType, Rule};

use super::{error::Family, times::Chains};

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// Where "any protocol" stands.
const ANY: u32 = 256;

/// An interval that one rule allows. Ordered by place.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Segment {
    /// First point, inclusive.
    start: u32,
    /// Last point, of the same protocol, inclusive.
    end: u32,
    /// The rule. The lower number comes first in the file.
    pub rule: RuleId,
}

impl Segment {
    /// Ports `low..=high` of a protocol.
    pub(super) const fn new(protocol: u8, low: u16, high: u16, rule: RuleId) -> Self {
        // Protocols are counted from TCP on: its lines are read first.
        let first = (protocol.wrapping_sub(TCP) as u32) << 16;
        Self {
            start: first | low as u32,
            end: first | high as u32,
            rule,
        }
    }

    /// Every protocol.
    pub(super) const fn any(rule: RuleId) -> Self {
        Self {
            start: ANY << 16,
            end: ANY << 16 | 0xffff,
            rule,
        }
    }

    /// The same of another rule.
    pub(super) const fn of(self, rule: RuleId) -> Self {
        Self { rule, ..self }
    }

    /// No protocol and no port: what a rule allows that speaks of the other family only.
    pub(super) const fn nothing(rule: RuleId) -> Self {
        Self {
            start: 1,
            end: 0,
            rule,
        }
    }

    /// The protocol; none: every one.
    pub(super) fn protocol(self) -> Option<u8> {
        u8::try_from(self.start >> 16)
            .ok()
            .map(|from_tcp| from_tcp.wrapping_add(TCP))
    }

    /// First port, or ICMP type and code.
    pub(super) const fn low(self) -> u16 {
        low_half(self.start)
    }

    /// Last port, inclusive.
    pub(super) const fn high(self) -> u16 {
        low_half(self.end)
    }
}

const fn low_half(value: u32) -> u16 {
    let [_, _, a, b] = value.to_be_bytes();
    u16::from_be_bytes([a, b])
}

/// Calls `each` with every interval that the rule allows between a device and a peer of this family. A clause
/// for the other family's ICMP gives none.
pub(super) fn of_rule(rule: &Rule, family: Family, mut each: impl FnMut(Segment)) {
    for clause in &rule.clauses {
        match clause {
            Clause::Any => each(Segment::any(rule.id)),
            Clause::Tcp(ports) => {
                for range in ports {
                    each(Segment::new(TCP, *range.start(), *range.end(), rule.id));
                }
            }
            Clause::Udp(ports) => {
                for range in ports {
                    each(Segment::new(UDP, *range.start(), *range.end(), rule.id));
                }
            }
            Clause::Icmp(types) => {
                if family == Family::V4 {
                    for kind in types {
                        each(icmp(ICMP, *kind, rule.id));
                    }
                }
            }
            Clause::Icmpv6(types) => {
                if family == Family::V6 {
                    for kind in types {
                        each(icmp(ICMPV6, *kind, rule.id));
                    }
                }
            }
            Clause::Protocol(protocol) => {
                let foreign = match family {
                    Family::V4 => ICMPV6,
                    Family::V6 => ICMP,
                };
                if *protocol != foreign {
                    each(Segment::new(*protocol, 0, u16::MAX, rule.id));
                }
            }
        }
    }
}

fn icmp(protocol: u8, kind: IcmpType, rule: RuleId) -> Segment {
    let (low, high) = kind.code.map_or((0, u8::MAX), |code| (code, code));
    Segment::new(
        protocol,
        u16::from_be_bytes([kind.kind, low]),
        u16::from_be_bytes([kind.kind, high]),
        rule,
    )
}

/// Turns overlapping intervals into disjoint ones. Keeps its buffers from one set to the next.
#[derive(Debug, Default)]
pub(super) struct Resolver {
    claims: Vec<Segment>,
    active: BinaryHeap<Reverse<(RuleId, u32)>>,
    chain: Vec<RuleId>,
    anys: Vec<RuleId>,
    disjoint: Vec<Segment>,
}

impl Resolver {
    /// Starts a new set.
    pub(super) fn clear(&mut self) {
        self.claims.clear();
    }

    /// Intervals added so far.
    pub(super) const fn len(&self) -> usize {
        self.claims.len()
    }

    /// Adds an interval to it.
    pub(super) fn add(&mut self, segment: Segment) {
        if segment.start <= segment.end {
            self.claims.push(segment);
        }
    }

    /// The set that was resolved last.
    pub(super) fn resolved(&self) -> &[Segment] {
        &self.disjoint
    }

    /// The set: sorted, disjoint, each point with the first rule in file order that allows it, or with the chain of
    /// those that may be the first in force; neighbours of one rule and protocol are one interval. What "any protocol"
    /// decides earlier is left to its interval, which is last.
    pub(super) fn resolve(&mut self, chains: &mut Chains) -> &[Segment] {
        self.disjoint.clear();
        self.anys.clear();
        let anys = self.claims.iter().filter(|it| it.protocol().is_none());
        self.anys.extend(anys.map(|claim| claim.rule));
        self.anys.sort_unstable();
        self.anys.dedup();
        let any = chains.name(&mut self.anys);
        if let Some(&last) = self.anys.last() {
            let always = !chains.is_timed(last);
            self.claims
                .retain(|claim| claim.protocol().is_some() && (!always || claim.rule < last));
        }
        self.sweep(chains);
        if any != 0 {
            self.disjoint.push(Segment::any(any));
        }
        &self.disjoint
    }

    /// Takes the claims for single protocols in order.
    fn sweep(&mut self, chains: &mut Chains) {
        self.claims.sort_unstable();

        let mut coming = self.claims.iter().peekable();
        let mut at = 0;
        loop {
            while let Some(claim) =
                coming.next_if(|claim| claim.start <= at || self.active.is_empty())
            {
                at = at.max(claim.start);
                self.active.push(Reverse((claim.rule, claim.end)));
            }
            let Some(&Reverse((rule, end))) = self.active.peek() else {
                return;
            };
            if end < at {
                self.active.pop();
                continue;
            }
            let (rule, end) = if chains.is_idle() {
                (rule, end)
            } else {
                chain(&mut self.chain, &self.active, &self.anys, at, chains)
            };
            let end = coming.peek().map_or(end, |next| end.min(next.start - 1));
            push_merged(
                &mut self.disjoint,
                Segment {
                    start: at,
                    end,
                    rule,
                },
            );
            at = end + 1;
        }
    }
}

/// What stands for all rules that are active from a point on, and where that ends.
fn chain(
    rules: &mut Vec<RuleId>,
    active: &BinaryHeap<Reverse<(RuleId, u32)>>,
    anys: &[RuleId],
    at: u32,
    chains: &mut Chains,
) -> (RuleId, u32) {
    let here = || active.iter().map(|it| it.0).filter(|&(_, end)| end >= at);
    rules.clear();
    rules.extend(here().map(|(rule, _)| rule));
    rules.extend(anys);
    rules.sort_unstable();
    rules.dedup();
    let name = chains.name(rules);
    let last = rules.last().copied().unwrap_or(0);
    let end = here()
        .filter(|&(rule, _)| rule <= last)
        .map(|(_, end)| end)
        .min();
    (name, end.unwrap_or(at))
}

fn push_merged(to: &mut Vec<Segment>, segment: Segment) {
    match to.last_mut() {
        Some(last)
            if last.rule == segment.rule
                && last.end + 1 == segment.start
                && last.end >> 16 == segment.start >> 16 =>
        {
            last.end = segment.end;
        }
        Some(_) | None => to.push(segment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(claims: &[(u8, u16, u16, RuleId)]) -> Vec<(u8, u16, u16, RuleId)> {
        let mut resolver = Resolver::default();
        for &(protocol, low, high, rule) in claims {
            resolver.add(Segment::new(protocol, low, high, rule));
        }
        resolver
            .resolve(&mut Chains::default())
            .iter()
            .map(|s| (s.protocol().unwrap(), s.low(), s.high(), s.rule))
            .collect()
    }

    #[test]
    fn the_first_rule_gets_the_overlap_whatever_the_order_of_places() {
        assert_eq!(
            resolve(&[(6, 10, 20, 2), (6, 15, 30, 1), (6, 25, 40, 3)]),
            [(6, 10, 14, 2), (6, 15, 30, 1), (6, 31, 40, 3)]
        );
        assert_eq!(
            resolve(&[(6, 0, 65535, 2), (6, 80, 80, 1)]),
            [(6, 0, 79, 2), (6, 80, 80, 1), (6, 81, 65535, 2)]
        );
        assert_eq!(
            resolve(&[(6, 0, 65535, 1), (6, 80, 80, 2)]),
            [(6, 0, 65535, 1)]
        );
    }

    #[test]
    fn neighbours_of_one_rule_merge_but_not_across_rules_gaps_or_protocols() {
        assert_eq!(
            resolve(&[(6, 1, 2, 1), (6, 3, 4, 1), (6, 4, 9, 1)]),
            [(6, 1, 9, 1)]
        );
        assert_eq!(
            resolve(&[(6, 1, 2, 1), (6, 3, 4, 2)]),
            [(6, 1, 2, 1), (6, 3, 4, 2)]
        );
        assert_eq!(
            resolve(&[(6, 1, 2, 1), (6, 4, 4, 1)]),
            [(6, 1, 2, 1), (6, 4, 4, 1)]
        );
        assert_eq!(
            resolve(&[(7, 0, 5, 1), (6, 9, 65535, 1)]),
            [(6, 9, 65535, 1), (7, 0, 5, 1)]
        );
    }

    #[test]
    fn lower_bound_and_last_port_of_the_last_protocol_are_reached() {
        assert_eq!(
            resolve(&[(5, 0, 65535, 4), (5, 65535, 65535, 3), (6, 0, 0, 9)]),
            [(6, 0, 0, 9), (5, 0, 65534, 4), (5, 65535, 65535, 3)]
        );
        assert_eq!(resolve(&[]), []);
        assert_eq!(
            resolve(&[(6, 5, 4, 1)]),
            [],
            "a reversed range holds nothing"
        );
    }

    #[test]
    fn any_protocol_is_last_and_swallows_what_comes_after_it_in_the_file() {
        let mut resolver = Resolver::default();
        resolver.add(Segment::any(5));
        resolver.add(Segment::any(3));
        resolver.add(Segment::new(6, 80, 80, 2));
        resolver.add(Segment::new(6, 70, 90, 3));
        resolver.add(Segment::new(17, 53, 53, 4));
        assert_eq!(
            resolver.resolve(&mut Chains::default()),
            [Segment::new(6, 80, 80, 2), Segment::any(3)]
        );
    }
}
