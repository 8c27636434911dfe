//! `status`, `devices`, `flows`, `drops` and `explain` after real traffic.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use serde_json::Value;
use xiot_agent::netns::process::Running;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect, connect_is_lost, exchange, ping},
    },
    until::{patience, until},
};

use crate::{
    POLICY,
    agent::{Agent, ended, gateway},
};

fn rows(list: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<&Value> {
    let list = list.as_array().unwrap();
    list.iter().filter(|row| wanted(row)).collect()
}

/// Line of a table that begins with these words.
#[track_caller]
fn line(table: &str, words: &[&str]) -> String {
    let found = table.lines().find(|line| {
        let mut columns = line.split_whitespace();
        words.iter().all(|word| columns.next() == Some(*word))
    });
    found
        .unwrap_or_else(|| panic!("no line {words:?} in:\n{table}"))
        .to_owned()
}

#[test]
fn the_ready_line_names_ports_policy_and_devices() {
    let rig = Rig::new();
    let mut agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let status = agent.json(&["status"]);
    let digest = status["policy"]["digest"]
        .as_str()
        .unwrap()
        .get(..12)
        .unwrap();
    assert_eq!(
        agent.output(),
        format!(
            "READY wire=ward-3 device=dev0/native uplink=up0/native policy={digest} \
             devices=enforce:1,monitor:0,learn:0\n"
        )
    );
    assert_eq!(status["agent"]["pid"], agent.running().id());
    assert_eq!(status["wires"][0]["device"]["xdp"], "native");
}

#[test]
fn generic_mode_is_shown_as_such() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, "xdp: generic\n"), POLICY);
    let status = agent.say(&["status"]);
    line(&status, &["ward-3", "device", "dev0", "generic"]);
    assert!(ping(&rig.device, rig.uplink.v4.into()));
}

#[test]
fn tables_and_json_tell_what_happened() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let pump = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let telnet = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 23);
    assert!(ping(&rig.device, rig.uplink.v6.into()));
    let mut conversation = connect(&rig.device, pump.address());
    exchange(&mut conversation, 10_000);
    assert!(connect_is_lost(&rig.device, telnet.address()));

    let status = agent.json(&["status"]);
    let dropped = rows(&status["frames"], |row| {
        row["verdict"] == "dropped" && row["reason"] == "no_port"
    });
    let [row] = dropped.as_slice() else {
        panic!("{dropped:?}");
    };
    assert_eq!(
        (row["wire"].as_str(), row["side"].as_str()),
        (Some("ward-3"), Some("device"))
    );
    assert!(row["frames"].as_u64().unwrap() >= 1);
    let screen = agent.say(&["status"]);
    line(&screen, &["dropped", "no_port"]);
    line(&screen, &["pump", "1", "0", "0"]);

    let devices = agent.json(&["devices"]);
    let pump = rows(&devices, |row| row["name"] == "pump-1")[0];
    assert_eq!(pump["listed"], true);
    assert!(pump["traffic"]["from_bytes"].as_u64().unwrap() > 10_000);
    assert!(pump["traffic"]["from_dropped"].as_u64().unwrap() >= 1);
    assert!(pump["last_seen"].is_string());
    line(&agent.say(&["devices"]), &["pump-1", "02:00:00:00:30:0c"]);

    let flows = agent.json(&["flows", "--protocol", "tcp"]);
    let [flow] = flows.as_array().unwrap().as_slice() else {
        panic!("{flows}");
    };
    assert_eq!(flow["state"], "established");
    assert_eq!(flow["peer_port"], 3613);
    assert_eq!(flow["initiator"], "device");
    assert_eq!(flow["rule"]["line"], 7);
    assert!(
        agent
            .say(&["flows", "--port", "3613"])
            .contains("policy.yaml:7 to server")
    );
    let none = agent.json(&["flows", "--device", "02:00:00:00:77:01"]);
    assert_eq!(none.as_array().unwrap().len(), 0);

    let drops = agent.say(&["drops", "--reason", "no_port", "--json"]);
    let drop: Value = serde_json::from_str(drops.lines().next().unwrap()).unwrap();
    assert_eq!(drop["device"], "pump-1");
    assert_eq!(drop["dst_port"], 23);
    assert_eq!(drop["tcp_flags"], "S");
    assert!(agent.say(&["drops"]).contains("10.30.1.1:23 [S]"));
    assert_eq!(
        agent.say(&[
            "drops",
            "--since",
            "10m",
            "--device",
            "02:00:00:00:77:01",
            "--json"
        ]),
        ""
    );
}

#[test]
fn devices_that_are_not_listed_are_found_while_learning() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), "onboarding: learn\n");
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    let found = until("the device to be seen", || {
        let devices = agent.json(&["devices", "--unlisted"]);
        rows(&devices, |row| row["mac"] == "02:00:00:00:30:0c")
            .into_iter()
            .find(|row| {
                let addresses = row["addresses"].as_array().unwrap();
                addresses.iter().any(|address| address == "10.30.1.12")
            })
            .cloned()
    });
    assert_eq!(found["name"], Value::Null);
    assert_eq!(found["mode"], "learn");
    assert_eq!(found["wire"], "ward-3");
    assert!(
        agent.json(&["status"])["unlisted_devices"]
            .as_u64()
            .unwrap()
            >= 1
    );
    line(
        &agent.say(&["devices"]),
        &["(not", "listed)", "02:00:00:00:30:0c"],
    );
}

#[test]
fn mode_monitor_lets_through_and_tells() {
    let rig = Rig::new();
    let policy = POLICY.replace("mode: enforce", "mode: monitor");
    let agent = Agent::start(&rig, &gateway(&rig, ""), &policy);
    let telnet = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 23);
    exchange(&mut connect(&rig.device, telnet.address()), 1_000);
    let flows = agent.json(&["flows", "--would-drop"]);
    let [flow] = flows.as_array().unwrap().as_slice() else {
        panic!("{flows}");
    };
    assert_eq!(
        (flow["reason"].as_str(), flow["would_drop"].as_bool()),
        (Some("no_port"), Some(true))
    );
    let drop = agent.say(&["drops", "--reason", "no_port", "--json"]);
    assert!(drop.contains("\"would_drop\""), "{drop}");
    let pump = agent.json(&["devices"])[0]["traffic"].clone();
    assert!(pump["would_drop"].as_u64().unwrap() > 2, "{pump}");
    assert_eq!(pump["from_dropped"], 0);
}

#[test]
fn explain_asks_the_running_agent_and_disturbs_nothing() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    rig.quiet();
    let before = agent.json(&["status"])["frames"].clone();
    for (port, verdict, reason) in [
        ("3613", "forwarded", "allowed_rule"),
        ("3613", "forwarded", "allowed_rule"),
        ("3614", "dropped", "no_port"),
    ] {
        let answer = agent.json(&[
            "explain", "--device", "pump-1", "--to", "server", "tcp", port,
        ]);
        assert_eq!(answer["judge"], "program");
        assert_eq!(answer["verdict"], verdict);
        // Both families of the set are asked.
        let legs = answer["legs"].as_array().unwrap();
        assert_eq!(legs.len(), 2);
        assert!(legs.iter().all(|leg| leg["reason"] == reason), "{answer}");
        assert!(legs.iter().all(|leg| leg["wire"] == "ward-3"), "{answer}");
    }
    let said = agent.say(&[
        "explain",
        "--device",
        "pump-1",
        "--to",
        "10.30.1.1",
        "tcp",
        "3614",
    ]);
    assert!(
        said.contains("policy.yaml:7 allows tcp with 10.30.1.1 on other ports"),
        "{said}"
    );
    assert_eq!(agent.json(&["flows"]).as_array().unwrap().len(), 0);
    assert_eq!(agent.json(&["status"])["frames"], before);

    let output = agent
        .client(&[
            "explain", "--device", "pump-2", "--to", "server", "tcp", "1",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("did you mean `pump-1`?"), "{said}");
}

#[test]
fn drops_are_followed_as_they_come() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let mut command = agent.client(&["drops", "--follow", "--json", "--reason", "no_port"]);
    command.stdout(Stdio::piped());
    let mut follower = Running::start(&mut command).unwrap();
    let mut lines = BufReader::new(follower.child().stdout.take().unwrap()).lines();
    let telnet = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 23);
    assert!(connect_is_lost(&rig.device, telnet.address()));
    let drop: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(
        (drop["dst_port"].as_u64(), drop["device"].as_str()),
        (Some(23), Some("pump-1"))
    );
    // The agent's end is the follower's end, and no failure of it.
    agent.stop();
    assert!(lines.all(|line| line.is_ok()));
    let status = follower.wait(patience()).unwrap().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_follower_of_an_agent_that_is_killed_says_so() {
    let rig = Rig::new();
    let mut agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let mut command = agent.client(&["drops", "--follow"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut follower = Running::start(&mut command).unwrap();
    // The head of the table: the question is put.
    let mut lines = BufReader::new(follower.child().stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("TIME"));
    agent.running().child().kill().unwrap();
    let mut said = String::new();
    let mut stderr = follower.child().stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert!(said.contains("stopped answering"), "{said}");
    let status = follower.wait(patience()).unwrap().unwrap();
    assert_eq!(status.code(), Some(8));
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_shown() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    for command in ["flows", "observed", "bindings", "drops"] {
        let output = agent.client(&[command, "--device", "pump-2"]).output();
        let output = output.unwrap();
        let (exit, said) = ended(&output);
        assert_eq!(
            (exit, said.contains("did you mean `pump-1`?")),
            (2, true),
            "{command}: {said}"
        );
        assert_eq!(output.stdout, b"", "{command}");
        agent.say(&[command, "--device", "pump-1"]);
    }
    for follow in [&[][..], &["--follow"]] {
        let command = [&["drops", "--reason", "nope"], follow].concat();
        let output = agent.client(&command).output().unwrap();
        let (exit, said) = ended(&output);
        assert_eq!((exit, said.contains("`nope`")), (2, true), "{said}");
        assert_eq!(output.stdout, b"");
    }
    assert!(agent.say(&["drops"]).starts_with("TIME (UTC)"));
    // Before the look, which may take long.
    fs::write(rig.file("policy.yaml"), POLICY.replace("3613", "22")).unwrap();
    for (argument, value, why) in [
        ("--reason", "a\nb", "one line"),
        ("--confirm-within", "0s", "at least a second"),
        ("--confirm-within", "8d", "a week at most"),
    ] {
        let command = ["apply", "--dry-run", argument, value];
        let output = agent.client(&command).output().unwrap();
        let (exit, said) = ended(&output);
        assert_eq!((exit, said.contains(why)), (2, true), "{said}");
        assert_eq!(output.stdout, b"");
    }
    agent.stop();
}
