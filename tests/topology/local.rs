//! What every host needs before its first conversation: addresses and neighbours, by the real protocols.

use xiot_tests::{
    net::{
        capture::{Capture, arrived},
        dnsmasq::dnsmasq,
        rig::{HOST_PORT, Host, Rig},
        traffic::ping,
    },
    until::until,
};

use crate::{gateway, policy};

/// Runs a DHCP client once; what it said when it got a lease within its tries.
fn lease(host: &Host) -> Option<String> {
    let output = host
        .namespace
        .command("udhcpc")
        .unwrap()
        .args(["-i", HOST_PORT, "-f", "-q", "-n", "-t", "3", "-T", "1"])
        .args(["-s", "/bin/true"])
        .output()
        .unwrap_or_else(|error| panic!("udhcpc: {error} (cargo xtask setup installs it)"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    output.status.success().then_some(said)
}

const RANGE: &str = "--dhcp-range=10.30.1.200,10.30.1.200,255.255.255.0,1h";

#[test]
fn a_device_gets_its_address_from_the_dhcp_server() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    rig.device.forget_ipv4();
    let _server = dnsmasq(&rig.uplink, &[RANGE]);
    let said = until("a lease", || lease(&rig.device));
    assert!(said.contains("10.30.1.200"), "{said}");
    assert!(gateway.frames("forwarded", "allowed_service") >= 4);
}

#[test]
fn only_the_listed_dhcp_server_is_heard() {
    let rig = Rig::new();
    let policy = format!(
        "services:\n  dhcp: {{servers: [10.30.1.2]}}\n{}",
        policy::PUMP.trim_start()
    );
    let gateway = gateway(&rig, &policy);
    rig.device.forget_ipv4();
    let _rogue = dnsmasq(&rig.uplink, &[RANGE]);
    // The rogue answers: its offers reach the gateway, and not the device.
    until("an offer of the rogue server", || {
        assert_eq!(lease(&rig.device), None);
        let drops = [
            "group_denied",
            "wrong_direction",
            "no_peer",
            "no_port",
            "no_protocol",
        ];
        let total: u64 = drops
            .iter()
            .map(|reason| gateway.frames("dropped", reason))
            .sum();
        (total > 0).then_some(())
    });
}

#[test]
fn neighbours_are_found_across_the_wire_in_both_families_and_directions() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::OPEN);
    for (from, to) in [(&rig.device, &rig.uplink), (&rig.uplink, &rig.device)] {
        from.ip(&format!("neighbour flush dev {HOST_PORT}"));
        for address in to.addresses() {
            assert!(ping(from, address), "ping {address}");
        }
    }
    assert!(gateway.frames("forwarded", "allowed_service") >= 4);
    assert_eq!(gateway.frames("dropped", "service_denied"), 0);
}

#[test]
fn a_profile_without_arp_is_not_found() {
    let rig = Rig::new();
    let policy = policy::OPEN.replace("services: [arp, nd, dhcp]", "services: [nd]");
    let gateway = gateway(&rig, &policy);
    assert!(ping(&rig.device, rig.uplink.v6.into()));
    let asked = Capture::start(&rig.uplink);
    let arping = rig
        .device
        .namespace
        .command("arping")
        .unwrap()
        .args(["-c1", "-w1", "-I", HOST_PORT, &rig.uplink.v4.to_string()])
        .output()
        .unwrap_or_else(|error| panic!("arping: {error} (cargo xtask setup installs it)"));
    assert!(!arping.status.success());
    let before = gateway.frames("dropped", "service_denied");
    assert!(before > 0);
    let is_arp = |frame: &[u8]| frame.get(12..14) == Some(&[8, 6]);
    assert!(arrived(&asked.so_far(), is_arp).is_empty());
}

#[test]
fn a_device_forms_its_ipv6_address_from_the_routers_announcement() {
    let rig = Rig::new();
    let gateway = gateway(&rig, policy::PUMP);
    rig.uplink
        .ip(&format!("address add fd00:99::1/64 dev {HOST_PORT} nodad"));
    let _router = dnsmasq(
        &rig.uplink,
        &["--enable-ra", "--dhcp-range=fd00:99::,ra-only,64,1h"],
    );
    // A device that comes up asks for routers.
    rig.device.ip(&format!(
        "link set {HOST_PORT} down\nlink set {HOST_PORT} up"
    ));
    until("an address of the announced prefix", || {
        let output = rig
            .device
            .namespace
            .command("ip")
            .unwrap()
            .args(["-6", "-o", "address", "show", "dev", HOST_PORT])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout)
            .contains("fd00:99:")
            .then_some(())
    });
    assert!(gateway.frames("forwarded", "allowed_service") > 0);
}
