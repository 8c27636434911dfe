//! Devices that cannot be told apart: one MAC address on one VLAN, one IP address in one place.

use std::{collections::HashMap, net::IpAddr};

use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::raw::{RawDevice, RawPolicy},
    unit::{mac, vlan},
};

/// Owners of one address that a further one is compared with. More of them are a mistake that has been
/// reported often enough.
const MAX_OWNERS: usize = 16;

pub(super) fn check(raw: &RawPolicy<'_>, report: &mut Report) {
    check_macs(raw, report);
    check_addresses(raw, report);
}

fn check_macs(raw: &RawPolicy<'_>, report: &mut Report) {
    let mut seen = HashMap::new();
    for device in &raw.devices {
        let Some(address) = device.mac else {
            continue;
        };
        let first = *seen
            .entry((address.value, device.vlan))
            .or_insert(address.span);
        if first != address.span {
            let place = device.vlan.map_or_else(
                || "without `vlan`".to_owned(),
                |vlans| format!("of VLAN {}", vlan::format(vlans)),
            );
            let (what, hint) = if device.is_group {
                (
                    "groups",
                    "32 groups share one, and the gateway knows them by it; list one, or tell the two apart by `vlan`",
                )
            } else {
                (
                    "devices",
                    "a device has one entry for each VLAN; correct the address, or tell the two apart by `vlan`",
                )
            };
            report.push(
                Diagnostic::new(
                    Code::DuplicateMac,
                    address.span,
                    format!(
                        "two {what} {place} have MAC address {}",
                        mac::format(address.value)
                    ),
                )
                .note(first, "the other one")
                .hint(hint),
            );
        }
    }
}

fn check_addresses(raw: &RawPolicy<'_>, report: &mut Report) {
    let mut owners: HashMap<IpAddr, Vec<(&RawDevice<'_>, Span)>> = HashMap::new();
    let uplink: HashMap<IpAddr, Span> = raw
        .uplink_addresses
        .iter()
        .map(|address| (address.value, address.span))
        .collect();
    for device in &raw.devices {
        for address in &device.addresses {
            if let Some(first) = uplink.get(&address.value) {
                report.push(
                    Diagnostic::new(
                        Code::DuplicateAddress,
                        address.span,
                        format!("address {} is bound to a device", address.value),
                    )
                    .note(*first, "listed as one of the uplink here")
                    .hint("a device on the uplink side is no device of this gateway; remove one of the two"),
                );
            }
            let owners = owners.entry(address.value).or_default();
            let other = owners
                .iter()
                .take(MAX_OWNERS)
                .find(|(other, _)| !are_apart(device, other));
            if let Some((_, first)) = other {
                report.push(
                    Diagnostic::new(
                        Code::DuplicateAddress,
                        address.span,
                        format!("address {} is bound twice", address.value),
                    )
                    .note(*first, "bound here already")
                    .hint("one address belongs to one device; networks that reuse addresses differ by `vlan` or `wire`"),
                );
            }
            if owners.len() < MAX_OWNERS {
                owners.push((device, address.span));
            }
        }
    }
}

/// Whether both say where they are and it is not the same place.
fn are_apart(one: &RawDevice<'_>, other: &RawDevice<'_>) -> bool {
    let wires = (
        one.wire.map(|wire| wire.value),
        other.wire.map(|wire| wire.value),
    );
    let vlans_differ = matches!((one.vlan, other.vlan), (Some(a), Some(b)) if a != b);
    let wires_differ = matches!(wires, (Some(a), Some(b)) if a != b);
    vlans_differ || wires_differ
}
