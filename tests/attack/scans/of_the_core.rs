//! A device scans its own server.

use xiot_tests::net::{rig::Rig, traffic::EchoServer};

use super::{found, nmap, only, rig, run};
use crate::{
    attempt::Attempt,
    bystander::MONITOR,
    frames::{OPEN, destination_port, is_arp, protocol},
    ground::{Deed, by_device, perform_on},
};

#[test]
fn of_the_core() {
    let rig = rig();
    let _servers = servers(&rig);
    perform_on(&rig, "scans::of_the_core::of_the_core", DEEDS);
}

/// One that the device may reach, and one that it may not.
fn servers(rig: &Rig) -> [EchoServer; 2] {
    [OPEN, 22].map(|port| EchoServer::start(&rig.uplink, rig.uplink.v4.into(), port))
}

const DEEDS: &[Deed] = &[
    by_device("core-syn", syn),
    by_device("core-connect", connect),
    by_device("core-udp", udp),
    by_device("core-flags", flags),
    by_device("core-ack", ack),
    by_device("core-syn-fin", syn_fin),
    by_device("core-fragments", fragments),
    by_device("core-fragments-bigger", fragments_bigger),
    by_device("core-decoys", decoys),
    by_device("core-source-port", source_port),
    by_device("core-sctp", sctp),
    by_device("core-protocols", protocols),
    by_device("core-source-route", source_route),
    by_device("core-mac", mac),
    by_device("core-sums", sums),
    by_device("core-sweep", sweep),
];

/// Ports that are scanned.
const PORTS: &str = "20-25,443,445,3613";

fn to_the_open_port(frame: &[u8]) -> bool {
    destination_port(frame) == Some(OPEN)
}

fn syn(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    only(&nmap(a, &format!("-sS -p {PORTS}")), &[OPEN]);
}

fn connect(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    only(&nmap(a, &format!("-sT -p {PORTS}")), &[OPEN]);
}

fn udp(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    let found = nmap(a, "-sU -p 53,69,123,161,514,3613");
    for (port, state) in &found {
        let expected = if *port == OPEN {
            "closed"
        } else {
            "open|filtered"
        };
        assert_eq!(state, expected, "{found:?}");
    }
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

fn syn_fin(a: &mut Attempt<'_>) {
    only(&nmap(a, &format!("-sS --scanflags SYNFIN -p {PORTS}")), &[]);
}

fn fragments(a: &mut Attempt<'_>) {
    only(&nmap(a, &format!("-sS -f -p {PORTS}")), &[]);
}

fn fragments_bigger(a: &mut Attempt<'_>) {
    only(
        &nmap(a, &format!("-sS --mtu 16 --data-length 40 -p {PORTS}")),
        &[],
    );
}

fn decoys(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    let how = format!("-sS -D 10.30.1.50,10.30.1.51,ME -p {PORTS}");
    only(&nmap(a, &how), &[OPEN]);
    assert!(a.none_arrived_from([10, 30, 1, 50]), "a decoy arrived");
}

fn source_port(a: &mut Attempt<'_>) {
    for port in [20, 53, 67, 88] {
        only(&nmap(a, &format!("-sS -g {port} -p 20-25,443,445")), &[]);
    }
}

fn sctp(a: &mut Attempt<'_>) {
    for how in ["-sY", "-sZ"] {
        only(&nmap(a, &format!("{how} -p 80,2905,3613")), &[]);
    }
}

fn protocols(a: &mut Attempt<'_>) {
    a.permit(|frame| protocol(frame) == Some(1));
    let found = nmap(a, "-sO -p 0-5,7-16,18-60,88,89,112,132,255");
    only(&found, &[1]);
}

fn source_route(a: &mut Attempt<'_>) {
    let said = run(
        a,
        &format!("-sS --ip-options L,10.30.1.9 -p {PORTS} {}", a.victim().v4),
    );
    only(&found(&said), &[]);
}

fn mac(a: &mut Attempt<'_>) {
    only(
        &nmap(
            a,
            &format!("-sS --send-eth --spoof-mac 02:00:00:00:66:66 -p {PORTS}"),
        ),
        &[],
    );
}

fn sums(a: &mut Attempt<'_>) {
    a.permit(to_the_open_port);
    only(&nmap(a, &format!("-sS --badsum -p {PORTS}")), &[]);
}

fn sweep(a: &mut Attempt<'_>) {
    a.permit(is_arp);
    let said = a.tool("nmap", "-sn -n -PR 10.30.1.8/29");
    // Itself, and nobody of the core: those who answer ARP are those who are asked.
    assert!(
        !said.contains(&xiot_agent::netns::link::Mac(MONITOR).to_string()),
        "{said}"
    );
}
