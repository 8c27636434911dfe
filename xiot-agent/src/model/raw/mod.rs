//! Files as they were written: values are read, names are not looked up yet, and every part of a policy knows
//! where it stands. A gateway has no names to look up and is complete here.

mod bounds;
mod calendar;
mod capacity;
mod clause;
mod device;
mod gates;
mod gateway;
mod guard;
mod icmp;
mod metrics;
mod mud;
mod multicast;
mod peer;
mod profile;
mod protocol;
mod router;
mod service;
mod times;
mod uplink;
mod week;
mod when;
mod wire;

use std::collections::HashMap;

pub(crate) use self::{
    calendar::RawCalendar,
    device::RawDevice,
    gateway::read_gateway,
    mud::{RawEntry, RawMud},
    peer::{Peer, RawPeer, any_networks, network_label},
    profile::{DEFAULT_SERVICES, RawProfile, RawRule, Service},
    service::RawServices,
    times::{RawTimes, RawZone},
    when::{Part, RawWhen},
};
use self::{
    calendar::{read_calendars, read_holidays},
    device::read_devices,
    gates::read_gates,
    mud::read_mud,
    peer::{looks_like_address, read_peers},
    profile::read_profiles,
    service::read_services,
    times::read_zone,
    uplink::read_uplink_addresses,
};
use std::net::IpAddr;

use jiff::civil::Date;

use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Fields, Spanned, check_name, choice, items, name, shorten},
        gates::Gates,
        policy::Mode,
        yaml::{Node, Value},
    },
};

/// A whole policy as written.
#[derive(Debug, Default)]
pub(crate) struct RawPolicy<'n> {
    pub(crate) onboarding: Option<Mode>,
    pub(crate) time_zone: RawZone,
    /// Days, ascending.
    pub(crate) holidays: Vec<Date>,
    pub(crate) calendars: Vec<RawCalendar<'n>>,
    pub(crate) default_profile: Option<Spanned<&'n str>>,
    pub(crate) default_mode: Option<Mode>,
    pub(crate) services: RawServices<'n>,
    pub(crate) uplink_addresses: Vec<Spanned<IpAddr>>,
    pub(crate) peer_sets: Vec<RawPeerSet<'n>>,
    pub(crate) profiles: Vec<RawProfile<'n>>,
    pub(crate) devices: Vec<RawDevice<'n>>,
    pub(crate) mud: RawMud<'n>,
    pub(crate) gates: Gates,
}

/// A peer set as written.
#[derive(Debug)]
pub(crate) struct RawPeerSet<'n> {
    pub(crate) name: Spanned<&'n str>,
    pub(crate) peers: Vec<RawPeer<'n>>,
    /// Nothing was wrong with its entries.
    pub(crate) whole: bool,
}

/// Words for modes.
pub(crate) const MODES: [(&str, Mode); 3] = [
    ("learn", Mode::Learn),
    ("monitor", Mode::Monitor),
    ("enforce", Mode::Enforce),
];

/// Reads the root of a policy file.
pub(crate) fn read_policy<'n>(root: &'n Node<'_>, report: &mut Report) -> RawPolicy<'n> {
    const KEYS: [&str; 12] = [
        "onboarding",
        "time_zone",
        "holidays",
        "calendars",
        "defaults",
        "services",
        "uplink_addresses",
        "peer_sets",
        "profiles",
        "devices",
        "mud",
        "gates",
    ];
    let Some(fields) = Fields::read(root, "a policy", &KEYS, report) else {
        return RawPolicy::default();
    };
    let onboarding = fields.require(
        "onboarding",
        "`onboarding: learn` forwards and records devices that are not listed, `enforce` drops them",
        report,
    );
    let (default_profile, default_mode) = read_defaults(fields.get("defaults"), report);
    RawPolicy {
        onboarding: onboarding.and_then(|node| choice(node, "a mode", &MODES, report)),
        time_zone: read_zone(fields.get("time_zone"), report),
        holidays: read_holidays(fields.get("holidays"), report),
        calendars: read_calendars(fields.get("calendars"), report),
        default_profile,
        default_mode,
        services: read_services(fields.get("services"), report),
        uplink_addresses: read_uplink_addresses(fields.get("uplink_addresses"), report),
        peer_sets: read_peer_sets(fields.get("peer_sets"), report),
        profiles: read_profiles(fields.get("profiles"), report),
        devices: read_devices(fields.get("devices"), report),
        mud: read_mud(fields.get("mud"), report),
        gates: read_gates(fields.get("gates"), report),
    }
}

fn read_defaults<'n>(
    node: Option<&'n Node<'_>>,
    report: &mut Report,
) -> (Option<Spanned<&'n str>>, Option<Mode>) {
    let Some(fields) =
        node.and_then(|node| Fields::read(node, "`defaults`", &["profile", "mode"], report))
    else {
        return (None, None);
    };
    let profile = fields
        .get("profile")
        .and_then(|node| name(node, "a profile", report));
    let mode = fields
        .get("mode")
        .and_then(|node| choice(node, "a mode", &MODES, report));
    (profile, mode)
}

fn read_peer_sets<'n>(node: Option<&'n Node<'_>>, report: &mut Report) -> Vec<RawPeerSet<'n>> {
    let mut sets = Vec::new();
    for (set, span, value) in items(node, "`peer_sets`", report) {
        if !check_set_name(set, span, report) {
            continue;
        }
        let errors = report.errors();
        let peers = read_peers(value, report);
        if peers.is_empty() && value.is_empty() {
            report.push(
                Diagnostic::new(
                    Code::EmptyList,
                    span,
                    format!("peer set `{set}` has no entries"),
                )
                .hint("list addresses or networks, or remove the set and the rules that use it"),
            );
        }
        sets.push(RawPeerSet {
            name: Spanned::new(set, span),
            peers,
            whole: report.errors() == errors,
        });
    }
    sets
}

/// A name that could also be an address would make rules ambiguous.
fn check_set_name(set: &str, span: Span, report: &mut Report) -> bool {
    if set == "any" || looks_like_address(set) {
        report.push(
            Diagnostic::new(
                Code::BadName,
                span,
                format!("`{set}` cannot be the name of a peer set: in a rule it means itself"),
            )
            .hint("use another name"),
        );
        return false;
    }
    check_name(set, span, "a peer set", report)
}

/// Reports words that stand twice in a list.
fn no_duplicates(words: &[Node<'_>], what: &str, report: &mut Report) {
    let mut seen = HashMap::new();
    for node in words {
        let Value::Scalar(word) = &node.value else {
            continue;
        };
        if let Some(first) = seen.insert(word, node.span) {
            report.push(
                Diagnostic::new(
                    Code::DuplicateName,
                    node.span,
                    format!("{what} `{}` is listed twice", shorten(word)),
                )
                .note(first, "first listed here"),
            );
        }
    }
}
