//! A port scan from the uplink: what an attacker learns about a device.

use xiot_tests::net::{
    gateway::Gateway,
    rig::{HOST_PORT, Host, Rig},
    traffic::EchoServer,
};

use crate::{AGENT, gateway, policy};

/// What nmap says about each port: (port, state).
fn scan(from: &Host, to: &Host, technique: &str, ports: &str) -> Vec<(u16, String)> {
    let output = from
        .namespace
        .command("nmap")
        .unwrap()
        .args([
            technique,
            "-Pn",
            "-n",
            "-T5",
            "--max-retries",
            "1",
            "-oG",
            "-",
        ])
        .args(["-e", HOST_PORT, "-p", ports, &to.v4.to_string()])
        .output()
        .unwrap_or_else(|error| panic!("nmap: {error} (cargo xtask setup installs it)"));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    let list = text.lines().find_map(|line| line.split_once("Ports: "));
    let Some((_, list)) = list else {
        return Vec::new();
    };
    let list = list.split('\t').next().unwrap_or_default();
    list.split(", ")
        .map(|entry| {
            let mut fields = entry.split('/');
            let port = fields.next().and_then(|port| port.trim().parse().ok());
            (port.unwrap(), fields.next().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn a_syn_scan_finds_the_allowed_ports_and_nothing_else() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    // Open on the device, but not for the server to reach; and one that it may reach.
    let _hidden = EchoServer::start(&rig.device, rig.device.v4.into(), 22);
    let _shown = EchoServer::start(&rig.device, rig.device.v4.into(), 8000);
    let found = scan(&rig.uplink, &rig.device, "-sS", "20-30,8000-8001,8010-8020");
    let state = |port| {
        let (_, state) = found.iter().find(|(p, _)| *p == port)?;
        Some(state.as_str())
    };
    assert_eq!(state(8000), Some("open"), "{found:?}");
    assert_eq!(state(8001), Some("closed"), "{found:?}");
    for port in (20..=30).chain(8010..=8020) {
        assert_eq!(state(port), Some("filtered"), "{port} in {found:?}");
    }
    assert!(gateway.frames("dropped", "no_port") >= 22);
}

#[test]
fn scans_that_open_nothing_get_nothing_back() {
    for technique in ["-sF", "-sX", "-sA", "-sN"] {
        let rig = Rig::new();
        // In the grace period an ACK from who may open a conversation picks one up.
        let gateway = Gateway::start_configured(&rig, AGENT, policy::PUMP, "grace: 0s\n", &[]);
        let _open = EchoServer::start(&rig.device, rig.device.v4.into(), 8000);
        let found = scan(&rig.uplink, &rig.device, technique, "20-25,8000-8001");
        // nmap leaves ports of a common state out of its list: whatever it names must be filtered.
        let unfiltered: Vec<_> = found
            .iter()
            .filter(|(_, state)| !["filtered", "open|filtered"].contains(&&**state))
            .collect();
        assert!(unfiltered.is_empty(), "{technique}: {unfiltered:?}");
        let reason = if technique == "-sA" {
            "tcp_no_flow"
        } else {
            "bad_tcp_flags"
        };
        assert!(gateway.frames("dropped", reason) >= 8, "{technique}");
        assert_eq!(
            gateway.frames("forwarded", "allowed_rule"),
            0,
            "{technique}"
        );
    }
}
