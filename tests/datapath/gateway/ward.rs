//! A device, a gateway and an uplink in namespaces of their own, wired up for one test.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use xiot_agent::{
    datapath::{AttachMode, BringUpError, FailMode, Gateway, Plan, Wire, bring_up},
    netns::{
        link::{End, veth},
        name,
        namespace::Namespace,
        offload,
        packet::PacketSocket,
        scratch::Scratch,
    },
};
use xiot_common::device::Mode;
use xiot_tests::until::patience;

use crate::image::{nobody_listed, small, udp};

/// Wires in three namespaces. The ports are `dev0` and `up0`, `dev1` and `up1` and so on.
pub(crate) struct Ward {
    pub(crate) devices: Namespace,
    pub(crate) gateway: Namespace,
    pub(crate) uplinks: Namespace,
    pub(crate) scratch: Scratch,
    wires: usize,
}

impl Ward {
    /// Lays one wire for each MTU.
    pub(crate) fn with_mtus(mtus: &[u32]) -> Self {
        let number = name::next_number();
        let namespace = |label| {
            Namespace::create(&name::of_run(number, label)).expect("a namespace can be made")
        };
        let ward = Self {
            devices: namespace("dp-dev"),
            gateway: namespace("dp-gw"),
            uplinks: namespace("dp-up"),
            scratch: Scratch::create(&name::of_run(number, "dp")).expect("/run is writable"),
            wires: mtus.len(),
        };
        for (wire, &mtu) in mtus.iter().enumerate() {
            for (outside, port, side) in [(&ward.devices, "dev", 0), (&ward.uplinks, "up", 1)] {
                let end = |namespace, interface, last| End {
                    namespace,
                    interface,
                    mac: [2, 0, u8::try_from(wire).expect("few wires"), side, 0, last],
                };
                let (near, far) = (format!("{port}{wire}"), format!("eth{wire}"));
                veth([end(&ward.gateway, &near, 1), end(outside, &far, 2)], mtu)
                    .expect("a veth pair can be laid");
                ward.gateway.silence(&near).expect("a port can be silenced");
                outside.silence(&far).expect("an end can be silenced");
                offload::receive_redirected(outside, &far).expect("veth has GRO");
            }
        }
        ward
    }

    /// Lays one wire.
    pub(crate) fn new() -> Self {
        Self::with_mtus(&[1500])
    }

    pub(crate) fn pins(&self) -> PathBuf {
        self.scratch.bpf().join("xiot")
    }

    /// Small maps, all wires.
    pub(crate) fn plan(&self, mode: AttachMode) -> Plan {
        let mut options = small();
        options.trace = false;
        Plan {
            wires: (0..self.wires)
                .map(|wire| Wire {
                    name: format!("wire-{wire}"),
                    device: format!("dev{wire}"),
                    uplink: Some(format!("up{wire}")),
                    fail: FailMode::Closed,
                })
                .collect(),
            uplinks: Vec::new(),
            mode,
            pins: self.pins(),
            grace: Duration::ZERO,
            adopt: false,
            settle: Duration::ZERO,
            options,
        }
    }

    /// Brings a plan up, with a policy that forwards everything.
    pub(crate) fn bring_up(&self, plan: &Plan) -> Result<Gateway, BringUpError> {
        self.gateway
            .run(|| bring_up(plan, &nobody_listed(Mode::Monitor, 1)))
            .expect("the namespace can be entered")
    }

    /// Everything that a run may change: flags, offloads and XDP programs of all ports, and pins.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, String> {
        let mut snapshot = BTreeMap::new();
        for wire in 0..self.wires {
            for port in [format!("dev{wire}"), format!("up{wire}")] {
                snapshot.insert(format!("link {port}"), self.link(&port));
                snapshot.insert(format!("features {port}"), self.features(&port));
            }
        }
        snapshot.insert("pins".to_owned(), format!("{:?}", self.pinned()));
        snapshot
    }

    /// What `ip` says about a port, without what changes by itself.
    pub(crate) fn link(&self, port: &str) -> String {
        self.output(&["ip", "-d", "link", "show", "dev", port])
    }

    fn features(&self, port: &str) -> String {
        self.output(&["ethtool", "-k", port])
    }

    fn output(&self, command: &[&str]) -> String {
        let output = self
            .gateway
            .command(command[0])
            .expect("the namespace can be entered")
            .args(&command[1..])
            .output()
            .expect("the program is there");
        String::from_utf8(output.stdout).expect("plain text")
    }

    /// Names in the pin directory; none if there is no directory.
    pub(crate) fn pinned(&self) -> Option<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(self.pins())
            .ok()?
            .map(|entry| entry.expect("it can be listed").file_name())
            .map(|name| name.into_string().expect("plain text"))
            .collect();
        names.sort();
        Some(names)
    }

    /// Id of the XDP program of a port.
    pub(crate) fn program(&self, port: &str) -> Option<u32> {
        let link = self.link(port);
        let (_, rest) = link.split_once("prog/xdp id ")?;
        rest.split_whitespace().next()?.parse().ok()
    }

    /// Sends a frame from the device and asserts that it arrives at the uplink as it is.
    pub(crate) fn assert_forwards(&self, wire: usize) {
        Path::open(self, wire).assert_forwards(&udp());
    }

    /// Runs a script of `ip` in the gateway.
    pub(crate) fn ip(&self, script: &str) {
        self.gateway.ip(script).expect("ip takes the script");
    }

    /// Runs ethtool in a namespace.
    pub(crate) fn ethtool(namespace: &Namespace, arguments: &[&str]) {
        let status = Command::status(
            namespace
                .command("ethtool")
                .expect("the namespace can be entered")
                .args(arguments),
        )
        .expect("ethtool is there");
        assert!(status.success());
    }
}

/// The way of frames from the devices' end of a wire to the uplink's.
pub(crate) struct Path {
    from: PacketSocket,
    to: PacketSocket,
}

impl Path {
    pub(crate) fn open(ward: &Ward, wire: usize) -> Self {
        let interface = format!("eth{wire}");
        Self {
            from: PacketSocket::open(&ward.devices, &interface).expect("a socket"),
            to: PacketSocket::open(&ward.uplinks, &interface).expect("a socket"),
        }
    }

    /// Sends a frame.
    pub(crate) fn send(&self, frame: &[u8]) {
        self.from.send(frame).expect("sent");
    }

    /// Sends a frame and waits for it, byte for byte.
    pub(crate) fn assert_forwards(&self, frame: &[u8]) {
        self.send(frame);
        let deadline = Instant::now() + patience();
        loop {
            let arrived = self.to.receive(deadline).expect("received");
            let arrived = arrived.expect("the frame arrives in time");
            if arrived.bytes.starts_with(frame) {
                return;
            }
        }
    }
}
