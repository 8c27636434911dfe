//! Entries and what becomes of them, one sentence each.

mod lost;

use serde_json::{Value, json};

use super::*;

/// A file with these entries: what is sent from the device, and to it, each with the family of its list.
fn file(from: &[(&str, Value)], to: &[(&str, Value)]) -> File {
    let mut acls = Vec::new();
    let mut names = |side: &str, entries: &[(&str, Value)]| -> Vec<Value> {
        let mut names = Vec::new();
        for (number, (kind, entry)) in entries.iter().enumerate() {
            let name = format!("{side}-{number}");
            let mut entry = entry.clone();
            let action = entry.as_object_mut().unwrap().remove("action");
            acls.push(json!({
                "name": name, "type": format!("{kind}-acl-type"),
                "aces": {"ace": [{
                    "name": format!("{side}-{number}"), "matches": entry,
                    "actions": {"forwarding": action.unwrap_or_else(|| json!("accept"))},
                }]},
            }));
            names.push(json!({"name": name}));
        }
        names
    };
    let policies = [names("from", from), names("to", to)];
    let [from, to] = policies.map(|names| json!({"access-lists": {"access-list": names}}));
    let file = json!({
        "ietf-mud:mud": {
            "mud-version": 1, "mud-url": "https://Vendor.example.com/pump",
            "last-update": "2026-05-01T12:00:00Z", "is-supported": true,
            "from-device-policy": from, "to-device-policy": to,
        },
        "ietf-access-control-list:acls": {"acl": acls},
    });
    serde_json::from_value(file).unwrap()
}

/// Conversations beyond DNS and NTP, and what is not expressed, as sentences.
fn said(file: &File) -> (Vec<String>, Vec<String>) {
    let meaning = meaning(file).unwrap();
    let defaults: Vec<_> = dns().into_iter().chain([ntp()]).collect();
    let conversations = meaning.conversations.iter();
    (
        conversations
            .filter(|one| !defaults.contains(one))
            .map(|one| format!("{:?} {:?} {:?}", one.opener, one.peer, one.service))
            .collect(),
        meaning
            .unexpressed
            .iter()
            .map(|one| format!("{}{one}", if one.kept { "(kept) " } else { "" }))
            .collect(),
    )
}

/// An entry of each side alone, or of both, must come to this.
#[track_caller]
fn check(from: &[(&str, Value)], to: &[(&str, Value)], conversations: &[&str], lost: &[&str]) {
    let (found, unexpressed) = said(&file(from, to));
    assert_eq!(found, conversations);
    assert_eq!(unexpressed, lost);
}

fn tcp(peer: Value, transport: Value) -> (&'static str, Value) {
    with(peer, "tcp", transport)
}

fn with(mut peer: Value, protocol: &str, transport: Value) -> (&'static str, Value) {
    peer.as_object_mut()
        .unwrap()
        .insert(protocol.to_owned(), transport);
    ("ipv4", peer)
}

fn local() -> Value {
    json!({"ietf-mud:mud": {"local-networks": [null]}})
}

fn port(side: &str, port: u16) -> Value {
    json!({format!("{side}-port"): {"operator": "eq", "port": port}})
}

fn initiated(side: &str, port: u16, by: &str) -> Value {
    json!({format!("{side}-port"): {"operator": "eq", "port": port}, "ietf-mud:direction-initiated": by})
}

#[test]
fn the_direction_says_who_opens_also_for_the_entry_that_mirrors_it() {
    let to_80 = ["Device LocalNetworks Tcp(Ports { low: 80, high: 80 })"];
    check(
        &[tcp(local(), initiated("destination", 80, "from-device"))],
        &[tcp(local(), port("source", 80))],
        &to_80,
        &[],
    );
    check(
        &[tcp(local(), port("source", 80))],
        &[tcp(local(), initiated("destination", 80, "to-device"))],
        &["Peer LocalNetworks Tcp(Ports { low: 80, high: 80 })"],
        &[],
    );
    // The answers alone say it too.
    check(
        &[],
        &[tcp(local(), initiated("source", 80, "from-device"))],
        &to_80,
        &[],
    );
    // Both may open: each says that one does.
    check(
        &[tcp(
            local(),
            json!({"ietf-mud:direction-initiated": "from-device"}),
        )],
        &[tcp(
            local(),
            json!({"ietf-mud:direction-initiated": "to-device"}),
        )],
        &[
            "Device LocalNetworks Tcp(Ports { low: 0, high: 65535 })",
            "Peer LocalNetworks Tcp(Ports { low: 0, high: 65535 })",
        ],
        &[],
    );
    check(
        &[tcp(local(), initiated("destination", 80, "sideways"))],
        &[],
        &[],
        &["from-0 of from-0: `sideways` is no direction: `from-device` or `to-device`"],
    );
}

#[test]
fn without_a_direction_the_side_with_the_port_is_called() {
    for protocol in ["tcp", "udp"] {
        let service = if protocol == "tcp" { "Tcp" } else { "Udp" };
        let device = format!("Device LocalNetworks {service}(Ports {{ low: 53, high: 53 }})");
        let peer = format!("Peer LocalNetworks {service}(Ports {{ low: 53, high: 53 }})");
        let source = || with(local(), protocol, port("source", 53));
        let destination = || with(local(), protocol, port("destination", 53));
        check(&[destination()], &[source()], &[&device], &[]);
        check(&[destination()], &[], &[&device], &[]);
        check(&[], &[source()], &[&device], &[]);
        check(&[source()], &[destination()], &[&peer], &[]);
        check(&[source()], &[], &[&peer], &[]);
        check(&[], &[destination()], &[&peer], &[]);
    }
}

#[test]
fn with_ports_of_both_or_of_none_whoever_may_send_may_open() {
    let both = json!({"source-port": {"operator": "eq", "port": 5}, "destination-port": {"operator": "eq", "port": 6}});
    check(
        &[tcp(local(), both.clone())],
        &[],
        &["Device LocalNetworks Tcp(Ports { low: 6, high: 6 })"],
        &[
            "(kept) from-0 of from-0: rules know no source ports: every one is allowed in place of 5",
        ],
    );
    let mirrored = json!({"source-port": {"operator": "eq", "port": 6}, "destination-port": {"operator": "eq", "port": 5}});
    let (found, lost) = said(&file(&[tcp(local(), both)], &[tcp(local(), mirrored)]));
    assert_eq!(
        found,
        [
            "Device LocalNetworks Tcp(Ports { low: 6, high: 6 })",
            "Peer LocalNetworks Tcp(Ports { low: 5, high: 5 })"
        ]
    );
    assert_eq!(lost.len(), 2);
    check(
        &[("ipv4", local())],
        &[("ipv4", local())],
        &["Device LocalNetworks Any", "Peer LocalNetworks Any"],
        &[],
    );
    check(
        &[with(local(), "udp", json!({}))],
        &[],
        &["Device LocalNetworks Udp(Ports { low: 0, high: 65535 })"],
        &[],
    );
}

#[test]
fn each_kind_of_other_side_is_kept() {
    for (peer, expected) in [
        (
            json!({"ipv4": {"ietf-acldns:dst-dnsname": "Cloud.Vendor.com"}}),
            "Dns(DnsName(\"cloud.vendor.com\"))",
        ),
        (
            json!({"ipv4": {"destination-ipv4-network": "192.0.2.7/24"}}),
            "Network(V4(Ipv4Network { addr: 192.0.2.0, prefix: 24 }))",
        ),
        (
            json!({"ietf-mud:mud": {"controller": "urn:x:y"}}),
            "Controller(\"urn:x:y\")",
        ),
        (
            json!({"ietf-mud:mud": {"my-controller": [null]}}),
            "MyController",
        ),
        (
            json!({"ietf-mud:mud": {"same-manufacturer": [null]}}),
            "Manufacturer(\"vendor.example.com\")",
        ),
        (
            json!({"ietf-mud:mud": {"manufacturer": "Other.example"}}),
            "Manufacturer(\"other.example\")",
        ),
        (
            json!({"ietf-mud:mud": {"model": "https://other.example/x"}}),
            "Model(\"https://other.example/x\")",
        ),
        (
            json!({"ietf-mud:mud": {"local-networks": [null]}}),
            "LocalNetworks",
        ),
        (
            json!({"ipv4": {"destination-ipv4-network": "224.0.0.251/32"}, "ietf-mud:mud": {"local-networks": [null]}}),
            "Network(V4(Ipv4Network { addr: 224.0.0.251, prefix: 32 }))",
        ),
        (
            json!({"eth": {"destination-mac-address": "FF:ff:ff:ff:ff:ff", "ethertype": "0x0800"}, "ietf-mud:mud": {"local-networks": [null]}}),
            "LocalBroadcast",
        ),
        (
            json!({}),
            "Network(V4(Ipv4Network { addr: 0.0.0.0, prefix: 0 }))",
        ),
    ] {
        check(
            &[with(peer, "udp", port("destination", 9))],
            &[],
            &[&format!(
                "Device {expected} Udp(Ports {{ low: 9, high: 9 }})"
            )],
            &[],
        );
    }
    check(
        &[(
            "ipv6",
            json!({"ipv6": {"destination-ipv6-network": "ff05:0:0:0:0:0:0:c", "protocol": 17}}),
        )],
        &[],
        &[
            "Device Network(V6(Ipv6Network { addr: ff05::c, prefix: 128 })) Udp(Ports { low: 0, high: 65535 })",
        ],
        &[],
    );
}

#[test]
fn messages_of_icmp_are_opened_by_who_sends_them_and_answers_pass_with_requests() {
    let echo = |kind: u8| json!({"ipv4": {"protocol": 1}, "icmp": {"type": kind, "code": 0}});
    check(
        &[("ipv4", echo(8))],
        &[("ipv4", echo(0))],
        &["Device Network(V4(Ipv4Network { addr: 0.0.0.0, prefix: 0 })) Icmp((8, None))"],
        &[],
    );
    check(
        &[],
        &[("ipv4", echo(0))],
        &[],
        &[
            "to-0 of to-0: answers to echo requests pass with the requests, and no entry allows those",
        ],
    );
    check(
        &[(
            "ipv6",
            json!({"ipv6": {"protocol": 58}, "ietf-mud:mud": {"my-controller": [null]}}),
        )],
        &[(
            "ipv6",
            json!({"icmp": {"type": 3}, "ietf-mud:mud": {"my-controller": [null]}}),
        )],
        &[
            "Device MyController Protocol(58)",
            "Peer MyController Icmpv6((3, None))",
        ],
        &[],
    );
}
