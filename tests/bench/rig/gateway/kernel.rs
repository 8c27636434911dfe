//! The kernel's own ways to forward: a bridge, or routes, with or without a filter.

use xiot_agent::netns::offload::receive_redirected;
use xiot_tests::net::rig::{DEVICE_PORT, Rig, UPLINK_PORT};

use super::{Filter, ipset, nft};
use crate::rig::{frames::Family, site::Site};

/// A bridge between both ports. What keeps state does so by `br_netfilter`, which kernels have that are built without
/// conntrack for bridges.
pub(crate) fn bridge(rig: &Rig, filter: Filter, site: &Site) {
    take_redirected(rig);
    rig.bridge();
    let by_ip = matches!(filter, Filter::Stateful | Filter::Ipset);
    for setting in ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] {
        // Where there is none, nothing is called.
        let set = rig
            .gateway
            .set(&format!("bridge/{setting}"), if by_ip { "1" } else { "0" });
        assert!(set.is_ok() || !by_ip, "br_netfilter is needed: {set:?}");
    }
    load(rig, if by_ip { "inet" } else { "bridge" }, filter, site);
}

/// Routes between both ports, through one neighbour on each side.
pub(crate) fn route(rig: &Rig, filter: Filter, site: &Site) {
    take_redirected(rig);
    let set = |setting: &str, value: &str| {
        rig.gateway.set(setting, value).expect("it can be set");
    };
    set("ipv4/ip_forward", "1");
    let is_v6 = site.family == Family::Ipv6;
    let sides = [
        (DEVICE_PORT, "1", "0", rig.device.mac_text()),
        (UPLINK_PORT, "2", "128", rig.uplink.mac_text()),
    ];
    for (port, number, network, mac) in sides {
        if is_v6 {
            set(&format!("ipv6/conf/{port}/disable_ipv6"), "0");
        }
        set(&format!("ipv4/conf/{port}/rp_filter"), "0");
        let (neighbour, network) = if is_v6 {
            let high = if network == "0" { "0a00" } else { "0a80" };
            (format!("fe80::{number}"), format!("fd00::{high}:0/105"))
        } else {
            (format!("169.254.{number}.1"), format!("10.{network}.0.0/9"))
        };
        for line in [
            format!("neigh replace {neighbour} lladdr {mac} dev {port} nud permanent"),
            format!("route add {network} via {neighbour} dev {port} onlink"),
        ] {
            rig.gateway.ip(&line).expect("a route");
        }
    }
    if is_v6 {
        set("ipv6/conf/all/forwarding", "1");
    }
    load(rig, "inet", filter, site);
}

/// Ends all conversations.
pub(crate) fn forget(rig: &Rig) {
    let conntrack = rig.gateway.command("conntrack");
    let mut conntrack = conntrack.expect("the namespace is there");
    let done = conntrack.args(["--flush"]).output().expect("it is there");
    assert!(done.status.success(), "{done:?}");
}

fn load(rig: &Rig, family: &str, filter: Filter, site: &Site) {
    match filter {
        Filter::Open => return,
        Filter::Stateless | Filter::Stateful => {
            nft::load(&rig.gateway, family, filter, site);
        }
        Filter::Ipset => ipset::load(&rig.gateway, site),
    }
    // Flows that pause while others are measured shall not end.
    for timeout in ["udp_timeout", "udp_timeout_stream"] {
        rig.gateway
            .set(&format!("netfilter/nf_conntrack_{timeout}"), "3600")
            .expect("it can be set");
    }
}

fn take_redirected(rig: &Rig) {
    for port in [DEVICE_PORT, UPLINK_PORT] {
        receive_redirected(&rig.gateway, port).expect("veth");
    }
}
