//! Quarantine, break-glass and release, as an operator meets them.

use std::io::{Read as _, Write as _};

use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange},
    },
    until::until,
};

use crate::{
    POLICY,
    agent::{self, Agent, ended, gateway},
};

fn is_silent(session: &mut std::net::TcpStream) -> bool {
    session.write_all(b"anybody there?").unwrap();
    session
        .set_read_timeout(Some(std::time::Duration::from_millis(300)))
        .unwrap();
    session.read_exact(&mut [0; 14]).is_err()
}

#[test]
fn a_quarantine_cuts_a_device_off_until_it_is_released() {
    let rig = Rig::new();
    let first = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &["--keep-attached"]);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let mut session = connect(&rig.device, pump.address());
    exchange(&mut session, 1_000);

    let said = first.say(&["quarantine", "pump-1"]);
    assert_eq!(said, "pump-1: quarantined until it is released\n");
    assert!(is_silent(&mut session));
    assert!(connect_is_lost(&rig.device, pump.address()));
    let drops = first.say(&["drops", "--reason", "quarantined", "--json"]);
    assert!(drops.contains("pump-1"), "{drops}");
    let status = first.json(&["status"]);
    assert_eq!(status["decisions"][0]["device"], "pump-1");
    assert_eq!(status["decisions"][0]["decision"], "quarantine");
    assert!(first.say(&["status"]).contains(&said));
    let explained = first.json(&[
        "explain",
        "--device",
        "pump-1",
        "--to",
        "10.30.1.1",
        "tcp",
        "3613",
    ]);
    assert!(explained.to_string().contains("quarantined"), "{explained}");

    // Neither another policy nor another agent ends it.
    agent::write(
        &rig,
        &gateway(&rig, ""),
        &POLICY.replace("tcp: 3613", "tcp: [22, 3613]"),
    );
    assert_eq!(first.json(&["reload"])["applied"], true);
    assert!(connect_is_lost(&rig.device, pump.address()));
    first.stop();
    assert!(connect_is_lost(&rig.device, pump.address()));
    let second = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    assert!(second.say(&["status"]).contains(&said));
    assert!(connect_is_lost(&rig.device, pump.address()));

    let said = second.say(&["release", "pump-1"]);
    assert_eq!(said, "pump-1: released, policy applies\n");
    exchange(&mut connect(&rig.device, pump.address()), 1_000);
    let (exit, said) = ended(&second.client(&["release", "pump-1"]).output().unwrap());
    assert_eq!(
        (exit, said.trim_end()),
        (2, "error: nothing is decided about pump-1")
    );
}

#[test]
fn break_glass_lets_pass_what_policy_denies_and_ends_by_itself_without_an_agent() {
    let rig = Rig::new();
    let agent = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &["--keep-attached"]);
    let shell = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 22);
    assert!(connect_is_lost(&rig.device, shell.address()));
    let said = agent.say(&[
        "break-glass",
        "pump-1",
        "--for",
        "4s",
        "--reason",
        "surgery",
    ]);
    assert!(said.starts_with("pump-1: break-glass until "), "{said}");
    let mut session = connect(&rig.device, shell.address());
    exchange(&mut session, 1_000);
    agent.stop();
    until("the end of break-glass", || {
        is_silent(&mut session).then_some(())
    });
    assert!(connect_is_lost(&rig.device, shell.address()));
}

#[test]
fn what_is_asked_for_by_mistake_is_refused() {
    let rig = Rig::new();
    let policy = POLICY.replace(
        "profiles:\n  pump:",
        "profiles:\n  pump:\n    criticality: life-sustaining",
    );
    let agent = Agent::start(&rig, &gateway(&rig, ""), &policy);
    for (arguments, exit, message) in [
        (
            &["quarantine", "pump-1"][..],
            3,
            "pump-1 is life-sustaining",
        ),
        (&["quarantine", "pump-2"], 2, "did you mean `pump-1`?"),
        (
            &["quarantine", "pump-1", "--override", "--vlan", "30"],
            2,
            "its VLANs are those of the policy",
        ),
        (
            &["quarantine", "02:00:00:00:77:01", "--vlan", "5000"],
            2,
            "is not a VLAN",
        ),
        (&["quarantine", "pump-1", "--override"], 2, "takes a reason"),
        (
            &["break-glass", "pump-1", "--for", "1h"],
            2,
            "takes a reason",
        ),
        (
            &["break-glass", "pump-1", "--for", "1h", "--reason", " "],
            2,
            "takes a reason",
        ),
        (
            &["break-glass", "pump-1", "--for", "1h", "--reason", "a\nb"],
            2,
            "one line",
        ),
        (
            &["break-glass", "pump-1", "--for", "60d", "--reason", "x"],
            2,
            "31 days",
        ),
        (&["break-glass", "pump-1"], 2, "--for"),
        (&["release", "pump-1"], 2, "nothing is decided about pump-1"),
    ] {
        let (found, said) = ended(&agent.client(arguments).output().unwrap());
        assert_eq!(found, exit, "{arguments:?}: {said}");
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
    assert_eq!(agent.json(&["status"])["decisions"], serde_json::json!([]));
    let said = agent.say(&[
        "quarantine",
        "pump-1",
        "--override",
        "--for",
        "1h",
        "--reason",
        "ransomware",
    ]);
    assert!(said.starts_with("pump-1: quarantined until 20"), "{said}");
    let said = agent.say(&["quarantine", "02:00:00:00:77:01", "--vlan", "30"]);
    assert_eq!(
        said,
        "02:00:00:00:77:01 on VLAN 30: quarantined until it is released\n"
    );
}
