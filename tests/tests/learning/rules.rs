//! Rules of a proposal, counted by what they allow.

use xiot_agent::model::policy::{Clause, Policy, Rule};

/// How many rules there are of each kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rules {
    pub(crate) all: usize,
    /// That allow every peer, or every protocol.
    pub(crate) any: usize,
    /// With a line that says that they allow more than was seen.
    pub(crate) wider: usize,
    /// To peers by DNS name.
    pub(crate) names: usize,
    /// To addresses, each of which was seen.
    pub(crate) addresses: usize,
}

impl Rules {
    /// Those of a text, and of the policy that it is.
    pub(crate) fn of(text: &str, policy: &Policy) -> Self {
        let rules = policy
            .profiles
            .iter()
            .flat_map(|profile| profile.rules.iter());
        let mut found = Self {
            wider: wider(text),
            ..Self::default()
        };
        for rule in rules {
            found.all += 1;
            found.any += usize::from(is_any(rule));
            found.names += usize::from(!rule.names.is_empty());
            let single = rule
                .peers
                .iter()
                .all(|peer| peer.prefix() == if peer.is_ipv4() { 32 } else { 128 });
            found.addresses += usize::from(rule.names.is_empty() && single);
        }
        found
    }
}

fn is_any(rule: &Rule) -> bool {
    rule.peers.iter().any(|peer| peer.prefix() == 0)
        || rule
            .clauses
            .iter()
            .any(|clause| matches!(clause, Clause::Any))
}

/// Rules right below a line that says so: what is a comment itself is none.
fn wider(text: &str) -> usize {
    let mut is_wider = false;
    let mut found = 0;
    for line in text.lines().map(str::trim) {
        if line.starts_with("# WIDER") {
            is_wider = true;
        } else {
            found += usize::from(is_wider && line.starts_with("- "));
            is_wider = false;
        }
    }
    found
}
