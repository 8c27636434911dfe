//! Devices with their profile and mode.

use super::{include::Whole, names::Names};
use crate::{
    diag::{Code, Diagnostic, Report, Span},
    model::{
        decode::position,
        policy::{Device, Initiator, Mode},
        raw::{RawDevice, RawPolicy, RawRule},
    },
};

/// The devices, and where the wire of each stands.
pub(super) fn resolve_devices(
    raw: &RawPolicy<'_>,
    names: &Names<'_>,
    profiles: &[Whole],
    report: &mut Report,
) -> (Vec<Device>, Vec<Span>) {
    raw.devices
        .iter()
        .filter_map(|device| {
            let wire = device.wire.map_or(device.span, |wire| wire.span);
            resolve_device(device, raw, names, profiles, report).map(|device| (device, wire))
        })
        .unzip()
}

fn resolve_device(
    device: &RawDevice<'_>,
    raw: &RawPolicy<'_>,
    names: &Names<'_>,
    profiles: &[Whole],
    report: &mut Report,
) -> Option<Device> {
    let profile = device.profile.and_then(|name| names.profile(name, report));
    let mode = mode(device, raw.default_mode, report);
    let profile = profile?;
    let whole = profiles.get(profile)?;
    if device.is_group {
        check_group(device, raw, profile, whole, report);
    }
    Some(Device {
        name: device.name?.value.to_owned(),
        mac: device.mac?.value,
        vlan: device.vlan,
        wire: device.wire.map(|wire| wire.value.to_owned()),
        addresses: device.addresses.iter().map(|ip| ip.value).collect(),
        profile,
        mode: mode?,
        criticality: device.criticality.or(whole.criticality),
        location: device.location.clone(),
        groups: device
            .groups
            .iter()
            .map(|group| group.value.to_owned())
            .collect(),
        at: position(device.span),
    })
}

/// Reports a group that nobody may speak to.
fn check_group(
    device: &RawDevice<'_>,
    raw: &RawPolicy<'_>,
    profile: usize,
    whole: &Whole,
    report: &mut Report,
) {
    let Some(profile) = raw.profiles.get(profile) else {
        return;
    };
    // A rule with a fault of its own is reported already.
    let hears = |rule: &RawRule<'_>| rule.initiator == Initiator::Peer || !rule.whole;
    let parts = whole
        .parts
        .iter()
        .filter_map(|&part| raw.profiles.get(part));
    if !parts.flat_map(|part| &part.rules).any(hears) {
        report.push(
            Diagnostic::new(
                Code::DeafGroup,
                device.profile.map_or(device.span, |name| name.span),
                format!(
                    "profile `{}` lets nobody speak to the group",
                    profile.name.value
                ),
            )
            .note(profile.name.span, "it has no rule with `from`")
            .hint("`{from: PEER, udp: PORT}` says who may; a group sends nothing itself"),
        );
    }
}

/// The device's own mode, else the default; reports a device with neither.
fn mode(device: &RawDevice<'_>, default: Option<Mode>, report: &mut Report) -> Option<Mode> {
    let mode = device.mode.or(default);
    if mode.is_none() && !device.has_mode {
        report.push(
            Diagnostic::new(
                Code::MissingMode,
                device.name.map_or(device.span, |name| name.span),
                "the device has no mode and there is no default",
            )
            .hint("add `mode: learn`, `monitor` or `enforce` to it, or `defaults: {mode: ...}` to the policy"),
        );
    }
    mode
}
