//! Questions to the reference judge: verdict, rule, and the nearest miss.

use std::sync::Arc;

use super::*;
use crate::compile::Assignment;
use crate::service::{
    names::Names,
    sample,
    state::{MacBytes, Opener, Reason, Side, Verdict, Vlans},
};

fn query(peer: &str, service: Service) -> Query {
    Query {
        subject: Subject::Name("pump-icu-12".to_owned()),
        opener: Opener::Device,
        peer: peer.to_owned(),
        service,
        vlans: None,
        wire: None,
        address: None,
        at: None,
    }
}

fn of_mac(mac: MacBytes) -> Query {
    Query {
        subject: Subject::Mac(mac),
        ..query("10.20.8.11", Service::Tcp(3613))
    }
}

fn ask(query: &Query) -> Result<Explanation, ExplainError> {
    let names = sample::names();
    let mut judge = Reference::new(names.policy(), names.wires());
    explain(&names, query, &mut judge)
}

fn only_leg(query: &Query) -> Leg {
    let mut legs = ask(query).unwrap().legs;
    assert_eq!(legs.len(), 1, "{legs:?}");
    legs.remove(0)
}

#[test]
fn an_allowed_conversation_names_its_rule() {
    let leg = only_leg(&query("10.20.8.11", Service::Tcp(3613)));
    assert_eq!(leg.reason, Reason::AllowedRule);
    assert_eq!(leg.verdict(), Verdict::Forwarded);
    let rule = leg.rule.unwrap();
    assert_eq!((rule.id, rule.line), (1, 11));
    assert_eq!(rule.label, "to pump-server tcp 3613");
    assert_eq!(leg.profile.as_deref(), Some("infusion-pump"));
    assert_eq!(leg.side, Side::Device);
    assert!(leg.hints.is_empty());
}

#[test]
fn a_rule_that_is_not_in_force_now_is_named() {
    let sample = sample::names();
    let mut policy = sample.policy().clone();
    policy.profiles[0].rules[0].times.expires = Some(1);
    let ids = Assignment::fresh(&policy);
    let wires = Arc::from(["ward-3".to_owned()]);
    let names = Names::new(Arc::new(policy), wires, Arc::new(ids));
    let mut judge = Reference::new(names.policy(), names.wires());
    let query = query("10.20.8.11", Service::Tcp(3613));
    let leg = explain(&names, &query, &mut judge).unwrap().legs.remove(0);
    assert_eq!(leg.reason, Reason::RuleNotInForce);
    assert_eq!(
        leg.hints,
        ["policy.yaml:11 allowed it at times that are over: `to pump-server tcp 3613`"]
    );
}

/// A policy whose only timed rule ends at 2027-01-31 18:00 in Berlin.
fn until_evening(zone: Option<&str>) -> Names {
    let sample = sample::names();
    let mut policy = sample.policy().clone();
    let end: jiff::Timestamp = "2027-01-31T17:00Z".parse().unwrap();
    policy.profiles[0].rules[0].times.expires = u32::try_from(end.as_second()).ok();
    policy.time_zone = zone.map(|name| jiff::tz::TimeZone::get(name).unwrap());
    let ids = Assignment::fresh(&policy);
    Names::new(
        Arc::new(policy),
        Arc::from(["ward-3".to_owned()]),
        Arc::new(ids),
    )
}

fn ask_at(names: &Names, at: &str) -> Result<Explanation, ExplainError> {
    let mut judge = Reference::new(names.policy(), names.wires());
    let query = Query {
        at: crate::unit::moment::parse(at),
        ..query("10.20.8.11", Service::Tcp(3613))
    };
    explain(names, &query, &mut judge)
}

#[test]
fn a_group_is_asked_about_from_the_uplink_alone() {
    let sample = sample::names();
    let mut policy = sample.policy().clone();
    policy.devices[0].mac = [0x01, 0, 0x5e, 0, 0x17, 0x3f];
    policy.devices[0].addresses = vec!["224.0.23.63".parse().unwrap()];
    let ids = Assignment::fresh(&policy);
    let wires = Arc::from(["ward-3".to_owned()]);
    let names = Names::new(Arc::new(policy), wires, Arc::new(ids));
    let mut judge = Reference::new(names.policy(), names.wires());
    let query = query("10.40.0.9", Service::Tcp(8005));
    let heard = Query {
        opener: Opener::Peer,
        ..query.clone()
    };
    let leg = explain(&names, &heard, &mut judge).unwrap().legs.remove(0);
    assert_eq!(leg.reason, Reason::AllowedRule);
    assert_eq!(
        explain(&names, &query, &mut judge).unwrap_err().to_string(),
        "`pump-icu-12` is a group, which opens no conversation: ask who may speak to it"
    );
}

#[test]
fn a_rule_is_asked_about_as_of_a_moment() {
    let names = until_evening(Some("Europe/Berlin"));
    for (at, reason) in [
        ("2027-01-31T17:59", Reason::AllowedRule),
        ("2027-01-31T18:00", Reason::RuleNotInForce),
        ("2027-01-31T16:59:59Z", Reason::AllowedRule),
        ("2027-01-31T17:00Z", Reason::RuleNotInForce),
    ] {
        let explanation = ask_at(&names, at).unwrap();
        assert_eq!(explanation.legs[0].reason, reason, "{at}");
    }
    let explanation = ask_at(&names, "2027-01-31T16:59Z").unwrap();
    assert_eq!(
        explanation.notes,
        ["as of Sunday, 2027-01-31T17:59:00+01:00"]
    );
}

#[test]
fn a_moment_has_to_be_one() {
    let nowhere = until_evening(None);
    let error = |at| ask_at(&nowhere, at).unwrap_err().to_string();
    assert_eq!(
        error("2027-01-31T18:00"),
        "`2027-01-31T18:00:00` is local time, and the policy has no `time_zone`: say `2027-01-31T18:00:00Z` for UTC"
    );
    assert_eq!(
        error("2107-01-31T18:00Z"),
        "`2107-01-31T18:00:00Z` is out of range: from 1970 to 2106"
    );
    assert!(error("2027-01-31").contains("is not a date and time"));
}

#[test]
fn the_other_side_opens_from_the_uplink() {
    let leg = only_leg(&Query {
        opener: Opener::Peer,
        ..query("10.40.0.9", Service::Tcp(8005))
    });
    assert_eq!(leg.verdict(), Verdict::Forwarded);
    assert_eq!(leg.side, Side::Uplink);
    assert_eq!(leg.src.to_string(), "10.40.0.9");
}

#[test]
fn a_wrong_port_shows_the_right_one() {
    let leg = only_leg(&query("10.20.8.11", Service::Tcp(3614)));
    assert_eq!(leg.reason, Reason::NoPort);
    assert_eq!(
        leg.hints,
        ["policy.yaml:11 allows tcp with 10.20.8.11 on other ports: `to pump-server tcp 3613`"]
    );
}

#[test]
fn a_wrong_protocol_shows_the_allowed_one() {
    let leg = only_leg(&query("10.20.8.11", Service::Udp(3613)));
    assert_eq!(leg.reason, Reason::NoProtocol);
    assert_eq!(
        leg.hints,
        ["policy.yaml:11 allows 10.20.8.11, with another protocol: `to pump-server tcp 3613`"]
    );
}

#[test]
fn a_wrong_peer_shows_who_is_allowed() {
    let leg = only_leg(&query("10.9.9.9", Service::Tcp(3613)));
    assert_eq!(leg.reason, Reason::NoPeer);
    assert_eq!(
        leg.hints,
        ["policy.yaml:11 allows tcp 3613 with others than 10.9.9.9: `to pump-server tcp 3613`"]
    );
}

#[test]
fn a_peer_in_a_set_that_no_rule_names_in_this_direction_is_found() {
    let leg = only_leg(&query("10.40.0.9", Service::Udp(53)));
    assert_eq!(leg.reason, Reason::NoPeer);
    assert_eq!(
        leg.hints,
        [
            "policy.yaml:4 has 10.40.0.9 in peer set biomed, which no `to` rule of profile infusion-pump names"
        ]
    );
}

#[test]
fn a_wrong_direction_says_who_may_open() {
    let leg = only_leg(&query("10.40.0.9", Service::Tcp(22)));
    assert_eq!(leg.reason, Reason::WrongDirection);
    assert_eq!(
        leg.hints,
        ["policy.yaml:12 allows it when the other side opens it: `from biomed tcp 22,8000-8009`"]
    );
}

#[test]
fn an_unknown_mac_one_digit_off_finds_its_neighbour() {
    let leg = only_leg(&of_mac([0x00, 0x03, 0xb1, 0x00, 0x00, 0x13]));
    assert_eq!(leg.reason, Reason::UnknownDevice);
    assert_eq!(leg.verdict(), Verdict::WouldDrop, "onboarding is learn");
    assert_eq!(leg.profile, None);
    assert_eq!(
        leg.hints.first().unwrap(),
        "policy.yaml:20: pump-icu-12 has nearly this MAC: 00:03:b1:00:00:12"
    );
}

#[test]
fn another_address_than_its_own_is_shown() {
    let leg = only_leg(&Query {
        address: Some("10.30.1.99".parse().unwrap()),
        ..query("10.20.8.11", Service::Tcp(3613))
    });
    assert_eq!(leg.reason, Reason::AddressNotBound);
    assert_eq!(leg.hints, ["policy.yaml:20: pump-icu-12 has 10.30.1.12"]);
}

#[test]
fn two_devices_are_judged_by_both_policies() {
    let explanation = ask(&query("monitor-7", Service::Udp(161))).unwrap();
    let [out, into] = explanation.legs.as_slice() else {
        panic!("{:?}", explanation.legs);
    };
    assert_eq!(
        (out.device.as_str(), out.side),
        ("pump-icu-12", Side::Device)
    );
    assert_eq!(out.reason, Reason::NoPeer);
    assert_eq!(
        (into.device.as_str(), into.side),
        ("monitor-7", Side::Uplink)
    );
    assert_eq!(into.reason, Reason::AllowedRule);
    assert_eq!(
        explanation.verdict(),
        Verdict::Dropped,
        "both must allow it"
    );
    assert!(explanation.notes[0].contains("both devices are behind wire ward-3"));
}

#[test]
fn an_address_that_a_device_is_bound_to_is_that_device() {
    let explanation = ask(&query("10.30.1.70", Service::Udp(161))).unwrap();
    assert_eq!(explanation.legs.len(), 2);
}

#[test]
fn a_peer_set_is_tried_address_by_address() {
    let explanation = ask(&Query {
        opener: Opener::Peer,
        ..query("biomed", Service::Tcp(22))
    })
    .unwrap();
    assert_eq!(explanation.legs[0].src.to_string(), "10.40.0.1");
    assert_eq!(explanation.notes, ["10.40.0.1 stands for 10.40.0.0/24"]);
    // The pump has no IPv6 address: that half of the set can't be asked.
    let explanation = ask(&query("pump-server", Service::Tcp(3613))).unwrap();
    assert_eq!(explanation.legs.len(), 1);
}

#[test]
fn names_that_are_not_there_suggest_what_was_meant() {
    let device = ask(&Query {
        subject: Subject::Name("pump-icu-21".to_owned()),
        ..query("10.20.8.11", Service::Tcp(1))
    });
    assert!(
        device
            .unwrap_err()
            .to_string()
            .ends_with("did you mean `pump-icu-12`?"),
    );
    let peer = ask(&query("pump-sever", Service::Tcp(1))).unwrap_err();
    assert!(peer.to_string().ends_with("did you mean `pump-server`?"));
    let wire = ask(&Query {
        wire: Some("ward-2".to_owned()),
        ..query("10.20.8.11", Service::Tcp(1))
    });
    assert!(wire.unwrap_err().to_string().contains("`ward-3`"));
}

#[test]
fn families_must_meet() {
    let error = ask(&query("fd00:20:8::11", Service::Tcp(3613))).unwrap_err();
    assert!(
        error.to_string().contains("no address that tcp 3613"),
        "{error}"
    );
}

#[test]
fn services_as_people_write_them() {
    for (protocol, port, service) in [
        ("tcp", Some("3613"), Service::Tcp(3613)),
        ("17", Some("53"), Service::Udp(53)),
        (
            "icmp",
            None,
            Service::Icmp(IcmpMessage { kind: 8, code: 0 }),
        ),
        (
            "icmp",
            Some("3/4"),
            Service::Icmp(IcmpMessage { kind: 3, code: 4 }),
        ),
        (
            "icmpv6",
            Some("echo-request"),
            Service::Icmpv6(IcmpMessage { kind: 128, code: 0 }),
        ),
        ("esp", None, Service::Other(50)),
        ("0", None, Service::Other(0)),
    ] {
        assert_eq!(Service::parse(protocol, port).unwrap(), service);
    }
    for (protocol, port) in [
        ("tcp", None),
        ("tcp", Some("0")),
        ("tcp", Some("65536")),
        ("udp", Some("http")),
        ("esp", Some("1")),
        ("256", None),
        ("", None),
        ("icmp", Some("ping")),
    ] {
        assert!(
            Service::parse(protocol, port).is_err(),
            "{protocol} {port:?} was accepted"
        );
    }
}

#[test]
fn every_service_and_tagging_makes_a_frame_that_the_judge_parses() {
    let with_ports = [
        Service::Tcp(80),
        Service::Udp(53),
        Service::Icmp(IcmpMessage { kind: 8, code: 0 }),
        Service::Icmpv6(IcmpMessage { kind: 128, code: 0 }),
    ];
    let others = (0..=255)
        .filter(|number| ![1, 6, 17, 58].contains(number))
        .map(Service::Other);
    for service in with_ports.into_iter().chain(others) {
        for (outer, inner) in [(0, 0), (30, 0), (100, 30)] {
            for peer in ["10.1.1.1", "fd00::1"] {
                let asked = ask(&Query {
                    vlans: Some(Vlans { outer, inner }),
                    ..Query {
                        peer: peer.to_owned(),
                        service,
                        ..of_mac(sample::STRANGER)
                    }
                });
                match asked {
                    Ok(explanation) => {
                        assert_eq!(explanation.legs[0].reason, Reason::UnknownDevice);
                        assert_eq!(explanation.legs[0].vlans, Vlans { outer, inner });
                    }
                    Err(ExplainError::Query(QueryError::NoCommonFamily { .. })) => {
                        let one_family = [0, 1, 43, 44, 51, 58, 60, 135];
                        assert!(one_family.contains(&service.number()), "{service:?}");
                    }
                    Err(error) => panic!("{service:?} {peer}: {error}"),
                }
            }
        }
    }
}
