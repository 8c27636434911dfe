//! `observed`: what learning recorded of real traffic, read out.

use serde_json::Value;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, exchange, ping, udp},
    },
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
};

/// The conversations of the rig's device with this protocol.
fn of_device(agent: &Agent<'_>, protocol: &str) -> Vec<Value> {
    let all = agent.json(&["observed", "--device", "02:00:00:00:30:0c"]);
    let list = all.as_array().unwrap().iter();
    list.filter(|seen| seen["protocol"] == protocol)
        .cloned()
        .collect()
}

#[test]
fn learning_is_read_out_with_every_frame() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), "onboarding: learn\n");
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let shell = EchoServer::start(&rig.device, rig.device.v4.into(), 22);
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    // Two connections to one service are one conversation.
    for _ in 0..2 {
        exchange(&mut connect(&rig.device, server.address()), 10_000);
    }
    exchange(&mut connect(&rig.uplink, shell.address()), 100);

    // The last frames of a connection may still be on their way.
    let tcp = until("both services, and all of the frames", || {
        let tcp = of_device(&agent, "tcp");
        let [first, _] = tcp.as_slice() else {
            return None;
        };
        (first["bytes"].as_u64()? > 40_000).then_some(tcp)
    });
    let [report, maintenance] = tcp.as_slice() else {
        panic!("{tcp:?}");
    };
    assert_eq!(report["device"], Value::Null);
    assert_eq!(report["mac"], "02:00:00:00:30:0c");
    assert_eq!(report["wire"], "ward-3");
    assert_eq!(report["device_address"], "10.30.1.12");
    assert_eq!(report["peer_address"], "10.30.1.1");
    assert_eq!(
        (&report["port"], &report["icmp"]),
        (&3613.into(), &Value::Null)
    );
    assert_eq!(
        (&report["initiator"], &report["midstream"]),
        (&"device".into(), &false.into())
    );
    assert_eq!(report["conversations"], 2);
    assert!(report["frames"].as_u64().unwrap() > 20, "{report}");
    assert_eq!(
        (&report["verdict"], &report["reason"]),
        (&"would_drop".into(), &"unknown_device".into())
    );
    assert!(report["first_seen"].as_str().unwrap() <= report["last_seen"].as_str().unwrap());
    assert_eq!(
        (&maintenance["port"], &maintenance["initiator"]),
        (&22.into(), &"peer".into())
    );
    let ping = &of_device(&agent, "icmp")[0];
    assert_eq!(ping["icmp"], serde_json::json!([8, 0]));

    let table = agent.say(&["observed"]);
    let line = table
        .lines()
        .find(|line| line.contains("tcp 3613"))
        .unwrap();
    assert!(line.starts_with("02:00:00:00:30:0c  10.30.1.12"), "{table}");
    assert!(line.contains("->"), "{table}");
    assert!(line.ends_with("would drop  unknown_device"), "{table}");
}

#[test]
fn a_listed_device_has_its_name_and_the_rule_that_allows_it() {
    let rig = Rig::new();
    let policy = POLICY.replace("mode: enforce", "mode: monitor");
    let agent = Agent::start(&rig, &gateway(&rig, ""), &policy);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    exchange(&mut connect(&rig.device, server.address()), 1_000);
    let syslog = udp(&rig.device, rig.device.v4.into(), 0);
    syslog.send_to(b"x", (rig.uplink.v4, 514)).unwrap();
    let denied = until("the message to be seen", || {
        let denied = agent.json(&["observed", "--device", "pump-1", "--would-drop"]);
        let list = denied.as_array().unwrap();
        list.iter().find(|seen| seen["port"] == 514).cloned()
    });
    assert_eq!(denied["device"], "pump-1");
    assert_eq!(
        (&denied["reason"], &denied["rule"]),
        (&"no_protocol".into(), &Value::Null)
    );
    let allowed = &of_device(&agent, "tcp")[0];
    assert_eq!(
        (&allowed["verdict"], &allowed["reason"]),
        (&"forwarded".into(), &"allowed_rule".into())
    );
    assert_eq!(allowed["rule"]["line"], 7);
    assert!(
        agent
            .say(&["observed"])
            .contains("policy.yaml:7 to server tcp 3613")
    );
}

#[test]
fn what_a_limit_cuts_off_is_said() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), "onboarding: learn\n");
    for address in rig.uplink.addresses() {
        assert!(ping(&rig.device, address));
    }
    let all = agent.json(&["observed"]).as_array().unwrap().len();
    assert!(all >= 2, "{all}");
    for limited in [
        &["observed", "--limit", "1"][..],
        &["observed", "--limit", "1", "--json"],
    ] {
        let output = agent.client(limited).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let note = String::from_utf8(output.stderr).unwrap();
        // The hosts' kernels go on to find their neighbours meanwhile.
        let left_out: usize = note
            .split_once(" more are not shown")
            .unwrap()
            .0
            .parse()
            .unwrap();
        assert!(left_out >= all - 1, "{left_out} of {all}");
    }
    assert_eq!(
        agent
            .json(&["observed", "--limit", "1"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
