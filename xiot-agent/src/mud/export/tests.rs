//! Profiles as files, and back: the same profile.

use std::collections::BTreeSet;

use ipnetwork::IpNetwork;
use proptest::prelude::*;

use super::*;
use crate::{
    diag::Style,
    model::{load_policy, written::written},
    mud::{
        import::{Imported, Site, filled, import, profile_name},
        meaning::{Conversation, Message, Opener, Peer, Ports, Service, everybody, meaning},
        published,
    },
    unit::dns_name::DnsName,
};

const URL: &str = "https://vendor.example.com/pump";

fn now() -> Timestamp {
    "2026-05-01T12:03:05.25Z".parse().unwrap()
}

/// The file of a profile, by the text of a policy.
fn exported(text: &str, profile: &str) -> Exported {
    let loaded = load_policy("policy.yaml", text);
    assert!(
        loaded.report.errors() == 0,
        "{text}\n{}",
        loaded.report.render(Style::Plain)
    );
    let policy = loaded.value.unwrap();
    let written = written(text.as_bytes()).unwrap();
    let url = policy.mud.urls.get(profile).map_or(URL, String::as_str);
    let profile = written.profile(profile).unwrap();
    let exported = export(&policy, &written, profile, url, now());
    let json = serde_json::to_string(&exported.file).unwrap();
    assert_eq!(serde_json::from_str::<File>(&json).unwrap(), exported.file);
    check_valid(&exported.file);
    exported
}

/// What the modules of RFC 8519 and 8520 ask of a file beyond its shape.
fn check_valid(file: &File) {
    let mud = &file.mud;
    assert_eq!(mud.version, 1);
    assert!(
        mud.cache_validity
            .is_none_or(|hours| (1..=168).contains(&hours))
    );
    assert!(
        mud.systeminfo
            .as_ref()
            .is_none_or(|text| text.chars().count() <= 60)
    );
    mud.last_update.parse::<Timestamp>().unwrap();
    let named = [&mud.from_device_policy, &mud.to_device_policy];
    let named: Vec<_> = named
        .into_iter()
        .flat_map(|policy| &policy.access_lists.access_list)
        .map(|name| &name.name)
        .collect();
    let lists: Vec<_> = file.acls.acl.iter().map(|acl| &acl.name).collect();
    assert_eq!(
        named.iter().collect::<BTreeSet<_>>(),
        lists.iter().collect::<BTreeSet<_>>()
    );
    assert_eq!(lists.iter().collect::<BTreeSet<_>>().len(), lists.len());
    for acl in &file.acls.acl {
        assert!((1..=64).contains(&acl.name.len()), "{}", acl.name);
        let names: BTreeSet<_> = acl.aces.ace.iter().map(|ace| &ace.name).collect();
        assert_eq!(names.len(), acl.aces.ace.len());
        for ace in &acl.aces.ace {
            assert!((1..=64).contains(&ace.name.len()), "{}", ace.name);
            let matches = &ace.matches;
            let accepted = ace.actions.forwarding == "accept";
            if let Some(tcp) = &matches.tcp {
                assert_eq!(tcp.direction_initiated.is_some(), accepted);
            }
            assert!(
                matches
                    .udp
                    .iter()
                    .all(|it| it.direction_initiated.is_none())
            );
            let family = (matches.ipv4.is_some(), matches.ipv6.is_some());
            match acl.kind.as_str() {
                "ipv4-acl-type" => assert!(family == (true, false) && matches.eth.is_none()),
                "ipv6-acl-type" => assert!(family == (false, true) && matches.eth.is_none()),
                "mixed-eth-ipv4-acl-type" => assert!(family == (true, false)),
                other => panic!("{other}"),
            }
        }
    }
}

fn imported(file: &File, profile: &str) -> Imported {
    let meaning = meaning(file).unwrap();
    import(&meaning, &file.mud.url, profile, &Site::default()).unwrap()
}

/// Imports, exports, imports again.
fn there_and_back(file: &File, profile: &str) {
    let first = imported(file, profile);
    let text = filled(&first);
    let Exported {
        file: back,
        unwritten,
    } = exported(&text, profile);
    assert_eq!(unwritten, [], "{text}");
    let (before, after) = (meaning(file).unwrap(), meaning(&back).unwrap());
    assert_eq!(after.unexpressed, [], "{text}");
    assert_eq!(after.conversations, before.conversations, "{text}");
    let second = imported(&back, profile);
    assert_eq!(second, first);
    // At the site that has it already, it comes to the same profile and asks for nothing new.
    let policy = load_policy("policy.yaml", text).value.unwrap();
    let site = Site::of(&policy);
    let known = import(&after, &back.mud.url, profile, &site).unwrap();
    assert_eq!(known.profile_text(), first.profile_text());
    assert_eq!((&known.sets, &known.missing_servers), (&vec![], &vec![]));
    assert_eq!(known.mapping, crate::model::mud::Mud::default());
}

#[test]
fn published_files_come_back_as_they_went() {
    for (path, file) in published::read() {
        println!("{path}");
        there_and_back(&file, &profile_name(&file.mud.url));
    }
}

fn some_peer() -> impl Strategy<Value = Peer> {
    let network = |text: &str| Just(Peer::Network(text.parse::<IpNetwork>().unwrap()));
    let host = prop_oneof![Just("vendor.example.com"), Just("other.example")];
    prop_oneof![
        network("192.0.2.1/32"),
        network("192.0.2.0/24"),
        network("2001:db8::/32"),
        network("224.0.0.251/32"),
        network("ff02::fb/128"),
        network("255.255.255.255/32"),
        everybody_of(0),
        everybody_of(1),
        Just(Peer::Dns(DnsName::parse("cloud.vendor.com").unwrap())),
        Just(Peer::MyController),
        Just(Peer::Controller(
            "https://vendor.example.com/fleet".to_owned()
        )),
        Just(Peer::Controller(super::super::meaning::DNS.to_owned())),
        Just(Peer::Controller(super::super::meaning::NTP.to_owned())),
        Just(Peer::Controller("urn:ietf:params:mud:gateway".to_owned())),
        Just(Peer::Model("https://other.example/x".to_owned())),
        host.prop_map(|host| Peer::Manufacturer(host.to_owned())),
        Just(Peer::LocalBroadcast),
        Just(Peer::LocalNetworks),
    ]
}

fn everybody_of(family: usize) -> impl Strategy<Value = Peer> {
    Just(Peer::Network(everybody()[family]))
}

fn some_service() -> impl Strategy<Value = Service> {
    let ports = || {
        prop_oneof![
            Just(Ports::ANY),
            Just(Ports::one(53)),
            Just(Ports::one(123)),
            (1..9u16, 0..9u16).prop_map(|(low, more)| Ports {
                low,
                high: low + more
            }),
            Just(Ports {
                low: 1024,
                high: u16::MAX
            }),
        ]
    };
    let message = |request: u8, reply: u8| {
        (any::<u8>(), proptest::option::of(0..3u8)).prop_map(move |(kind, code)| -> Message {
            match kind {
                // Answers can't be allowed by themselves, and requests have one code.
                kind if kind == reply || kind == request => (request, None),
                kind => (kind, code),
            }
        })
    };
    prop_oneof![
        1 => Just(Service::Any),
        4 => ports().prop_map(Service::Tcp),
        4 => ports().prop_map(Service::Udp),
        2 => message(8, 0).prop_map(Service::Icmp),
        1 => Just(Service::Icmp((8, None))),
        2 => message(128, 129).prop_map(Service::Icmpv6),
        2 => prop_oneof![Just(1u8), Just(2), Just(58), Just(47), Just(0)].prop_map(Service::Protocol),
    ]
}

fn some_conversation() -> impl Strategy<Value = Conversation> {
    let opener = prop_oneof![Just(Opener::Device), Just(Opener::Peer)];
    (opener, some_peer(), some_service())
        .prop_map(|(opener, peer, service)| Conversation {
            opener,
            peer,
            service,
        })
        .prop_filter("it has a meaning", |one| {
            let sent = one.peer != Peer::LocalBroadcast || one.opener == Opener::Device;
            sent && allowed::speaks(&one.peer, one.service)
        })
}

proptest! {
    #[test]
    fn any_profile_comes_back_as_it_went(
        conversations in proptest::collection::vec(some_conversation(), 0..12),
        with_defaults in any::<bool>(),
    ) {
        let mut conversations: Conversations = conversations.into_iter().collect();
        // Names are learned from answers: who may not ask for them can have no rules for them.
        let names = conversations.by_peer().any(|(_, peer, _)| matches!(peer, Peer::Dns(_)));
        if with_defaults || names {
            dns().into_iter().chain([ntp()]).for_each(|one| conversations.add(one));
        }
        let lists = lists(&conversations, "vendor.example.com");
        let file = of_lists("pump", URL, now(), lists);
        check_valid(&file);
        let read = meaning(&file).unwrap();
        prop_assert_eq!(&read.unexpressed, &vec![]);
        prop_assert_eq!(&read.conversations, &conversations);
        there_and_back(&file, "pump");
    }
}

#[test]
fn a_file_says_what_the_profile_says() {
    let exported = exported(POLICY, "pump");
    insta::assert_snapshot!(serde_json::to_string_pretty(&exported.file).unwrap());
}

const POLICY: &str = r#"onboarding: learn
services: {dns: {servers: [10.0.0.53]}}
mud:
  local-networks: site
  my-controllers: {pump: pump-server}
peer_sets:
  site: [10.0.0.0/8]
  pump-server: [10.0.0.1]
  archive: [{set: pump-server}, 10.0.0.2, {device: gateway}]
  biomed: ["fd00:1::/64"]
profiles:
  pump:
    mud-url: "https://vendor.example.com/pump"
    services: [nd, dns]
    allow:
      - {to: pump-server, tcp: [3613, 8000-8009]}
      - {to: {dns: cloud.vendor.com}, tcp: 443}
      - {from: biomed, tcp: 22, icmpv6: echo-request}
      - {to: site, udp: any}
  monitor:
    services: [arp, nd, dhcp]
    allow:
      - {to: [archive, {group: monitors}], tcp: 104}
      - {from: any, tcp: 22, expires: 2099-01-01}
devices:
  - {name: gateway, mac: 000000000001, ip: 10.0.0.3, profile: pump, mode: learn}
  - {name: monitor, mac: 000000000002, ip: 10.0.0.4, profile: monitor, groups: monitors, mode: learn}
time_zone: UTC
"#;

#[test]
fn what_a_file_can_not_say_is_told() {
    let said = |profile: &str| -> Vec<_> {
        let exported = exported(POLICY, profile);
        exported.unwritten.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        said("pump"),
        [
            "rule `from biomed tcp 22 icmpv6 echo-request`: what is in peer set `biomed` is written: `mud` of the policy has no word for it",
            "files can't say that a device does without arp",
            "files can't say that a device does without dhcp",
        ]
    );
    let rule = "rule `to archive, group monitors tcp 104`: ";
    assert_eq!(
        said("monitor"),
        [
            format!(
                "{rule}what is in peer set `archive` is written: `mud` of the policy has no word for it"
            ),
            format!(
                "{rule}what is in peer set `pump-server` is written: `mud` of the policy has no word for it"
            ),
            format!("{rule}the addresses that device `gateway` has at this site are written"),
            format!(
                "{rule}the addresses that devices of group `monitors` have at this site are written"
            ),
            "rule `from any tcp 22 until 2099-01-01`: files know no times: the rule is left out"
                .to_owned(),
        ]
    );
    let file = exported(POLICY, "monitor").file;
    let peers: BTreeSet<_> = meaning(&file)
        .unwrap()
        .conversations
        .iter()
        .map(|one| format!("{:?}", one.peer))
        .collect();
    assert_eq!(peers.len(), 4, "{peers:?}");
}
