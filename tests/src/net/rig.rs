//! The topology of one test: a device, a gateway with one wire, and a host behind the uplink.
//!
//! ```text
//!  device [eth0] ── [dev0] gateway [up0] ── [eth0] uplink
//! ```

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

use xiot_agent::netns::{
    link::{End, Mac, veth},
    name::{next_number, of_run},
    namespace::Namespace,
    offload::receive_redirected,
    packet::PacketSocket,
    scratch::Scratch,
    sweep::sweep,
};

use super::gateway::{Lines, Place};

/// Port of the gateway towards the device.
pub const DEVICE_PORT: &str = "dev0";
/// Port of the gateway towards the uplink.
pub const UPLINK_PORT: &str = "up0";
/// The interface of a host.
pub const HOST_PORT: &str = "eth0";

/// MACs of [`DEVICE_PORT`] and [`UPLINK_PORT`].
pub const PORT_MACS: [[u8; 6]; 2] = [[0x02, 0, 0, 0, 0xff, 0xd0], [0x02, 0, 0, 0, 0xff, 0xe0]];

/// A host with one interface.
#[derive(Debug)]
pub struct Host {
    /// Where it lives.
    pub namespace: Namespace,
    /// MAC of [`HOST_PORT`].
    pub mac: [u8; 6],
    /// Its IPv4 address.
    pub v4: Ipv4Addr,
    /// Its IPv6 address.
    pub v6: Ipv6Addr,
}

impl Host {
    /// Its MAC as text.
    pub fn mac_text(&self) -> String {
        Mac(self.mac).to_string()
    }

    /// Both addresses, IPv4 first.
    pub fn addresses(&self) -> [IpAddr; 2] {
        [self.v4.into(), self.v6.into()]
    }

    /// A raw socket on its interface.
    pub fn packets(&self) -> PacketSocket {
        PacketSocket::open(&self.namespace, HOST_PORT).unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Takes its IPv4 addresses away, for tests in which it gets one from the network.
    pub fn forget_ipv4(&self) {
        let mut ip = self
            .namespace
            .command("ip")
            .unwrap_or_else(|error| panic!("{error:?}"));
        // A script of `ip` takes no options.
        let done = ip
            .args(["-4", "address", "flush", "dev", HOST_PORT])
            .status();
        assert!(
            done.as_ref().is_ok_and(std::process::ExitStatus::success),
            "{done:?}"
        );
    }

    /// Runs a script of `ip` on it.
    pub fn ip(&self, script: &str) {
        self.namespace
            .ip(script)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

/// The topology. Everything goes when it is dropped.
#[derive(Debug)]
pub struct Rig {
    /// The host behind the device port.
    pub device: Host,
    /// The host behind the uplink port.
    pub uplink: Host,
    /// The gateway, with [`DEVICE_PORT`] and [`UPLINK_PORT`].
    pub gateway: Namespace,
    /// Files and pins of the gateway.
    pub scratch: Scratch,
}

impl Rig {
    /// Builds the topology with the usual MTU.
    pub fn new() -> Self {
        Self::with_mtu(1500)
    }

    /// Builds the topology. Nothing forwards between the ports yet.
    pub fn with_mtu(mtu: u32) -> Self {
        Self::build(mtu).unwrap_or_else(|error| {
            panic!("could not build the topology (tests need root and iproute2): {error:?}")
        })
    }

    fn build(mtu: u32) -> Result<Self, xiot_agent::netns::NetnsError> {
        sweep()?;
        let number = next_number();
        let namespace = |label| Namespace::create(&of_run(number, label));
        let host = |label, last: u8| {
            Ok::<_, xiot_agent::netns::NetnsError>(Host {
                namespace: namespace(label)?,
                mac: [0x02, 0, 0, 0, 0x30, last],
                v4: Ipv4Addr::new(10, 30, 1, last),
                v6: Ipv6Addr::new(0xfd00, 0x30, 0, 0, 0, 0, 0, u16::from(last)),
            })
        };
        let rig = Self {
            device: host("device", 12)?,
            uplink: host("uplink", 1)?,
            gateway: namespace("gateway")?,
            scratch: Scratch::create(&of_run(number, "scratch"))?,
        };
        for (host, interface, mac) in [
            (&rig.device, DEVICE_PORT, PORT_MACS[0]),
            (&rig.uplink, UPLINK_PORT, PORT_MACS[1]),
        ] {
            let port = End {
                namespace: &rig.gateway,
                interface,
                mac,
            };
            let end = End {
                namespace: &host.namespace,
                interface: HOST_PORT,
                mac: host.mac,
            };
            veth([port, end], mtu)?;
            rig.gateway.silence(interface)?;
            receive_redirected(&host.namespace, HOST_PORT)?;
            host.namespace
                .address(HOST_PORT, &format!("{}/24", host.v4))?;
            host.namespace
                .address(HOST_PORT, &format!("{}/64", host.v6))?;
        }
        Ok(rig)
    }

    /// Forwards everything by a plain Linux bridge: what the harness must see without xiot, and the
    /// fail-open shape.
    pub fn bridge(&self) {
        self.gateway
            .bridge("br0", &[DEVICE_PORT, UPLINK_PORT])
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Takes both hosts' kernels out of the conversation: they send nothing by themselves and answer
    /// nothing, so that every frame on the wire is one that the test sent.
    pub fn quiet(&self) {
        for host in [&self.device, &self.uplink] {
            host.forget_ipv4();
            host.namespace
                .silence(HOST_PORT)
                .unwrap_or_else(|error| panic!("{error}"));
        }
    }

    /// A file of the gateway.
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }
}

impl Place for Rig {
    fn gateway(&self) -> &Namespace {
        &self.gateway
    }

    fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    fn wires(&self, Lines { wire, wires, .. }: Lines<'_>) -> String {
        format!(
            "wires:\n  - {{name: ward-3, device: {DEVICE_PORT}, uplink: {UPLINK_PORT}{wire}}}\n{wires}"
        )
    }
}

impl Default for Rig {
    fn default() -> Self {
        Self::new()
    }
}
