//! Policy and gateway together.

use std::collections::HashSet;

use crate::{
    diag::{Code, Diagnostic, closest},
    model::{gateway::Gateway, load::Loaded, policy::Policy},
};

/// Checks a policy against the gateway that is to enforce it: every wire that a device names must exist. What is
/// wrong is added to the policy's report, and its value is taken away.
pub fn check_pair(gateway: &Gateway, policy: &mut Loaded<Policy>) {
    let Some(value) = &policy.value else {
        return;
    };
    let wires: HashSet<&str> = gateway
        .wires
        .iter()
        .map(|wire| wire.name.as_str())
        .collect();
    for (device, span) in value.devices.iter().zip(&policy.wire_spans) {
        let Some(wire) = device.wire.as_deref() else {
            continue;
        };
        if wires.contains(wire) {
            continue;
        }
        policy.report.push(
            Diagnostic::new(
                Code::UnknownWire,
                *span,
                format!("{} has no wire `{wire}`", gateway.file),
            )
            .suggest(closest(wire, wires.iter().copied()))
            .hint_if_none("use a wire of the gateway, or leave `wire` out"),
        );
    }
    if policy.report.errors() > 0 {
        policy.value = None;
    }
}
