//! The kernel's own ways to forward: a bridge, or routes, with or without a filter.

use xiot_agent::netns::offload::receive_redirected;
use xiot_tests::net::rig::{DEVICE_PORT, Rig, UPLINK_PORT};

use super::nft::{self, Filter};
use crate::site::Site;

/// A bridge between both ports.
pub(crate) fn bridge(rig: &Rig, filter: Option<Filter>, site: &Site) {
    take_redirected(rig);
    rig.bridge();
    if let Some(filter) = filter {
        nft::load(&rig.gateway, "bridge", filter, site);
    }
}

/// Routes between both ports, through one neighbour on each side.
pub(crate) fn route(rig: &Rig, filter: Option<Filter>, site: &Site) {
    take_redirected(rig);
    rig.gateway
        .set("ipv4/ip_forward", "1")
        .expect("it can be set");
    let sides = [
        (
            DEVICE_PORT,
            "169.254.1.1",
            "10.0.0.0/9",
            rig.device.mac_text(),
        ),
        (
            UPLINK_PORT,
            "169.254.2.1",
            "10.128.0.0/9",
            rig.uplink.mac_text(),
        ),
    ];
    for (port, neighbour, network, mac) in sides {
        let script = format!(
            "neigh replace {neighbour} lladdr {mac} dev {port} nud permanent\nroute add {network} via {neighbour} dev {port} onlink"
        );
        for line in script.lines() {
            rig.gateway.ip(line).expect("a route");
        }
        rig.gateway
            .set(&format!("ipv4/conf/{port}/rp_filter"), "0")
            .expect("it can be set");
    }
    if let Some(filter) = filter {
        nft::load(&rig.gateway, "inet", filter, site);
    }
}

fn take_redirected(rig: &Rig) {
    for port in [DEVICE_PORT, UPLINK_PORT] {
        receive_redirected(&rig.gateway, port).expect("veth");
    }
}
