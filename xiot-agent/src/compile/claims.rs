//! The rules of a profile, taken apart: by initiator and family, networks on one side, port ranges on the other.
//!
//! One pass over the policy in file order; everything after it works on compact arrays.

use crate::model::policy::{Initiator, Profile, Rule};

use super::{
    address::{Address, Named},
    segment::{self, Segment},
};

/// One network or name of one rule. Ordered so that a network follows those around it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Claim<A> {
    /// First address.
    pub addr: A,
    /// Prefix length.
    pub prefix: u8,
    /// Where the rule's segments begin in its part: as good a name for it as any.
    pub rule: u32,
    /// The rule names no other network.
    pub single: bool,
}

impl<A: Address> Claim<A> {
    /// What is claimed.
    pub(super) fn network(self) -> (A, u8) {
        (self.addr, self.prefix)
    }
}

/// What the rules of one initiator say of one family.
#[derive(Debug)]
pub(super) struct Part<A> {
    /// Networks.
    pub claims: Vec<Claim<A>>,
    /// What the rules allow there, one rule after another, each with at least one segment.
    segments: Vec<Segment>,
}

impl<A> Default for Part<A> {
    fn default() -> Self {
        Self {
            claims: Vec::new(),
            segments: Vec::new(),
        }
    }
}

impl<A: Address> Part<A> {
    /// What the rule of a claim allows.
    pub(super) fn segments(&self, claim: Claim<A>) -> impl Iterator<Item = Segment> {
        let from = &self.segments[claim.rule as usize..];
        let rule = from[0].rule;
        from.iter()
            .copied()
            .take_while(move |segment| segment.rule == rule)
    }

    fn clear(&mut self) {
        self.claims.clear();
        self.segments.clear();
    }

    fn add(&mut self, rule: &Rule) {
        let start = self.segments.len();
        let name = u32::try_from(start).expect("2^32 port ranges exceed any file");
        let before = self.claims.len();
        self.claims
            .extend(A::named_by(rule).map(|(addr, prefix)| Claim {
                addr,
                prefix,
                rule: name,
                single: rule.peers.len() + rule.names.len() == 1,
            }));
        if self.claims.len() == before {
            return;
        }
        segment::of_rule(rule, A::FAMILY, |segment| self.segments.push(segment));
        if self.segments.len() == start {
            self.segments.push(Segment::nothing(rule.id));
        }
    }
}

/// The parts of a profile.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Devices to IPv4 peers.
    pub to_v4: Part<u32>,
    /// IPv4 peers to devices.
    pub from_v4: Part<u32>,
    /// Devices to IPv6 peers.
    pub to_v6: Part<u128>,
    /// IPv6 peers to devices.
    pub from_v6: Part<u128>,
    /// Devices to names, by family.
    pub to_named: (Part<Named<false>>, Part<Named<true>>),
    /// Names to devices, by family.
    pub from_named: (Part<Named<false>>, Part<Named<true>>),
}

impl Parts {
    /// Takes a profile apart, in the memory of the last one.
    pub(super) fn fill(&mut self, profile: &Profile) {
        self.to_v4.clear();
        self.from_v4.clear();
        self.to_v6.clear();
        self.from_v6.clear();
        for named in [&mut self.to_named, &mut self.from_named] {
            named.0.clear();
            named.1.clear();
        }
        for rule in &profile.rules {
            let (v4, v6, named) = match rule.initiator {
                Initiator::Device => (&mut self.to_v4, &mut self.to_v6, &mut self.to_named),
                Initiator::Peer => (&mut self.from_v4, &mut self.from_v6, &mut self.from_named),
            };
            v4.add(rule);
            v6.add(rule);
            named.0.add(rule);
            named.1.add(rule);
        }
    }
}
