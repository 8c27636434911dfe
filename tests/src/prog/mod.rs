//! The real program in the real kernel, fed frame by frame through `BPF_PROG_TEST_RUN`.

mod age;
mod learned;
mod watched;

use std::error::Error;

use xiot_agent::{
    collect::Counters,
    compile::{self, Assignment},
    datapath::{
        Capacity, Datapath, Events, FlowSets, GroupFrames, NewFlows, Options, Table,
        segment_config, uplink_config,
    },
    model::{gateway::Wire, policy::Policy},
    oracle::{Fate, Limits, RouterPort, Side},
    service::guards,
};
use xiot_common::{
    binding::{Binding, BindingKey, Places, PlacesKey},
    flow::{FlowEntry, FlowKey},
    fragment::{Datagram, DatagramKey},
    map,
    name::{NameSet, NamesKey},
    overrides::{Override, OverrideKey},
    port::{self, PortConfig},
};

pub use self::watched::Copies;
use crate::{
    budgets::Budgets,
    clock,
    compare::router_port,
    cpu,
    judged::Judged,
    net::routes::{PORTS, SEGMENTS, port_of},
    shot::Shot,
    verdict::Verdict,
};

/// So many that none is forgotten in a test.
const HALF_OPEN: u32 = 16 * 1024;

const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;
const XDP_REDIRECT: u32 = 4;

/// A private instance of the program with its own maps, attached to nothing.
#[derive(Debug)]
pub struct Prog {
    datapath: Datapath,
    flows: FlowSets,
    datagrams: Table<DatagramKey, Datagram>,
    overrides: Table<OverrideKey, Override>,
    bindings: Table<BindingKey, Binding>,
    places: Table<PlacesKey, Places>,
    names: Table<NamesKey, NameSet>,
    strangers_names: Table<NamesKey, NameSet>,
    budgets: Budgets,
    counters: Counters,
    limits: Limits,
    revision: u64,
    /// Second in which the grace period ends.
    grace_until: u32,
    /// Second in which the last frame was judged.
    second: u32,
}

impl Prog {
    /// Loads the program with room for so many flows.
    ///
    /// # Panics
    /// Where the kernel does not take it: with the verifier's last words.
    pub fn load(room: u32) -> Self {
        Self::load_limited(Limits {
            flows: usize::try_from(room).expect("a map's size"),
            ..Limits::default()
        })
    }

    /// The same with other limits of the gateway.
    ///
    /// # Panics
    /// Likewise.
    pub fn load_limited(limits: Limits) -> Self {
        Self::load_with(limits, false, Events::default())
    }

    /// The same where no event is ever to be sent, so that the entry refuses by itself what it can.
    ///
    /// # Panics
    /// Likewise.
    pub fn load_quiet(limits: Limits) -> Self {
        let none = Events {
            per_cpu: 0,
            ..Events::default()
        };
        Self::load_with(limits, false, none)
    }

    /// The same for the tests' router, whose segments the wires are, and in whose namespace this thread is.
    ///
    /// # Panics
    /// Likewise.
    pub fn load_router(limits: Limits) -> Self {
        let mut prog = Self::load_with(limits, true, Events::default());
        for port in PORTS {
            let config = port_config(port.at);
            must("set a port", prog.datapath.set_port(port.ifindex, config));
            let egress = prog.datapath.set_egress(config.egress, port.ifindex);
            must("set an egress", egress);
        }
        prog
    }

    fn load_with(limits: Limits, routed: bool, events: Events) -> Self {
        cpu::stay();
        let options = Options {
            capacity: Capacity {
                slot_lines: 16 * 1024,
                flows: u32::try_from(limits.flows).expect("a map's size"),
                half_open: HALF_OPEN,
                devices: 1024,
                rules: 4096,
                observed: 4096,
                event_ring: 1 << 16,
            },
            new_flows: NewFlows {
                unlisted: limits.new_flows_unlisted,
                per_cpu: limits.new_flows_per_cpu,
            },
            group_frames: GroupFrames {
                per_sender: limits.group_frames_per_sender,
                per_port: limits.group_frames_per_port,
            },
            addresses_per_device: Some(
                u32::try_from(limits.addresses_per_device).expect("a small number"),
            ),
            guards: Some(Vec::new()),
            events,
            routed,
            trace: true,
            ..Options::default()
        };
        let datapath = must("load the program", Datapath::load(&options));
        let flows = must("open the flows", datapath.flow_sets());
        let datagrams = must("open the datagrams", datapath.table(map::FRAGMENTS));
        let overrides = must("open the overrides", datapath.table(map::OVERRIDES));
        let bindings = must("open the bindings", datapath.table(map::BINDINGS));
        let places = must("open the places", datapath.table(map::PLACES));
        let names = must("open the names", datapath.table(map::NAMES));
        let strangers_names = must(
            "open strangers' names",
            datapath.table(map::STRANGERS_NAMES),
        );
        let budgets = Budgets::open(&datapath);
        let counters = must("open the counters", Counters::open(&datapath));
        Self {
            datapath,
            flows,
            datagrams,
            overrides,
            bindings,
            places,
            names,
            strangers_names,
            budgets,
            counters,
            limits,
            revision: 0,
            grace_until: 0,
            second: 0,
        }
    }

    /// Puts a policy in force and forgets what was before.
    ///
    /// # Panics
    /// Where it does not compile or fit.
    pub fn apply(&mut self, policy: &Policy, wires: &[Wire]) {
        self.rewire(wires);
        self.swap(policy, wires, &Assignment::fresh(policy));
        self.set_grace(0);
        self.set_settled(0, wires.len());
        self.flows.clear();
        must("clear the datagrams", self.datagrams.clear());
        must("clear the bindings", self.bindings.clear());
        must("clear the places", self.places.clear());
        must("clear the names", self.names.clear());
        must("clear strangers' names", self.strangers_names.clear());
        for (device, _) in must("read the overrides", self.datapath.overrides()) {
            self.decide(&device, None);
        }
        self.budgets.forget();
    }

    /// Puts another policy in force, with these numbers for its devices and rules.
    ///
    /// # Panics
    /// Where it does not compile or fit.
    pub fn swap(&mut self, policy: &Policy, wires: &[Wire], numbers: &Assignment) {
        let limits = self.compile_limits();
        self.revision += 1;
        let names: Vec<String> = wires.iter().map(|wire| wire.name.clone()).collect();
        let image = compile::compile(policy, &names, &limits, numbers, self.revision, 0);
        must(
            "apply the policy",
            self.datapath.apply(&must("compile the policy", image)),
        );
        self.budgets.watch(numbers);
    }

    /// Puts other guards and Ethernet types in force on the same wires.
    pub fn rewire(&mut self, wires: &[Wire]) {
        for (guards, wire) in guards::of_wires(wires).iter().zip(0..) {
            must("set guards", self.datapath.set_guards(wire, guards));
        }
        self.datapath.touch();
    }

    /// What policies must fit.
    pub fn compile_limits(&self) -> compile::Limits {
        let capacity = self.datapath.capacity();
        compile::Limits {
            slot_lines: capacity.slot_lines,
            devices: capacity.devices,
            rules: capacity.rules,
        }
    }

    /// Starts an epoch under the same policy.
    pub fn touch(&mut self) {
        self.datapath.touch();
    }

    /// Ends the grace period in this second of the program's clock.
    pub fn set_grace(&mut self, until: u32) {
        self.grace_until = until;
        self.datapath.set_grace(until);
    }

    /// Settles so many wires in this second of the program's clock.
    ///
    /// # Panics
    /// Where there are not so many.
    pub fn set_settled(&mut self, second: u32, wires: usize) {
        for wire in 0..u32::try_from(wires).expect("few wires") {
            must("settle a wire", self.datapath.set_settled(wire, second));
        }
        // No test run sees the second change in which they settle.
        self.forget_denials();
    }

    /// Sets the program's wall clock: it shows this second now.
    pub fn set_wall(&mut self, second: u32) {
        self.datapath
            .set_tai_offset(clock::tai_second().wrapping_sub(second));
    }

    /// Decides about a device, or leaves it to the policy.
    ///
    /// # Panics
    /// Where there is no room for that.
    pub fn decide(&mut self, device: &OverrideKey, decided: Option<Override>) {
        match decided {
            Some(decided) => must(
                "decide about a device",
                self.datapath.set_override(*device, decided),
            ),
            None => {
                must("release a device", self.datapath.clear_override(device));
            }
        }
    }

    /// Second of the program's clock in which it judged the last frame.
    pub fn second(&self) -> u32 {
        self.second
    }

    /// Judges a frame. Its silence is for [`Self::age`].
    ///
    /// # Panics
    /// Where the kernel runs no such frame, the action is not what the verdict says, or the frame was changed.
    pub fn judge(&mut self, shot: &Shot) -> Verdict {
        let side = match shot.side {
            Side::Device => port::Side::Device,
            Side::Uplink => port::Side::Uplink,
        };
        let outcome = must(
            "run the program",
            self.datapath.test_run_on(shot.wire, side, &shot.frame),
        );
        self.second = outcome.trace.now;
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

    /// Judges a frame on a port of the router.
    ///
    /// # Panics
    /// Where the kernel runs no such frame, or one that is not forwarded was changed.
    pub fn route(&mut self, shot: &Shot) -> Judged {
        let config = port_config(router_port(shot));
        let outcome = must(
            "run the program",
            self.datapath.test_run_at(config, &shot.frame),
        );
        self.second = outcome.trace.now;
        let traces = outcome.sender.into_iter().chain([outcome.trace]);
        let verdicts: Vec<Verdict> = traces.map(Verdict::from).collect();
        let fate = match outcome.action {
            XDP_DROP => Fate::Dropped,
            XDP_PASS => Fate::Stack,
            XDP_REDIRECT => Fate::Out(leaving_by(&outcome.data), outcome.data.clone()),
            other => panic!("the program answers {other}"),
        };
        assert!(
            matches!(fate, Fate::Out(..)) || outcome.data == shot.frame,
            "the program changed a frame: {verdicts:?}"
        );
        Judged {
            verdicts,
            fate: Some(fate),
        }
    }

    /// All flows, over or not, and whether they are half-open.
    pub fn flows(&self) -> Vec<(FlowKey, FlowEntry, bool)> {
        let flows = self.flows.flows();
        flows
            .map(|flow| (flow.key, flow.entry, flow.is_half_open()))
            .collect()
    }

    /// Limits that it was loaded with.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What the program counted since it was loaded.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

/// The port table's entry of a router's port.
fn port_config(port: RouterPort) -> PortConfig {
    let it = port_of(port);
    let length = u32::from(it.mtu) + 18;
    let number = |place: usize| u16::try_from(place).expect("few ports");
    match port {
        RouterPort::Segment(wire) => segment_config(number(wire), it.ifindex, it.mac, length),
        RouterPort::Uplink(place) => {
            uplink_config(number(SEGMENTS + place), it.ifindex, it.mac, length)
        }
    }
}

/// The port that a frame leaves by: each has a MAC of its own.
fn leaving_by(frame: &[u8]) -> RouterPort {
    let found = PORTS.iter().find(|it| frame[6..12] == it.mac);
    // None that is there, where it has nobody's.
    found.map_or(RouterPort::Uplink(usize::MAX), |it| it.at)
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
