//! Profiles and their rules as written.

use std::time::Duration;

use super::{
    RawPeer, RawTimes,
    clause::{self, RawClause, read_clauses},
    no_duplicates, read_peers,
    times::{self, read_times},
};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{
            Fields, Numbers, Spanned, check_name, choice, counts, duration_within, free_text,
            items, one_or_many, wrong_type,
        },
        limit::{FLOW_RATE, TIMEOUT},
        policy::{Clause, Criticality, Initiator, Limits, Timeouts},
        yaml::{Node, Value},
    },
};

/// A profile as written.
#[derive(Debug)]
pub(crate) struct RawProfile<'n> {
    pub(crate) name: Spanned<&'n str>,
    pub(crate) criticality: Option<Criticality>,
    pub(crate) services: Vec<Spanned<Service>>,
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: Limits,
    pub(crate) rules: Vec<RawRule<'n>>,
}

/// A rule as written. One whose faults were reported is kept with what could be read.
#[derive(Debug)]
pub(crate) struct RawRule<'n> {
    pub(crate) span: Span,
    pub(crate) initiator: Initiator,
    pub(crate) peers: Vec<RawPeer<'n>>,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) times: RawTimes,
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

/// What a profile without `services` gets.
const DEFAULT_SERVICES: [Service; 3] = [Service::Arp, Service::Nd, Service::Dhcp];

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
    const KEYS: [&str; 5] = ["criticality", "services", "timeouts", "limits", "allow"];
    let mut profile = RawProfile {
        name,
        criticality: None,
        services: Vec::new(),
        timeouts: Timeouts::default(),
        limits: Limits::default(),
        rules: Vec::new(),
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
    profile.criticality =
        get("criticality").and_then(|node| choice(node, "a criticality", &CRITICALITIES, report));
    if let Some(node) = get("timeouts") {
        read_timeouts(node, &mut profile.timeouts, report);
    }
    let limits = &mut profile.limits;
    let rate = Numbers {
        what: "a number per second",
        range: FLOW_RATE,
    };
    counts(
        get("limits"),
        "`limits`",
        [
            ("new-flows", &rate, &mut limits.new_flows),
            ("fragments", &rate, &mut limits.fragments),
        ],
        report,
    );
    let services = get("services");
    profile.services = match services {
        Some(node) => read_services(node, report),
        None => DEFAULT_SERVICES
            .map(|service| Spanned::new(service, name.span))
            .into(),
    };
    let allow = get("allow");
    if let Some(node) = allow {
        profile.rules = read_rules(node, report);
    }
    let has_rules = allow.is_some_and(|node| !node.is_empty());
    let has_services = services.is_some_and(|node| !node.is_empty());
    if !has_rules && !has_services {
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

fn read_timeouts(node: &Node<'_>, timeouts: &mut Timeouts, report: &mut Report) {
    const KEYS: [&str; 7] = [
        "tcp-handshake",
        "tcp-established",
        "tcp-closing",
        "udp-unreplied",
        "udp-replied",
        "icmp",
        "other",
    ];
    let Some(fields) = Fields::read(node, "`timeouts`", &KEYS, report) else {
        return;
    };
    let slots = [
        &mut timeouts.tcp_handshake,
        &mut timeouts.tcp_established,
        &mut timeouts.tcp_closing,
        &mut timeouts.udp_unreplied,
        &mut timeouts.udp_replied,
        &mut timeouts.icmp,
        &mut timeouts.other,
    ];
    for (key, slot) in KEYS.into_iter().zip(slots) {
        if let Some(node) = fields.get(key)
            && let Some(timeout) = read_timeout(node, report)
        {
            *slot = timeout;
        }
    }
}

fn read_timeout(node: &Node<'_>, report: &mut Report) -> Option<Duration> {
    duration_within(node, "a timeout", &TIMEOUT, report)
}

fn read_rules<'n>(node: &'n Node<'_>, report: &mut Report) -> Vec<RawRule<'n>> {
    match &node.value {
        Value::Seq(rules) => rules
            .iter()
            .filter_map(|rule| read_rule(rule, report))
            .collect(),
        Value::Null => Vec::new(),
        Value::Scalar(_) | Value::Map(_) => {
            wrong_type(node, "a list of rules", report);
            Vec::new()
        }
    }
}

fn read_rule<'n>(node: &'n Node<'_>, report: &mut Report) -> Option<RawRule<'n>> {
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
            drop(read_times(&fields, report));
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
    let times = read_times(&fields, report);
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
