//! What the program keeps of time beside its flows: a test moves it where it lets time pass.

use std::fmt;

use aya::maps::{Array, MapData, PerCpuArray, PerCpuValues};
use xiot_agent::{compile::Assignment, datapath::Datapath};
use xiot_common::{budget::Budget, map};

use crate::prog::must;

/// Name of the map that says when room in the flow table may be looked for again, in its first word.
const SEARCH: &str = "RECLAIM";

/// Name of the map that the new flows of each CPU are counted in; the agent has no use for it.
const PER_CPU: &str = "CPU_BUDGET";

pub(crate) struct Budgets {
    by_device: Array<MapData, Budget>,
    by_cpu: PerCpuArray<MapData, [u32; 2]>,
    search: Array<MapData, [u32; 2]>,
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
        let search = must("open the search", datapath.duplicate(SEARCH));
        Self {
            search: must("read the search", Array::try_from(search)),
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

    /// Lets seconds pass.
    pub(crate) fn age(&mut self, seconds: u32) {
        let [at, found] = must("read the search", self.search.get(&0, 0));
        self.set_search([at.saturating_sub(seconds), found]);
        self.clear();
    }

    /// Begins anew.
    pub(crate) fn forget(&mut self) {
        self.set_search([0; 2]);
        self.clear();
    }

    fn set_search(&mut self, search: [u32; 2]) {
        must("move the search", self.search.set(0, search, 0));
    }

    fn clear(&mut self) {
        for device in 0..=self.watched {
            let spent = self.by_device.set(device, Budget::default(), 0);
            must("clear a budget", spent);
        }
        let before = must("read the CPU's budget", self.by_cpu.get(&0, 0));
        let nothing = PerCpuValues::try_from(vec![[0; 2]; before.len()]);
        let nothing = nothing.expect("as many CPUs as before");
        must("clear the CPU's budget", self.by_cpu.set(0, nothing, 0));
    }
}
