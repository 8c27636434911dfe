//! What the wires of a gateway guard against, and what they carry beside IP.

use super::no_duplicates;
use crate::{
    diag::{Code, Diagnostic, Report, closest},
    model::{
        decode::{Fields, choice, one_or_many, shorten, text},
        guard::{Guards, Level},
        limit::MAX_ETHERTYPES,
        yaml::{Node, Value},
    },
    unit::ethertype,
};

const LEVELS: [(&str, Level); 3] = [
    ("off", Level::Off),
    ("monitor", Level::Monitor),
    ("enforce", Level::Enforce),
];

/// One level for all guards, or a map of levels. `binding` is off unless it is named itself.
pub(super) fn read_guards(node: Option<&Node<'_>>, report: &mut Report) -> Guards {
    const KEYS: [&str; 12] = [
        "all",
        "group",
        "mac",
        "source",
        "arp",
        "nd",
        "dhcp-server",
        "dhcp-client",
        "router",
        "bpdu",
        "claim",
        "binding",
    ];
    let Some(node) = node else {
        return Guards::default();
    };
    let level =
        |node: &Node<'_>, report: &mut Report| choice(node, "a level of a guard", &LEVELS, report);
    if let Value::Scalar(_) = node.value {
        return level(node, report).map_or_else(Guards::default, Guards::all);
    }
    let Some(fields) = Fields::read(node, "`guards`", &KEYS, report) else {
        return Guards::default();
    };
    let all = fields.get("all").and_then(|node| level(node, report));
    let mut guards = Guards::all(all.unwrap_or_default());
    for (key, slot) in [
        ("group", &mut guards.group),
        ("mac", &mut guards.mac),
        ("source", &mut guards.source),
        ("arp", &mut guards.arp),
        ("nd", &mut guards.nd),
        ("dhcp-server", &mut guards.dhcp_server),
        ("dhcp-client", &mut guards.dhcp_client),
        ("router", &mut guards.router),
        ("bpdu", &mut guards.bpdu),
        ("claim", &mut guards.claim),
        ("binding", &mut guards.binding),
    ] {
        if let Some(level) = fields.get(key).and_then(|node| level(node, report)) {
            *slot = level;
        }
    }
    guards
}

/// One Ethernet type or a list of them.
pub(super) fn read_ethertypes(node: Option<&Node<'_>>, report: &mut Report) -> Vec<u16> {
    let nodes = node.map_or(&[][..], one_or_many);
    if let Some(beyond) = nodes.get(MAX_ETHERTYPES) {
        report.push(
            Diagnostic::new(Code::TooLong, beyond.span, "too many Ethernet types")
                .hint(format!("a wire allows {MAX_ETHERTYPES} at most")),
        );
    }
    no_duplicates(nodes, "Ethernet type", report);
    let mut types = Vec::new();
    let mut seen: Vec<(u16, &Node<'_>)> = Vec::new();
    for node in nodes {
        let Some(number) = read_ethertype(node, report) else {
            continue;
        };
        // One text twice is told already.
        match seen.iter().find(|(other, _)| *other == number) {
            Some((_, first)) if first.value != node.value => report.push(
                Diagnostic::new(
                    Code::DuplicateName,
                    node.span,
                    format!("Ethernet type {number:#06x} is listed twice"),
                )
                .note(first.span, "first listed here"),
            ),
            Some(_) => {}
            None => {
                seen.push((number, node));
                types.push(number);
            }
        }
    }
    types
}

fn read_ethertype(node: &Node<'_>, report: &mut Report) -> Option<u16> {
    let text = text(node, "an Ethernet type", report)?;
    match ethertype::parse(text.value) {
        Ok(number) => Some(number),
        Err(error) => {
            report.push(
                Diagnostic::new(
                    Code::BadEthertype,
                    text.span,
                    format!("`{}` is not an Ethernet type to allow", shorten(text.value)),
                )
                .suggest(closest(
                    text.value,
                    ethertype::NAMES.iter().map(|(name, _)| *name),
                ))
                .hint_if_none(error.to_string()),
            );
            None
        }
    }
}
