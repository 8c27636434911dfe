//! `learned` and `propose`: from what a device did on the wire to a policy under which it goes on, and nothing else does.

use std::fs;

use serde_json::Value;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange, ping},
    },
    until::until,
};

use crate::agent::{Agent, KEEP, ended, gateway};

const MAC: &str = "02:00:00:00:30:0c";

const POLICY: &str = "\
# day one
onboarding: learn
peer_sets:
  server: [10.30.1.1]   # of the vendor
profiles:
  bed: {services: [arp, nd], allow: [{to: server, tcp: 9}]}
devices:
  - {name: bed-1, mac: 00-00-00-00-00-01, profile: bed, mode: monitor}
";

fn conversations(agent: &Agent<'_>, device: &str) -> Vec<Value> {
    let learned = agent.json(&["learned", "--device", device]);
    learned["conversations"].as_array().unwrap().clone()
}

fn is(seen: &Value, initiator: &str, protocol: &str, port: u16) -> bool {
    seen["initiator"] == initiator && seen["protocol"] == protocol && seen["port"] == port
}

#[test]
fn what_a_device_did_becomes_a_policy_that_it_goes_on_under() {
    let rig = Rig::new();
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let shell = EchoServer::start(&rig.device, rig.device.v4.into(), 8443);
    // Two days go by in five seconds.
    let pace = ["--learn-pace", "36000"];
    let agent = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &pace);
    until("a peer that is known for a day, and hours enough", || {
        exchange(&mut connect(&rig.device, server.address()), 100);
        exchange(&mut connect(&rig.uplink, shell.address()), 100);
        assert!(ping(&rig.device, rig.uplink.v4.into()));
        let seen = conversations(&agent, MAC);
        let is_known = |initiator, port| {
            let it = seen.iter().find(|it| is(it, initiator, "tcp", port));
            it.is_some_and(|it| it["marks"].as_array().is_some_and(Vec::is_empty))
        };
        (is_known("device", 3613) && is_known("peer", 8443)).then_some(())
    });
    let table = agent.say(&["learned"]);
    assert!(
        table.contains("NEVER WATCHED") && table.contains(MAC),
        "{table}"
    );

    let diff = agent.say(&["propose", "pump", "--device", MAC]);
    for line in [
        "+  pump:\n",
        "+    services: [arp, nd, dhcp]\n",
        "+      - {to: server, tcp: 3613, icmp: echo-request}\n",
        "+      - {from: server, tcp: 8443}\n",
        "+  - {name: pump-02000000300c, mac: \"02:00:00:00:30:0c\", profile: pump, mode: learn}\n",
    ] {
        assert!(diff.contains(line), "{line}{diff}");
    }
    assert_eq!(fs::read_to_string(rig.file("policy.yaml")).unwrap(), POLICY);

    let file = rig.file("policy.yaml");
    agent.say(&[
        "propose",
        "pump",
        "--device",
        MAC,
        "--output",
        file.to_str().unwrap(),
    ]);
    let policy = fs::read_to_string(&file).unwrap();
    assert!(
        policy.starts_with("# day one\n") && policy.contains("# of the vendor"),
        "{policy}"
    );
    // A person who has read it puts it in force.
    fs::write(&file, policy.replace("mode: learn}", "mode: enforce}")).unwrap();
    agent.say(&["reload"]);
    let other = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3614);
    exchange(&mut connect(&rig.device, server.address()), 100);
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    assert!(connect_is_lost(&rig.device, other.address()));
    agent.stop();
}

#[test]
fn what_was_learned_outlives_the_agent_and_counts_once() {
    let rig = Rig::new();
    let agent = Agent::start_with(&rig, &gateway(&rig, ""), POLICY, &KEEP);
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let calls = |agent: &Agent<'_>| {
        let seen = conversations(agent, MAC);
        let it = seen.iter().find(|it| is(it, "device", "tcp", 3613));
        it.map(|it| it["opened"].as_u64().unwrap())
    };
    for _ in 0..3 {
        exchange(&mut connect(&rig.device, server.address()), 100);
    }
    until("three calls", || (calls(&agent) == Some(3)).then_some(()));
    agent.stop();
    let agent = Agent::start_as_is(&rig, &KEEP);
    assert_eq!(calls(&agent), Some(3));
    exchange(&mut connect(&rig.device, server.address()), 100);
    let more = until("one more", || calls(&agent).filter(|calls| *calls > 3));
    assert_eq!(more, 4);
    agent.stop();
}

#[test]
fn what_can_not_be_proposed_is_said() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    for (arguments, exit, message) in [
        (
            &["propose", "bed"][..],
            2,
            "nothing was learned of any device of bed",
        ),
        (
            &["propose", "bed", "--device", "bed-1"],
            2,
            "`bed-1` is not a MAC",
        ),
        (
            &["propose", "bed", "--device", "02:00:00:00:00:99"],
            2,
            "nothing was learned of 02:00:00:00:00:99",
        ),
        (&["propose", "--device", MAC], 2, "<PROFILE>"),
        (
            &["learned", "--device", "bed-2"],
            2,
            "did you mean `bed-1`?",
        ),
    ] {
        let (code, said) = ended(&agent.client(arguments).output().unwrap());
        assert_eq!(
            (code, said.contains(message)),
            (exit, true),
            "{arguments:?}: {said}"
        );
    }
    fs::write(rig.file("policy.yaml"), "onboarding: lern\n").unwrap();
    let (code, said) = ended(&agent.client(&["propose"]).output().unwrap());
    assert_eq!(
        (code, said.contains("did you mean `learn`")),
        (1, true),
        "{said}"
    );
    agent.stop();
}
