//! Devices that say they are routers, and those that say there is a better way.

use xiot_agent::netns::link::Mac as MacText;
use xiot_common::reason::Reason;
use xiot_tests::{
    frame::{Extension, Frame, Mac, frame},
    net::rig::{HOST_PORT, Host},
};

use super::{ALL, ALL6, CART, Victim, WARD};
use crate::{
    attempt::{Attempt, tool},
    bystander::beside,
    frames::{PUMP, PUMP4, PUMP6, SERVER, SERVER4, icmp6},
    ground::{Deed, by_device, perform_at},
};

#[test]
fn routers() {
    perform_at(&WARD, "guards::routers::routers", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("router-advertisement", advertisement),
    by_device("router-tool", by_tool),
    by_device("router-evasion", evasion),
    by_device("router-evasion-enforced", evasion_enforced),
    by_device("router-hidden", hidden),
    by_device("router-redirect", redirect),
    by_device("router-four", in_ipv4),
    by_device("router-flood", flood),
];

/// Types of messages.
const ADVERTISEMENT: u8 = 134;
const REDIRECT: u8 = 137;

/// Last byte of the address of who is attacked.
const IN_CORE: u8 = 5;

/// A host that configures itself by what routers say.
fn in_core(a: &Attempt<'_>) -> Victim {
    Victim::beside(&a.ground.rig.uplink, IN_CORE).with_ipv6(false)
}

/// It has no route and no address by any router.
#[track_caller]
fn is_untouched(victim: &Victim) {
    let routes = tool(&victim.0, "ip", "-6 route show");
    assert!(
        !routes.contains("default") && !routes.contains("fd66"),
        "{routes}"
    );
    let addresses = tool(&victim.0, "ip", &format!("-6 address show dev {HOST_PORT}"));
    assert!(!addresses.contains("fd66"), "{addresses}");
}

/// What an advertisement says behind its checksum: a router for 30 minutes, and a prefix.
fn advertised(mac: Mac) -> Vec<u8> {
    let mut body = vec![64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend([1, 1]);
    body.extend(mac);
    body.extend([3, 4, 64, 0xc0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    body.extend([0xfd, 0x66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    body
}

/// An ICMPv6 message to all nodes.
fn to_all(source: &str, kind: (u8, u8), hops: u8, headers: &[Extension], body: &[u8]) -> Frame {
    let ends = [source, "ff02::1"];
    let mut envelope = frame(PUMP, ALL6).ip(ends[0], ends[1]).hop_limit(hops);
    for header in headers {
        envelope = envelope.extension(*header);
    }
    envelope.protocol(58, &icmp6(ends, kind, body))
}

fn advertisement(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let body = advertised(PUMP);
    for source in ["fe80::c", PUMP6] {
        a.lost(to_all(source, (ADVERTISEMENT, 0), 255, &[], &body));
        a.lost(to_all(source, (ADVERTISEMENT, 0), 255, &[], &body[..12]));
        // To one alone.
        let ends = [source, "fd00:30::5"];
        let envelope = frame(PUMP, victim.0.mac)
            .ip(ends[0], ends[1])
            .hop_limit(255);
        a.lost(envelope.protocol(58, &icmp6(ends, (ADVERTISEMENT, 0), &body)));
    }
    a.settle();
    is_untouched(&victim);
}

/// Advertises once, in this way.
#[track_caller]
fn advertises(attacker: &Host, way: &str) {
    let own = format!(
        "-s fe80::{:x} -S {}",
        attacker.mac[5],
        MacText(attacker.mac)
    );
    let how = format!("{way} -A fd66::/64 -n 1 {own} -m 33:33:00:00:00:01 {HOST_PORT}");
    let said = tool(attacker, "atk6-fake_router26", &how);
    assert!(said.contains("Starting to advertise"), "{said}");
}

fn by_tool(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    advertises(a.attacker(), "");
    advertises(a.attacker(), "-p high -D fd66::53 -R ::/0");
    a.settle();
    is_untouched(&victim);
}

/// All that the tool knows to get past filters.
const EVASIONS: &[&str] = &[
    "-E H", "-E 1", "-E 111", "-E H111", "-E D", "-E F", "-E O", "-E o",
];

fn evasion(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    // An echo request, behind 1,224 bytes of options.
    a.permit(|frame| frame.get(1286) == Some(&128));
    for way in EVASIONS {
        advertises(a.attacker(), way);
    }
    a.settle();
    is_untouched(&victim);
}

fn evasion_enforced(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let cart = beside(&a.ground.rig.device, "cart", CART, 18);
    for way in EVASIONS {
        advertises(&cart, way);
    }
    a.settle();
    is_untouched(&victim);
}

fn hidden(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let options = |kind| Extension::Options {
        kind,
        units: 0,
        fourth: 0,
    };
    let fragment = |more| Extension::Fragment { offset: 0, more };
    let body = advertised(PUMP);
    for before in [
        vec![options(0)],
        vec![options(60); 8],
        vec![Extension::Authentication { words: 2 }],
        vec![fragment(false)],
        vec![options(0), options(60), options(43), fragment(false)],
    ] {
        a.refused(
            Reason::NdInvalid,
            to_all("fe80::c", (ADVERTISEMENT, 0), 255, &before, &body),
        );
    }
    // Whole in a first fragment, and cut so that its type comes in the next.
    let long = [&body[..], &[14; 8 * 64]].concat();
    let long = &long[..long.len() - (long.len() + 4) % 8];
    let first = to_all("fe80::c", (ADVERTISEMENT, 0), 255, &[fragment(true)], long);
    a.refused(Reason::NdInvalid, first);
    let filled = Extension::Options {
        kind: 60,
        units: 71,
        fourth: 0,
    };
    let empty = frame(PUMP, ALL6).ip("fe80::c", "ff02::1").hop_limit(255);
    let empty = empty.extension(fragment(true)).extension(filled);
    a.refused(Reason::FragmentHeaderIncomplete, empty.protocol(58, &[]));
    // From a hop away, and with a code: hosts do not look at it, or do.
    a.refused(
        Reason::NdInvalid,
        to_all("fe80::c", (ADVERTISEMENT, 0), 64, &[], &body),
    );
    a.refused(
        Reason::NdInvalid,
        to_all("fe80::c", (ADVERTISEMENT, 1), 255, &[], &body),
    );
    a.settle();
    is_untouched(&victim);
}

fn redirect(a: &mut Attempt<'_>) {
    // Through itself to everything: target, destination, option.
    let octets = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
    let body = [
        &[0; 4][..],
        &octets("fe80::c"),
        &octets("fd00:99::1"),
        &[2, 1],
        &PUMP,
    ]
    .concat();
    for source in ["fe80::c", PUMP6] {
        a.lost(to_all(source, (REDIRECT, 0), 255, &[], &body));
        a.lost(to_all(source, (REDIRECT, 0), 255, &[], &body[..36]));
    }
    let ends = [PUMP6, "fd00:30::5"];
    let envelope = frame(PUMP, SERVER).ip(ends[0], ends[1]).hop_limit(255);
    a.lost(envelope.protocol(58, &icmp6(ends, (REDIRECT, 0), &body)));
}

fn in_ipv4(a: &mut Attempt<'_>) {
    // Redirects for networks and hosts with a quoted datagram, and router advertisements (IRDP), also mobile ones.
    let quoted = frame(SERVER, PUMP).ip(SERVER4, PUMP4).icmp(8, 0, 1).build();
    for code in 0..4 {
        let message = [&[5, code, 0, 0, 10, 30, 1, 12][..], &quoted[14..]].concat();
        a.lost(frame(PUMP, SERVER).ip(PUMP4, SERVER4).protocol(1, &message));
        let first = frame(PUMP, SERVER)
            .ip(PUMP4, SERVER4)
            .identification(code.into());
        let long = [&message[..], &[0; 64]].concat();
        a.lost(first.fragment(0, true).protocol(1, &long[..96]));
        let routed = frame(PUMP, SERVER)
            .ip(PUMP4, SERVER4)
            .options(&[148, 4, 0, 0]);
        a.lost(routed.protocol(1, &message));
    }
    for code in [0, 16, 255] {
        let message = [
            9, code, 0, 0, 1, 2, 7, 8, 10, 30, 1, 12, 0x7f, 255, 255, 255,
        ];
        let all = [0x01, 0, 0x5e, 0, 0, 1];
        a.lost(
            frame(PUMP, all)
                .ip(PUMP4, "224.0.0.1")
                .hop_limit(1)
                .protocol(1, &message),
        );
        a.lost(
            frame(PUMP, ALL)
                .ip(PUMP4, "255.255.255.255")
                .protocol(1, &message),
        );
    }
}

fn flood(a: &mut Attempt<'_>) {
    let victim = in_core(a);
    let body = advertised(PUMP);
    let fragment = Extension::Fragment {
        offset: 0,
        more: false,
    };
    for number in 0..1000 {
        let source = format!("fe80::{number:x}:c");
        let headers: &[_] = if number % 2 == 0 { &[] } else { &[fragment] };
        a.lost(to_all(&source, (ADVERTISEMENT, 0), 255, headers, &body));
    }
    a.ground.bystander.opens_another();
    a.settle();
    is_untouched(&victim);
}
