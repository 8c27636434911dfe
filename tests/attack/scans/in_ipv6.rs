//! A device scans its own server in IPv6.

use xiot_tests::net::{
    rig::{HOST_PORT, Host, Rig},
    traffic::EchoServer,
};

use super::{found, only, run};
use crate::{
    attempt::Attempt,
    frames::{OPEN, destination_port},
    ground::{Deed, by_device, perform_on},
};

#[test]
fn in_ipv6() {
    let rig = rig();
    let _servers =
        [OPEN, 22].map(|port| EchoServer::start(&rig.uplink, rig.uplink.v6.into(), port));
    perform_on(&rig, "scans::in_ipv6::in_ipv6", DEEDS);
}

/// Hosts that have IPv6 and know each other.
fn rig() -> Rig {
    let rig = Rig::new();
    for (host, other) in [(&rig.device, &rig.uplink), (&rig.uplink, &rig.device)] {
        host.forget_ipv4();
        know(host, other);
    }
    rig
}

fn know(host: &Host, other: &Host) {
    let (address, mac) = (other.v6, other.mac_text());
    host.ip(&format!(
        "neigh replace {address} lladdr {mac} dev {HOST_PORT} nud permanent"
    ));
}

const DEEDS: &[Deed] = &[
    by_device("six-scan-syn", syn),
    by_device("six-scan-connect", connect),
    by_device("six-scan-udp", udp),
    by_device("six-scan-flags", flags),
    by_device("six-scan-ack", ack),
];

/// Scans these ports of the server in this way; only those are open.
fn scan(a: &Attempt<'_>, how: &str, open: &[u16]) {
    let target = a.victim().v6;
    only(&found(&run(a, &format!("-6 {how} {target}"))), open);
}

/// Ports that are scanned.
const PORTS: &str = "-p 20-25,443,445,3613";

fn to_the_open_port(frame: &[u8]) -> bool {
    destination_port(frame) == Some(OPEN)
}

fn syn(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    scan(a, &format!("-sS {PORTS}"), &[OPEN]);
}

fn connect(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    scan(a, &format!("-sT {PORTS}"), &[OPEN]);
}

fn udp(a: &mut Attempt<'_>) {
    scan(a, "-sU -p 53,123,161,547,5353", &[]);
}

fn flags(a: &mut Attempt<'_>) {
    for how in ["-sF", "-sN", "-sX"] {
        scan(a, &format!("{how} {PORTS}"), &[]);
    }
}

fn ack(a: &mut Attempt<'_>) {
    for how in ["-sA", "-sW", "-sM"] {
        scan(a, &format!("{how} {PORTS}"), &[]);
    }
}
