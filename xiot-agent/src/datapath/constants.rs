//! What is fixed in a program when it is loaded: constants to the verifier.

use aya::EbpfLoader;
use xiot_common::{capacity::PLACES, config, flow_hash::FLOW_SEEDS};

use super::{options::Options, sizes::Sizes};

/// The constants, by the names of `xiot_common::config`.
#[derive(Clone, Debug)]
pub(super) struct Constants {
    words: Vec<(&'static str, u32)>,
    flow_seeds: [u64; FLOW_SEEDS],
}

impl Constants {
    pub(super) fn new(options: &Options, sizes: &Sizes, flow_seeds: [u64; FLOW_SEEDS]) -> Self {
        let addresses = options.addresses_per_device.unwrap_or(PLACES).min(PLACES);
        Self {
            words: vec![
                (config::TRACE, u32::from(options.trace)),
                (config::DEVICE_STRIDE, sizes.device_stride),
                (config::SLOT_LINES, options.capacity.slot_lines),
                (config::RULE_COUNTERS, sizes.rule_counters),
                (config::NEW_FLOWS_UNLISTED, options.new_flows.unlisted),
                (config::NEW_FLOWS_PER_CPU, options.new_flows.per_cpu),
                (config::GUARDS, u32::from(options.guards.is_some())),
                (config::ROUTED, u32::from(options.routed)),
                (config::GROUP_PER_SENDER, options.group_frames.per_sender),
                (config::GROUP_PER_PORT, options.group_frames.per_port),
                (config::ADDRESSES_PER_DEVICE, addresses),
                (config::EVENTS_PER_SENDER, options.events.per_sender),
                (config::EVENTS_PER_CPU, options.events.per_cpu),
                (config::FLOWS, options.capacity.flows),
                (config::FLOW_SETS, sizes.flow_sets),
            ],
            flow_seeds,
        }
    }

    /// The same of a program into whose flow table flows move, by this number, from one of so many sets.
    pub(super) fn moving(mut self, number: u32, before_sets: u32) -> Self {
        self.words.push((config::MOVING, number));
        self.words.push((config::BEFORE_SETS, before_sets));
        self
    }

    /// A loader of a program that has them, with maps of these sizes.
    pub(super) fn loader(&self, sizes: &Sizes) -> EbpfLoader<'_> {
        let mut loader = EbpfLoader::new();
        // Nothing is relocated against the kernel's own types: its BTF need not be read.
        loader
            .btf(None)
            .override_global(config::FLOW_SEEDS, &self.flow_seeds, true);
        for (name, word) in &self.words {
            loader.override_global(name, word, true);
        }
        for (name, entries) in sizes.entries() {
            loader.map_max_entries(name, entries);
        }
        loader
    }
}
