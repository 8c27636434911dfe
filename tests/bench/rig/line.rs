//! A gateway of one kind between a sender and a receiver.

use std::{
    fs,
    time::{Duration, Instant},
};

use xiot_agent::netns::link::Mac;
use xiot_tests::net::rig::{HOST_PORT, Host, PORT_MACS, Rig};

use super::{
    frames::CORE,
    gateway::{Gateway, Kind},
    programs::{Attached, attach},
    sender::{Sender, Traffic},
    site::Site,
};

/// How long frames may be on their way.
const PATIENCE: Duration = Duration::from_secs(2);

/// A gateway at work.
pub(crate) struct Line {
    pub(crate) kind: Kind,
    rig: Rig,
    gateway: Gateway,
    ways: [u32; 2],
    ends: Vec<Attached>,
}

/// What came of some frames.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passage {
    /// From the first made to the last gone, on one CPU.
    pub(crate) took: Duration,
    /// How many arrived.
    pub(crate) came: u64,
}

impl Line {
    pub(crate) fn build(kind: Kind, site: &Site, sender: &mut Sender) -> Self {
        let rig = Rig::new();
        rig.quiet();
        let hosts = [&rig.device, &rig.uplink];
        let ends = hosts.map(|host| attach(&host.namespace, "receive", HOST_PORT, None));
        Self::between(kind, site, sender, rig, ends.into())
    }

    /// The same between hosts with a kernel that answers: those of the site's first conversation.
    pub(crate) fn with_hosts(kind: Kind, site: &Site, sender: &mut Sender) -> Self {
        let rig = Rig::new();
        rig.quiet();
        let flow = site.flow(0);
        let ends = [
            (
                &rig.device,
                Mac(flow.mac),
                flow.device,
                Mac(CORE),
                flow.peer,
            ),
            (
                &rig.uplink,
                Mac(CORE),
                flow.peer,
                Mac(flow.mac),
                flow.device,
            ),
        ];
        for (host, mac, address, other_mac, other) in ends {
            for line in [
                format!("link set {HOST_PORT} address {mac}"),
                format!("address add {address}/8 dev {HOST_PORT}"),
                format!("neigh replace {other} lladdr {other_mac} dev {HOST_PORT} nud permanent"),
            ] {
                host.ip(&line);
            }
        }
        Self::between(kind, site, sender, rig, Vec::new())
    }

    fn between(
        kind: Kind,
        site: &Site,
        sender: &mut Sender,
        rig: Rig,
        ends: Vec<Attached>,
    ) -> Self {
        let hosts = [&rig.device, &rig.uplink];
        let ways = hosts.map(|host| sender.add_way(&host.namespace, HOST_PORT));
        let gateway = Gateway::start(kind, &rig, site, sender.flows());
        Self {
            kind,
            rig,
            gateway,
            ways,
            ends,
        }
    }

    /// Sends frames through it.
    pub(crate) fn send(&self, sender: &mut Sender, traffic: Traffic, frames: u32) -> Passage {
        let is_reply = matches!(traffic, Traffic::Answers(_) | Traffic::Replies(_));
        let side = usize::from(is_reply);
        let receiver = self.kind.is_router().then(|| PORT_MACS[side]);
        let before = self.received(1 - side);
        let took = sender.send(traffic, Some(self.ways[side]), receiver, frames);
        let deadline = Instant::now() + PATIENCE;
        let wanted = if self.kind.lets_pass(traffic) {
            frames
        } else {
            0
        };
        let mut came = self.received(1 - side) - before;
        while came < wanted.into() && Instant::now() < deadline {
            came = self.received(1 - side) - before;
        }
        Passage { took, came }
    }

    /// The same where it does not matter what arrives.
    pub(crate) fn send_any(&self, sender: &mut Sender, traffic: Traffic, frames: u32) {
        sender.send(traffic, Some(self.ways[0]), None, frames);
    }

    /// Has both sides speak once in every conversation, few at a time as it is in life.
    pub(crate) fn open(&self, sender: &mut Sender, flows: u32) {
        const AT_A_TIME: u32 = 1 << 15;
        let mut left = flows;
        while left > 0 {
            let frames = left.min(AT_A_TIME);
            for traffic in [Traffic::Opening(flows), Traffic::Answers(flows)] {
                let passage = self.send(sender, traffic, frames);
                self.check(traffic, passage, frames);
            }
            left -= frames;
        }
    }

    /// Forgets what was opened. New conversations begin from the first again, so that they are never the ones of others.
    pub(crate) fn forget(&self, sender: &mut Sender) {
        self.gateway.forget(&self.rig);
        sender.rewind(Traffic::Fresh, Some(self.ways[0]));
    }

    /// Tries what the kind promises before anything of it is measured.
    pub(crate) fn prove(&self, sender: &mut Sender) {
        const FEW: u32 = 16;
        for traffic in [
            Traffic::Denied,
            Traffic::Unknown,
            Traffic::Opening(FEW),
            Traffic::Answers(FEW),
            Traffic::Fresh,
            Traffic::Denied,
        ] {
            let passage = self.send(sender, traffic, FEW);
            self.check(traffic, passage, FEW);
        }
        self.forget(sender);
    }

    fn check(&self, traffic: Traffic, passage: Passage, frames: u32) {
        let expected = if self.kind.lets_pass(traffic) {
            frames
        } else {
            0
        };
        assert_eq!(
            passage.came,
            u64::from(expected),
            "{} of {frames} frames ({traffic:?}) pass {}; expected: {expected}. {}",
            passage.came,
            self.kind.name(),
            self.gateway.account()
        );
    }

    /// The device's host is 0, the core's 1.
    pub(crate) fn host(&self, side: usize) -> &Host {
        [&self.rig.device, &self.rig.uplink][side]
    }

    /// Frames of a generator that a host has received so far.
    fn received(&self, side: usize) -> u64 {
        let host = self.host(side);
        let read = || fs::read_to_string("/proc/thread-self/net/dev");
        let table = host.namespace.run(read).expect("the namespace is there");
        let table = table.expect("/proc is there");
        let mut rows = table.lines().map(str::trim_start);
        let row = rows.find_map(|row| row.strip_prefix(HOST_PORT)?.strip_prefix(':'));
        let mut numbers = row.expect("the interface is there").split_whitespace();
        let all: u64 = numbers.nth(1).expect("a column").parse().expect("a number");
        all - self.ends.get(side).map_or(0, Attached::strays)
    }
}
