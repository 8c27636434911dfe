//! Sender, gateway and receiver.

use xiot_tests::net::rig::{HOST_PORT, Rig};

use crate::{
    frames::Header,
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
    pub(crate) fn build(kind: Kind, site: &Site, headers: &[Header]) -> Self {
        let rig = Rig::new();
        rig.quiet();
        let hosts = [&rig.device, &rig.uplink];
        let ends = hosts.map(|host| attach(&host.namespace, "discard", HOST_PORT, None));
        let generators = hosts.map(|host| Generator::load(&host.namespace, HOST_PORT, headers));
        let gateway = Gateway::start(kind, &rig, site);
        Self {
            rig,
            kind,
            gateway,
            generators,
            _ends: ends,
            flows: u32::try_from(headers.len() / 2).expect("few enough"),
        }
    }

    /// Has both sides speak once in every flow.
    pub(crate) fn open(&mut self, flows: u32) {
        self.generate(Way::ToUplink, flows);
        self.generate(Way::ToDevices, flows);
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
