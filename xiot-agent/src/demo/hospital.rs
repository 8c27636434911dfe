//! The ward: who is there and how they are connected.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};

use super::server;
use crate::netns::{
    NetnsError,
    link::{End, Mac, veth},
    namespace::Namespace,
    offload::receive_redirected,
    process::Running,
    scratch::Scratch,
};

/// What is built, for people.
pub(super) const PICTURE: &str = "
  pump      10.30.1.12 --+                +-----------+
  monitor   10.30.1.20 --+-- switch ------|  gateway  |            +-- server       10.20.8.11
  intruder  10.30.1.66 --+   (ward-3)     |   xiot    |--- core ---+-- workstation  10.20.5.21
                                          |           |            +-- scanner      10.20.66.6
  ventilator 10.40.1.30 ------ (ward-4) --+-----------+
";

/// Wires of the gateway: name, port towards the devices, port towards the core.
pub(super) const WIRES: [(&str, &str, &str); 2] =
    [("ward-3", "ward3", "core3"), ("ward-4", "ward4", "core4")];

/// The interface of a host.
pub(super) const HOST_PORT: &str = "eth0";

/// Port of the core router towards ward 3.
pub(super) const CORE_WARD_3: &str = "ward3";
/// Its MAC: where devices of ward 3 send what is not for their own network.
pub(super) const CORE_WARD_3_MAC: [u8; 6] = [0x02, 0x01, 0, 0, 0, 3];

const MTU: u32 = 1500;

/// A host with one interface.
#[derive(Debug)]
pub(super) struct Host {
    /// What people call it.
    pub(super) label: &'static str,
    /// Where it lives.
    pub(super) namespace: Namespace,
    /// MAC of [`HOST_PORT`].
    pub(super) mac: [u8; 6],
    /// Its address.
    pub(super) address: Ipv4Addr,
}

impl Host {
    /// Its MAC as text.
    pub(super) fn mac_text(&self) -> String {
        Mac(self.mac).to_string()
    }
}

/// The hospital. Everything goes when it is dropped, servers first.
#[derive(Debug)]
pub(super) struct Hospital {
    servers: Vec<Running>,
    /// An infusion pump. It also answers on ports that nobody but biomed should reach.
    pub(super) pump: Host,
    /// A patient monitor.
    pub(super) monitor: Host,
    /// Somebody's laptop on the ward's switch.
    pub(super) intruder: Host,
    /// A ventilator in another ward, behind the gateway's other wire.
    pub(super) ventilator: Host,
    /// The pumps' server.
    pub(super) server: Host,
    /// A workstation: biomed's, and where monitors send their readings.
    pub(super) workstation: Host,
    /// A foothold of an attacker in the core network.
    pub(super) scanner: Host,
    switch: Namespace,
    /// Routes between the wards and the core network.
    pub(super) core: Namespace,
    /// Where the agent runs.
    pub(super) gateway: Namespace,
    /// Its files and pins.
    pub(super) scratch: Scratch,
    /// Whether what is started in it must outlive the demo.
    pub(super) lasting: bool,
}

impl Hospital {
    /// Builds the ward. Nothing connects it with the core network before the agent runs.
    pub(super) fn build(prefix: &str, lasting: bool) -> Result<Self> {
        let namespace = |label: &str| Namespace::create(&format!("{prefix}-{label}"));
        let host = |label, mac, [a, b, c, d]: [u8; 4]| {
            Ok::<_, NetnsError>(Host {
                label,
                namespace: namespace(label)?,
                mac,
                address: Ipv4Addr::new(a, b, c, d),
            })
        };
        let mut hospital = Self {
            servers: Vec::new(),
            pump: host("pump", [0x00, 0x03, 0xb1, 0, 0x00, 0x12], [10, 30, 1, 12])?,
            monitor: host(
                "monitor",
                [0x00, 0x09, 0xfb, 0, 0x00, 0x20],
                [10, 30, 1, 20],
            )?,
            intruder: host("intruder", [0x02, 0x66, 0, 0, 0x00, 0x66], [10, 30, 1, 66])?,
            ventilator: host(
                "ventilator",
                [0x00, 0x30, 0xe6, 0, 0x00, 0x30],
                [10, 40, 1, 30],
            )?,
            server: host("server", [0x02, 0x20, 0, 0, 0x08, 0x11], [10, 20, 8, 11])?,
            workstation: host(
                "workstation",
                [0x02, 0x20, 0, 0, 0x05, 0x21],
                [10, 20, 5, 21],
            )?,
            scanner: host("scanner", [0x02, 0x20, 0, 0, 0x66, 0x06], [10, 20, 66, 6])?,
            switch: namespace("switch")?,
            core: namespace("core")?,
            gateway: namespace("gateway")?,
            scratch: Scratch::create(prefix)?,
            lasting,
        };
        hospital.connect_wards()?;
        hospital.connect_core()?;
        hospital.open_services()?;
        Ok(hospital)
    }

    /// Leaves everything behind when dropped.
    pub(super) fn keep(&mut self) {
        self.servers.iter_mut().for_each(Running::keep);
        for namespace in self.namespaces() {
            namespace.keep();
        }
        self.scratch.keep();
    }

    fn hosts(&self) -> [&Host; 7] {
        [
            &self.pump,
            &self.monitor,
            &self.intruder,
            &self.ventilator,
            &self.server,
            &self.workstation,
            &self.scanner,
        ]
    }

    fn namespaces(&self) -> Vec<&Namespace> {
        let mut all = vec![&self.switch, &self.core, &self.gateway];
        all.extend(self.hosts().map(|host| &host.namespace));
        all
    }

    /// Ward 3 is a switch whose ports do not talk to each other, so that everything goes by the gateway;
    /// ward 4 is one device.
    fn connect_wards(&self) -> Result<(), NetnsError> {
        let devices = [&self.pump, &self.monitor, &self.intruder];
        for (host, last) in devices.into_iter().zip(1..) {
            plug(host, &self.switch, host.label, last)?;
        }
        let [(_, ward_3, core_3), (_, ward_4, core_4)] = WIRES;
        let gateway = |interface, last| End {
            namespace: &self.gateway,
            interface,
            mac: [0x02, 0xff, 0, 0, 0, last],
        };
        let end = |namespace, interface, mac| End {
            namespace,
            interface,
            mac,
        };
        veth(
            [
                gateway(ward_3, 1),
                end(&self.switch, "gateway", [0x02, 0x02, 0, 0, 0, 9]),
            ],
            MTU,
        )?;
        veth(
            [
                gateway(core_3, 2),
                end(&self.core, CORE_WARD_3, CORE_WARD_3_MAC),
            ],
            MTU,
        )?;
        veth(
            [
                gateway(core_4, 4),
                end(&self.core, "ward4", [0x02, 0x01, 0, 0, 0, 4]),
            ],
            MTU,
        )?;
        let ventilator = &self.ventilator;
        veth(
            [
                gateway(ward_4, 3),
                end(&ventilator.namespace, HOST_PORT, ventilator.mac),
            ],
            MTU,
        )?;
        for (namespace, interface) in [
            (&self.switch, "gateway"),
            (&self.core, CORE_WARD_3),
            (&self.core, "ward4"),
            (&self.ventilator.namespace, HOST_PORT),
        ] {
            receive_redirected(namespace, interface)?;
        }
        for (_, device, uplink) in WIRES {
            self.gateway.silence(device)?;
            self.gateway.silence(uplink)?;
        }
        let ports = devices.map(|host| host.label);
        self.switch
            .bridge("sw0", &["gateway", ports[0], ports[1], ports[2]])?;
        ports
            .iter()
            .try_for_each(|port| self.switch.isolate(port))?;
        self.ventilator.settle(16, Ipv4Addr::new(10, 40, 0, 1))?;
        devices
            .iter()
            .try_for_each(|host| host.settle(16, Ipv4Addr::new(10, 30, 0, 1)))
    }

    fn connect_core(&self) -> Result<(), NetnsError> {
        let hosts = [&self.server, &self.workstation, &self.scanner];
        for (host, last) in hosts.into_iter().zip(0x10..) {
            plug(host, &self.core, host.label, last)?;
        }
        let ports = hosts.map(|host| host.label);
        self.core.bridge("campus", &ports)?;
        for (interface, address) in [
            ("campus", "10.20.0.1/16"),
            (CORE_WARD_3, "10.30.0.1/16"),
            ("ward4", "10.40.0.1/16"),
        ] {
            self.core.address(interface, address)?;
            self.core.silence(interface)?;
        }
        self.core.set("ipv4/ip_forward", "1")?;
        hosts
            .iter()
            .try_for_each(|host| host.settle(16, Ipv4Addr::new(10, 20, 0, 1)))
    }

    /// What answers where. Every device also has something open that nobody asked for, as devices do.
    fn open_services(&mut self) -> Result<()> {
        let mut servers = Vec::new();
        for (host, ports) in [
            (&self.server, &[3613_u16, 5000][..]),
            (&self.workstation, &[2575, 445]),
            (&self.pump, &[8000, 23]),
            (&self.ventilator, &[445]),
        ] {
            servers.push(
                server::start(host, ports, self.lasting)
                    .with_context(|| format!("could not start the services of {}", host.label))?,
            );
        }
        self.servers = servers;
        Ok(())
    }
}

/// Connects a host with a port of a switch, named after the host.
fn plug(host: &Host, switch: &Namespace, port: &str, last: u8) -> Result<(), NetnsError> {
    let end = End {
        namespace: &host.namespace,
        interface: HOST_PORT,
        mac: host.mac,
    };
    let port = End {
        namespace: switch,
        interface: port,
        mac: [0x02, 0x02, 0, 0, 0, last],
    };
    veth([end, port], MTU)
}

impl Host {
    fn settle(&self, length: u8, router: Ipv4Addr) -> Result<(), NetnsError> {
        self.namespace.silence(HOST_PORT)?;
        self.namespace
            .address(HOST_PORT, &format!("{}/{length}", self.address))?;
        self.namespace
            .ip(&format!("route add default via {router}"))
    }
}
