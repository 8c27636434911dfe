//! Sender, gateway and receiver.

use std::fs;

use xiot_tests::net::rig::{HOST_PORT, Host, PORT_MACS, Rig};

use crate::{
    frames,
    gateway::{Gateway, Kind},
    programs::{Attached, Generator, attach},
    site::Site,
};

/// Where frames go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// They are made, and no more.
    Nowhere,
    /// From the devices to the core.
    ToUplink,
    /// Back.
    ToDevices,
}

pub(crate) struct Line {
    rig: Rig,
    kind: Kind,
    gateway: Gateway,
    generators: [Generator; 2],
    _ends: [Attached; 2],
    flows: u32,
}

impl Line {
    pub(crate) fn build(kind: Kind, site: &Site, flows: u32) -> Self {
        let rig = Rig::new();
        rig.quiet();
        let router = kind.is_router().then_some(PORT_MACS);
        let headers = frames::of_flows(site, flows, router);
        let hosts = [&rig.device, &rig.uplink];
        let ends = hosts.map(|host| attach(&host.namespace, "discard", HOST_PORT, None));
        let generators = hosts.map(|host| Generator::load(&host.namespace, HOST_PORT, &headers));
        let gateway = Gateway::start(kind, &rig, site);
        Self {
            rig,
            kind,
            gateway,
            generators,
            _ends: ends,
            flows,
        }
    }

    /// What it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Has both sides speak once in every flow.
    pub(crate) fn open(&mut self) {
        self.generate(Way::ToUplink, self.flows);
        self.generate(Way::ToDevices, self.flows);
    }

    /// Frames that the core has received so far.
    pub(crate) fn received(&self) -> u64 {
        received(&self.rig.uplink)
    }

    /// Sends frames and gives what each took, in nanoseconds.
    pub(crate) fn generate(&mut self, way: Way, frames: u32) -> f64 {
        let (side, part) = match way {
            Way::Nowhere | Way::ToUplink => (0, 0..self.flows),
            Way::ToDevices => (1, self.flows..2 * self.flows),
        };
        let took = self.generators[side].run(part, way != Way::Nowhere, frames);
        took.as_secs_f64() * 1e9 / f64::from(frames)
    }

    pub(crate) fn report(&self) {
        let Gateway::Xiot(gateway) = &self.gateway else {
            return;
        };
        let counters =
            xiot_agent::collect::Counters::open(gateway.datapath()).expect("they are there");
        for counter in counters.reasons([0, 1]).expect("they can be read") {
            let total = counter.total;
            if total.forwarded_frames + total.dropped_frames > 0 {
                println!("{:?} {:?} {total:?}", self.kind, counter.reason);
            }
        }
        let _ = &self.rig;
    }
}

fn received(host: &Host) -> u64 {
    let read = || fs::read_to_string("/proc/thread-self/net/dev");
    let table = host.namespace.run(read).expect("the namespace is there");
    let table = table.expect("/proc is there");
    let mut rows = table.lines().map(str::trim_start);
    let row = rows.find_map(|row| row.strip_prefix(HOST_PORT)?.strip_prefix(':'));
    let mut numbers = row.expect("the interface is there").split_whitespace();
    numbers.nth(1).expect("a column").parse().expect("a number")
}
