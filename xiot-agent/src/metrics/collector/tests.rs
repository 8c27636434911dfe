//! The page: complete, clean by promtool where that is installed, bounded.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use super::*;
use crate::{metrics::names::Kind, service::sample};

fn page() -> String {
    render(&sample::status()).unwrap()
}

/// The same with series of the devices of a group, or of all.
fn page_of_devices(group: Option<&str>) -> String {
    let devices = DevicePages::new(sample::device_totals(group));
    std::iter::once(page()).chain(devices).collect()
}

#[test]
fn every_metric_of_the_catalogue_is_on_the_page() {
    let page = page_of_devices(None);
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
        r#"xiot_frames_total{wire="ward-3",side="device",verdict="dropped",reason="no_port"} 3"#,
        r#"xiot_bytes_total{wire="ward-3",side="device",verdict="dropped",reason="no_port"} 180"#,
        r#"xiot_frames_total{wire="ward-3",side="uplink",verdict="would_drop",reason="no_port"} 0"#,
        r#"xiot_devices{mode="enforce"} 1"#,
        "xiot_devices_capacity 16384",
        r#"xiot_profile_frames_total{profile="infusion-pump",direction="from",verdict="dropped"} 3"#,
        r#"xiot_profile_info{profile="infusion-pump",criticality="life-sustaining"} 1"#,
        r#"xiot_xdp_mode_info{wire="ward-3",side="device",port="eth1",mode="native"} 1"#,
        r#"xiot_port_attached{wire="ward-3",side="uplink",port="eth2"} 1"#,
        r#"xiot_decisions{decision="break-glass"} 1"#,
        r#"xiot_decisions{decision="quarantine"} 0"#,
        r#"xiot_adoption_info{outcome="kept"} 1"#,
        r#"xiot_errors_total{kind="slot"} 0"#,
        r#"xiot_calendar_in_force{calendar="weekdays"} 1"#,
        r#"xiot_calendar_in_force{calendar="maintenance"} 0"#,
        "xiot_named_devices 2",
        "xiot_named_addresses 9",
        "xiot_copies_suppressed_total 5",
        r#"xiot_messages_heard_total{kind="dns"} 30"#,
        r#"xiot_messages_heard_total{kind="dhcpv6"} 0"#,
        "xiot_learned_conversations 2050",
        "xiot_files_refused 1",
        "xiot_files_changed 1",
        r#"xiot_record_trouble{record="revisions"} 0"#,
        r#"xiot_record_trouble{record="audit"} 0"#,
        r#"xiot_record_trouble{record="learned"} 0"#,
        r#"xiot_fail_mode_held{wire="ward-3",fail="closed"} 1"#,
        "xiot_reload_last_duration_seconds 0.031",
        "xiot_event_ring_used_bytes 4096",
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
fn devices_have_series_where_they_are_asked_for() {
    let page = page_of_devices(None);
    let pump = r#"device="pump-icu-12""#;
    for line in [
        format!(
            r#"xiot_device_info{{{pump},profile="infusion-pump",mode="enforce",criticality="life-sustaining",location="ICU-3"}} 1"#
        ),
        format!(r#"xiot_device_frames_total{{{pump},direction="from",verdict="forwarded"}} 120"#),
        format!(r#"xiot_device_frames_total{{{pump},direction="to",verdict="dropped"}} 1"#),
        format!(r#"xiot_device_bytes_total{{{pump},direction="from"}} 16384"#),
        format!(r"xiot_device_would_drop_frames_total{{{pump}}} 0"),
        format!(r"xiot_device_last_seen_timestamp_seconds{{{pump}}} 1777636800"),
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(page.contains("monitor-7"));
    // What was never seen has no time of that.
    assert!(!page.contains(r#"last_seen_timestamp_seconds{device="monitor-7"}"#));
    let nobody = page_of_devices(Some("nobody"));
    assert!(!nobody.contains("{device="), "{nobody}");
    let all = page_of_devices(Some("icu"));
    assert!(all.contains("monitor-7") && all.contains(pump));
}

#[test]
fn pieces_of_a_large_page_are_the_page() {
    let [pump, _] = &sample::device_totals(None)[..] else {
        panic!("two devices");
    };
    let many: Vec<_> = (0..2000)
        .map(|number| {
            let name = format!("device-{number}");
            crate::service::state::DeviceTotal {
                name,
                ..pump.clone()
            }
        })
        .collect();
    let pieces: Vec<_> = DevicePages::new(many).collect();
    let longest = pieces.iter().map(String::len).max().unwrap();
    assert!(pieces.len() > 10 && longest < 80 * 1024, "{longest}");
    let page = pieces.concat();
    assert_eq!(page.matches("# TYPE").count(), 5);
    for (family, series) in [("frames_total", 4), ("bytes_total", 2), ("info", 1)] {
        let name = format!("\nxiot_device_{family}{{");
        assert_eq!(page.matches(&name).count(), 2000 * series, "{family}");
    }
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
    stdin.write_all(page_of_devices(None).as_bytes()).unwrap();
    drop(stdin);
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success() && said.is_empty(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}
