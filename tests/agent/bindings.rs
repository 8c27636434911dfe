//! Addresses that devices have by DHCP, or took themselves: what a running gateway learns, and what follows.

use serde_json::Value;
use xiot_tests::{
    frame::{Frame, Mac, frame},
    net::{
        capture::Capture,
        rig::{Host, Rig, UPLINK_PORT},
    },
    until::until,
};

use crate::agent::{Agent, gateway};

const SERVER: Mac = [0x02, 0, 0, 0, 0x30, 0x01];
const PUMP: Mac = [0x02, 0, 0, 0, 0x30, 0x0a];
const OTHER: Mac = [0x02, 0, 0, 0, 0x30, 0x0b];

const GIVEN: [u8; 4] = [10, 30, 1, 50];

/// Neither device has an address by policy.
const POLICY: &str = r#"onboarding: enforce
peer_sets:
  server: [10.30.1.1, "fd00:30::1"]
profiles:
  pump:
    services: [arp, nd, dhcp]
    allow:
      - {to: server, udp: 3613}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:0a", profile: pump, mode: enforce}
  - {name: pump-2, mac: "02:00:00:00:30:0b", profile: pump, mode: enforce}
"#;

/// A rig in which nobody speaks by himself.
fn rig() -> Rig {
    let rig = Rig::new();
    rig.quiet();
    rig
}

fn guarded(rig: &Rig, guards: &str, more: &str) -> String {
    let port = format!("uplink: {UPLINK_PORT}");
    gateway(rig, &format!("grace: 0s\n{more}")).replace(&port, &format!("{port}, guards: {guards}"))
}

/// A server's acknowledgement of a lease.
fn ack(client: Mac, address: [u8; 4], seconds: u32) -> Frame {
    let mut message = vec![0; 240];
    message[..3].copy_from_slice(&[2, 1, 6]);
    message[16..20].copy_from_slice(&address);
    message[28..34].copy_from_slice(&client);
    message[236..].copy_from_slice(&[0x63, 0x82, 0x53, 0x63]);
    message.extend([53, 1, 5, 51, 4]);
    message.extend(seconds.to_be_bytes());
    message.push(255);
    let length = u16::try_from(8 + message.len()).unwrap().to_be_bytes();
    let mut udp = vec![0, 67, 0, 68, length[0], length[1], 0, 0];
    udp.extend(message);
    let [a, b, c, d] = address;
    frame(SERVER, client)
        .ip("10.30.1.1", &format!("{a}.{b}.{c}.{d}"))
        .protocol(17, &udp)
}

fn udp(sender: Mac, source: &str) -> Frame {
    let server = if source.contains(':') {
        "fd00:30::1"
    } else {
        "10.30.1.1"
    };
    frame(sender, SERVER).ip(source, server).udp(4_000, 3613)
}

fn arp(sender: Mac) -> Frame {
    frame(sender, [0xff; 6]).arp(GIVEN.into(), [10, 30, 1, 1].into())
}

/// Sends it and sees it at the other end.
#[track_caller]
fn passes(from: &Host, to: &Host, frame: &Frame) {
    let capture = Capture::start(to);
    from.packets().send(&frame.build()).unwrap();
    capture.up_to("the frame", |seen| {
        !seen.outgoing && seen.bytes == frame.build()
    });
}

/// Frames with this verdict and reason.
fn counted(agent: &Agent<'_>, verdict: &str, reason: &str) -> u64 {
    let status = agent.json(&["status"]);
    let frames = status["frames"].as_array().unwrap().iter();
    frames
        .filter(|total| total["verdict"] == verdict && total["reason"] == reason)
        .map(|total| total["frames"].as_u64().unwrap())
        .sum()
}

/// Sends it and sees it counted as dropped for this reason.
#[track_caller]
fn is_dropped(agent: &Agent<'_>, from: &Host, frame: &Frame, reason: &str) {
    let before = counted(agent, "dropped", reason);
    from.packets().send(&frame.build()).unwrap();
    until(reason, || {
        (counted(agent, "dropped", reason) > before).then_some(())
    });
}

fn bindings(agent: &Agent<'_>, args: &[&str]) -> Vec<Value> {
    let said = agent.json(&[&["bindings"], args].concat());
    said.as_array().unwrap().clone()
}

/// Counts are a second old at most.
#[track_caller]
fn until_counted(agent: &Agent<'_>, by: &str, number: u64) {
    until(by, || {
        (agent.json(&["status"])["bindings"][by] == number).then_some(())
    });
}

#[test]
fn a_lease_makes_an_address_somebodys_and_a_takeover_keeps_it() {
    let rig = rig();
    let guards = "{all: monitor, source: enforce, arp: enforce}";
    let files = guarded(&rig, guards, "");
    let keep = ["--keep-attached"];
    let first = Agent::start_with(&rig, &files, POLICY, &keep);
    // Nobody's so far.
    passes(&rig.device, &rig.uplink, &udp(OTHER, "10.30.1.50"));
    passes(&rig.uplink, &rig.device, &ack(PUMP, GIVEN, 600));
    let [lease] = &bindings(&first, &["--device", "pump-1"])[..] else {
        panic!("one lease");
    };
    assert_eq!(lease["address"], "10.30.1.50");
    assert_eq!(lease["by"], "lease");
    assert_eq!(lease["mac"], "02:00:00:00:30:0a");
    assert!(
        (550..=600).contains(&lease["left_seconds"].as_u64().unwrap()),
        "{lease}"
    );
    assert!(bindings(&first, &["--device", "pump-2"]).is_empty());
    until_counted(&first, "leases", 1);

    is_dropped(&first, &rig.device, &arp(OTHER), "arp_spoofed");
    passes(&rig.device, &rig.uplink, &arp(PUMP));
    passes(&rig.device, &rig.uplink, &udp(PUMP, "10.30.1.50"));
    // A conversation from before the lease ends with the epoch that the agent begins.
    until("the end of the other's conversation", || {
        rig.device
            .packets()
            .send(&udp(OTHER, "10.30.1.50").build())
            .unwrap();
        (counted(&first, "dropped", "revoked") > 0).then_some(())
    });
    let stolen = udp(OTHER, "10.30.1.50");
    is_dropped(&first, &rig.device, &stolen, "source_address_stolen");

    first.stop();
    // Learned by the program alone.
    passes(
        &rig.uplink,
        &rig.device,
        &ack(OTHER, [10, 30, 1, 51], u32::MAX),
    );
    let second = Agent::start(&rig, &files, POLICY);
    let known = bindings(&second, &[]);
    let known: Vec<_> = known
        .iter()
        .map(|it| (it["device"].as_str().unwrap(), it["left_seconds"].is_null()))
        .collect();
    assert_eq!(known, [("pump-1", false), ("pump-2", true)]);
    is_dropped(&second, &rig.device, &stolen, "source_address_stolen");
    is_dropped(
        &second,
        &rig.device,
        &udp(PUMP, "10.30.1.51"),
        "source_address_stolen",
    );
    second.stop();
}

/// What `explain` says of the pump's work.
fn explained(agent: &Agent<'_>) -> Value {
    let question = ["explain", "--device", "pump-1", "--to", "10.30.1.1"];
    let said = agent.json(&[&question[..], &["udp", "3613"]].concat());
    said["legs"][0].clone()
}

#[test]
fn the_end_of_a_lease_ends_what_was_opened_with_it() {
    let rig = rig();
    let files = guarded(&rig, "{binding: enforce}", "bindings-settle: 0s\n");
    let agent = Agent::start(&rig, &files, POLICY);
    let own = udp(PUMP, "10.30.1.50");
    is_dropped(&agent, &rig.device, &own, "source_address_unbound");
    assert_eq!(explained(&agent)["reason"], "source_address_unbound");
    passes(&rig.uplink, &rig.device, &ack(PUMP, GIVEN, 4));
    passes(&rig.device, &rig.uplink, &own);
    let leg = explained(&agent);
    assert_eq!(
        (&leg["reason"], &leg["src"]),
        (&"allowed_rule".into(), &"10.30.1.50".into()),
        "{leg}"
    );
    until("the end of the conversation", || {
        rig.device.packets().send(&own.build()).unwrap();
        (counted(&agent, "dropped", "revoked") > 0).then_some(())
    });
    assert!(bindings(&agent, &[]).is_empty());
    is_dropped(&agent, &rig.device, &own, "source_address_unbound");
    is_dropped(&agent, &rig.device, &arp(PUMP), "source_address_unbound");
    passes(&rig.uplink, &rig.device, &ack(PUMP, GIVEN, 600));
    passes(&rig.device, &rig.uplink, &own);
    agent.stop();
}

#[test]
fn until_a_wire_has_settled_ipv4_is_only_watched() {
    let rig = rig();
    let files = guarded(&rig, "{binding: enforce}", "");
    let agent = Agent::start(&rig, &files, POLICY);
    passes(&rig.device, &rig.uplink, &udp(PUMP, "10.30.1.50"));
    passes(&rig.device, &rig.uplink, &arp(PUMP));
    assert_eq!(counted(&agent, "would_drop", "source_address_unbound"), 2);
    agent.stop();
    // After the next cold start it has.
    let settled = guarded(&rig, "{binding: enforce}", "bindings-settle: 0s\n");
    let agent = Agent::start_with(&rig, &settled, POLICY, &["--keep-attached"]);
    let unbound = udp(PUMP, "10.30.1.50");
    is_dropped(&agent, &rig.device, &unbound, "source_address_unbound");
    agent.stop();
    // A takeover goes on with the time of settling that there was.
    let agent = Agent::start(&rig, &files, POLICY);
    is_dropped(&agent, &rig.device, &unbound, "source_address_unbound");
    agent.stop();
}

#[test]
fn what_was_opened_before_a_wire_settled_ends_then() {
    let rig = rig();
    let files = guarded(&rig, "{binding: enforce}", "bindings-settle: 3s\n");
    let agent = Agent::start(&rig, &files, POLICY);
    let unbound = udp(PUMP, "10.30.1.50");
    passes(&rig.device, &rig.uplink, &unbound);
    until("the end of the conversation", || {
        rig.device.packets().send(&unbound.build()).unwrap();
        (counted(&agent, "dropped", "revoked") > 0).then_some(())
    });
    is_dropped(&agent, &rig.device, &unbound, "source_address_unbound");
    agent.stop();
}

#[test]
fn a_device_takes_so_many_ipv6_addresses_and_nobody_takes_them_from_it() {
    let rig = rig();
    let files = guarded(&rig, "{source: enforce, binding: enforce}", "");
    let agent = Agent::start(&rig, &files, POLICY);
    for last in 0x100..0x110 {
        let own = udp(PUMP, &format!("fd00:30::{last:x}"));
        passes(&rig.device, &rig.uplink, &own);
    }
    let beyond = udp(PUMP, "fd00:30::110");
    is_dropped(&agent, &rig.device, &beyond, "source_address_unbound");
    let stolen = udp(OTHER, "fd00:30::100");
    is_dropped(&agent, &rig.device, &stolen, "source_address_stolen");
    passes(&rig.device, &rig.uplink, &udp(OTHER, "fd00:30::110"));
    assert_eq!(bindings(&agent, &["--device", "pump-1"]).len(), 16);
    let [used] = &bindings(&agent, &["--device", "02:00:00:00:30:0b"])[..] else {
        panic!("one address");
    };
    assert_eq!(
        (&used["address"], &used["by"]),
        (&"fd00:30::110".into(), &"use".into())
    );
    until_counted(&agent, "uses", 17);
    agent.stop();
}

#[test]
fn a_wire_that_had_no_guards_settles_once_it_has_some() {
    let rig = rig();
    let off = guarded(&rig, "off, ethertypes: lldp", "bindings-settle: 0s\n");
    let agent = Agent::start(&rig, &off, POLICY);
    let on = guarded(&rig, "{binding: enforce}", "");
    std::fs::write(rig.file("gateway.yaml"), on).unwrap();
    assert_eq!(agent.json(&["reload"])["applied"], true);
    passes(&rig.device, &rig.uplink, &udp(PUMP, "10.30.1.50"));
    assert_eq!(counted(&agent, "would_drop", "source_address_unbound"), 1);
    agent.stop();
}
