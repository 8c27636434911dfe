//! Devices: the slots that find them, their records, and the addresses bound to them.

use std::{collections::BTreeMap, net::IpAddr};

use xiot_common::{
    addr::{Mac, Vlans},
    device::{ANY_VLAN, ANY_WIRE, DEVICE_BOUND, DeviceId, DeviceRecord, device_key},
    image::Line,
    table::scope,
};

use crate::model::policy::{Device, Policy};

use super::{
    address::Address as _,
    assignment::Numbers,
    encode::{self, RECORDS_PER_LINE},
    error::CompileError,
    fingerprint::Fingerprint,
    header::mode,
    ids,
    peers::Peers,
    slot::Narrow,
};

/// Salt of the fingerprints of devices.
const SALT: u64 = 0x4445_5649;
/// Highest VLAN id that a tag can hold.
const MAX_VLAN: u16 = 0x0fff;

/// All devices of a policy.
#[derive(Debug, Default)]
pub(super) struct Devices {
    /// Slots of the device table.
    pub slots: Vec<Narrow>,
    /// Lines of records, indexed by id.
    pub records: Vec<Line>,
    /// How many are filed under a VLAN.
    pub by_vlan: usize,
    /// How many are listed for a wire.
    pub by_wire: usize,
    /// How many devices own each address at each place: devices at one place may have one address.
    pub owners: Owners,
}

/// Devices by scope and address.
pub(super) type Owners = BTreeMap<(u32, IpAddr), u32>;

/// One device.
#[derive(Debug)]
pub(super) struct Compiled {
    /// What it is found under.
    pub key: [u64; 2],
    /// Its addresses, each once.
    pub addresses: Vec<IpAddr>,
    /// Where they are its own; none where no frame can come from.
    pub owned: Option<u32>,
    /// Its record.
    pub record: DeviceRecord,
}

impl Compiled {
    /// `name` is the key of its name, `profiles` are the fingerprints of all profiles.
    pub(super) fn new(
        device: &Device,
        name: u64,
        wires: &[String],
        profiles: &[Fingerprint],
    ) -> Result<Self, CompileError> {
        let addresses = addresses(device);
        let key = device_key(Mac(device.mac), vlans(device)?);
        let mut record = record(device, wires)?;
        let profile = profiles.get(device.profile).copied();
        let profile = profile.ok_or_else(|| CompileError::UnknownProfile {
            device: device.name.clone(),
            profile: device.profile,
        })?;
        record.generation = generation(&record, name, key, profile, &addresses);
        Ok(Self {
            key,
            owned: owned_scope(device, wires),
            addresses,
            record,
        })
    }

    /// What its addresses are filed under as its own, if they are.
    pub(super) fn owned(&self) -> impl Iterator<Item = (u32, IpAddr)> {
        let scope = self.owned.iter();
        scope.flat_map(|&scope| self.addresses.iter().map(move |&addr| (scope, addr)))
    }
}

impl Devices {
    /// Compiles the devices of the policy under these numbers. `profiles` are the fingerprints of its profiles.
    pub(super) fn compile(
        policy: &Policy,
        wires: &[String],
        numbers: &Numbers,
        profiles: &[Fingerprint],
        peers: &mut Peers,
    ) -> Result<Self, CompileError> {
        let count = policy.devices.len();
        let records = numbers.highest as usize + 1;
        let mut all = Self {
            slots: Vec::with_capacity(count),
            // Number 0 has a record too, which says nothing.
            records: vec![Line::default(); records.div_ceil(RECORDS_PER_LINE)],
            ..Self::default()
        };
        let named = numbers.ids.iter().zip(&*numbers.keys);
        for ((&id, &name), device) in named.zip(&policy.devices) {
            let compiled = Compiled::new(device, name, wires, profiles)?;
            for &addr in &compiled.addresses {
                peers.add_address(scope::binding(id), addr);
            }
            for owned in compiled.owned() {
                *all.owners.entry(owned).or_default() += 1;
            }
            all.by_vlan += usize::from(device.vlan.is_some());
            all.by_wire += usize::from(device.wire.is_some());
            all.slots.push(Narrow::new(compiled.key, id));
            all.put(id, &compiled.record);
        }
        for &(scope, addr) in all.owners.keys() {
            peers.add_address(scope, addr);
        }
        Ok(all)
    }

    fn put(&mut self, id: DeviceId, record: &DeviceRecord) {
        put(
            &mut self.records[id as usize / RECORDS_PER_LINE],
            id,
            record,
        );
    }
}

/// Sets the record of a device in its line.
pub(super) fn put(line: &mut Line, id: DeviceId, record: &DeviceRecord) {
    let first = id as usize % RECORDS_PER_LINE * 2;
    line.0[first..first + 2].copy_from_slice(&encode::device_words(record));
}

fn vlans(device: &Device) -> Result<Vlans, CompileError> {
    let Some((outer, inner)) = device.vlan else {
        return Ok(ANY_VLAN);
    };
    if outer > MAX_VLAN || inner > MAX_VLAN {
        return Err(CompileError::VlanOutOfRange {
            device: device.name.clone(),
            outer,
            inner,
        });
    }
    Ok(Vlans { outer, inner })
}

/// Where the device's addresses are owned; none where no frame can come from.
fn owned_scope(device: &Device, wires: &[String]) -> Option<u32> {
    let wire = match &device.wire {
        None => ANY_WIRE,
        Some(name) => ids::wire(wires, name).filter(|&wire| u32::from(wire) < scope::ANY_WIRE)?,
    };
    let vlans = match device.vlan {
        None => ANY_VLAN,
        Some((outer, inner)) => Some(Vlans { outer, inner }).filter(|vlans| {
            u32::from(vlans.outer) < scope::ANY_ID && u32::from(vlans.inner) <= scope::ANY_ID
        })?,
    };
    Some(scope::owned(wire, vlans))
}

/// Each address once.
fn addresses(device: &Device) -> Vec<IpAddr> {
    let mut addresses = device.addresses.clone();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// All but the generation.
fn record(device: &Device, wires: &[String]) -> Result<DeviceRecord, CompileError> {
    let wire = match &device.wire {
        None => ANY_WIRE,
        Some(name) => ids::wire(wires, name).ok_or_else(|| CompileError::UnknownWire {
            device: device.name.clone(),
            wire: name.clone(),
        })?,
    };
    Ok(DeviceRecord {
        profile: ids::profile(device.profile)?,
        generation: 0,
        wire,
        mode: mode(device.mode),
        flags: if device.addresses.is_empty() {
            0
        } else {
            DEVICE_BOUND
        },
        reserved: 0,
    })
}

/// Made of all that judges the device's frames, so that it changes with any of it and with nothing else: not with the
/// device's number or that of its profile. The name is in it because flows keep the number, which goes with the name.
fn generation(
    record: &DeviceRecord,
    name: u64,
    key: [u64; 2],
    profile: Fingerprint,
    addresses: &[IpAddr],
) -> u32 {
    let own = [record.wire.into(), record.mode.into(), record.flags.into()];
    let start = Fingerprint::new(SALT)
        .add(profile.get(), name)
        .add(key[0], key[1])
        .add_all(&own);
    addresses
        .iter()
        .fold(start, |hash, addr| {
            let (family, (high, low)) = match addr {
                IpAddr::V4(v4) => (4, v4.to_bits().halves()),
                IpAddr::V6(v6) => (6, v6.to_bits().halves()),
            };
            hash.add(high, low).add(family, 0)
        })
        .generation()
}

#[cfg(test)]
mod tests {
    use crate::{
        compile::Assignment,
        model::policy::{Mode, Position},
    };

    use super::*;

    fn device() -> Device {
        Device {
            name: "pump".to_owned(),
            mac: [0, 3, 0xb1, 0, 0, 1],
            vlan: None,
            wire: None,
            addresses: Vec::new(),
            profile: 0,
            mode: Mode::Enforce,
            criticality: None,
            location: None,
            groups: Vec::new(),
            at: Position::default(),
        }
    }

    fn compile(devices: Vec<Device>) -> Result<(Devices, Vec<DeviceRecord>), CompileError> {
        let policy = Policy {
            devices: devices.into(),
            ..Policy::default()
        };
        let wires = ["ward".to_owned()];
        let profiles = [Fingerprint::new(1), Fingerprint::new(2)];
        let numbers = Assignment::fresh(&policy).devices;
        let devices = Devices::compile(&policy, &wires, &numbers, &profiles, &mut Peers::new(0))?;
        let words = devices.records.iter().flat_map(|line| line.0.as_chunks().0);
        let records = words.map(|&words| encode::device_of(words)).collect();
        Ok((devices, records))
    }

    #[test]
    fn records_are_indexed_by_id_four_to_a_line() {
        let mut second = device();
        second.wire = Some("ward".to_owned());
        second.addresses = vec!["10.0.0.1".parse().unwrap()];
        second.mode = Mode::Monitor;
        second.profile = 1;
        let (devices, records) = compile(vec![device(), second, device(), device()]).unwrap();
        assert_eq!(devices.records.len(), 2);
        assert_eq!(records[0], DeviceRecord::default());
        assert_eq!((records[1].wire, records[1].mode), (ANY_WIRE, 2));
        assert_eq!((records[1].flags, records[1].profile), (0, 0));
        assert_eq!((records[2].wire, records[2].mode), (0, 1));
        assert_eq!((records[2].flags, records[2].profile), (DEVICE_BOUND, 1));
        assert!(records[4].generation != 0);
        assert_eq!((devices.by_vlan, devices.by_wire), (0, 1));
    }

    #[test]
    fn a_generation_changes_with_whatever_judges_and_with_nothing_else() {
        let (_, records) = compile(vec![device()]).unwrap();
        let unchanged = records[1].generation;
        let generation = |change: fn(&mut Device)| {
            let mut other = device();
            change(&mut other);
            // Another place in the list is no change.
            let (_, records) = compile(vec![device(), device(), other]).unwrap();
            records[3].generation
        };
        assert_eq!(generation(|_| ()), unchanged);
        assert_eq!(
            generation(|it| it.location = Some("ICU".to_owned())),
            unchanged
        );

        let changes: [fn(&mut Device); 8] = [
            |it| it.name = "other".to_owned(),
            |it| it.mac[5] = 2,
            |it| it.vlan = Some((0, 0)),
            |it| it.wire = Some("ward".to_owned()),
            |it| it.mode = Mode::Monitor,
            |it| it.profile = 1,
            |it| it.addresses = vec!["10.0.0.1".parse().unwrap()],
            |it| it.addresses = vec!["::a00:1".parse().unwrap()],
        ];
        let mut seen = vec![unchanged];
        for change in changes {
            let changed = generation(change);
            assert!(!seen.contains(&changed));
            seen.push(changed);
        }
        assert_eq!(
            generation(|it| it.addresses = vec!["10.0.0.1".parse().unwrap(); 2]),
            seen[7],
            "an address named twice is one address"
        );
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let error = |change: fn(&mut Device)| {
            let mut device = device();
            change(&mut device);
            compile(vec![device]).unwrap_err().to_string()
        };
        assert_eq!(
            error(|it| it.wire = Some("lab".to_owned())),
            "device pump: the gateway has no wire lab"
        );
        assert_eq!(
            error(|it| it.profile = 2),
            "device pump: there is no profile number 2"
        );
        assert_eq!(
            error(|it| it.vlan = Some((5, 4096))),
            "device pump: VLAN 5.4096 does not exist, ids go up to 4095"
        );
    }
}
