//! From what was written to what it means: every name becomes the thing it names.

mod calendars;
mod devices;
mod disclosed;
mod group;
mod include;
mod mud;
mod names;
mod order;
mod peers;
mod profiles;
mod times;
mod when;

use jiff::Timestamp;

pub(crate) use self::include::Whole;
use self::{
    calendars::Calendars,
    devices::resolve_devices,
    include::wholes,
    mud::resolve_mud,
    names::Names,
    peers::Expander,
    profiles::{Means, resolve_profiles},
    times::Clock,
};
use super::{
    decode::position,
    policy::{PeerSet, Policy, Services},
    raw::RawPolicy,
};
use crate::diag::{Code, Diagnostic, Report, Span};

/// A policy with what later checks need to point at.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) policy: Policy,
    /// Where the wire of each device stands; the device if it names none.
    pub(crate) wire_spans: Vec<Span>,
    /// Where each rule stands, by number; none for rules that have faults or that nobody wrote.
    pub(crate) rule_spans: Vec<Option<Span>>,
    /// How many rules of each profile come from those that it includes: its first ones.
    pub(crate) included: Vec<usize>,
}

/// Looks every name up. Reports names that nothing has; the policy is whole only if nothing was reported.
pub(crate) fn resolve(
    raw: &RawPolicy<'_>,
    file: &str,
    now: Timestamp,
    report: &mut Report,
) -> Resolved {
    let names = Names::collect(raw, report);
    let mut expander = Expander::new(raw, &names, report);
    let peer_sets = raw
        .peer_sets
        .iter()
        .enumerate()
        .map(|(index, set)| PeerSet {
            name: set.name.value.to_owned(),
            networks: expander.set(index).networks.clone(),
            names: expander.set(index).names.clone(),
            at: position(set.name.span),
        })
        .collect();
    let services = Services {
        dns: expander.expand_servers(raw.services.dns.as_deref(), report),
        ntp: expander.expand_servers(raw.services.ntp.as_deref(), report),
        dhcp: raw.services.dhcp.iter().map(|ip| ip.value).collect(),
    };
    let mut clock = Clock::new(&raw.time_zone, now);
    let calendars = Calendars::new(&raw.calendars, &mut clock, report);
    let wholes = wholes(raw, &names, report);
    let mut means = Means {
        services: &services,
        expander,
        clock,
        calendars,
    };
    let rules = resolve_profiles(raw, &wholes, &mut means, report);
    let Means {
        mut expander,
        clock,
        calendars,
        ..
    } = means;
    if raw.services.dns.is_none()
        && let Some(span) = expander.first_dns_name()
    {
        report.push(without_servers(span));
    }
    let (devices, wire_spans) = resolve_devices(raw, &names, &wholes, report);
    let default_profile = raw
        .default_profile
        .and_then(|name| names.profile(name, report));
    let disclosed = disclosed::disclosed(raw, &wholes);
    let mud = resolve_mud(raw, &names, &mut expander, report);
    // While a name is misspelled, what it should have named only seems unused.
    if report.errors() == 0 {
        expander.report_unused(report);
        calendars.report_unused(report);
        names::report_unused_profiles(raw, report);
    }
    Resolved {
        policy: Policy {
            file: file.to_owned(),
            onboarding: raw.onboarding.unwrap_or_default(),
            time_zone: clock.zone(),
            holidays: raw.holidays.clone(),
            gates: raw.gates,
            calendars: calendars.into_policy(),
            default_profile,
            services,
            uplink_addresses: raw.uplink_addresses.iter().map(|ip| ip.value).collect(),
            peer_sets,
            profiles: rules.profiles.into(),
            devices: devices.into(),
            mud,
            disclosed,
        },
        wire_spans,
        rule_spans: rules.spans,
        included: rules.included,
    }
}

/// Every profile with what it includes, of a policy that was found to be right.
pub(crate) fn with_included(raw: &RawPolicy<'_>) -> Vec<Whole> {
    let mut report = Report::new("policy", "");
    let names = Names::collect(raw, &mut report);
    wholes(raw, &names, &mut report)
}

/// The complaint about DNS names in a policy without DNS servers.
fn without_servers(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::MissingServers,
        span,
        "a peer is a DNS name, and the policy lists no DNS servers",
    )
    .hint("which addresses a name has is learned from the answers of these servers alone: add `dns: {servers: [ADDRESS]}` under `services` at the top of the file")
}
