//! Policy to image: everything that can be decided before a frame arrives is decided here.
//!
//! Precedence, overlap and direction of rules become disjoint port ranges; names become numbers; tables are laid out
//! in lines of 64 bytes so that the data path reads one or two per question. The same policy always gives the
//! same bytes. An image is checked against its own tables before anybody gets to see it.
#![forbid(unsafe_code)]

pub mod assignment;
pub mod digest;
pub mod error;
pub mod fit;
pub mod image;
pub mod read;

mod address;
mod claims;
mod devices;
mod encode;
mod fingerprint;
mod ids;
mod key;
mod layout;
mod memo;
mod peers;
mod profiles;
mod segment;
mod sets;
mod slot;
mod table;
mod times;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use xiot_common::{
    abi::{ABI_VERSION, SLOT_MAGIC},
    device,
    slot::{
        SLOT_DHCP_SERVERS, SLOT_UNKNOWN_PROFILE, SLOT_UPLINK_ADDRESSES, SLOT_VLAN_DEVICES,
        SLOT_WIRE_DEVICES, SlotHeader,
    },
    table::scope,
};

use crate::model::policy::{Mode, Policy};

pub use self::{
    assignment::{Assignment, Fresh, FreshNumbers},
    error::CompileError,
    fit::Limits,
    image::Image,
};
use self::{
    devices::Devices, error::Resource, fingerprint::Fingerprint, layout::Layout, peers::Peers,
    profiles::Profiles,
};

/// Stands for the fingerprint of a profile where there is none.
const NO_PROFILE: u64 = 0x4e4f_4e45;

/// Compiles a policy for a gateway with these wires and limits, under these numbers. `revision` and `compiled_at`
/// (nanoseconds since the Unix epoch) are noted in the header.
pub fn compile(
    policy: &Policy,
    wires: &[String],
    limits: &Limits,
    ids: &Assignment,
    revision: u64,
    compiled_at: u64,
) -> Result<Image, CompileError> {
    if !ids.suits(policy) {
        return Err(CompileError::OtherPolicy);
    }
    let device_count = ids.devices.highest;
    fit::check(Resource::Devices, device_count as usize, limits.devices)?;
    ids::check_devices(device_count)?;
    ids::rule_count(policy)?;
    let rule_count = ids.rules.highest;
    fit::check(Resource::Rules, rule_count as usize, limits.rules)?;
    let unknown_profile = unknown_profile(policy)?;

    let mut peers = Peers::new(limits.slot_lines);
    let profiles = Profiles::compile(policy, &ids.rules.keys, &mut peers)?;
    let devices = Devices::compile(
        policy,
        wires,
        &ids.devices,
        &profiles.fingerprints,
        &mut peers,
    )?;
    for &&server in &policy.services.dhcp.iter().collect::<BTreeSet<_>>() {
        peers.add_address(scope::DHCP_SERVER, server);
    }
    for &&address in &policy.uplink_addresses.iter().collect::<BTreeSet<_>>() {
        peers.add_address(scope::UPLINK, address);
    }

    let flags = [
        (unknown_profile.is_some(), SLOT_UNKNOWN_PROFILE),
        (devices.by_vlan, SLOT_VLAN_DEVICES),
        (devices.by_wire, SLOT_WIRE_DEVICES),
        (!policy.services.dhcp.is_empty(), SLOT_DHCP_SERVERS),
        (!policy.uplink_addresses.is_empty(), SLOT_UPLINK_ADDRESSES),
    ];
    let layout = Layout::new(
        policy,
        ids,
        limits.slot_lines,
        &profiles.lines,
        &devices,
        peers,
    )?;
    let lines = fit::check(Resource::SlotLines, layout.lines.len(), limits.slot_lines)?;
    let header = SlotHeader {
        magic: SLOT_MAGIC,
        abi: ABI_VERSION,
        revision,
        compiled_at,
        digest: digest::digest(&layout.lines),
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
        lines,
        device_count,
        rule_count,
        unknown_profile: unknown_profile.unwrap_or(0),
        unknown_mode: mode(policy.onboarding),
        flags: flags
            .into_iter()
            .filter(|&(set, _)| set)
            .fold(0, |flags, (_, bit)| flags | bit),
        reserved: 0,
        services: profiles.services,
        unknown_generation: unknown_generation(policy, &profiles.fingerprints),
    };
    Ok(Image {
        header,
        lines: layout.lines,
    })
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

const fn mode(mode: Mode) -> u8 {
    match mode {
        Mode::Learn => device::Mode::Learn as u8,
        Mode::Monitor => device::Mode::Monitor as u8,
        Mode::Enforce => device::Mode::Enforce as u8,
    }
}
