//! The real program in the real kernel, fed frame by frame through `BPF_PROG_TEST_RUN`.

use std::error::Error;

use xiot_agent::{
    collect::Counters,
    compile::{self, Limits},
    datapath::{Capacity, Datapath, Options, Table},
    model::policy::Policy,
    oracle::Side,
};
use xiot_common::{
    flow::{FlowEntry, FlowKey},
    map, port,
};

use crate::{shot::Shot, verdict::Verdict};

const XDP_DROP: u32 = 1;
const XDP_REDIRECT: u32 = 4;

/// A private instance of the program with its own maps, attached to nothing.
#[derive(Debug)]
pub struct Prog {
    datapath: Datapath,
    /// Flows and half-open flows.
    flows: [Table<FlowKey, FlowEntry>; 2],
    counters: Counters,
    room: u32,
    revision: u64,
}

impl Prog {
    /// Loads the program with room for so many flows.
    ///
    /// # Panics
    /// Where the kernel does not take it: with the verifier's last words.
    pub fn load(room: u32) -> Self {
        let options = Options {
            capacity: Capacity {
                slot_lines: 16 * 1024,
                flows: room,
                half_open: 1024,
                devices: 1024,
                rules: 4096,
                observed: 4096,
                event_ring: 1 << 16,
            },
            trace: true,
            ..Options::default()
        };
        let datapath = must("load the program", Datapath::load(&options));
        let flows =
            [map::FLOWS, map::HALF_OPEN].map(|table| must("open the flows", datapath.table(table)));
        let counters = must("open the counters", Counters::open(&datapath));
        Self {
            datapath,
            flows,
            counters,
            room,
            revision: 0,
        }
    }

    /// Puts a policy in force and forgets all flows.
    ///
    /// # Panics
    /// Where it does not compile or fit.
    pub fn apply(&mut self, policy: &Policy, wires: &[String]) {
        let capacity = self.datapath.capacity();
        let limits = Limits {
            slot_lines: capacity.slot_lines,
            devices: capacity.devices,
            rules: capacity.rules,
        };
        self.revision += 1;
        let ids = compile::Assignment::fresh(policy);
        let image = compile::compile(policy, wires, &limits, &ids, self.revision, 0);
        must(
            "apply the policy",
            self.datapath.apply(&must("compile the policy", image)),
        );
        for flows in &mut self.flows {
            must("clear the flows", flows.clear());
        }
    }

    /// Judges a frame after its silence.
    ///
    /// # Panics
    /// Where the kernel runs no such frame, the action is not what the verdict says, or the frame was changed.
    pub fn judge(&mut self, shot: &Shot) -> Verdict {
        if shot.after > 0 {
            self.age(shot.after);
        }
        let side = match shot.side {
            Side::Device => port::Side::Device,
            Side::Uplink => port::Side::Uplink,
        };
        let outcome = must(
            "run the program",
            self.datapath.test_run_on(shot.wire, side, &shot.frame),
        );
        let verdict = Verdict::from(outcome.trace);
        let action = if verdict.dropped {
            XDP_DROP
        } else {
            XDP_REDIRECT
        };
        assert_eq!(outcome.action, action, "the action of {verdict:?}");
        assert!(
            outcome.data == shot.frame,
            "the program changed a frame: {verdict:?}"
        );
        verdict
    }

    /// Lets time pass: the kernel's clock cannot be moved, so the flows are.
    fn age(&mut self, seconds: u32) {
        for flows in &mut self.flows {
            for (key, mut entry) in must("read the flows", flows.entries()) {
                entry.last_seen = entry.last_seen.wrapping_sub(seconds);
                must("age a flow", flows.insert(&key, &entry));
            }
        }
    }

    /// All flows, half-open or not, over or not.
    ///
    /// # Panics
    /// Where they cannot be read.
    pub fn flows(&self) -> Vec<(FlowKey, FlowEntry)> {
        self.flows
            .iter()
            .flat_map(|flows| must("read the flows", flows.entries()))
            .collect()
    }

    /// Flows that there is room for.
    pub fn room(&self) -> u32 {
        self.room
    }

    /// What the program counted since it was loaded.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

/// What must work here, or the test fails with the whole chain of causes.
pub(crate) fn must<T, E: Error>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| {
        let mut text = format!("could not {what}: {error}");
        let mut cause = error.source();
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        panic!("{text}")
    })
}
