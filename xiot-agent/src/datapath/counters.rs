//! Counters of numbers that go to another device or rule begin at zero.

use xiot_common::{
    counter::{DeviceCounter, RuleCounter},
    map,
};

use super::{error::MapAccessError, instance::Datapath, shared::Shared};

impl Datapath {
    /// Sets the counters of these devices and rules to zero. Exact for numbers that no frame counts under meanwhile.
    pub fn clear_counters(&self, devices: &[u32], rules: &[u32]) -> Result<(), MapAccessError> {
        if !devices.is_empty() {
            let counters: Shared<DeviceCounter> = self.map_memory(map::DEVICE_COUNTERS)?;
            for cpu in 0..self.cpus {
                for device in devices {
                    clear(&counters, cpu * self.device_stride + device);
                }
            }
        }
        if !rules.is_empty() {
            let counters: Shared<RuleCounter> = self.map_memory(map::RULE_COUNTERS)?;
            for rule in rules {
                clear(&counters, *rule);
            }
        }
        Ok(())
    }
}

fn clear<T: aya::Pod + Default>(counters: &Shared<T>, index: u32) {
    let there = counters.set(index, &T::default());
    debug_assert!(there, "numbers are within what the maps were made for");
}
