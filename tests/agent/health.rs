//! Health and readiness of a live agent, also after its ports were taken from it.

use std::{fs, io::Write as _, process::Command, time::Duration};

use xiot_agent::netns::process::Running;
use xiot_tests::{
    net::rig::{DEVICE_PORT, Rig, UPLINK_PORT},
    until::{patience, until},
};

use crate::{
    POLICY,
    agent::{Agent, ended, gateway},
    metrics::{ask, page},
};

const ADDRESS: &str = "127.0.0.1:9469";

/// Status and body of the answer to a question.
fn get(rig: &Rig, path: &str) -> (u16, String) {
    let answer = ask(rig, ADDRESS, &format!("GET {path}"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn ready() -> (u16, String) {
    (200, "ready\n".to_owned())
}

fn not_attached(missing: u32) -> (u16, String) {
    let obstacle = format!("the program is not attached to {missing} of 2 ports");
    (503, format!("not ready: {obstacle}\n"))
}

/// The series of a port.
fn attached(rig: &Rig, side: &str, port: &str) -> String {
    let series = format!("xiot_port_attached{{wire=\"ward-3\",side=\"{side}\",port=\"{port}\"}} ");
    let page = page(rig, ADDRESS);
    let line = page.lines().find_map(|line| line.strip_prefix(&series));
    line.unwrap_or_else(|| panic!("{page}")).to_owned()
}

fn ip(rig: &Rig, args: &[&str]) -> bool {
    let mut ip = rig.gateway.command("ip").unwrap();
    ip.args(args).output().unwrap().status.success()
}

#[test]
fn a_gateway_is_ready_until_its_ports_are_taken_away() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    assert_eq!(get(&rig, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(&rig, "/readyz"), ready());
    assert_eq!(attached(&rig, "device", DEVICE_PORT), "1");

    // A link is not taken off as other programs are.
    assert!(!ip(
        &rig,
        &["link", "set", "dev", DEVICE_PORT, "xdp", "off"]
    ));
    assert_eq!(get(&rig, "/readyz"), ready());

    assert!(ip(&rig, &["link", "del", "dev", DEVICE_PORT]));
    assert_eq!(get(&rig, "/readyz"), not_attached(1));
    // The agent is well and says so: a supervisor must not kill it.
    assert_eq!(get(&rig, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(attached(&rig, "device", DEVICE_PORT), "0");
    assert_eq!(attached(&rig, "uplink", UPLINK_PORT), "1");
    let screen = agent.say(&["status"]);
    assert!(screen.contains("NOT ATTACHED"), "{screen}");
    assert!(screen.contains("nothing is enforced there"), "{screen}");

    // An interface of the same name is another one.
    assert!(ip(
        &rig,
        &[
            "link",
            "add",
            DEVICE_PORT,
            "type",
            "veth",
            "peer",
            "name",
            "other"
        ]
    ));
    assert_eq!(get(&rig, "/readyz"), not_attached(1));
    assert!(ip(&rig, &["link", "del", "dev", UPLINK_PORT]));
    assert_eq!(get(&rig, "/readyz"), not_attached(2));
}

#[test]
fn a_port_without_a_link_is_told() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let carrier = || agent.json(&["status"])["wires"][0]["device"]["carrier"].clone();
    assert_eq!(carrier(), true);
    let host = xiot_tests::net::rig::HOST_PORT;
    rig.device.ip(&format!("link set {host} down\n"));
    until("no carrier", || (carrier() == false).then_some(()));
    let page = page(&rig, ADDRESS);
    let line =
        format!("xiot_port_carrier{{wire=\"ward-3\",side=\"device\",port=\"{DEVICE_PORT}\"}} 0");
    assert!(page.lines().any(|found| found == line), "{page}");
    assert_eq!(get(&rig, "/readyz"), ready());
}

#[test]
fn nobody_waits_for_a_reload() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    // A file that takes its time: reading it goes on until somebody has written it.
    let slow = rig.file("policy.yaml");
    fs::remove_file(&slow).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(&slow)
            .status()
            .unwrap()
            .success()
    );
    let mut reload = Running::start(&mut agent.client(&["reload"])).unwrap();
    // Opened once there is a reader.
    let mut file = fs::File::options().write(true).open(&slow).unwrap();
    assert_eq!(get(&rig, "/readyz"), ready());
    assert_eq!(get(&rig, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(attached(&rig, "device", DEVICE_PORT), "1");
    assert_eq!(agent.json(&["status"])["policy"]["devices"], 1);
    assert_eq!(reload.wait(Duration::ZERO).unwrap(), None);
    file.write_all(POLICY.as_bytes()).unwrap();
    drop(file);
    let status = reload.wait(patience()).unwrap();
    assert!(status.unwrap().success(), "{}", agent.log());
}

#[test]
fn files_that_are_refused_are_told_everywhere_and_the_log_is_not_flooded() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    let refused = |page: &str| {
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix("xiot_files_refused "));
        line.unwrap().to_owned()
    };
    let screen = agent.say(&["status"]);
    assert!(!screen.contains("refused"), "{screen}");
    assert_eq!(refused(&page(&rig, ADDRESS)), "0");

    fs::write(rig.file("policy.yaml"), POLICY.replace("tcp:", "tpc:")).unwrap();
    for _ in 0..20 {
        let (code, _) = ended(&agent.client(&["reload"]).output().unwrap());
        assert_eq!(code, 1);
    }
    let screen = agent.say(&["status"]);
    let words = "the policy before them stays in force: ";
    let (_, why) = screen
        .split_once(words)
        .unwrap_or_else(|| panic!("{screen}"));
    let why = why.lines().next().unwrap();
    assert!(
        why.contains("policy.yaml:7:") && why.contains("error[unknown-key]"),
        "{screen}"
    );
    assert_eq!(refused(&page(&rig, ADDRESS)), "1");
    let log = agent.log();
    let lines = log.matches("not reloaded").count();
    assert_eq!(lines, 5, "{log}");

    fs::write(rig.file("policy.yaml"), POLICY).unwrap();
    agent.say(&["reload"]);
    assert_eq!(refused(&page(&rig, ADDRESS)), "0");
    let screen = agent.say(&["status"]);
    assert!(!screen.contains(words), "{screen}");
}
