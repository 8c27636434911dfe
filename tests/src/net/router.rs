//! The topology of a gateway that routes: two segments, of which one has two devices behind a switch, and a server.
//!
//! ```text
//!  pump ────┐
//!  monitor ─┴─ switch ── [seg0] gateway [up0] ── server
//!  scanner ───────────── [seg1]
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

use xiot_agent::netns::{
    NetnsError,
    link::{End, Mac, veth},
    name::{next_number, of_run},
    namespace::Namespace,
    offload::receive_redirected,
    scratch::Scratch,
    sweep::sweep,
};

use super::{
    gateway::{Lines, Place},
    rig::{HOST_PORT, Host},
};

/// Port of the gateway towards the pump and the monitor.
pub const SEGMENT_PORTS: [&str; 2] = ["seg0", "seg1"];
/// Port of the gateway towards the server.
pub const ROUTER_PORT: &str = "up0";

/// Networks of both segments and of the server: third byte in IPv4, second group in IPv6.
const NETWORKS: [u8; 3] = [40, 50, 60];

/// The topology. Everything goes when it is dropped.
#[derive(Debug)]
pub struct RouterRig {
    /// On the first segment.
    pub pump: Host,
    /// Likewise.
    pub monitor: Host,
    /// On the second one.
    pub scanner: Host,
    /// Behind the router uplink.
    pub server: Host,
    /// The gateway.
    pub gateway: Namespace,
    /// MACs of its ports: both segments', and the uplink's.
    pub ports: [[u8; 6]; 3],
    switch: Namespace,
    scratch: Scratch,
}

impl RouterRig {
    /// Builds the topology. The gateway forwards; nothing judges yet.
    pub fn new() -> Self {
        Self::build().unwrap_or_else(|error| {
            panic!("could not build the topology (tests need root and iproute2): {error:?}")
        })
    }

    fn build() -> Result<Self, NetnsError> {
        sweep()?;
        let number = next_number();
        let namespace = |label| Namespace::create(&of_run(number, label));
        let host = |label, network: u8, last: u8| {
            Ok::<_, NetnsError>(Host {
                namespace: namespace(label)?,
                mac: [0x02, 0, 0, 0, network, last],
                v4: Ipv4Addr::new(10, network, 1, last),
                v6: v6(network, last),
            })
        };
        let [first, second, core] = NETWORKS;
        let rig = Self {
            pump: host("pump", first, 12)?,
            monitor: host("monitor", first, 13)?,
            scanner: host("scanner", second, 14)?,
            server: host("server", core, 20)?,
            gateway: namespace("gateway")?,
            ports: NETWORKS.map(|network| [0x02, 0, 0, 0, network, 1]),
            switch: namespace("switch")?,
            scratch: Scratch::create(&of_run(number, "scratch"))?,
        };
        let switch = &rig.switch;
        rig.lay(
            &rig.gateway,
            SEGMENT_PORTS[0],
            rig.ports[0],
            switch,
            "gateway",
            None,
        )?;
        rig.lay(
            switch,
            "pump",
            rig.ports[0],
            &rig.pump.namespace,
            HOST_PORT,
            Some(&rig.pump),
        )?;
        rig.lay(
            switch,
            "monitor",
            rig.ports[0],
            &rig.monitor.namespace,
            HOST_PORT,
            Some(&rig.monitor),
        )?;
        switch.bridge("br0", &["gateway", "pump", "monitor"])?;
        for (port, mac, host) in [
            (SEGMENT_PORTS[1], rig.ports[1], &rig.scanner),
            (ROUTER_PORT, rig.ports[2], &rig.server),
        ] {
            rig.lay(
                &rig.gateway,
                port,
                mac,
                &host.namespace,
                HOST_PORT,
                Some(host),
            )?;
        }
        for (port, network) in SEGMENT_PORTS.into_iter().chain([ROUTER_PORT]).zip(NETWORKS) {
            rig.gateway.address(port, &format!("10.{network}.1.1/24"))?;
            rig.gateway
                .address(port, &format!("{}/64", v6(network, 1)))?;
        }
        rig.gateway.set("ipv4/ip_forward", "1")?;
        rig.gateway.set("ipv6/conf/all/forwarding", "1")?;
        for (host, network) in [
            (&rig.pump, first),
            (&rig.monitor, first),
            (&rig.scanner, second),
            (&rig.server, core),
        ] {
            host.namespace
                .address(HOST_PORT, &format!("{}/24", host.v4))?;
            host.namespace
                .address(HOST_PORT, &format!("{}/64", host.v6))?;
            host.namespace.ip(&format!(
                "route add default via 10.{network}.1.1\nroute add default via {}",
                v6(network, 1)
            ))?;
        }
        Ok(rig)
    }

    /// Lays a cable from a gateway or switch to what is there.
    fn lay(
        &self,
        near: &Namespace,
        port: &str,
        mac: [u8; 6],
        far: &Namespace,
        interface: &str,
        host: Option<&Host>,
    ) -> Result<(), NetnsError> {
        let switched = near.name() != self.gateway.name();
        let near_mac = if switched {
            [0x02, 0, 0, 0, 0xaa, host.map_or(0, |host| host.mac[5])]
        } else {
            mac
        };
        let far_mac = host.map_or([0x02, 0, 0, 0, 0xaa, 0xff], |host| host.mac);
        let ends = [
            End {
                namespace: near,
                interface: port,
                mac: near_mac,
            },
            End {
                namespace: far,
                interface,
                mac: far_mac,
            },
        ];
        veth(ends, 1500)?;
        receive_redirected(far, interface)
    }

    /// MAC of a port as text.
    pub fn port_mac(&self, port: usize) -> String {
        Mac(self.ports[port]).to_string()
    }
}

impl Default for RouterRig {
    fn default() -> Self {
        Self::new()
    }
}

impl Place for RouterRig {
    fn gateway(&self) -> &Namespace {
        &self.gateway
    }

    fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    fn wires(&self, _lines: Lines<'_>) -> String {
        format!(
            "router:\n  uplinks: [{ROUTER_PORT}]\n  segments:\n    - {{name: ward-7, device: {}}}\n    - {{name: ward-8, \
             device: {}}}\n",
            SEGMENT_PORTS[0], SEGMENT_PORTS[1]
        )
    }
}

/// An IPv6 address on one of the networks.
fn v6(network: u8, last: u8) -> Ipv6Addr {
    let digits = |number: u8| u16::from_str_radix(&number.to_string(), 16).unwrap_or_default();
    Ipv6Addr::new(0xfd00, digits(network), 0, 0, 0, 0, 0, digits(last))
}
