//! Somebody in the core scans a device.

use xiot_tests::net::{
    rig::{HOST_PORT, Rig},
    traffic::EchoServer,
};

use super::{nmap, only, rig};
use crate::{
    attempt::Attempt,
    frames::{OPEN, SERVED, destination_port},
    ground::{Deed, by_uplink, perform_on},
};

#[test]
fn of_devices() {
    let rig = rig();
    let _servers = servers(&rig);
    perform_on(&rig, "scans::of_devices::of_devices", DEEDS);
}

/// One that the server may reach, and one that nobody may.
fn servers(rig: &Rig) -> [EchoServer; 2] {
    [SERVED, 22].map(|port| EchoServer::start(&rig.device, rig.device.v4.into(), port))
}

const DEEDS: &[Deed] = &[
    by_uplink("device-syn", syn),
    by_uplink("device-connect", connect),
    by_uplink("device-udp", udp),
    by_uplink("device-flags", flags),
    by_uplink("device-ack", ack),
    by_uplink("device-fragments", fragments),
    by_uplink("device-decoys", decoys),
    by_uplink("device-source-port", source_port),
    by_uplink("device-idle", idle),
    by_uplink("device-protocols", protocols),
];

/// Ports that are scanned.
const PORTS: &str = "20-25,80,443,3613,8000";

fn to_the_open_port(frame: &[u8]) -> bool {
    destination_port(frame) == Some(SERVED)
}

fn syn(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    only(&nmap(a, &format!("-sS -p {PORTS}")), &[SERVED]);
}

fn connect(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    only(&nmap(a, &format!("-sT -p {PORTS}")), &[SERVED]);
}

fn udp(a: &mut Attempt<'_>) {
    only(&nmap(a, "-sU -p 53,69,123,161,514"), &[]);
}

fn flags(a: &mut Attempt<'_>) {
    for how in ["-sF", "-sN", "-sX"] {
        only(&nmap(a, &format!("{how} -p {PORTS}")), &[]);
    }
}

fn ack(a: &mut Attempt<'_>) {
    for how in ["-sA", "-sW", "-sM"] {
        only(&nmap(a, &format!("{how} -p {PORTS}")), &[]);
    }
}

fn fragments(a: &mut Attempt<'_>) {
    only(&nmap(a, &format!("-sS -f -p {PORTS}")), &[]);
}

fn decoys(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    let how = format!("-sS -D 10.30.1.50,10.30.1.51,ME -p {PORTS}");
    only(&nmap(a, &how), &[SERVED]);
    assert!(a.none_arrived_from([10, 30, 1, 50]), "a decoy arrived");
}

fn source_port(a: &mut Attempt<'_>) {
    for port in [53, 104, OPEN] {
        only(&nmap(a, &format!("-sS -g {port} -p 20-25,80,443")), &[]);
    }
}

fn idle(a: &mut Attempt<'_>) {
    let (pump, other) = (a.victim().v4, "10.30.1.50");
    a.attacker().ip(&format!(
        "neigh replace {other} lladdr 02:00:00:00:30:32 dev {HOST_PORT} nud permanent"
    ));
    let said = a.tool(
        "nmap",
        &format!("-Pn -n -p 22 --send-ip -sI {pump}:22 {other}"),
    );
    assert!(said.contains("cannot be used"), "{said}");
}

fn protocols(a: &mut Attempt<'_>) {
    only(&nmap(a, "-sO -p 0-5,7-16,18-60,88,89,112,132,255"), &[]);
}
