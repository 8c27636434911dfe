//! Devices that are not who they say, and protocols that devices do not speak.

use xiot_tests::{
    frame::{flag::SYN, frame},
    net::rig::HOST_PORT,
};

use crate::{
    attempt::Attempt,
    frames::{OPEN, PUMP, PUMP4, SCANNER, SERVER, SERVER4, SERVER6, STRANGER, server},
    ground::{Deed, by_device, by_uplink, perform},
};

#[test]
fn identities() {
    perform("identities::identities", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("mac-unlisted", unlisted),
    by_device("mac-unlisted-arping", arping),
    by_device("mac-clone-vlan", clone_vlan),
    by_device("mac-clone-address", clone_address),
    by_device("mac-group", group),
    by_uplink("mac-group-in", group_in),
    by_device("arp-malformed", arp_malformed),
    by_uplink("nobody-asked-for", nobody),
    by_uplink("address-asked-for", address),
    by_device("other-protocols", other_protocols),
    by_uplink("other-protocols-in", other_protocols_in),
];

fn unlisted(a: &mut Attempt<'_>) {
    let packet = || frame(STRANGER, SERVER).ip(PUMP4, SERVER4);
    a.lost(packet().udp(48_000, OPEN));
    a.lost(packet().tcp(48_000, OPEN, SYN));
    a.lost(packet().icmp(8, 0, 1));
    let (theirs, server) = ([10, 30, 1, 66].into(), [10, 30, 1, 1].into());
    a.lost(frame(STRANGER, [0xff; 6]).arp(theirs, server));
    a.lost(
        frame(STRANGER, [0x33, 0x33, 0, 0, 0, 2])
            .ip("fe80::1", "ff02::2")
            .icmp(133, 0, 0),
    );
    a.lost(
        frame(STRANGER, [0xff; 6])
            .ip("0.0.0.0", "255.255.255.255")
            .udp(68, 67),
    );
}

fn arping(a: &mut Attempt<'_>) {
    let attacker = a.attacker();
    attacker.ip(&format!(
        "link add rogue0 link {HOST_PORT} address 02:00:00:00:66:66 type macvlan mode private"
    ));
    attacker.namespace.silence("rogue0").unwrap();
    attacker.ip("link set rogue0 up");
    let said = a.tool("arping", "-I rogue0 -D -c 2 -w 1 10.30.1.1");
    assert!(said.contains("Received 0 response"), "{said}");
    a.settle();
    attacker.ip("link delete rogue0");
}

fn clone_vlan(a: &mut Attempt<'_>) {
    let scanner = frame(SCANNER, SERVER);
    for begun in [
        scanner.clone(),
        scanner.clone().tagged(1),
        scanner.tagged(30),
    ] {
        a.lost(begun.ip("10.30.1.14", SERVER4).udp(48_001, OPEN));
    }
    let double = frame(PUMP, SERVER).tagged(20).tagged(20);
    a.lost(double.ip(PUMP4, SERVER4).udp(48_001, OPEN));
}

fn clone_address(a: &mut Attempt<'_>) {
    let own = frame(PUMP, SERVER);
    for source in ["10.30.1.13", "10.30.1.99", "169.254.1.1"] {
        a.lost(own.clone().ip(source, SERVER4).udp(48_002, OPEN));
    }
    a.lost(own.ip("fd00:30::99", SERVER6).udp(48_002, OPEN));
}

fn group(a: &mut Attempt<'_>) {
    for first in [0x03, 0x01, 0xff] {
        let mut mac = PUMP;
        mac[0] = first;
        a.lost(frame(mac, SERVER).ip(PUMP4, SERVER4).udp(48_003, OPEN));
        a.lost(frame(mac, [0xff; 6]).arp([10, 30, 1, 12].into(), [10, 30, 1, 1].into()));
    }
}

fn group_in(a: &mut Attempt<'_>) {
    a.lost(frame([0xff; 6], PUMP).ip(SERVER4, PUMP4).udp(48_004, 8000));
}

fn arp_malformed(a: &mut Attempt<'_>) {
    let arp = frame(PUMP, SERVER).arp([10, 30, 1, 12].into(), [10, 30, 1, 1].into());
    a.lost(arp.build()[..30].to_vec());
    // Another hardware, another protocol, other lengths.
    for (at, value) in [(15, 6), (16, 0x86), (18, 8), (19, 16)] {
        let mut bytes = arp.build();
        bytes[at] = value;
        a.lost(bytes);
    }
}

fn nobody(a: &mut Attempt<'_>) {
    for mac in [STRANGER, [0; 6], SCANNER] {
        a.lost(frame(SERVER, mac).ip(SERVER4, PUMP4).tcp(48_005, 8000, SYN));
    }
}

fn address(a: &mut Attempt<'_>) {
    for address in ["10.30.1.13", "10.30.1.99", "127.0.0.1"] {
        a.lost(
            frame(SERVER, PUMP)
                .ip(SERVER4, address)
                .tcp(48_006, 8000, SYN),
        );
    }
    a.lost(server().tcp(48_006, 23, SYN));
}

fn other_protocols(a: &mut Attempt<'_>) {
    // LLDP, 802.1X, PROFINET, EtherCAT, GOOSE, IPX, ATA over Ethernet, HomePlug, loopback test.
    let types = [
        0x88cc, 0x888e, 0x8892, 0x88a4, 0x88b8, 0x8137, 0x88a2, 0x88e1, 0x9000,
    ];
    for kind in types {
        a.lost(frame(PUMP, SERVER).other(kind, &[0; 46]));
    }
    // NetBIOS over LLC.
    a.lost(frame(PUMP, SERVER).other(46, &[0xf0; 46]));
}

fn other_protocols_in(a: &mut Attempt<'_>) {
    for kind in [0x888e, 0x8892, 0x88a4] {
        a.lost(frame(SERVER, PUMP).other(kind, &[0; 46]));
    }
}
