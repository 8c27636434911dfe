//! Lays everything out in one slot: rule lines, profiles, device records, then the tables.

use std::mem;

use xiot_common::{device::DeviceId, image::Line, rule::RuleId, schedule::CHAIN, table::Table};

use crate::model::policy::Policy;

use super::{
    assignment::Assignment,
    devices::Devices,
    encode,
    error::{CompileError, Resource},
    fit,
    names::Names,
    peers::Filed,
    slot::{Narrow, Slot, Wide},
    table::{self, Clash},
    times::TimeLines,
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
    /// First line of what the time zone adds to UTC.
    pub zone: u32,
    /// How many changes of that stand there.
    pub zone_changes: u32,
    /// First line of the schedules.
    pub schedules: u32,
    /// First line of the chains.
    pub chains: u32,
    /// First line of the DNS names.
    pub names: u32,
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
        ids: &Assignment,
        available: u32,
        profiles: &[Line],
        devices: &Devices,
        names: &Names,
        filed: &mut Filed,
    ) -> Result<Self, CompileError> {
        let mut lines = mem::take(&mut filed.lines);
        let Filed {
            narrow,
            wide,
            chains,
            ..
        } = &*filed;
        let by_place = ids.rules_by_place(policy);
        let number = |place: RuleId| {
            let by_place = by_place.as_ref();
            by_place.map_or(place, |ids| ids[place as usize])
        };
        let times = TimeLines::new(policy, chains, number)?;
        let rest = profiles.len()
            + devices.records.len()
            + times.len()
            + names.lines.len()
            + table::size::<Narrow>(devices.slots.len())
            + table::size::<Narrow>(narrow.len())
            + table::size::<Wide>(wide.len());
        fit::check(Resource::SlotLines, lines.len() + rest, available)?;
        lines.reserve_exact(rest);

        if let Some(by_place) = &by_place {
            number_rules(&mut lines, |place| by_place[place as usize]);
        }
        // First, so that their vector becomes the image and the largest part is not copied.
        let rule_lines = 0;
        let profiles = push(&mut lines, profiles);
        let device_records = push(&mut lines, &devices.records);
        let same_device = |clash: Clash| CompileError::SameDevice {
            first: device_name(policy, ids, clash.first),
            second: device_name(policy, ids, clash.second),
        };
        let devices = file(&mut lines, &devices.slots, "device", same_device)?;
        let peers_v4 = file(&mut lines, narrow, "IPv4 peer", |_| unsound("IPv4 peer"))?;
        let peers_v6 = file(&mut lines, wide, "IPv6 peer", |_| unsound("IPv6 peer"))?;
        let zone = push(&mut lines, &times.zone);
        let schedules = push(&mut lines, &times.schedules);
        let chains = push(&mut lines, &times.chains);
        let names = push(&mut lines, &names.lines);
        Ok(Self {
            lines,
            names,
            zone,
            zone_changes: times.changes,
            schedules,
            chains,
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

/// Sets the numbers of rules, which are places in the policy so far.
pub(super) fn number_rules(lines: &mut [Line], number: impl Fn(RuleId) -> RuleId) {
    for line in lines {
        let mut rules = encode::rules_of(line);
        for range in rules.ranges.iter_mut().take(rules.count.into()) {
            if range.rule & CHAIN == 0 {
                range.rule = number(range.rule);
            }
        }
        *line = encode::rule_line(&rules);
    }
}

fn device_name(policy: &Policy, ids: &Assignment, id: DeviceId) -> String {
    let place = ids.devices().iter().position(|&it| it == id);
    let device = place.and_then(|place| policy.devices.get(place));
    device.map_or_else(String::new, |device| device.name.clone())
}
