//! Lays everything out in one slot: rule lines, profiles, device records, then the tables.

use xiot_common::{device::DeviceId, image::Line, table::Table};

use crate::model::policy::Policy;

use super::{
    devices::Devices,
    error::{CompileError, Resource},
    fit,
    peers::Peers,
    slot::{Narrow, Slot, Wide},
    table::{self, Clash},
};

/// The lines of a slot and where what begins.
#[derive(Debug)]
pub(super) struct Layout {
    /// All lines.
    pub lines: Vec<Line>,
    /// First rule line.
    pub rule_lines: u32,
    /// First line of the profiles.
    pub profiles: u32,
    /// First line of the device records.
    pub device_records: u32,
    /// MAC and VLAN to device.
    pub devices: Table,
    /// IPv4 peers.
    pub peers_v4: Table,
    /// IPv6 peers.
    pub peers_v6: Table,
}

impl Layout {
    /// Of these parts, if `available` lines can hold them.
    pub(super) fn new(
        policy: &Policy,
        available: u32,
        profiles: &[Line],
        devices: &Devices,
        peers: Peers,
    ) -> Result<Self, CompileError> {
        let (mut lines, narrow, wide) = peers.into_parts();
        let rest = profiles.len()
            + devices.records.len()
            + table::size::<Narrow>(devices.slots.len())
            + table::size::<Narrow>(narrow.len())
            + table::size::<Wide>(wide.len());
        fit::check(Resource::SlotLines, lines.len() + rest, available)?;
        lines.reserve_exact(rest);

        // First, so that their vector becomes the image and the largest part is not copied.
        let rule_lines = 0;
        let profiles = push(&mut lines, profiles);
        let device_records = push(&mut lines, &devices.records);
        let same_device = |clash: Clash| CompileError::SameDevice {
            first: device_name(policy, clash.first),
            second: device_name(policy, clash.second),
        };
        let devices = file(&mut lines, &devices.slots, "device", same_device)?;
        let peers_v4 = file(&mut lines, &narrow, "IPv4 peer", |_| unsound("IPv4 peer"))?;
        let peers_v6 = file(&mut lines, &wide, "IPv6 peer", |_| unsound("IPv6 peer"))?;
        Ok(Self {
            lines,
            rule_lines,
            profiles,
            device_records,
            devices,
            peers_v4,
            peers_v6,
        })
    }
}

fn push(lines: &mut Vec<Line>, more: &[Line]) -> u32 {
    let first = u32::try_from(lines.len()).expect("2^32 lines exceed any memory");
    lines.extend_from_slice(more);
    first
}

/// Appends a table and asks it for everything that was filed.
fn file<S: Slot>(
    lines: &mut Vec<Line>,
    slots: &[S],
    name: &'static str,
    clash: impl FnOnce(Clash) -> CompileError,
) -> Result<Table, CompileError> {
    let table = table::append(lines, slots).map_err(clash)?;
    if table::holds(lines, &table, slots) {
        Ok(table)
    } else {
        Err(unsound(name))
    }
}

fn unsound(table: &'static str) -> CompileError {
    CompileError::SelfCheck { table }
}

fn device_name(policy: &Policy, id: DeviceId) -> String {
    policy.devices[id as usize - 1].name.clone()
}
