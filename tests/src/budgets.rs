//! The program's budgets, which a test clears where it lets time pass.

use std::fmt;

use aya::maps::{Array, MapData, PerCpuArray, PerCpuValues};
use xiot_agent::{
    compile::Assignment,
    datapath::{Datapath, Table},
};
use xiot_common::{budget::Budget, event::SenderKey, guard::GroupCount, map};

use crate::prog::must;

/// Name of the map that the new flows of each CPU are counted in; the agent has no use for it.
const PER_CPU: &str = "CPU_BUDGET";

/// Port indices of the wires that tests have.
const PORTS: u32 = 4;

pub(crate) struct Budgets {
    by_device: Array<MapData, Budget>,
    by_cpu: PerCpuArray<MapData, [u32; 2]>,
    /// Group frames by sender, and by port.
    senders: Table<SenderKey, GroupCount>,
    ports: Array<MapData, GroupCount>,
    /// Devices that may have spent something.
    watched: u32,
}

impl fmt::Debug for Budgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budgets")
            .field("watched", &self.watched)
            .finish_non_exhaustive()
    }
}

impl Budgets {
    pub(crate) fn open(datapath: &Datapath) -> Self {
        let by_device = must("open the budgets", datapath.duplicate(map::BUDGETS));
        let by_cpu = must("open the CPU's budget", datapath.duplicate(PER_CPU));
        let ports = must("open the ports", datapath.duplicate(map::GROUP_PORTS));
        Self {
            senders: must("open the senders", datapath.table(map::GROUP_SENDERS)),
            ports: must("read the ports", Array::try_from(ports)),
            by_device: must("read the budgets", Array::try_from(by_device)),
            by_cpu: must("read the CPU's budget", PerCpuArray::try_from(by_cpu)),
            watched: 0,
        }
    }

    /// From now on these devices are there too.
    pub(crate) fn watch(&mut self, numbers: &Assignment) {
        let highest = numbers.devices().iter().copied().max().unwrap_or(0);
        self.watched = self.watched.max(highest);
    }

    pub(crate) fn forget(&mut self) {
        for device in 0..=self.watched {
            let spent = self.by_device.set(device, Budget::default(), 0);
            must("clear a budget", spent);
        }
        must("clear the senders", self.senders.clear());
        for port in 0..PORTS {
            let sent = self.ports.set(port, GroupCount::default(), 0);
            must("clear a port", sent);
        }
        let before = must("read the CPU's budget", self.by_cpu.get(&0, 0));
        let nothing = PerCpuValues::try_from(vec![[0; 2]; before.len()]);
        let nothing = nothing.expect("as many CPUs as before");
        must("clear the CPU's budget", self.by_cpu.set(0, nothing, 0));
    }
}
