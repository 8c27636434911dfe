//! The control plane as the agent calls it, with a clock beside each step.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use xiot_agent::{
    compile::{Compilation, Limits, Stamp},
    datapath::{Capacity, Datapath},
    model::policy::{Mode, Policy},
};

use crate::rig::{frames::Family, gateway::xiot, site::Site};

/// How long the steps took from a policy until it was in force.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steps {
    /// Policy to image, numbers of devices and rules included.
    pub(super) compiled: Duration,
    /// Image into the kernel, and compared.
    pub(super) loaded: Duration,
    /// The store that puts it in force.
    pub(super) flipped: Duration,
    /// From that until no frame is judged by the one before.
    pub(super) settled: Duration,
}

/// A program in the kernel, and what is known of the policy in force.
pub(super) struct Plane {
    datapath: Datapath,
    limits: Limits,
    in_force: Option<Compilation>,
    revision: u64,
}

impl Plane {
    /// With another policy in force: a swap is from one to another.
    pub(super) fn of_size(capacity: Capacity) -> Self {
        let mut datapath = Datapath::load(&xiot::options(capacity)).expect("root and BPF");
        let small = Site::new(10, Family::Ipv4).policy(Mode::Enforce);
        let image = xiot::image(&small, &capacity, 1);
        datapath.apply(&image).expect("it is taken");
        Self {
            datapath,
            limits: Limits {
                slot_lines: capacity.slot_lines,
                devices: capacity.devices,
                rules: capacity.rules,
            },
            in_force: None,
            revision: 1,
        }
    }

    /// Puts a policy in force: the first one is compiled as a whole, those after it follow the one before, as the agent has it.
    pub(super) fn put(&mut self, policy: &Policy) -> Steps {
        let policy = Arc::new(policy.clone());
        let wires = [xiot::WIRE.to_owned()];
        self.revision += 1;
        let stamp = Stamp {
            revision: self.revision,
            compiled_at: 0,
        };
        let before = self.in_force.take();
        // What was in force goes once something else is.
        let old = before.as_ref().map(|before| {
            (
                Arc::clone(before.policy()),
                Arc::clone(before.ids()),
                Arc::clone(before.image()),
            )
        });
        let begun = Instant::now();
        let compilation = match before {
            Some(before) => before
                .follow(policy, &wires, &self.limits, stamp)
                .map(|(compilation, _)| compilation),
            None => Compilation::fresh(policy, &wires, &self.limits, stamp),
        };
        let compilation = compilation.expect("it fits");
        let compiled = begun.elapsed();
        let applied = self.datapath.apply(compilation.image());
        let applied = applied.expect("it is taken");
        drop(old);
        let ready = self.datapath.make_ready(compilation.image());
        ready.expect("both slots hold it");
        self.in_force = Some(compilation);
        Steps {
            compiled,
            loaded: applied.written,
            flipped: applied.flipped,
            settled: applied.settled,
        }
    }
}
