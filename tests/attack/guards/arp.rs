//! ARP in somebody else's name.

use xiot_common::reason::Reason;
use xiot_tests::{
    frame::{SERVICE_TAG, TAG},
    net::rig::HOST_PORT,
};

use super::{ALL, MONITOR4, SCANNER4, Victim, WARD};
use crate::{
    attempt::Attempt,
    bystander::MONITOR,
    frames::{PUMP, PUMP4, SERVER, SERVER4, STRANGER, arp},
    ground::{Deed, by_device, by_uplink, perform_at},
};

#[test]
fn arp_messages() {
    perform_at(&WARD, "guards::arp::arp_messages", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("arp-gratuitous", gratuitous),
    by_device("arp-arping", arping),
    by_device("arp-unicast", unicast),
    by_device("arp-other-hardware", other_hardware),
    by_device("arp-router", router),
    by_device("arp-probe", probe),
    by_device("arp-nobodys", nobodys),
    by_device("arp-flood", flood),
    by_device("arp-tagged", tagged),
    by_device("arp-padded", padded),
    by_uplink("arp-claim", claim),
];

/// Of the uplink by policy.
const ROUTER4: &str = "10.30.1.254";

const REQUEST: u16 = 1;
const REPLY: u16 = 2;

/// Last byte of the address of who is attacked in the core, and in the ward.
const IN_CORE: u8 = 5;
const IN_WARD: u8 = 16;

/// A host in the core that knows the device and the server.
fn in_core(a: &Attempt<'_>) -> Victim {
    let victim = Victim::beside(&a.ground.rig.uplink, IN_CORE);
    victim.knows(MONITOR4, MONITOR);
    victim.knows(SERVER4, SERVER);
    victim
}

/// It believes what it did before.
#[track_caller]
fn is_untouched(victim: &Victim) {
    victim.believes(MONITOR4, MONITOR);
    victim.believes(SERVER4, SERVER);
}

fn gratuitous(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    for sender in [PUMP, STRANGER] {
        for address in [MONITOR4, SERVER4, "10.30.1.15"] {
            for operation in [REQUEST, REPLY] {
                a.lost(arp([sender, ALL], operation, (sender, address), address));
            }
        }
    }
    a.settle();
    is_untouched(&victim);
}

fn arping(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let attacker = a.attacker();
    for (way, address) in [("-U", MONITOR4), ("-A", SERVER4)] {
        attacker.ip(&format!("address add {address}/32 dev {HOST_PORT}"));
        let said = a.tool(
            "arping",
            &format!("{way} -I {HOST_PORT} -c 1 -s {address} {address}"),
        );
        assert!(said.contains("Sent 1 probes"), "{said}");
        attacker.ip(&format!("address del {address}/32 dev {HOST_PORT}"));
    }
    a.settle();
    is_untouched(&victim);
}

fn unicast(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let own = victim.0.v4.to_string();
    for address in [MONITOR4, SERVER4] {
        // An answer, a question that teaches who asks, and the answer to a probe for the address.
        let to_victim = [PUMP, victim.0.mac];
        a.lost(arp(to_victim, REPLY, (PUMP, address), &own));
        a.lost(arp(to_victim, REQUEST, (PUMP, address), &own));
        a.lost(arp(to_victim, REPLY, (PUMP, address), "0.0.0.0"));
        a.lost(arp([PUMP, ALL], REQUEST, (PUMP, address), &own));
    }
    a.settle();
    is_untouched(&victim);
}

fn other_hardware(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let own = victim.0.v4.to_string();
    for mac in [MONITOR, SERVER, STRANGER, ALL, [0; 6]] {
        // Also for its own address, for a free one, and for the one that the named MAC has.
        for address in [PUMP4, "10.30.1.99", MONITOR4, "0.0.0.0"] {
            a.lost(arp([PUMP, victim.0.mac], REPLY, (mac, address), &own));
            a.lost(arp([PUMP, ALL], REQUEST, (mac, address), address));
        }
    }
    a.settle();
    is_untouched(&victim);
}

/// The default router is no device: the policy lists its address as one of the uplink.
fn router(a: &mut Attempt<'_>) {
    for sender in [PUMP, STRANGER] {
        for operation in [REQUEST, REPLY] {
            a.lost(arp([sender, ALL], operation, (sender, ROUTER4), ROUTER4));
            a.lost(arp([sender, SERVER], operation, (sender, ROUTER4), SERVER4));
        }
    }
}

/// Who asks whether an address is free at the moment that its owner does keeps it from having it (RFC 5227).
fn probe(a: &mut Attempt<'_>) {
    for address in [MONITOR4, SERVER4, ROUTER4] {
        a.lost(arp([PUMP, ALL], REQUEST, (PUMP, "0.0.0.0"), address));
    }
}

fn nobodys(a: &mut Attempt<'_>) {
    for address in ["127.0.0.1", "224.0.0.1", "239.1.2.3", "255.255.255.255"] {
        for operation in [REQUEST, REPLY] {
            a.lost(arp([PUMP, ALL], operation, (PUMP, address), SERVER4));
        }
    }
    // Reverse, dynamic and inverse ARP, and what is none.
    for operation in [0, 3, 4, 5, 8, 9, 0x0100, 0xffff] {
        a.lost(arp([PUMP, ALL], operation, (PUMP, PUMP4), SERVER4));
        a.lost(arp([PUMP, SERVER], operation, (PUMP, MONITOR4), SERVER4));
    }
}

fn flood(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let own = victim.0.v4.to_string();
    for _ in 0..500 {
        for address in [MONITOR4, SERVER4, "10.30.1.15", "10.30.1.18"] {
            a.lost(arp([PUMP, victim.0.mac], REPLY, (PUMP, address), &own));
        }
    }
    a.ground.bystander.opens_another();
    a.settle();
    is_untouched(&victim);
}

/// A frame with tags: type and identifier of each.
fn with_tags(mut frame: Vec<u8>, tags: &[(u16, u16)]) -> Vec<u8> {
    for (kind, id) in tags.iter().rev() {
        let [a, b] = kind.to_be_bytes();
        let [c, d] = id.to_be_bytes();
        frame.splice(12..12, [a, b, c, d]);
    }
    frame
}

fn tagged(a: &mut Attempt<'_>) {
    // Of who is listed without VLAN they are on every one; with id 0 and a priority the frame is in none.
    let ways: [&[(u16, u16)]; 7] = [
        &[(TAG, 0)],
        &[(TAG, 0xe000)],
        &[(TAG, 30)],
        &[(TAG, 0xf01e)],
        &[(SERVICE_TAG, 30)],
        &[(SERVICE_TAG, 30), (TAG, 20)],
        &[(TAG, 30), (TAG, 20)],
    ];
    let spoof = |address| arp([PUMP, ALL], REPLY, (PUMP, address), address);
    for tags in ways {
        for address in [MONITOR4, SERVER4] {
            a.refused(Reason::ArpSpoofed, with_tags(spoof(address), tags));
        }
    }
    a.refused(Reason::ArpSpoofed, with_tags(spoof(SCANNER4), &[(TAG, 20)]));
    // Stacked tags that hosts take off and forget (CVE-2021-27853).
    let stacked: [&[(u16, u16)]; 4] = [
        &[(TAG, 0), (TAG, 0)],
        &[(SERVICE_TAG, 0), (TAG, 0)],
        &[(TAG, 30), (TAG, 0)],
        &[(SERVICE_TAG, 0)],
    ];
    for tags in stacked {
        a.refused(Reason::BadVlanTags, with_tags(spoof(MONITOR4), tags));
    }
    let three = [(TAG, 0), (TAG, 0), (TAG, 0)];
    a.refused(Reason::BadVlanTags, with_tags(spoof(MONITOR4), &three));
    let three = [(TAG, 1), (TAG, 2), (TAG, 3)];
    a.refused(Reason::TooManyVlanTags, with_tags(spoof(MONITOR4), &three));
}

fn padded(a: &mut Attempt<'_>) {
    let spoof = arp([PUMP, ALL], REPLY, (PUMP, MONITOR4), MONITOR4);
    for length in [60, 64, 512, 1514] {
        let mut frame = spoof.clone();
        // An honest one behind it.
        frame.extend(arp([PUMP, ALL], REPLY, (PUMP, PUMP4), PUMP4));
        frame.resize(length, 0);
        a.refused(Reason::ArpSpoofed, frame);
    }
    a.refused(Reason::BadArp, spoof[..41].to_vec());
}

fn claim(a: &mut Attempt<'_>) {
    let victim = Victim::beside(&a.ground.rig.device, IN_WARD);
    victim.knows(PUMP4, PUMP);
    victim.knows(MONITOR4, MONITOR);
    let own = victim.0.v4.to_string();
    for sender in [SERVER, STRANGER] {
        for address in [PUMP4, MONITOR4] {
            for operation in [REQUEST, REPLY, 9] {
                a.lost(arp([sender, ALL], operation, (sender, address), address));
                a.lost(arp(
                    [sender, victim.0.mac],
                    operation,
                    (sender, address),
                    &own,
                ));
            }
            // As somebody else, and with the device's own MAC in it.
            a.lost(arp([sender, ALL], REPLY, (MONITOR, PUMP4), address));
            a.lost(arp([sender, ALL], REPLY, (PUMP, PUMP4), address));
            // Under the device's own MAC for another.
            a.lost(arp([PUMP, ALL], REPLY, (sender, PUMP4), address));
            a.lost(arp([PUMP, ALL], REPLY, (PUMP, MONITOR4), address));
        }
    }
    a.settle();
    victim.believes(PUMP4, PUMP);
    victim.believes(MONITOR4, MONITOR);
}
