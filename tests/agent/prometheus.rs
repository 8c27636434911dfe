//! A real Prometheus server from the distribution scrapes a live agent.

use std::{
    fs::{self, File},
    process::Stdio,
};

use serde_json::Value;
use xiot_agent::netns::process::Running;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect_is_lost, ping},
    },
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
};

/// Starts Prometheus in the gateway's namespace, with everything it keeps in the rig's directory.
pub(crate) fn prometheus(rig: &Rig) -> Running {
    let config = "global: {scrape_interval: 1s}\n\
        scrape_configs:\n  - job_name: xiot\n    static_configs:\n      - targets: ['127.0.0.1:9469']\n";
    fs::write(rig.file("prometheus.yml"), config).unwrap();
    let mut command = rig.gateway.command("prometheus").unwrap();
    command
        .arg(format!(
            "--config.file={}",
            rig.file("prometheus.yml").display()
        ))
        .arg(format!(
            "--storage.tsdb.path={}",
            rig.file("tsdb").display()
        ))
        .arg("--web.listen-address=127.0.0.1:9090")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(rig.file("prometheus.log")).unwrap());
    Running::start(&mut command)
        .unwrap_or_else(|error| panic!("{error} (cargo xtask setup installs it)"))
}

/// The value of a query that gives one series; none while there is no such series or no server yet.
fn query(rig: &Rig, query: &str) -> Option<f64> {
    let answer = ask(rig, query).ok()?;
    let [series] = answer.as_slice() else {
        return None;
    };
    series["value"][1].as_str()?.parse().ok()
}

/// The series of a query, or what is wrong with it.
pub(crate) fn ask(rig: &Rig, query: &str) -> Result<Vec<Value>, String> {
    let output = rig
        .gateway
        .command("promtool")
        .unwrap()
        .args([
            "query",
            "instant",
            "-o",
            "json",
            "http://127.0.0.1:9090",
            query,
        ])
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

#[test]
fn prometheus_scrapes_the_agent() {
    let rig = Rig::new();
    let agent = Agent::start(&rig, &gateway(&rig, ""), POLICY);
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    let telnet = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 23);
    assert!(connect_is_lost(&rig.device, telnet.address()));
    let _prometheus = prometheus(&rig);
    until("the target to be up", || {
        query(&rig, "up{job=\"xiot\"}").filter(|up| *up > 0.5)
    });
    until("the drops", || {
        query(
            &rig,
            "sum(xiot_frames_total{verdict=\"dropped\",reason=\"no_port\"})",
        )
        .filter(|dropped| *dropped > 0.5)
    });
    let info = query(&rig, "count(xiot_policy_info * on() xiot_policy_rules)").unwrap();
    assert!((info - 1.0).abs() < f64::EPSILON);
    let native = query(&rig, "count(xiot_xdp_mode_info{mode=\"native\"})").unwrap();
    assert!((native - 2.0).abs() < f64::EPSILON);
    agent.stop();
    until("the target to be down", || {
        query(&rig, "up{job=\"xiot\"}").filter(|up| *up < 0.5)
    });
}
