//! Profiles and their rules as written.

use super::{
    RawPeer, RawTimes,
    bounds::{RawLimits, RawTimeouts},
    clause::{self, RawClause, read_clauses},
    mud::read_url,
    no_duplicates, read_peers,
    times::{self, read_times},
};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{
            Fields, Spanned, check_name, choice, free_text, items, name as read_name, one_or_many,
            wrong_type,
        },
        policy::{Clause, Criticality, Initiator},
        yaml::{Node, Value},
    },
};

/// A profile as written.
#[derive(Debug)]
pub(crate) struct RawProfile<'n> {
    pub(crate) name: Spanned<&'n str>,
    /// Names of profiles that it includes.
    pub(crate) include: Vec<Spanned<&'n str>>,
    pub(crate) criticality: Option<Criticality>,
    /// None: nothing is written.
    pub(crate) services: Option<Vec<Spanned<Service>>>,
    pub(crate) timeouts: RawTimeouts,
    pub(crate) limits: RawLimits,
    /// Of `allow`, then of `baselines`.
    pub(crate) rules: Vec<RawRule<'n>>,
    pub(crate) mud_url: Option<&'n str>,
    /// Name of the profile that says what the maker discloses.
    pub(crate) disclosed: Option<Spanned<&'n str>>,
}

/// A rule as written. One whose faults were reported is kept with what could be read.
#[derive(Debug)]
pub(crate) struct RawRule<'n> {
    pub(crate) span: Span,
    pub(crate) initiator: Initiator,
    pub(crate) peers: Vec<RawPeer<'n>>,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) times: RawTimes<'n>,
    pub(crate) label: String,
    pub(crate) note: Option<String>,
    pub(crate) owner: Option<String>,
    /// Nothing was wrong with it.
    pub(crate) whole: bool,
}

/// A built-in service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Service {
    Arp,
    Nd,
    Dhcp,
    Dns,
    Ntp,
}

/// Words for services.
const SERVICES: [(&str, Service); 5] = [
    ("arp", Service::Arp),
    ("nd", Service::Nd),
    ("dhcp", Service::Dhcp),
    ("dns", Service::Dns),
    ("ntp", Service::Ntp),
];

/// What a profile gets that neither has `services` nor includes another.
pub(crate) const DEFAULT_SERVICES: [Service; 3] = [Service::Arp, Service::Nd, Service::Dhcp];

/// Words for criticalities.
pub(super) const CRITICALITIES: [(&str, Criticality); 4] = [
    ("low", Criticality::Low),
    ("medium", Criticality::Medium),
    ("high", Criticality::High),
    ("life-sustaining", Criticality::LifeSustaining),
];

pub(super) fn read_profiles<'n>(
    node: Option<&'n Node<'_>>,
    report: &mut Report,
) -> Vec<RawProfile<'n>> {
    items(node, "`profiles`", report)
        .into_iter()
        .filter(|(name, span, _)| check_name(name, *span, "a profile", report))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(name, span, node)| read_profile(Spanned::new(name, span), node, report))
        .collect()
}

fn read_profile<'n>(
    name: Spanned<&'n str>,
    node: &'n Node<'_>,
    report: &mut Report,
) -> RawProfile<'n> {
    const KEYS: [&str; 9] = [
        "include",
        "criticality",
        "services",
        "timeouts",
        "limits",
        "allow",
        "baselines",
        "mud-url",
        "disclosed",
    ];
    let mut profile = RawProfile {
        name,
        include: Vec::new(),
        criticality: None,
        services: None,
        timeouts: RawTimeouts::default(),
        limits: RawLimits::default(),
        rules: Vec::new(),
        mud_url: None,
        disclosed: None,
    };
    let fields = match node.value {
        Value::Null => None,
        Value::Scalar(_) | Value::Seq(_) | Value::Map(_) => {
            let Some(fields) = Fields::read(node, "a profile", &KEYS, report) else {
                return profile;
            };
            Some(fields)
        }
    };
    let get = |key| fields.as_ref().and_then(|fields| fields.get(key));
    let include = get("include");
    if let Some(node) = include {
        profile.include = read_include(node, report);
    }
    profile.criticality =
        get("criticality").and_then(|node| choice(node, "a criticality", &CRITICALITIES, report));
    profile.mud_url = get("mud-url").and_then(|node| read_url(node, report));
    profile.disclosed = get("disclosed").and_then(|node| read_name(node, "a profile", report));
    profile.timeouts = RawTimeouts::read(get("timeouts"), report);
    profile.limits = RawLimits::read(get("limits"), report);
    profile.services = get("services").map(|node| read_services(node, report));
    let allow = get("allow");
    if let Some(node) = allow {
        profile.rules = read_rules(node, None, report);
    }
    let baselines = get("baselines");
    read_baselines(baselines, &mut profile.rules, report);
    let says_something = [include, get("services"), allow, baselines];
    let is_given = |node: &&Node<'_>| !node.is_empty();
    if !says_something.iter().flatten().any(is_given) {
        report.push(
            Diagnostic::new(
                Code::EmptyAllowList,
                name.span,
                format!("profile `{}` allows nothing", name.value),
            )
            .hint("list rules under `allow`; a profile that needs only built-in services names them, `services: [arp, dhcp]`"),
        );
    }
    profile
}

fn read_include<'n>(node: &'n Node<'_>, report: &mut Report) -> Vec<Spanned<&'n str>> {
    let nodes = one_or_many(node);
    if nodes.is_empty() {
        report.push(
            Diagnostic::new(Code::EmptyList, node.span, "`include` lists no profiles")
                .hint("name the profiles whose rules this one has too, or remove the key"),
        );
    }
    no_duplicates(nodes, "profile", report);
    let names = nodes
        .iter()
        .filter_map(|node| read_name(node, "a profile", report));
    names.collect()
}

/// Adds the rules of baselines, each in force in the calendar that the baseline is for.
fn read_baselines<'n>(
    node: Option<&'n Node<'_>>,
    rules: &mut Vec<RawRule<'n>>,
    report: &mut Report,
) {
    for (calendar, span, node) in items(node, "`baselines`", report) {
        if node.is_empty() {
            report.push(
                Diagnostic::new(
                    Code::EmptyList,
                    span,
                    format!("baseline `{calendar}` has no rules"),
                )
                .hint("list what is allowed then, or remove it"),
            );
        }
        rules.extend(read_rules(node, Some(Spanned::new(calendar, span)), report));
    }
}

fn read_services(node: &Node<'_>, report: &mut Report) -> Vec<Spanned<Service>> {
    let services = one_or_many(node);
    no_duplicates(services, "service", report);
    services
        .iter()
        .filter_map(|node| {
            choice(node, "a service", &SERVICES, report)
                .map(|service| Spanned::new(service, node.span))
        })
        .collect()
}

/// Rules of `allow`, or of a baseline for this calendar.
fn read_rules<'n>(
    node: &'n Node<'_>,
    calendar: Option<Spanned<&'n str>>,
    report: &mut Report,
) -> Vec<RawRule<'n>> {
    match &node.value {
        Value::Seq(rules) => rules
            .iter()
            .filter_map(|rule| read_rule(rule, calendar, report))
            .collect(),
        Value::Null => Vec::new(),
        Value::Scalar(_) | Value::Map(_) => {
            wrong_type(node, "a list of rules", report);
            Vec::new()
        }
    }
}

fn read_rule<'n>(
    node: &'n Node<'_>,
    calendar: Option<Spanned<&'n str>>,
    report: &mut Report,
) -> Option<RawRule<'n>> {
    const KEYS: [&str; 11] = [
        "to",
        "from",
        clause::KEYS[0],
        clause::KEYS[1],
        clause::KEYS[2],
        clause::KEYS[3],
        clause::KEYS[4],
        times::KEYS[0],
        times::KEYS[1],
        "note",
        "owner",
    ];
    let errors = report.errors();
    let fields = Fields::read(node, "a rule", &KEYS, report)?;
    let (initiator, peers) = match (fields.get("to"), fields.get("from")) {
        (Some(to), None) => (Initiator::Device, to),
        (None, Some(from)) => (Initiator::Peer, from),
        (to, _) => {
            report.push(bad_direction(&fields, to.is_some()));
            // The rest of the rule may have faults of its own.
            drop(read_clauses(&fields, report));
            drop(read_times(&fields, calendar, report));
            return None;
        }
    };
    if peers.is_empty() {
        report.push(
            Diagnostic::new(Code::EmptyList, peers.span, "the rule lists no peers")
                .hint("`any` stands for every address"),
        );
    }
    let peers = read_peers(peers, report);
    let (clauses, written) = read_clauses(&fields, report);
    if !written {
        report.push(
            Diagnostic::new(Code::MissingProtocol, node.span, "the rule names no protocol")
                .hint("add `tcp`, `udp`, `icmp`, `icmpv6` or `protocol`; `protocol: any` allows everything"),
        );
    }
    let times = read_times(&fields, calendar, report);
    let mut label = label(initiator, &peers, &clauses);
    label.push_str(&times.label);
    let mut free = |key, what| {
        fields
            .get(key)
            .and_then(|node| free_text(node, what, report))
    };
    let (note, owner) = (free("note", "the note"), free("owner", "the owner"));
    Some(RawRule {
        span: node.span,
        initiator,
        label,
        note,
        owner,
        peers,
        // Not collected in place: that would keep the room of what is dropped, a million times over.
        clauses: clauses.iter().map(|raw| raw.clause.clone()).collect(),
        times,
        whole: report.errors() == errors,
    })
}

fn bad_direction(fields: &Fields<'_, '_>, both: bool) -> Diagnostic {
    if both {
        Diagnostic::new(
            Code::RuleDirection,
            fields.key_span("from"),
            "a rule has either `to` or `from`, not both",
        )
        .note(fields.key_span("to"), "`to` is given here")
        .hint("write two rules")
    } else {
        Diagnostic::new(
            Code::RuleDirection,
            fields.span,
            "the rule does not say who opens the conversation",
        )
        .hint("`to: PEER` if the device does, `from: PEER` if the peer does")
    }
}

/// The rule in one line. Long lists of peers are cut: the label is for tables and logs.
fn label(initiator: Initiator, peers: &[RawPeer<'_>], clauses: &[RawClause]) -> String {
    const SHOWN: usize = 4;
    let mut label = match initiator {
        Initiator::Device => "to ".to_owned(),
        Initiator::Peer => "from ".to_owned(),
    };
    let names: Vec<_> = peers
        .iter()
        .take(SHOWN)
        .map(|raw| raw.peer.label())
        .collect();
    label.push_str(&names.join(", "));
    if peers.len() > SHOWN {
        label.push_str(" and ");
        label.push_str(&(peers.len() - SHOWN).to_string());
        label.push_str(" more");
    }
    for clause in clauses {
        label.push(' ');
        label.push_str(&clause.label);
    }
    label
}
