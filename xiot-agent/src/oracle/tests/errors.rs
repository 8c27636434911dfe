//! Section 4.5: ICMP errors.

use xiot_common::reason::Reason::*;

use super::{
    super::Side,
    world::{
        OWN, OWN6, PEER, PEER6, STRANGER, SYN, WHOLE, Ward, allowed, cut, datagram, denied, ip,
        policy, segment, tcp_out, udp_back, udp_out, wires, would_drop,
    },
};
use crate::model::policy::Mode;

fn message(v6: bool, kind: u8, quote: &[u8]) -> Vec<u8> {
    let bytes = [&[kind, 0, 0, 0, 0, 0, 0, 0][..], quote].concat();
    let (protocol, from, to) = if v6 {
        (58, PEER6, OWN6)
    } else {
        (1, PEER, OWN)
    };
    ip(from, to, protocol, WHOLE, &bytes)
}

#[test]
fn only_errors_about_a_live_flow_pass() {
    let sent = udp_out(4000);
    let header = ip(OWN, PEER, 17, cut(0, true), &[0; 0]);
    let mut with_options = sent.clone();
    with_options[0] = 0x46;
    with_options.splice(20..20, [1; 4]);
    let mut short_header = sent.clone();
    short_header[0] = 0x44;
    let mut six = sent.clone();
    six[0] = 0x65;
    let mut later = sent.clone();
    later[7] = 6;
    let mut first = sent.clone();
    first[6] = 0x20;
    let table = [
        ("whole", sent.clone(), true),
        ("8 bytes", sent[..28].to_vec(), true),
        ("7 bytes", sent[..27].to_vec(), false),
        ("no transport", header, false),
        ("nothing", Vec::new(), false),
        ("options", with_options[..32].to_vec(), true),
        ("options, 7 bytes", with_options[..31].to_vec(), false),
        ("header of 16 bytes", short_header, false),
        ("version 6", six, false),
        ("a later fragment", later, false),
        ("a first fragment", first, true),
        ("what the receiver itself was sent", udp_back(4000), false),
        ("another port", udp_out(4001), false),
        ("another protocol", tcp_out(4000, SYN, (1, 0)), false),
    ];
    for (name, quote, passes) in table {
        let (policy, wires) = (policy(Mode::Enforce), wires());
        let mut ward = Ward::new(&policy, &wires);
        let _open = ward.out(&udp_out(4000));
        let before = ward.only_flow();
        ward.now += 10;
        let expected = if passes {
            allowed(AllowedRelated, 2)
        } else {
            denied(IcmpErrorUnrelated)
        };
        for kind in [3, 11, 12] {
            assert_eq!(ward.back(&message(false, kind, &quote)), expected, "{name}");
        }
        assert_eq!(ward.only_flow(), before, "neither moved on nor kept alive");
        // A redirect and a source quench are messages like any other.
        assert_eq!(
            ward.back(&message(false, 5, &quote)),
            denied(WrongDirection)
        );
    }
}

#[test]
fn an_error_goes_to_whom_it_is_about() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let _open = ward.out(&udp_out(4000));
    let about = |from, to, quote: &[u8]| {
        ip(
            from,
            to,
            1,
            WHOLE,
            &[&[3, 3, 0, 0, 0, 0, 0, 0], quote].concat(),
        )
    };
    let router = "10.0.0.1".parse().expect("an address");
    let sent = udp_out(4000);
    assert_eq!(
        ward.back(&about(router, OWN, &sent)),
        allowed(AllowedRelated, 2)
    );
    assert_eq!(
        ward.back(&about(PEER, router, &sent)),
        denied(IcmpErrorUnrelated)
    );
    // The device: about what it was sent, and as itself.
    let got = udp_back(4000);
    assert_eq!(
        ward.out(&about(OWN, PEER, &got)),
        allowed(AllowedRelated, 2)
    );
    assert_eq!(
        ward.out(&about(router, PEER, &got)),
        denied(IcmpErrorUnrelated)
    );
    assert_eq!(
        ward.out(&about(OWN, PEER, &sent)),
        denied(IcmpErrorUnrelated)
    );
    let stranger = ward.say(Side::Uplink, STRANGER, &about(router, OWN, &sent));
    assert_eq!(stranger, denied(UnknownDevice));
}

#[test]
fn the_flow_is_live_and_of_this_generation() {
    let (first, wires) = (policy(Mode::Monitor), wires());
    let mut second = first.clone();
    second.profiles[0].arp = false;
    let mut ward = Ward::new(&first, &wires);
    let _open = ward.out(&udp_out(4000));
    let error = message(false, 3, &udp_out(4000));
    ward.now += 30;
    ward.oracle.touch();
    assert_eq!(ward.back(&error), allowed(AllowedRelated, 2));
    ward.oracle.swap(&second);
    assert_eq!(ward.back(&error), would_drop(IcmpErrorUnrelated));
    ward.oracle.swap(&first);
    ward.now += 1;
    assert_eq!(ward.back(&error), would_drop(IcmpErrorUnrelated));
}

#[test]
fn errors_about_a_would_drop_flow_have_its_reason() {
    let mut policy = policy(Mode::Learn);
    policy.profiles[0].rules.clear();
    let wires = wires();
    let mut ward = Ward::new(&policy, &wires);
    let _open = ward.out(&udp_out(4000));
    let said = ward.back(&message(false, 3, &udp_out(4000)));
    assert_eq!(said, would_drop(NoPeer));
}

#[test]
fn echo_requests_are_quoted_by_identifier() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let echo = |id| ip(OWN, PEER, 1, WHOLE, &[8, 0, 0, 0, 0, id, 0, 1]);
    assert_eq!(ward.out(&echo(5)), allowed(AllowedRule, 3));
    assert_eq!(
        ward.back(&message(false, 11, &echo(5))),
        allowed(AllowedRelated, 3)
    );
    assert_eq!(
        ward.back(&message(false, 11, &echo(6))),
        denied(IcmpErrorUnrelated)
    );
}

#[test]
fn ipv6_errors_quote_through_extension_headers() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let sent = ip(OWN6, PEER6, 6, WHOLE, &segment((4000, 80), SYN, (1, 0)));
    assert_eq!(ward.out(&sent), allowed(AllowedRule, 1));
    let options = [
        &[6, 0, 0, 0, 0, 0, 0, 0][..],
        &segment((4000, 80), SYN, (1, 0)),
    ]
    .concat();
    let extended = ip(OWN6, PEER6, 60, WHOLE, &options);
    // Cut off where no fragment could be: its length says nothing.
    let mut fragment = ip(
        OWN6,
        PEER6,
        6,
        cut(0, true),
        &segment((4000, 80), SYN, (1, 0)),
    );
    fragment.truncate(40 + 8 + 8);
    let later = ip(
        OWN6,
        PEER6,
        6,
        cut(2, false),
        &segment((4000, 80), SYN, (1, 0)),
    );
    for kind in 1..=4 {
        for quote in [
            &sent[..],
            &extended,
            &fragment,
            &sent[..48],
            &extended[..56],
        ] {
            assert_eq!(
                ward.back(&message(true, kind, quote)),
                allowed(AllowedRelated, 1)
            );
        }
        for quote in [&later[..], &sent[..47], &extended[..55], &sent[..39]] {
            assert_eq!(
                ward.back(&message(true, kind, quote)),
                denied(IcmpErrorUnrelated)
            );
        }
    }
}

#[test]
fn a_message_in_fragments_is_unrelated() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let _open = ward.out(&udp_out(4000));
    let mut bytes = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &udp_out(4000)].concat();
    bytes.resize(48, 0);
    let first = ip(PEER, OWN, 1, cut(0, true), &bytes);
    assert_eq!(ward.back(&first), denied(IcmpErrorUnrelated));
    // And a first fragment of something else is judged by the rules.
    let other = ip(PEER, OWN, 17, cut(0, true), &datagram((4000, 161), 40));
    assert_eq!(ward.back(&other), allowed(AllowedRule, 5));
}
