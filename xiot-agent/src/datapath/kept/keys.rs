//! What tells devices and rules from each other, by number, beside the program: who comes after this agent numbers them alike.

use std::os::fd::AsFd as _;

use aya::maps::{Array, IterableMap as _, MapData};
use xiot_common::map;

use crate::{
    compile::Keyed,
    datapath::{error::MapAccessError, shared::Shared},
};

/// Flag of `bpf_map_create` in `linux/bpf.h`.
const BPF_F_MMAPABLE: u32 = 1 << 10;

/// Keys by number, where those that nothing has are 0.
#[derive(Debug)]
pub(in crate::datapath) struct Keys {
    devices: One,
    rules: One,
}

/// Keys of one kind.
#[derive(Debug)]
struct One {
    data: MapData,
    memory: Shared<u64>,
}

impl One {
    fn create(name: &'static str, highest: u32) -> Result<Self, MapAccessError> {
        let access = |source| MapAccessError { map: name, source };
        let entries = highest.saturating_add(1);
        let array = Array::<MapData, u64>::create(entries, BPF_F_MMAPABLE).map_err(access)?;
        let fd = array.map().fd().as_fd().try_clone_to_owned();
        let fd = fd.map_err(|error| access(error.into()))?;
        Self::of(name, MapData::from_fd(fd).map_err(access)?)
    }

    fn of(name: &'static str, data: MapData) -> Result<Self, MapAccessError> {
        Ok(Self {
            memory: super::memory(name, &data)?,
            data,
        })
    }

    /// Writes down what differs.
    fn note(&self, keyed: &[(u64, u32)]) {
        let mut keys = vec![0; self.memory.len() as usize];
        for &(key, number) in keyed {
            if let Some(place) = keys.get_mut(number as usize) {
                *place = key;
            }
        }
        for (key, number) in keys.iter().zip(0..) {
            if self.memory.get(number) != Some(*key) {
                let there = self.memory.set(number, key);
                debug_assert!(there, "as many as there are");
            }
        }
    }

    fn read(&self) -> Vec<(u64, u32)> {
        let all =
            (0..self.memory.len()).filter_map(|number| Some((self.memory.get(number)?, number)));
        all.filter(|&(key, _)| key != 0).collect()
    }
}

impl Keys {
    /// Empty ones, for numbers up to these.
    pub(super) fn create(devices: u32, rules: u32) -> Result<Self, MapAccessError> {
        Ok(Self {
            devices: One::create(map::DEVICE_KEYS, devices)?,
            rules: One::create(map::RULE_KEYS, rules)?,
        })
    }

    /// The same as these, for numbers up to these.
    pub(super) fn resized(&self, devices: u32, rules: u32) -> Result<Self, MapAccessError> {
        let resized = Self::create(devices, rules)?;
        resized.note(&self.read());
        Ok(resized)
    }

    /// The highest number that a device has, and that of a rule.
    pub(super) fn highest(&self) -> (u32, u32) {
        let Keyed { devices, rules } = self.read();
        let highest = |keyed: &[(u64, u32)]| keyed.iter().map(|(_, number)| *number).max();
        (highest(&devices).unwrap_or(0), highest(&rules).unwrap_or(0))
    }

    /// Those in the maps of devices and rules.
    pub(super) fn of(devices: MapData, rules: MapData) -> Result<Self, MapAccessError> {
        Ok(Self {
            devices: One::of(map::DEVICE_KEYS, devices)?,
            rules: One::of(map::RULE_KEYS, rules)?,
        })
    }

    /// Writes down what has which number from now on.
    pub(super) fn note(&self, keyed: &Keyed) {
        self.devices.note(&keyed.devices);
        self.rules.note(&keyed.rules);
    }

    /// What was written down.
    pub(super) fn read(&self) -> Keyed {
        Keyed {
            devices: self.devices.read(),
            rules: self.rules.read(),
        }
    }

    /// The maps, by name.
    pub(super) fn maps(&self) -> [(&'static str, &MapData); 2] {
        [
            (map::DEVICE_KEYS, &self.devices.data),
            (map::RULE_KEYS, &self.rules.data),
        ]
    }
}
