//! The wires of a gateway, and what segments of its router have in common with them.

use std::collections::HashMap;

use super::guard::{read_ethertypes, read_guards};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::{Fields, Spanned, choice, name, shorten, text, wrong_type},
        gateway::{FailMode, Wire},
        limit::{MAX_INTERFACE_BYTES, MAX_WIRES},
        yaml::{Node, Value},
    },
};

const FAIL_MODES: [(&str, FailMode); 2] = [("closed", FailMode::Closed), ("open", FailMode::Open)];

/// Names and interfaces seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen<'n> {
    names: HashMap<&'n str, Span>,
    interfaces: HashMap<&'n str, Span>,
}

impl<'n> Seen<'n> {
    /// Reports the name of a wire or segment that was there before.
    pub(super) fn name(&mut self, name: Spanned<&'n str>, what: &str, report: &mut Report) {
        if let Some(first) = first(&mut self.names, name) {
            report.push(
                Diagnostic::new(
                    Code::DuplicateName,
                    name.span,
                    format!("{what} `{}` is listed twice", name.value),
                )
                .note(first, "first listed here"),
            );
        }
    }

    /// Reports an interface that was there before.
    pub(super) fn interface(&mut self, port: Spanned<&'n str>, report: &mut Report) {
        if let Some(first) = first(&mut self.interfaces, port) {
            report.push(
                Diagnostic::new(
                    Code::DuplicateInterface,
                    port.span,
                    format!("interface `{}` is used twice", port.value),
                )
                .note(first, "first used here")
                .hint("a wire joins two interfaces, and an interface belongs to one wire, one segment or the router's uplinks"),
            );
        }
    }
}

pub(super) fn read_wires<'n>(
    node: &'n Node<'_>,
    seen: &mut Seen<'n>,
    report: &mut Report,
) -> Vec<Wire> {
    let Value::Seq(nodes) = &node.value else {
        wrong_type(node, "a list of wires", report);
        return Vec::new();
    };
    if nodes.is_empty() {
        report.push(
            Diagnostic::new(Code::EmptyList, node.span, "the gateway has no wires")
                .hint("`wires: [{name: ward-3, device: eth1, uplink: eth2}]`"),
        );
    }
    if let Some(beyond) = nodes.get(MAX_WIRES) {
        report.push(Diagnostic::new(
            Code::TooManyWires,
            beyond.span,
            format!("a gateway has at most {MAX_WIRES} wires"),
        ));
    }
    nodes
        .iter()
        .filter_map(|node| read_wire(node, seen, report))
        .collect()
}

fn read_wire<'n>(node: &'n Node<'_>, seen: &mut Seen<'n>, report: &mut Report) -> Option<Wire> {
    const KEYS: [&str; 6] = ["name", "device", "uplink", "fail", "guards", "ethertypes"];
    let fields = Fields::read(node, "a wire", &KEYS, report)?;
    let wire = fields
        .require("name", "`name: ward-3`", report)
        .and_then(|node| name(node, "a wire", report));
    let device = fields
        .require("device", "the interface towards the devices", report)
        .and_then(|node| read_interface(node, report));
    let uplink = fields
        .require(
            "uplink",
            "the interface towards the rest of the network",
            report,
        )
        .and_then(|node| read_interface(node, report));
    let fail = fields
        .get("fail")
        .and_then(|node| choice(node, "a fail mode", &FAIL_MODES, report))
        .unwrap_or_default();
    let guards = read_guards(fields.get("guards"), report);
    let ethertypes = read_ethertypes(fields.get("ethertypes"), report);
    if let Some(wire) = wire {
        seen.name(wire, "wire", report);
    }
    for port in [device, uplink].into_iter().flatten() {
        seen.interface(port, report);
    }
    Some(Wire {
        name: wire?.value.to_owned(),
        device: device?.value.to_owned(),
        uplink: Some(uplink?.value.to_owned()),
        fail,
        guards,
        ethertypes,
    })
}

/// Where this text was seen first, if it was seen before.
fn first<'n>(seen: &mut HashMap<&'n str, Span>, text: Spanned<&'n str>) -> Option<Span> {
    let first = *seen.entry(text.value).or_insert(text.span);
    (first != text.span).then_some(first)
}

/// A name that a network interface can have (`dev_valid_name` of Linux).
pub(super) fn read_interface<'n>(
    node: &'n Node<'_>,
    report: &mut Report,
) -> Option<Spanned<&'n str>> {
    let text = text(node, "the name of a network interface", report)?;
    let name = text.value;
    let hint = if name.len() > MAX_INTERFACE_BYTES {
        format!("names of interfaces have at most {MAX_INTERFACE_BYTES} bytes")
    } else if name.is_empty()
        || matches!(name, "." | "..")
        || name
            .chars()
            .any(|c| matches!(c, '/' | ':') || c.is_whitespace() || !c.is_ascii_graphic())
    {
        "names of interfaces are as `ip link` shows them".to_owned()
    } else {
        return Some(text);
    };
    report.push(
        Diagnostic::new(
            Code::BadInterface,
            text.span,
            format!(
                "`{}` cannot be the name of a network interface",
                shorten(name)
            ),
        )
        .hint(hint),
    );
    None
}
