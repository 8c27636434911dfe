//! A policy compiled as a whole.

use std::collections::BTreeSet;

use xiot_common::table::scope;

use crate::model::policy::Policy;

use super::{
    assignment::Assignment,
    devices::{Devices, Owners},
    error::{CompileError, Resource},
    fingerprint::Fingerprint,
    fit::{self, Limits},
    header::{self, Stamp, Totals},
    ids,
    image::Image,
    layout::Layout,
    names::{Names, Servers},
    peers::{Filed, Peers},
    profiles::Profiles,
};

/// An image, and what was known when it was made.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) image: Image,
    /// Of the profiles.
    pub(super) fingerprints: Vec<Fingerprint>,
    /// Of each profile.
    pub(super) services: Vec<u32>,
    /// What was filed, but for its lines.
    pub(super) filed: Filed,
    /// Devices that own each address.
    pub(super) owners: Owners,
    /// Devices that are filed under a VLAN.
    pub(super) by_vlan: usize,
    /// Devices that are listed for a wire.
    pub(super) by_wire: usize,
}

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
    let stamp = Stamp {
        revision,
        compiled_at,
    };
    whole(policy, wires, limits, ids, stamp).map(|whole| whole.image)
}

/// The same, with what there was to know on the way.
pub(super) fn whole(
    policy: &Policy,
    wires: &[String],
    limits: &Limits,
    ids: &Assignment,
    stamp: Stamp,
) -> Result<Whole, CompileError> {
    if !ids.suits(policy) {
        return Err(CompileError::OtherPolicy);
    }
    fit::check(
        Resource::Devices,
        ids.devices.highest as usize,
        limits.devices,
    )?;
    ids::check_devices(ids.devices.highest)?;
    ids::rule_count(policy)?;
    fit::check(Resource::Rules, ids.rules.highest as usize, limits.rules)?;
    header::check(policy)?;

    let mut peers = Peers::new(limits.slot_lines);
    let profiles = Profiles::compile(policy, &ids.rule_keys(), &mut peers)?;
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
    let names = Names::of(policy)?;
    peers.add_names(&names);
    let servers = Servers::file(policy, &mut peers)?;
    let mut filed = peers.into_filed();
    let layout = Layout::new(
        policy,
        ids,
        limits.slot_lines,
        &profiles.lines,
        &devices,
        &names,
        &mut filed,
    )?;
    let totals = Totals {
        devices: ids.devices.highest,
        rules: ids.rules.highest,
        services: profiles.services.iter().fold(0, |all, it| all | it),
        by_vlan: devices.by_vlan > 0,
        by_wire: devices.by_wire > 0,
        names: !names.slots.is_empty(),
    };
    let places = header::places(&layout, &servers);
    let header = header::complete(places, policy, &profiles.fingerprints, totals, stamp)?;
    fit::check(Resource::SlotLines, layout.lines.len(), limits.slot_lines)?;
    let image = Image::new(header, layout.lines.into());
    Ok(Whole {
        image,
        fingerprints: profiles.fingerprints,
        services: profiles.services,
        filed,
        owners: devices.owners,
        by_vlan: devices.by_vlan,
        by_wire: devices.by_wire,
    })
}
