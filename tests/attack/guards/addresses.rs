//! Addresses that are another's, or nobody's.

use xiot_common::reason::Reason;
use xiot_tests::{
    frame::{Frame, Mac, flag::SYN, frame},
    net::rig::HOST_PORT,
};

use super::{MONITOR4, MONITOR6, SCANNER4, WARD};
use crate::{
    attempt::Attempt,
    frames::{OPEN, PUMP, SCANNER, SERVER, SERVER4, SERVER6, STRANGER, datagram, segment},
    ground::{Deed, by_device, perform_at},
};

#[test]
fn addresses() {
    perform_at(&WARD, "guards::addresses::addresses", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("source-stolen", stolen),
    by_device("source-stolen-six", stolen_six),
    by_device("source-stolen-fragments", fragments),
    by_device("source-stolen-tagged", tagged),
    by_device("source-hping", hping),
    by_device("source-nobodys", nobodys),
    by_device("source-in-conversation", in_conversation),
    by_device("source-group", to_groups),
];

/// One frame of each kind from this address.
fn of_each_kind(link: [Mac; 2], source: &str, destination: &str) -> Vec<Frame> {
    let packet = || frame(link[0], link[1]).ip(source, destination);
    let mut all = vec![
        packet().tcp(51_000, OPEN, SYN),
        packet().tcp(51_000, OPEN, 0x10),
        packet().udp(51_000, OPEN),
        // ESP, IPv4 in IP, what nobody knows.
        packet().protocol(50, &[1; 32]),
        packet().protocol(4, &[0x45; 32]),
        packet().protocol(253, &[1; 32]),
    ];
    let echo = if source.contains(':') { 128 } else { 8 };
    all.push(packet().icmp(echo, 0, 1));
    all
}

fn stolen(a: &mut Attempt<'_>) {
    for sender in [PUMP, STRANGER] {
        for source in [MONITOR4, SERVER4, "10.30.1.15"] {
            for stolen in of_each_kind([sender, SERVER], source, "10.30.1.2") {
                a.lost(stolen);
            }
            // An answer that nobody asked for, an error, a tiny TTL.
            let packet = || frame(sender, SERVER).ip(source, "10.30.1.2");
            a.lost(packet().icmp(0, 0, 1));
            a.lost(packet().icmp(3, 1, 0));
            a.lost(packet().hop_limit(1).udp(51_001, OPEN));
            a.lost(packet().options(&[148, 4, 0, 0]).udp(51_001, OPEN));
        }
    }
}

fn stolen_six(a: &mut Attempt<'_>) {
    for sender in [PUMP, STRANGER] {
        for source in [MONITOR6, SERVER6] {
            for stolen in of_each_kind([sender, SERVER], source, "fd00:30::2") {
                a.lost(stolen);
            }
        }
    }
}

fn fragments(a: &mut Attempt<'_>) {
    for (number, source) in (0..).zip([MONITOR4, SERVER4]) {
        let packet = || {
            frame(PUMP, SERVER)
                .ip(source, "10.30.1.2")
                .identification(number)
        };
        let first = datagram(51_002, OPEN, 600, 512);
        a.lost(packet().fragment(0, true).protocol(17, &first));
        a.lost(packet().fragment(64, false).protocol(17, &[7; 88]));
        a.lost(packet().fragment(64, true).protocol(6, &[7; 88]));
        a.lost(
            packet()
                .fragment(0, true)
                .protocol(6, &segment(51_002, OPEN, SYN, 512)),
        );
    }
    for source in [MONITOR6, SERVER6] {
        let packet = || frame(PUMP, SERVER).ip(source, "fd00:30::2");
        a.lost(
            packet()
                .fragment(0, true)
                .protocol(17, &datagram(51_002, OPEN, 600, 512)),
        );
        a.lost(packet().fragment(64, false).protocol(17, &[7; 88]));
    }
}

fn tagged(a: &mut Attempt<'_>) {
    for (id, source) in [(0, MONITOR4), (1, MONITOR4), (30, SERVER4), (20, SCANNER4)] {
        let packet = frame(PUMP, SERVER).tagged(id).ip(source, "10.30.1.2");
        a.lost(packet.udp(51_003, OPEN));
    }
    let twice = frame(PUMP, SERVER).service_tagged(30).tagged(20);
    a.lost(twice.ip(MONITOR4, "10.30.1.2").udp(51_003, OPEN));
    let listed_there = frame(SCANNER, SERVER).tagged(20);
    a.lost(listed_there.ip(MONITOR4, "10.30.1.2").udp(51_003, OPEN));
}

fn hping(a: &mut Attempt<'_>) {
    let attacker = a.attacker();
    let target = "10.30.1.1";
    attacker.ip(&format!("address add 10.30.1.12/24 dev {HOST_PORT}"));
    attacker.ip(&format!(
        "neigh replace {target} lladdr 02:00:00:00:30:01 dev {HOST_PORT} nud permanent"
    ));
    let ways = ["-S -p 3613", "-2 -p 3613", "-1", "-0 -H 50"];
    std::thread::scope(|scope| {
        for way in ways {
            scope.spawn(move || {
                let how = format!("-n -q -c 3 -i u1000 {way} -a {MONITOR4} {target}");
                let said = crate::attempt::tool(attacker, "hping3", &how);
                assert!(said.contains("3 packets transmitted"), "{way}: {said}");
            });
        }
    });
    attacker.ip(&format!("neigh del {target} dev {HOST_PORT}"));
    attacker.forget_ipv4();
}

fn nobodys(a: &mut Attempt<'_>) {
    for source in [
        "127.0.0.1",
        "127.255.255.254",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
    ] {
        for forged in of_each_kind([PUMP, SERVER], source, SERVER4) {
            a.lost(forged);
        }
    }
    for source in ["::1", "ff02::1", "ff0e::66"] {
        for forged in of_each_kind([PUMP, SERVER], source, SERVER6) {
            a.lost(forged);
        }
    }
    // Fragments of them, and a later one alone.
    let packet = || frame(PUMP, SERVER).ip("127.0.0.1", SERVER4);
    a.lost(
        packet()
            .fragment(0, true)
            .protocol(17, &datagram(51_004, OPEN, 600, 512)),
    );
    a.lost(packet().fragment(64, false).protocol(17, &[7; 88]));
}

fn in_conversation(a: &mut Attempt<'_>) {
    // The monitor's own conversation with the archive, under the pump's MAC and under an unlisted one.
    let port = a.ground.bystander.port;
    for sender in [PUMP, STRANGER] {
        for flags in [0x10, 0x18, 0x04, 0x14, 0x11, SYN] {
            let forged = frame(sender, crate::bystander::ARCHIVE).ip(MONITOR4, "10.30.1.2");
            a.refused(Reason::SourceAddressStolen, forged.tcp(port, 104, flags));
        }
    }
    a.ground.bystander.goes_on();
}

fn to_groups(a: &mut Attempt<'_>) {
    let all = [0xff; 6];
    for (mac, to) in [
        (all, "255.255.255.255"),
        (all, "10.30.1.255"),
        ([1, 0, 0x5e, 0, 0, 0xfb], "224.0.0.251"),
    ] {
        for port in [137, 138, 1900, 5353, 5355] {
            a.lost(frame(PUMP, mac).ip(MONITOR4, to).udp(port, port));
        }
        // Smurf: everybody answers the monitor.
        a.lost(frame(PUMP, mac).ip(MONITOR4, to).icmp(8, 0, 1));
    }
}
