//! Devices that speak to switches, and MACs that no device has.

use xiot_common::reason::Reason;
use xiot_tests::{
    frame::{Frame, Mac, frame},
    net::rig::HOST_PORT,
};

use super::{ALL, CART, ELSEWHERE, WARD};
use crate::{
    attempt::Attempt,
    bystander::MONITOR,
    frames::{OPEN, PUMP, PUMP4, SCANNER, SERVER, SERVER4, STRANGER, is_for_bridges, pump},
    ground::{Deed, by_device, perform_at},
};

#[test]
fn switches() {
    perform_at(&WARD, "guards::links::switches", SWITCHES);
}

#[test]
fn with_lldp() {
    perform_at(&WARD, "guards::links::with_lldp", WITH_LLDP);
}

const SWITCHES: &[Deed] = &[
    by_device("bpdu-tree", tree),
    by_device("bpdu-tool", by_tool),
    by_device("bpdu-reserved", reserved),
    by_device("bpdu-cisco", cisco),
    by_device("bpdu-tagged", tagged),
    by_device("bpdu-as-ip", as_ip),
    by_device("ethertype-unlisted", unlisted),
    by_device("mac-none", none),
    by_device("mac-elsewhere", elsewhere),
];

const WITH_LLDP: &[Deed] = &[
    by_device("lldp", lldp),
    by_device("lldp-others", others),
    by_device("lldp-length", length),
];

/// 01:80:c2:00:00:00 and up.
const fn bridges(last: u8) -> Mac {
    [0x01, 0x80, 0xc2, 0, 0, last]
}

/// CDP, VTP, DTP, UDLD and `PAgP`; spanning tree per VLAN.
const CISCO: Mac = [0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc];
const CISCO_TREE: Mac = [0x01, 0, 0x0c, 0xcc, 0xcc, 0xcd];

const LLDP: u16 = 0x88cc;
const LACP: u16 = 0x8809;

/// A frame by 802.3: its length, then LLC.
fn llc(source: Mac, destination: Mac, payload: &[u8]) -> Frame {
    let length = u16::try_from(payload.len()).unwrap();
    frame(source, destination).other(length, payload)
}

/// A spanning tree message that wants to be root: version, type, and up to all of it.
fn bpdu(version: u8, kind: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0x42, 0x42, 3, 0, 0, version, kind, 0x3c];
    bytes.extend([0, 0, 2, 0, 0, 0, 0x30, 12, 0, 0, 0, 0]);
    bytes.resize(length, 0);
    bytes
}

fn tree(a: &mut Attempt<'_>) {
    for source in [PUMP, STRANGER, CART] {
        // STP, its change of topology, RSTP, MSTP.
        for (version, kind, length) in [(0, 0, 38), (0, 0x80, 7), (2, 2, 39), (3, 2, 105)] {
            a.lost(llc(source, bridges(0), &bpdu(version, kind, length)));
            // Provider bridges have a tree of their own.
            a.lost(llc(source, bridges(8), &bpdu(version, kind, length)));
        }
    }
}

fn by_tool(a: &mut Attempt<'_>) {
    for attack in [
        "stp -attack 0",
        "stp -attack 1",
        "cdp -attack 0",
        "vtp -attack 0",
        "dtp -attack 0",
    ] {
        let before = a.sent_so_far();
        let how = format!("{attack} -interface {HOST_PORT}");
        let tool = a.start_tool("yersinia", &how);
        xiot_tests::until::until("what yersinia sends", || {
            (a.sent_so_far() > before).then_some(())
        });
        drop(tool);
    }
}

fn reserved(a: &mut Attempt<'_>) {
    // PAUSE, LACP, 802.1X, LLDP, and what else switches keep to themselves.
    for last in 0..16 {
        for kind in [0x8808, LACP, 0x888e, LLDP, 0x88f5, 0x0806 + 1] {
            a.lost(frame(PUMP, bridges(last)).other(kind, &[1; 46]));
        }
    }
}

fn cisco(a: &mut Attempt<'_>) {
    let snap = |protocol: u16| {
        let head = [0xaa, 0xaa, 3, 0, 0, 0x0c].to_vec();
        [head, protocol.to_be_bytes().to_vec(), vec![2; 40]].concat()
    };
    // CDP, VTP, DTP, UDLD, PAgP.
    for protocol in [0x2000, 0x2003, 0x2004, 0x0111, 0x0104] {
        a.lost(llc(PUMP, CISCO, &snap(protocol)));
    }
    // PVST+, untagged and within VLANs.
    a.lost(llc(PUMP, CISCO_TREE, &snap(0x010b)));
    for id in [0, 1, 30] {
        a.lost(frame(PUMP, CISCO_TREE).tagged(id).other(48, &snap(0x010b)));
    }
}

fn tagged(a: &mut Attempt<'_>) {
    for id in [0, 1, 20, 4094] {
        let tree = frame(PUMP, bridges(0)).tagged(id);
        a.lost(tree.other(38, &bpdu(0, 0, 38)));
        a.lost(frame(PUMP, bridges(14)).tagged(id).other(LLDP, &[2; 46]));
    }
    let tree = frame(PUMP, bridges(0)).service_tagged(30).tagged(20);
    a.lost(tree.other(38, &bpdu(0, 0, 38)));
}

fn as_ip(a: &mut Attempt<'_>) {
    for (number, to) in (50_010..).zip([bridges(0), bridges(3), CISCO, CISCO_TREE]) {
        a.lost(frame(PUMP, to).ip(PUMP4, SERVER4).udp(number, OPEN));
        a.lost(frame(PUMP, to).arp([10, 30, 1, 12].into(), [10, 30, 1, 1].into()));
    }
    // In a conversation that there is, which no guard is asked about again.
    a.through(pump().udp(50_001, OPEN));
    a.through(frame(PUMP, bridges(0)).ip(PUMP4, SERVER4).udp(50_001, OPEN));
}

fn unlisted(a: &mut Attempt<'_>) {
    // NetBIOS, IPX, ARP in 802.3, lengths that are none.
    for payload in [[0xf0; 46], [0xe0; 46], [0xff; 46]] {
        a.lost(llc(CART, ALL, &payload));
    }
    let arp = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 6][..], &[0; 38]].concat();
    a.lost(llc(CART, SERVER, &arp));
    for length in [0, 1501, 0x05ff] {
        a.lost(frame(CART, SERVER).other(length, &arp));
    }
    for kind in [0x8892, 0x88b8, 0x88f7, 0x9000, 0x8035, LLDP, LACP] {
        a.lost(frame(CART, SERVER).other(kind, &[0; 46]));
        a.lost(frame(CART, ALL).other(kind, &[0; 46]));
    }
}

fn none(a: &mut Attempt<'_>) {
    for (source, destination) in [
        ([0; 6], SERVER),
        ([0; 6], ALL),
        (PUMP, PUMP),
        (SERVER, SERVER),
    ] {
        let begun = frame(source, destination);
        let invalid = Reason::SourceMacInvalid;
        a.refused(invalid, begun.clone().ip(PUMP4, SERVER4).udp(50_002, OPEN));
        a.refused(
            invalid,
            begun
                .clone()
                .arp([10, 30, 1, 12].into(), [10, 30, 1, 1].into()),
        );
        a.refused(
            invalid,
            begun.clone().tagged(30).ip("fe80::c", "fe80::1").udp(1, 2),
        );
        a.refused(invalid, begun.other(0x88b5, &[0; 46]));
    }
    for first in [0x01, 0x03, 0x33, 0xff] {
        let mut mac = PUMP;
        mac[0] = first;
        a.refused(
            Reason::BadSourceMac,
            frame(mac, SERVER).ip(PUMP4, SERVER4).udp(1, OPEN),
        );
        a.refused(
            Reason::BadSourceMac,
            frame(mac, ALL).other(0x88b5, &[0; 46]),
        );
    }
}

fn elsewhere(a: &mut Attempt<'_>) {
    // Listed on another wire, and on a VLAN: with their own addresses.
    let moved = frame(ELSEWHERE, SERVER);
    a.refused(
        Reason::WrongWire,
        moved.clone().ip("10.30.1.17", SERVER4).udp(50_003, OPEN),
    );
    a.refused(
        Reason::WrongWire,
        moved
            .clone()
            .arp([10, 30, 1, 17].into(), [10, 30, 1, 1].into()),
    );
    a.refused(Reason::WrongWire, moved.other(0x88b5, &[0; 46]));
    // On this wire nobody has that device's address; another's it has not at all.
    a.refused(
        Reason::SourceAddressStolen,
        frame(ELSEWHERE, SERVER)
            .ip("10.30.1.13", SERVER4)
            .udp(1, OPEN),
    );
    a.refused(
        Reason::SourceAddressStolen,
        frame(MONITOR, SERVER).ip(PUMP4, SERVER4).udp(1, OPEN),
    );
    let scanner = frame(SCANNER, SERVER).tagged(20);
    a.refused(
        Reason::SourceAddressStolen,
        scanner.ip(PUMP4, SERVER4).udp(1, OPEN),
    );
}

fn lldp(a: &mut Attempt<'_>) {
    for last in [0, 3, 14] {
        a.through(frame(PUMP, bridges(last)).other(LLDP, &[2; 46]));
        a.through(frame(CART, bridges(last)).other(LLDP, &[2; 46]));
    }
    a.through(frame(CART, bridges(14)).tagged(30).other(LLDP, &[2; 46]));
    assert!(a.arrived.iter().all(|frame| is_for_bridges(frame)));
}

fn others(a: &mut Attempt<'_>) {
    for (source, own) in [(PUMP, PUMP4), (CART, "10.30.1.18")] {
        a.lost(llc(source, bridges(0), &bpdu(0, 0, 38)));
        a.lost(llc(source, CISCO, &[0xaa; 40]));
        for kind in [LACP, 0x888e, LLDP + 1] {
            a.lost(frame(source, bridges(14)).other(kind, &[2; 46]));
        }
        a.lost(frame(source, bridges(14)).ip(own, SERVER4).udp(1, OPEN));
    }
}

fn length(a: &mut Attempt<'_>) {
    // Its type behind LLC and SNAP is no LLDP.
    let inside = [&[0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0xcc][..], &[2; 40]].concat();
    a.lost(llc(PUMP, bridges(14), &inside));
    // Nor is a spanning tree message of that length.
    a.lost(frame(PUMP, bridges(0)).other(38, &bpdu(0, 0, 38)));
}
