//! The same attacks where guards watch: what they say of each frame, and what it does.

use xiot_tests::frame::{Extension, Frame, frame};

use super::{ALL, ALL6, MONITOR4, MONITOR6, Victim, WARD};
use crate::{
    attempt::Attempt,
    bystander::MONITOR,
    frames::{OPEN, PUMP, PUMP4, PUMP6, SERVER, SERVER4, STRANGER, arp, icmp6},
    ground::{Deed, by_device, by_uplink, perform_at},
};

#[test]
fn watched() {
    perform_at(&WARD, "guards::watched::watched", DEEDS);
}

#[test]
fn unwatched() {
    perform_at(&WARD, "guards::watched::unwatched", UNWATCHED);
}

const DEEDS: &[Deed] = &[
    by_device("watched-arp", arp_spoofed),
    by_device("watched-arp-invalid", arp_invalid),
    by_device("watched-nd", nd_spoofed),
    by_device("watched-nd-invalid", nd_invalid),
    by_device("watched-dhcp", dhcp),
    by_device("watched-router", router),
    by_device("watched-bpdu", bpdu),
    by_device("watched-mac", mac),
    by_device("watched-source", source),
    by_device("watched-storm", storm),
    by_uplink("watched-claim", claim),
    by_device("watched-dropped", dropped),
];

const UNWATCHED: &[Deed] = &[
    by_device("off-arp", arp_spoofed),
    by_device("off-nd", nd_spoofed),
    by_device("off-bpdu", bpdu),
    by_uplink("off-claim", claim),
];

/// Last byte of the address of who is attacked in the core, and in the ward.
const IN_CORE: u8 = 5;
const IN_WARD: u8 = 16;

fn arp_spoofed(a: &mut Attempt<'_>) {
    let victim = Victim::beside(&a.ground.rig.uplink, IN_CORE);
    victim.knows(MONITOR4, MONITOR);
    for operation in [1, 2] {
        a.through(arp([PUMP, ALL], operation, (PUMP, MONITOR4), MONITOR4));
    }
    a.settle();
    victim.comes_to_believe(MONITOR4, PUMP);
}

fn arp_invalid(a: &mut Attempt<'_>) {
    a.through(arp([PUMP, ALL], 9, (PUMP, PUMP4), SERVER4));
    a.through(arp([PUMP, ALL], 1, (PUMP, "127.0.0.1"), SERVER4));
}

/// An advertisement of the monitor's address.
fn advertisement(hops: u8, headers: &[Extension]) -> Frame {
    let ends = [PUMP6, "ff02::1"];
    let target = MONITOR6.parse::<std::net::Ipv6Addr>().unwrap().octets();
    let body = [&[0x20, 0, 0, 0][..], &target, &[2, 1], &PUMP].concat();
    let mut envelope = frame(PUMP, ALL6).ip(ends[0], ends[1]).hop_limit(hops);
    for header in headers {
        envelope = envelope.extension(*header);
    }
    envelope.protocol(58, &icmp6(ends, (136, 0), &body))
}

fn nd_spoofed(a: &mut Attempt<'_>) {
    let victim = Victim::beside(&a.ground.rig.uplink, IN_CORE).with_ipv6(false);
    victim.knows(MONITOR6, MONITOR);
    a.through(advertisement(255, &[]));
    a.settle();
    victim.comes_to_believe(MONITOR6, PUMP);
}

fn nd_invalid(a: &mut Attempt<'_>) {
    a.through(advertisement(64, &[]));
    let atomic = Extension::Fragment {
        offset: 0,
        more: false,
    };
    a.through(advertisement(255, &[atomic]));
}

fn dhcp(a: &mut Attempt<'_>) {
    a.through(frame(PUMP, ALL).ip(PUMP4, "255.255.255.255").udp(67, 68));
    a.through(frame(PUMP, SERVER).ip("fe80::c", "fe80::1").udp(547, 546));
}

fn router(a: &mut Attempt<'_>) {
    let ends = ["fe80::c", "ff02::1"];
    let advertised = icmp6(ends, (134, 0), &[64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    let envelope = frame(PUMP, ALL6).ip(ends[0], ends[1]).hop_limit(255);
    a.through(envelope.protocol(58, &advertised));
    a.through(frame(PUMP, SERVER).ip(PUMP4, SERVER4).icmp(5, 1, 0));
    a.through(frame(PUMP, SERVER).ip(PUMP4, SERVER4).icmp(9, 0, 0));
}

fn bpdu(a: &mut Attempt<'_>) {
    let bridges = [0x01, 0x80, 0xc2, 0, 0, 0];
    a.through(frame(PUMP, bridges).other(38, &[0x42; 38]));
    a.through(frame(PUMP, [0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc]).other(40, &[0xaa; 40]));
}

fn mac(a: &mut Attempt<'_>) {
    a.through(
        frame([0; 6], SERVER)
            .ip("10.30.1.99", SERVER4)
            .udp(52_000, OPEN),
    );
    a.through(frame(SERVER, SERVER).arp([10, 30, 1, 1].into(), [10, 30, 1, 1].into()));
}

fn source(a: &mut Attempt<'_>) {
    a.through(
        frame(PUMP, SERVER)
            .ip(MONITOR4, "10.30.1.2")
            .udp(52_001, OPEN),
    );
    // Of the conversation that it made.
    a.through(
        frame(PUMP, SERVER)
            .ip(MONITOR4, "10.30.1.2")
            .udp(52_001, OPEN),
    );
    a.through(
        frame(STRANGER, SERVER)
            .ip(MONITOR6, "fd00:30::2")
            .udp(52_001, OPEN),
    );
    a.through(
        frame(PUMP, SERVER)
            .ip("127.0.0.1", SERVER4)
            .udp(52_001, OPEN),
    );
}

fn storm(a: &mut Attempt<'_>) {
    for number in 0..2000 {
        a.through(
            frame(PUMP, ALL)
                .ip(PUMP4, "10.30.1.255")
                .udp(10_000 + number, 137),
        );
    }
}

fn claim(a: &mut Attempt<'_>) {
    let victim = Victim::beside(&a.ground.rig.device, IN_WARD);
    victim.knows(PUMP4, PUMP);
    a.through(arp([SERVER, ALL], 2, (SERVER, PUMP4), PUMP4));
    a.settle();
    victim.comes_to_believe(PUMP4, SERVER);
}

fn dropped(a: &mut Attempt<'_>) {
    // Policy drops what guards only watch: under its own reason.
    let cart = super::CART;
    a.lost(frame(cart, SERVER).ip(MONITOR4, SERVER4).udp(52_002, OPEN));
    a.lost(frame(cart, SERVER).ip("10.30.1.18", SERVER4).icmp(5, 1, 0));
    a.lost(
        frame(cart, ALL)
            .ip("10.30.1.18", "255.255.255.255")
            .udp(67, 68),
    );
    a.lost(frame(cart, [0x01, 0x80, 0xc2, 0, 0, 0]).other(38, &[0x42; 38]));
}
