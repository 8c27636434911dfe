//! The page: complete, clean by promtool where that is installed, bounded.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use super::*;
use crate::service::sample;

fn page() -> String {
    String::from_utf8(render(&sample::status()).unwrap()).unwrap()
}

#[test]
fn every_metric_of_the_catalogue_is_on_the_page() {
    let page = page();
    for metric in names::ALL {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let line = format!("# TYPE {} {kind}\n", metric.name);
        assert!(page.contains(&line), "{} is missing", metric.name);
    }
    let types = page.lines().filter(|line| line.starts_with("# TYPE"));
    assert_eq!(types.count(), names::ALL.len());
}

#[test]
fn values_stand_under_their_labels() {
    let page = page();
    for line in [
        r#"xiot_frames_total{reason="no_port",side="device",verdict="dropped",wire="ward-3"} 3"#,
        r#"xiot_bytes_total{reason="no_port",side="device",verdict="dropped",wire="ward-3"} 180"#,
        r#"xiot_frames_total{reason="no_port",side="uplink",verdict="would_drop",wire="ward-3"} 0"#,
        r#"xiot_devices{mode="enforce"} 1"#,
        r#"xiot_profile_frames_total{direction="from",profile="infusion-pump",verdict="dropped"} 3"#,
        r#"xiot_xdp_mode_info{mode="native",port="eth1",side="device",wire="ward-3"} 1"#,
        "xiot_events_suppressed_total 2",
        "xiot_flow_capacity 131072",
        "xiot_policy_compiled_timestamp_seconds 1777636800",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn no_series_names_a_device() {
    assert!(!page().contains("pump-icu-12"));
}

#[test]
fn promtool_finds_nothing() {
    let spawned = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut promtool = match spawned {
        Ok(promtool) => promtool,
        // The integration tests demand it; a plain `cargo test` works without.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: promtool is not there (cargo xtask setup installs it)");
            return;
        }
        Err(error) => panic!("promtool: {error}"),
    };
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(page().as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success() && said.is_empty(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}
