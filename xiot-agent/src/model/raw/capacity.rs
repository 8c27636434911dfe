//! Sizes of the maps of a gateway.

use std::ops::RangeInclusive;

use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::{Fields, count, with_unit},
        gateway::Capacity,
        limit::{ENTRIES, EVENT_RING_BYTES, SLOT_BYTES},
        yaml::Node,
    },
    unit::size,
};

/// Bytes of one line of a policy slot.
const LINE_BYTES: u64 = 64;

pub(super) fn read_capacity(node: Option<&Node<'_>>, report: &mut Report) -> Capacity {
    const KEYS: [&str; 7] = [
        "policy",
        "flows",
        "half-open",
        "devices",
        "rules",
        "observed",
        "event-ring",
    ];
    let mut capacity = Capacity::default();
    let Some(fields) = node.and_then(|node| Fields::read(node, "`capacity`", &KEYS, report)) else {
        return capacity;
    };
    if let Some(bytes) = fields
        .get("policy")
        .and_then(|node| read_size(node, &SLOT_BYTES, report))
    {
        set(&mut capacity.slot_lines, bytes / LINE_BYTES);
    }
    if let Some(node) = fields.get("event-ring")
        && let Some(bytes) = read_size(node, &EVENT_RING_BYTES, report)
    {
        if bytes.is_power_of_two() {
            set(&mut capacity.event_ring, bytes);
        } else {
            report.push(
                Diagnostic::new(
                    Code::BadSize,
                    node.span,
                    format!(
                        "an event ring of {} is not a power of two",
                        size::format(bytes)
                    ),
                )
                .hint(format!(
                    "write `{}`",
                    size::format(bytes.next_power_of_two())
                )),
            );
        }
    }
    let slots = [
        ("flows", &mut capacity.flows),
        ("half-open", &mut capacity.half_open),
        ("devices", &mut capacity.devices),
        ("rules", &mut capacity.rules),
        ("observed", &mut capacity.observed),
    ];
    for (key, slot) in slots {
        if let Some(entries) = fields
            .get(key)
            .and_then(|node| count(node, "a number of entries", &ENTRIES, report))
        {
            set(slot, entries);
        }
    }
    capacity
}

/// All limits lie within 32 bits.
fn set(slot: &mut u32, value: u64) {
    *slot = u32::try_from(value).unwrap_or(u32::MAX);
}

fn read_size(node: &Node<'_>, range: &RangeInclusive<u64>, report: &mut Report) -> Option<u64> {
    let bytes = with_unit(node, Code::BadSize, "a size", size::parse, report)?;
    if range.contains(&bytes) {
        return Some(bytes);
    }
    report.push(
        Diagnostic::new(
            Code::BadSize,
            node.span,
            format!("a size of {} is out of range", size::format(bytes)),
        )
        .hint(format!(
            "from {} to {}",
            size::format(*range.start()),
            size::format(*range.end())
        )),
    );
    None
}
