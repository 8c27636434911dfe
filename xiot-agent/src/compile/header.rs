//! The header of an image: what lies where, and what holds for all devices.

use xiot_common::{
    abi::{ABI_VERSION, SLOT_MAGIC},
    device,
    slot::{
        SLOT_DHCP_SERVERS, SLOT_NAMES, SLOT_UNKNOWN_PROFILE, SLOT_UPLINK_ADDRESSES,
        SLOT_VLAN_DEVICES, SLOT_WIRE_DEVICES, SlotHeader,
    },
};

use crate::model::policy::{Mode, Policy};

use super::{error::CompileError, fingerprint::Fingerprint, ids, layout::Layout, names::Servers};

/// Stands for the fingerprint of a profile where there is none.
const NO_PROFILE: u64 = 0x4e4f_4e45;

/// Which revision an image is of, and when it was compiled.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Counts revisions.
    pub revision: u64,
    /// Nanoseconds since the Unix epoch.
    pub compiled_at: u64,
}

/// What a header says of all devices, profiles and rules together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    /// Highest number of a device.
    pub(super) devices: u32,
    /// Highest number of a rule.
    pub(super) rules: u32,
    /// Services that some profile uses.
    pub(super) services: u32,
    /// Some device is filed under a VLAN.
    pub(super) by_vlan: bool,
    /// Some device is listed for a wire.
    pub(super) by_wire: bool,
    /// Some DNS name is listed.
    pub(super) names: bool,
}

/// A header that says where everything lies.
pub(super) fn places(layout: &Layout, servers: &Servers) -> SlotHeader {
    SlotHeader {
        magic: SLOT_MAGIC,
        abi: ABI_VERSION,
        devices: layout.devices,
        peers_v4: layout.peers_v4,
        peers_v6: layout.peers_v6,
        device_records: layout.device_records,
        profiles: layout.profiles,
        rule_lines: layout.rule_lines,
        zone: layout.zone,
        zone_changes: layout.zone_changes,
        schedules: layout.schedules,
        chains: layout.chains,
        names: layout.names,
        dns_v4: servers.v4,
        dns_v6: servers.v6,
        ..SlotHeader::default()
    }
}

/// The same header with all that the policy says as a whole; `profiles` are the fingerprints of its profiles.
pub(super) fn complete(
    header: SlotHeader,
    policy: &Policy,
    profiles: &[Fingerprint],
    totals: Totals,
    stamp: Stamp,
) -> Result<SlotHeader, CompileError> {
    let unknown_profile = unknown_profile(policy)?;
    let flags = [
        (unknown_profile.is_some(), SLOT_UNKNOWN_PROFILE),
        (totals.by_vlan, SLOT_VLAN_DEVICES),
        (totals.by_wire, SLOT_WIRE_DEVICES),
        (!policy.services.dhcp.is_empty(), SLOT_DHCP_SERVERS),
        (!policy.uplink_addresses.is_empty(), SLOT_UPLINK_ADDRESSES),
        (totals.names, SLOT_NAMES),
    ];
    Ok(SlotHeader {
        revision: stamp.revision,
        compiled_at: stamp.compiled_at,
        device_count: totals.devices,
        rule_count: totals.rules,
        unknown_profile: unknown_profile.unwrap_or(0),
        unknown_mode: mode(policy.onboarding),
        flags: flags
            .into_iter()
            .filter(|&(set, _)| set)
            .fold(0, |flags, (_, bit)| flags | bit),
        services: totals.services,
        unknown_generation: unknown_generation(policy, profiles),
        ..header
    })
}

/// Refuses a policy whose header can't be made.
pub(super) fn check(policy: &Policy) -> Result<(), CompileError> {
    unknown_profile(policy).map(drop)
}

fn unknown_profile(policy: &Policy) -> Result<Option<u32>, CompileError> {
    let Some(profile) = policy.default_profile else {
        return Ok(None);
    };
    if profile >= policy.profiles.len() {
        return Err(CompileError::UnknownProfile {
            device: "defaults".to_owned(),
            profile,
        });
    }
    ids::profile(profile).map(Some)
}

/// The generation of devices which are not listed: made of what judges their frames, as that of a listed one.
fn unknown_generation(policy: &Policy, profiles: &[Fingerprint]) -> u32 {
    policy
        .default_profile
        .and_then(|profile| profiles.get(profile).copied())
        .unwrap_or(Fingerprint::new(NO_PROFILE))
        .add(mode(policy.onboarding).into(), 0)
        .generation()
}

pub(super) const fn mode(mode: Mode) -> u8 {
    match mode {
        Mode::Learn => device::Mode::Learn as u8,
        Mode::Monitor => device::Mode::Monitor as u8,
        Mode::Enforce => device::Mode::Enforce as u8,
    }
}
