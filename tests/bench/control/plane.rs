//! The control plane as the agent calls it, with a clock beside each step.

use std::time::{Duration, Instant};

use xiot_agent::{
    compile::{Assignment, Limits, compile},
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
    /// From the store that puts it in force until no frame is judged by the one before.
    pub(super) settled: Duration,
}

/// A program in the kernel, and what is known of the policy in force.
pub(super) struct Plane {
    datapath: Datapath,
    limits: Limits,
    ids: Assignment,
    revision: u64,
}

impl Plane {
    /// With another policy in force: a swap is from one to another.
    pub(super) fn of_size(capacity: Capacity) -> Self {
        let (datapath, _) = with_small(capacity);
        Self {
            datapath,
            limits: Limits {
                slot_lines: capacity.slot_lines,
                devices: capacity.devices,
                rules: capacity.rules,
            },
            ids: Assignment::default(),
            revision: 1,
        }
    }

    /// The first policy of its size.
    pub(super) fn put(&mut self, policy: &Policy) -> Steps {
        let begun = Instant::now();
        self.ids = Assignment::fresh(policy);
        self.go_on(policy, begun)
    }

    /// One that follows the one in force.
    pub(super) fn follow(&mut self, policy: &Policy) -> Steps {
        let begun = Instant::now();
        let followed = self.ids.follow(policy, &self.limits);
        self.ids = followed.expect("there is room").0;
        self.go_on(policy, begun)
    }

    fn go_on(&mut self, policy: &Policy, begun: Instant) -> Steps {
        self.revision += 1;
        let wires = [xiot::WIRE.to_owned()];
        let image = compile(policy, &wires, &self.limits, &self.ids, self.revision, 0);
        let image = image.expect("it fits");
        let compiled = begun.elapsed();
        let applied = self.datapath.apply(&image).expect("it is taken");
        Steps {
            compiled,
            loaded: applied.written,
            settled: applied.settled,
        }
    }
}

/// The store that puts a policy in force, alone: after the first one there is no frame to wait for.
pub(super) fn flip(capacity: Capacity) -> Duration {
    with_small(capacity).1
}

fn with_small(capacity: Capacity) -> (Datapath, Duration) {
    let mut datapath = Datapath::load(&xiot::options(capacity)).expect("root and BPF");
    let small = Site::new(10, Family::Ipv4).policy(Mode::Enforce);
    let image = xiot::image(&small, &capacity, 1);
    let applied = datapath.apply(&image).expect("it is taken");
    (datapath, applied.settled)
}
