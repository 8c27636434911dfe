//! Neighbour discovery in somebody else's name, and in forms that get past filters.

use xiot_agent::netns::link::Mac as MacText;
use xiot_common::reason::Reason;
use xiot_tests::{
    frame::{Extension, Frame, Mac, frame},
    net::rig::HOST_PORT,
};

use super::{ALL6, MONITOR6, Victim, WARD};
use crate::{
    attempt::{Attempt, tool},
    bystander::MONITOR,
    frames::{PUMP, PUMP6, SERVER, SERVER6, STRANGER, icmp6, is_neighbour},
    ground::{Deed, by_device, by_uplink, perform_at},
};

#[test]
fn neighbours() {
    perform_at(&WARD, "guards::neighbours::neighbours", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("nd-advertisement", advertisement),
    by_device("nd-tool", by_tool),
    by_device("nd-tool-evasion", evasion),
    by_device("nd-dad", detection),
    by_device("nd-source", source),
    by_device("nd-foreign-option", foreign_option),
    by_device("nd-form", form),
    by_device("nd-options", options),
    by_uplink("nd-claim", claim),
    by_uplink("nd-claim-form", claim_form),
];

const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// Kinds of options.
const SOURCE: u8 = 1;
const TARGET: u8 = 2;
/// Flags of an advertisement.
const OVERRIDE: u8 = 0x20;
const SOLICITED: u8 = 0x40;

const ALL_NODES: &str = "ff02::1";

/// Last byte of the address of who is attacked in the core, and in the ward.
const IN_CORE: u8 = 5;
const IN_WARD: u8 = 16;

/// Who speaks, to whom.
#[derive(Clone, Copy)]
struct Ends<'a> {
    link: [Mac; 2],
    addresses: [&'a str; 2],
}

/// A link-layer option.
fn link_layer(kind: u8, mac: Mac) -> Vec<u8> {
    [&[kind, 1][..], &mac].concat()
}

/// The rest of a solicitation or advertisement behind its checksum.
fn body(flags: u8, target: &str, options: &[u8]) -> Vec<u8> {
    let target = target.parse::<std::net::Ipv6Addr>().unwrap().octets();
    [&[flags, 0, 0, 0][..], &target, options].concat()
}

/// Any message of neighbour discovery, as it should be sent.
fn message(ends: Ends<'_>, kind: u8, body: &[u8]) -> Frame {
    with(ends, (kind, 0), body, 255, &[])
}

/// The same with another hop limit, and headers before it.
fn with(ends: Ends<'_>, kind: (u8, u8), body: &[u8], hops: u8, headers: &[Extension]) -> Frame {
    let Ends { link, addresses } = ends;
    let mut envelope = frame(link[0], link[1])
        .ip(addresses[0], addresses[1])
        .hop_limit(hops);
    for header in headers {
        envelope = envelope.extension(*header);
    }
    envelope.protocol(58, &icmp6(addresses, kind, body))
}

/// An advertisement that replaces what is known.
fn advertise(ends: Ends<'_>, target: &str, mac: Mac) -> Frame {
    let flags = OVERRIDE
        | if ends.addresses[1] == ALL_NODES {
            0
        } else {
            SOLICITED
        };
    message(
        ends,
        ADVERTISEMENT,
        &body(flags, target, &link_layer(TARGET, mac)),
    )
}

/// A host in the core that knows the device and the server.
fn in_core(a: &Attempt<'_>) -> Victim {
    let victim = Victim::beside(&a.ground.rig.uplink, IN_CORE).with_ipv6(false);
    victim.knows(MONITOR6, MONITOR);
    victim.knows(SERVER6, SERVER);
    victim
}

/// It believes what it did before.
#[track_caller]
fn is_untouched(victim: &Victim) {
    victim.believes(MONITOR6, MONITOR);
    victim.believes(SERVER6, SERVER);
}

/// From the device in its own name: to all, and to the victim.
fn in_own_name<'a>(victim: &Victim, own: &'a str, theirs: &'a str) -> [Ends<'a>; 2] {
    [(ALL6, ALL_NODES), (victim.0.mac, theirs)].map(|(mac, address)| Ends {
        link: [PUMP, mac],
        addresses: [own, address],
    })
}

const CORE6: &str = "fd00:30::5";
/// Of the uplink by policy.
const ROUTER6: &str = "fd00:30::fe";

fn advertisement(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    for own in [PUMP6, "fe80::c", "fd00:30::66"] {
        for ends in in_own_name(&victim, own, CORE6) {
            for target in [MONITOR6, SERVER6] {
                a.lost(advertise(ends, target, PUMP));
                a.lost(message(ends, ADVERTISEMENT, &body(OVERRIDE, target, &[])));
            }
        }
    }
    a.settle();
    is_untouched(&victim);
}

fn by_tool(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let mac = MacText(PUMP);
    for target in [MONITOR6, SERVER6] {
        let to = format!("-n 1 {HOST_PORT} {target} {ALL_NODES} {mac} {PUMP6}");
        let said = a.tool("atk6-fake_advertise6", &to);
        assert!(said.contains("Starting advertisement"), "{said}");
    }
    a.settle();
    is_untouched(&victim);
}

fn evasion(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let mac = MacText(PUMP);
    for way in ["-H", "-f", "-f -f", "-H -f", "-F"] {
        let to = format!("{way} -n 1 {HOST_PORT} {MONITOR6} {ALL_NODES} {mac} {PUMP6}");
        let said = a.tool("atk6-fake_advertise6", &to);
        assert!(said.contains("Starting advertisement"), "{said}");
    }
    a.settle();
    is_untouched(&victim);
}

fn detection(a: &mut Attempt<'_>) {
    let victim = Victim::beside(&a.ground.rig.uplink, IN_CORE).with_ipv6(true);
    // A router comes up, asks whether its address is free, and is told that it is not.
    victim
        .0
        .ip(&format!("address add {ROUTER6}/64 dev {HOST_PORT}"));
    let target = ROUTER6.parse::<std::net::Ipv6Addr>().unwrap().octets();
    a.awaits("the question of who comes up", |frame| {
        is_neighbour(frame, SOLICITATION) && frame.get(62..78) == Some(&target)
    });
    let to_all = Ends {
        link: [PUMP, ALL6],
        addresses: [PUMP6, ALL_NODES],
    };
    a.lost(advertise(to_all, ROUTER6, PUMP));
    a.lost(message(
        to_all,
        ADVERTISEMENT,
        &body(OVERRIDE, ROUTER6, &[]),
    ));
    // It wants the address at the same time.
    let solicited = Ends {
        link: [PUMP, [0x33, 0x33, 0xff, 0, 0, 0xfe]],
        addresses: ["::", "ff02::1:ff00:fe"],
    };
    a.lost(message(solicited, SOLICITATION, &body(0, ROUTER6, &[])));
    a.settle();
    let say = || tool(&victim.0, "ip", &format!("-6 address show dev {HOST_PORT}"));
    xiot_tests::until::until("the address to be in use", || {
        (!say().contains("tentative")).then_some(())
    });
    assert!(!say().contains("dadfailed"), "{}", say());
    assert!(say().contains(ROUTER6), "{}", say());
}

fn source(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    for own in [MONITOR6, SERVER6] {
        for ends in in_own_name(&victim, own, CORE6) {
            let ask = body(0, CORE6, &link_layer(SOURCE, PUMP));
            a.lost(message(ends, SOLICITATION, &ask));
            a.lost(message(
                ends,
                133,
                &[&[0; 4][..], &link_layer(SOURCE, PUMP)].concat(),
            ));
            a.lost(advertise(ends, own, PUMP));
        }
    }
    a.settle();
    is_untouched(&victim);
}

fn foreign_option(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    for mac in [MONITOR, SERVER, STRANGER, ALL6, [0; 6]] {
        for ends in in_own_name(&victim, PUMP6, CORE6) {
            // For its own address, and behind an option of its own.
            a.lost(advertise(ends, PUMP6, mac));
            let ask = body(0, CORE6, &link_layer(SOURCE, mac));
            a.lost(message(ends, SOLICITATION, &ask));
            let two = [link_layer(SOURCE, PUMP), link_layer(SOURCE, mac)].concat();
            a.lost(message(ends, SOLICITATION, &body(0, CORE6, &two)));
            a.lost(message(
                ends,
                133,
                &[&[0; 4][..], &link_layer(SOURCE, mac)].concat(),
            ));
        }
    }
    a.settle();
    is_untouched(&victim);
}

/// Headers before a message of which each makes it one that no host may accept.
fn headers() -> Vec<Vec<Extension>> {
    let options = |kind| Extension::Options {
        kind,
        units: 0,
        fourth: 0,
    };
    let atomic = Extension::Fragment {
        offset: 0,
        more: false,
    };
    vec![
        vec![options(0)],
        vec![options(60)],
        vec![options(43)],
        vec![options(135)],
        vec![Extension::Authentication { words: 2 }],
        vec![atomic],
        vec![options(0), atomic],
        vec![options(60), options(43), options(60), atomic],
        vec![options(60); 8],
    ]
}

fn form(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    for ends in in_own_name(&victim, PUMP6, CORE6) {
        for target in [MONITOR6, PUMP6] {
            let said = body(OVERRIDE, target, &link_layer(TARGET, PUMP));
            for hops in [0, 1, 64, 254] {
                a.refused(
                    Reason::NdInvalid,
                    with(ends, (ADVERTISEMENT, 0), &said, hops, &[]),
                );
            }
            a.refused(
                Reason::NdInvalid,
                with(ends, (ADVERTISEMENT, 1), &said, 255, &[]),
            );
            for before in headers() {
                let hidden = with(ends, (ADVERTISEMENT, 0), &said, 255, &before);
                a.refused(Reason::NdInvalid, hidden);
            }
            // In fragments, as large as they must be.
            let more = Extension::Fragment {
                offset: 0,
                more: true,
            };
            let long = [said, vec![14; 8 * 62]].concat();
            let long = [&long[..28], &long[28..]].concat();
            let whole = with(ends, (ADVERTISEMENT, 0), &long, 255, &[more]);
            a.refused(Reason::NdInvalid, whole);
            let small = body(OVERRIDE, target, &link_layer(TARGET, PUMP));
            let small = with(ends, (ADVERTISEMENT, 0), &small, 255, &[more]);
            a.refused(Reason::FragmentTiny, small);
        }
    }
    a.settle();
    is_untouched(&victim);
}

fn options(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let ends = in_own_name(&victim, PUMP6, CORE6)[1];
    let own = link_layer(TARGET, PUMP);
    let many = [
        vec![[14, 1, 0, 0, 0, 0, 0, 0]; 32].concat(),
        link_layer(TARGET, MONITOR),
    ]
    .concat();
    let ways = [
        // Of length 0, one that reaches beyond the end, half a one, one too long, and more than anybody reads.
        [&own[..], &[14, 0, 0, 0, 0, 0, 0, 0]].concat(),
        [&own[..], &[14, 2, 0, 0, 0, 0, 0, 0]].concat(),
        [&own[..], &[14]].concat(),
        [&[TARGET, 2][..], &PUMP, &[0; 8]].concat(),
        [&[TARGET, 0][..], &PUMP].concat(),
        many,
    ];
    for way in ways {
        a.lost(message(ends, ADVERTISEMENT, &body(OVERRIDE, PUMP6, &way)));
        a.lost(message(
            ends,
            ADVERTISEMENT,
            &body(OVERRIDE, MONITOR6, &way),
        ));
    }
    // Cut off before its target ends.
    for length in [4, 12, 19] {
        let said = body(OVERRIDE, MONITOR6, &[]);
        a.lost(message(ends, ADVERTISEMENT, &said[..length]));
    }
    a.settle();
    is_untouched(&victim);
}

const WARD6: &str = "fd00:30::10";

/// A host in the ward that knows two devices.
fn in_ward(a: &Attempt<'_>) -> Victim {
    let victim = Victim::beside(&a.ground.rig.device, IN_WARD).with_ipv6(false);
    victim.knows(PUMP6, PUMP);
    victim.knows(MONITOR6, MONITOR);
    victim
}

fn claim(a: &mut Attempt<'_>) {
    let victim = in_ward(a);
    for sender in [SERVER, STRANGER] {
        for (mac, to) in [(ALL6, ALL_NODES), (victim.0.mac, WARD6)] {
            for own in [PUMP6, SERVER6, "fe80::66"] {
                let ends = Ends {
                    link: [sender, mac],
                    addresses: [own, to],
                };
                a.lost(advertise(ends, PUMP6, sender));
                a.lost(advertise(ends, MONITOR6, sender));
                a.lost(message(ends, ADVERTISEMENT, &body(OVERRIDE, PUMP6, &[])));
                // The device's own MAC, said by somebody else; the device's own frame, that names somebody else.
                a.lost(advertise(ends, PUMP6, PUMP));
                let forged = Ends {
                    link: [PUMP, mac],
                    ..ends
                };
                a.lost(advertise(forged, PUMP6, sender));
            }
            let ask = body(0, WARD6, &link_layer(SOURCE, sender));
            let ends = Ends {
                link: [sender, mac],
                addresses: [PUMP6, to],
            };
            a.lost(message(ends, SOLICITATION, &ask));
        }
    }
    a.settle();
    victim.believes(PUMP6, PUMP);
    victim.believes(MONITOR6, MONITOR);
}

fn claim_form(a: &mut Attempt<'_>) {
    let victim = in_ward(a);
    let ends = Ends {
        link: [SERVER, victim.0.mac],
        addresses: [SERVER6, WARD6],
    };
    let said = body(OVERRIDE, PUMP6, &link_layer(TARGET, SERVER));
    for hops in [0, 64, 254] {
        a.lost(with(ends, (ADVERTISEMENT, 0), &said, hops, &[]));
    }
    for before in headers() {
        a.lost(with(ends, (ADVERTISEMENT, 0), &said, 255, &before));
    }
    a.settle();
    victim.believes(PUMP6, PUMP);
}
