//! The real program in the real kernel, fed frame by frame through `BPF_PROG_TEST_RUN`.

use xiot_agent::{
    compile::{self, Limits},
    datapath::{Capacity, Datapath, Options},
    model::policy::Policy,
    oracle::Side,
};
use xiot_common::port;

use crate::{shot::Shot, verdict::Verdict};

const XDP_DROP: u32 = 1;
const XDP_REDIRECT: u32 = 4;

/// A private instance of the program with its own maps, attached to nothing.
#[derive(Debug)]
pub struct Prog {
    datapath: Datapath,
    revision: u64,
}

impl Prog {
    /// Loads the program with room for so many flows.
    ///
    /// # Panics
    /// Where the kernel does not take it: with the verifier's last words.
    pub fn load(flows: u32) -> Self {
        let options = Options {
            capacity: Capacity {
                slot_lines: 16 * 1024,
                flows,
                devices: 1024,
                rules: 4096,
                observed: 4096,
                event_ring: 1 << 16,
            },
            trace: true,
            ..Options::default()
        };
        let datapath = Datapath::load(&options).unwrap_or_else(|error| panic!("{}", chain(&error)));
        Self {
            datapath,
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
        let image = compile::compile(policy, wires, &limits, self.revision, 0)
            .unwrap_or_else(|error| panic!("the policy does not compile: {}", chain(&error)));
        self.datapath
            .apply(&image)
            .unwrap_or_else(|error| panic!("the policy is not taken: {}", chain(&error)));
        self.datapath
            .clear_flows()
            .unwrap_or_else(|error| panic!("the flows stay: {}", chain(&error)));
    }

    /// Judges a frame.
    ///
    /// # Panics
    /// Where the kernel runs no such frame, the action is not what the verdict says, or the frame was changed.
    pub fn judge(&mut self, shot: &Shot) -> Verdict {
        let side = match shot.side {
            Side::Device => port::Side::Device,
            Side::Uplink => port::Side::Uplink,
        };
        let outcome = self
            .datapath
            .test_run(side, &shot.frame)
            .unwrap_or_else(|error| panic!("{} bytes: {}", shot.frame.len(), chain(&error)));
        let verdict = Verdict::from(outcome.trace);
        let action = if verdict.dropped {
            XDP_DROP
        } else {
            XDP_REDIRECT
        };
        assert_eq!(outcome.action, action, "the action of {verdict:?}");
        assert!(
            outcome.data == shot.frame,
            "the program changed a frame that it {verdict:?}"
        );
        verdict
    }

    /// The instance itself, for what its counters say.
    pub fn datapath(&self) -> &Datapath {
        &self.datapath
    }
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
