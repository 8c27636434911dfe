//! What devices are told and say of themselves: from an answer of DNS to a rule that holds when the name leads elsewhere, and from DHCP and LLDP to what
//! people see.

use std::{fs, net::Ipv4Addr};

use serde_json::Value;
use xiot_agent::netns::process::Running;
use xiot_tests::{
    frame::{frame, lease},
    net::{
        dnsmasq::dnsmasq,
        rig::Rig,
        traffic::{connect, connect_is_lost, exchange},
    },
    until::until,
    ward::{BROADCAST, STRANGER},
};

use crate::{
    agent::{Agent, COLD, ended, gateway},
    names::{listen, resolves},
};

const POLICY: &str = r#"onboarding: learn
services:
  dns: {servers: 10.30.1.1}
profiles:
  scanner:
    services: [arp, nd]
devices:
  - {name: ct-2, mac: "02:00:00:00:30:0c", ip: 10.30.1.12, profile: scanner, mode: learn}
"#;

/// Where the name leads at first, where it leads later, and where it never did.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 30, 1, 77);
const LATER: Ipv4Addr = Ipv4Addr::new(10, 30, 1, 78);
const NEVER: Ipv4Addr = Ipv4Addr::new(10, 30, 1, 79);

const NAME: &str = "cloud.vendor.example";

/// The site's DNS server, while the name leads there.
fn leading_to(rig: &Rig, address: Ipv4Addr) -> Running {
    let leads = format!("--address=/{NAME}/{address}");
    let args = ["--port=53", "--no-resolv", "--no-hosts", &leads];
    dnsmasq(&rig.uplink, &args)
}

#[test]
fn a_name_that_a_device_asked_for_is_proposed_and_holds_for_its_next_address() {
    let rig = Rig::new();
    let [first, later, never] = [FIRST, LATER, NEVER].map(|it| listen(&rig.uplink, it));
    let server = leading_to(&rig, FIRST);
    // Two days go by in five seconds.
    let pace = ["--learn-pace", "36000"];
    let agent = Agent::start_with(&rig, &gateway(&rig, COLD), POLICY, &pace);
    resolves(&rig, NAME);
    let rule = format!("      - {{to: {{dns: {NAME}}}, tcp: 443}}\n");
    let diff = until("a peer that is known for a day", || {
        exchange(&mut connect(&rig.device, first.address()), 100);
        let diff = agent.say(&["propose", "scanner"]);
        diff.contains(&format!("+{rule}")).then_some(diff)
    });
    assert!(!diff.contains(&FIRST.to_string()), "{diff}");
    let named = format!("{NAME} ({FIRST})");
    let table = agent.say(&["learned", "--device", "ct-2"]);
    assert!(table.contains(&named), "{table}");

    let file = rig.file("policy.yaml");
    let output = file.to_str().unwrap();
    agent.say(&["propose", "scanner", "--output", output]);
    let policy = fs::read_to_string(&file).unwrap();
    assert!(policy.contains(&rule) && policy.contains("dns"), "{policy}");
    // What the device was told is known to whoever asks what the proposal would drop.
    let simulated = agent.json(&["simulate", output, "--device", "ct-2"]);
    let dropped = simulated["would_drop"].as_array().unwrap();
    assert!(
        dropped.iter().all(|it| it["peer"] != FIRST.to_string()),
        "{dropped:?}"
    );
    // A person who has read it puts it in force.
    fs::write(&file, policy.replace("mode: learn}", "mode: enforce}")).unwrap();
    agent.say(&["reload"]);
    drop(server);
    let _server = leading_to(&rig, LATER);
    assert!(connect_is_lost(&rig.device, later.address()));
    // What it was told before the rule was there holds.
    let question = ["explain", "--device", "ct-2", "--to", NAME, "tcp", "443"];
    let reason = |address: Ipv4Addr| {
        let answer = agent.json(&question);
        let mut legs = answer["legs"].as_array().unwrap().iter();
        let leg = legs.find(|leg| leg["dst"] == address.to_string());
        leg.map(|leg| leg["reason"].as_str().unwrap().to_owned())
    };
    assert_eq!(reason(FIRST).as_deref(), Some("allowed_rule"));
    assert_eq!(reason(LATER), None);
    exchange(&mut connect(&rig.device, first.address()), 100);
    resolves(&rig, NAME);
    exchange(&mut connect(&rig.device, later.address()), 100);
    assert!(connect_is_lost(&rig.device, never.address()));
    assert_eq!(reason(LATER).as_deref(), Some("allowed_rule"));
    let question = [
        "explain",
        "--device",
        "ct-2",
        "--to",
        "other.example",
        "tcp",
        "443",
    ];
    let (code, said) = ended(&agent.client(&question).output().unwrap());
    assert!(
        code == 2 && said.contains("`ct-2` was told no address of it"),
        "{code}: {said}"
    );
    agent.stop();
}

const LLDP: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0x0e];

/// A TLV of LLDP.
fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    let head = (u16::from(kind) << 9 | length).to_be_bytes();
    [&head, value].concat()
}

/// An option of DHCP.
fn option(code: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap();
    [&[code, length], value].concat()
}

/// What is known of a device once it has said where it is described.
fn described(agent: &Agent<'_>, device: &str) -> Value {
    until("a MUD URL", || {
        let learned = agent.json(&["learned", "--device", device]);
        let it = learned["devices"].get(0)?.clone();
        it["mud_url"].is_string().then_some(it)
    })
}

#[test]
fn what_devices_say_of_themselves_is_shown() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, COLD), POLICY);
    let socket = rig.device.packets();
    let mut discover = lease::request(rig.device.mac, Ipv4Addr::UNSPECIFIED);
    discover.extend(
        [
            option(53, &[1]),
            option(12, b"ct-of-icu"),
            option(60, b"Vendor CT"),
            option(161, b"https://vendor.example/ct.json \x07later"),
            vec![255],
        ]
        .concat(),
    );
    let request = frame(rig.device.mac, BROADCAST).ip("0.0.0.0", "255.255.255.255");
    socket
        .send(&request.datagram(68, 67, &discover).build())
        .unwrap();
    let body = [
        tlv(1, &[4; 7]),
        tlv(2, &[3; 7]),
        tlv(3, &[0, 120]),
        tlv(5, b"tv\x1b[2J"),
        tlv(127, b"\x00\x00\x5e\x01https://vendor.example/tv"),
        tlv(0, &[]),
    ];
    let lldp = frame(STRANGER, LLDP).other(0x88cc, &body.concat());
    socket.send(&lldp.build()).unwrap();

    let it = described(&agent, "ct-2");
    assert_eq!(
        [&it["mud_url"], &it["host"], &it["vendor_class"]],
        ["https://vendor.example/ct.json", "ct-of-icu", "Vendor CT"]
    );
    let table = agent.say(&["learned", "--device", "ct-2"]);
    for line in [
        "says of itself: host name ct-of-icu\n",
        "says of itself: vendor class Vendor CT\n",
        "says of itself: MUD URL https://vendor.example/ct.json\n",
    ] {
        assert!(table.contains(line), "{line}{table}");
    }
    let it = described(&agent, "02:00:00:00:00:99");
    assert_eq!(it["mud_url"], "https://vendor.example/tv");
    // No host has such a name.
    assert_eq!(it["host"], Value::Null);
    let table = agent.say(&["learned"]);
    assert!(
        table.contains("SAYS IT IS") && table.contains("https://vendor.example/tv"),
        "{table}"
    );
    let heard = &agent.json(&["status"])["messages_heard"];
    assert_eq!([&heard["dhcp"], &heard["lldp"]], [1, 1]);
    agent.stop();
}
