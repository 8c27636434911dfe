//! The metrics page of a live agent, held against promtool and against `status`.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
};

use xiot_common::reason::Reason;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect_is_lost, ping},
    },
    until::patience,
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
};

/// Answer to a request in the gateway's namespace.
pub(crate) fn ask(rig: &Rig, address: &str, request: &str) -> String {
    rig.gateway
        .run(|| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(patience())).unwrap();
            write!(
                stream,
                "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
        .unwrap()
}

/// The page without its HTTP headers.
pub(crate) fn page(rig: &Rig, address: &str) -> String {
    let answer = ask(rig, address, "GET /metrics");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

#[track_caller]
pub(crate) fn check_by_promtool(page: &str) {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("promtool: {error} (cargo xtask setup installs it)"));
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success() && said.is_empty(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

#[test]
fn the_page_is_clean_and_says_what_status_says() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    let telnet = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 23);
    assert!(connect_is_lost(&rig.device, telnet.address()));
    rig.quiet();
    let page = page(&rig, "127.0.0.1:9469");
    check_by_promtool(&page);
    let status = agent.json(&["status"]);
    let frames = status["frames"].as_array().unwrap();
    assert!(!frames.is_empty());
    for row in frames {
        let text = |key: &str| row[key].as_str().unwrap();
        let line = format!(
            "xiot_frames_total{{wire=\"ward-3\",side=\"{}\",verdict=\"{}\",reason=\"{}\"}} {}",
            text("side"),
            text("verdict"),
            text("reason"),
            row["frames"]
        );
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    // One echo request; its reply is of the flow.
    for (side, reason) in [("device", "allowed_rule"), ("uplink", "allowed_flow")] {
        let line = format!(
            "xiot_frames_total{{wire=\"ward-3\",side=\"{side}\",verdict=\"forwarded\",reason=\"{reason}\"}} 1"
        );
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    let series = page.lines().filter(|line| !line.starts_with('#')).count();
    // Each reason on two sides and under three verdicts, and a hundred others.
    let most = 6 * Reason::ALL.len() + 100;
    assert!(
        series < most,
        "{series} series for one wire and one profile"
    );
    assert!(!page.contains("pump-1"), "a device is named");
}

#[test]
fn nothing_else_is_served() {
    let rig = Rig::new();
    let _agent = Agent::start(&rig, &gateway(&rig, "metrics: \"[::1]:9000\"\n"), POLICY);
    page(&rig, "[::1]:9000");
    assert!(ask(&rig, "[::1]:9000", "GET /").starts_with("HTTP/1.1 404"));
    assert!(ask(&rig, "[::1]:9000", "POST /metrics").starts_with("HTTP/1.1 405"));
}

#[test]
fn metrics_off_opens_no_port() {
    let rig = Rig::new();
    let _agent = Agent::start(&rig, &gateway(&rig, "metrics: off\n"), POLICY);
    let output = rig
        .gateway
        .command("ss")
        .unwrap()
        .args(["-Hltn"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}
