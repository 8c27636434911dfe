//! The router of a gateway: its uplinks, and the segments that it routes between.

use super::{
    guard::{read_ethertypes, read_guards},
    wire::{Seen, read_interface},
};
use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::{Fields, name, one_or_many, wrong_type},
        gateway::{FailMode, Wire},
        limit::MAX_WIRES,
        yaml::{Node, Value},
    },
};

/// What an example of the list looks like.
const UPLINKS: &str = "`uplinks: [eth0]`, the interfaces towards the rest of the network";
/// Likewise.
const SEGMENTS: &str = "`segments: [{name: ward-7, device: eth2}]`";

/// A router as written.
#[derive(Debug, Default)]
pub(super) struct Router {
    pub(super) uplinks: Vec<String>,
    pub(super) segments: Vec<Wire>,
}

/// Reads the router of a gateway with so many wires.
pub(super) fn read_router<'n>(
    node: &'n Node<'_>,
    wires: usize,
    seen: &mut Seen<'n>,
    report: &mut Report,
) -> Router {
    let Some(fields) = Fields::read(node, "a router", &["uplinks", "segments"], report) else {
        return Router::default();
    };
    let uplinks = fields
        .require("uplinks", UPLINKS, report)
        .map_or(&[][..], one_or_many);
    if uplinks.is_empty()
        && let Some(node) = fields.get("uplinks")
    {
        report.push(
            Diagnostic::new(Code::EmptyList, node.span, "the router has no uplinks").hint(UPLINKS),
        );
    }
    let segments = fields
        .require("segments", SEGMENTS, report)
        .map_or(&[][..], |node| list(node, report));
    let room = MAX_WIRES.saturating_sub(wires);
    if let Some(beyond) = uplinks.iter().chain(segments).nth(room) {
        report.push(Diagnostic::new(
            Code::TooManyWires,
            beyond.span,
            format!("a gateway has at most {MAX_WIRES} wires, segments and uplinks of its router together"),
        ));
    }
    Router {
        uplinks: uplinks
            .iter()
            .filter_map(|node| {
                let interface = read_interface(node, report)?;
                seen.interface(interface, report);
                Some(interface.value.to_owned())
            })
            .collect(),
        segments: segments
            .iter()
            .filter_map(|node| read_segment(node, seen, report))
            .collect(),
    }
}

/// The segments, one at least.
fn list<'n, 's>(node: &'n Node<'s>, report: &mut Report) -> &'n [Node<'s>] {
    let Value::Seq(nodes) = &node.value else {
        wrong_type(node, "a list of segments", report);
        return &[];
    };
    if nodes.is_empty() {
        report.push(
            Diagnostic::new(Code::EmptyList, node.span, "the router has no segments")
                .hint(SEGMENTS),
        );
    }
    nodes
}

fn read_segment<'n>(node: &'n Node<'_>, seen: &mut Seen<'n>, report: &mut Report) -> Option<Wire> {
    const KEYS: [&str; 4] = ["name", "device", "guards", "ethertypes"];
    let fields = Fields::read(node, "a segment", &KEYS, report)?;
    let segment = fields
        .require("name", "`name: ward-7`", report)
        .and_then(|node| name(node, "a segment", report));
    let device = fields
        .require("device", "the interface towards the devices", report)
        .and_then(|node| read_interface(node, report));
    let guards = read_guards(fields.get("guards"), report);
    let ethertypes = read_ethertypes(fields.get("ethertypes"), report);
    if let Some(segment) = segment {
        seen.name(segment, "segment", report);
    }
    if let Some(device) = device {
        seen.interface(device, report);
    }
    Some(Wire {
        name: segment?.value.to_owned(),
        device: device?.value.to_owned(),
        uplink: None,
        fail: FailMode::default(),
        guards,
        ethertypes,
    })
}
