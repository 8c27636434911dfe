//! DNS names that nobody could ever learn: rules for them in profiles whose devices may not ask the DNS servers.

use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        policy::{Clause, Initiator, Policy, Profile, Rule},
        resolve::Resolved,
    },
};

/// Where DNS servers are asked. What they say by TCP is not learned.
const PORT: u16 = 53;

pub(super) fn check(resolved: &Resolved, report: &mut Report) {
    let policy = &resolved.policy;
    // Without any, that is what is wrong.
    if policy.services.dns.is_empty() {
        return;
    }
    for profile in &policy.profiles {
        let mut rules = profile.rules.iter().filter(|rule| !rule.names.is_empty());
        let Some(first) = rules.next() else {
            continue;
        };
        if !profile.rules.iter().any(|rule| asks(policy, rule)) {
            report.push(unasked(profile, first, resolved));
        }
    }
}

/// Whether devices ask some DNS server by this rule.
fn asks(policy: &Policy, rule: &Rule) -> bool {
    let by_udp = |clause: &Clause| match clause {
        Clause::Any | Clause::Protocol(17) => true,
        Clause::Udp(ports) => ports.iter().any(|range| range.contains(&PORT)),
        Clause::Tcp(_) | Clause::Icmp(_) | Clause::Icmpv6(_) | Clause::Protocol(_) => false,
    };
    let mut servers = policy.services.dns.iter();
    rule.initiator == Initiator::Device
        && rule.clauses.iter().any(by_udp)
        && servers.any(|server| {
            let mut peers = rule.peers.iter();
            peers.any(|peer| peer.contains(server.ip()) || server.contains(peer.ip()))
        })
}

fn unasked(profile: &Profile, first: &Rule, resolved: &Resolved) -> Diagnostic {
    let index = usize::try_from(first.id)
        .ok()
        .and_then(|id| id.checked_sub(1));
    let span = index.and_then(|index| resolved.rule_spans.get(index).copied().flatten());
    Diagnostic::new(
        Code::UnaskedDnsName,
        span.unwrap_or(Span::FILE),
        format!(
            "devices of profile `{}` may not ask the DNS servers which addresses `{}` has",
            profile.name, first.names[0]
        ),
    )
    .hint("add `dns` to the `services` of the profile")
}
