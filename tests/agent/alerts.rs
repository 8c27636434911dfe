//! The files for Prometheus and Grafana: rules that hold by promtool, names that exist, and a page for each alert.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use xiot_agent::metrics::names;

/// A file of the project.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(file(name)).unwrap()
}

const RULES: &str = "deploy/prometheus/xiot.rules.yaml";
const TESTS: &str = "deploy/prometheus/xiot.rules.test.yaml";

/// The alerts by name.
fn alerts() -> Vec<String> {
    let rules = read(RULES);
    let lines = rules.lines().map(str::trim);
    let names = lines.filter_map(|line| line.strip_prefix("- alert: "));
    names.map(str::to_owned).collect()
}

#[track_caller]
fn promtool(args: &[&str], name: &str) {
    let output = Command::new("promtool").args(args).arg(file(name)).output();
    let output =
        output.unwrap_or_else(|error| panic!("promtool: {error} (cargo xtask setup installs it)"));
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

#[test]
fn the_rules_are_right_and_fire_when_they_should() {
    promtool(&["check", "rules", "--lint-fatal"], RULES);
    promtool(&["test", "rules"], TESTS);
}

#[test]
fn every_alert_is_tested_and_has_its_place_in_the_docs() {
    let (rules, tests, docs) = (read(RULES), read(TESTS), read("docs/alerts.md"));
    let alerts = alerts();
    assert!(alerts.len() > 20, "{alerts:?}");
    for alert in &alerts {
        let fires = format!("labels: '{{alertname=\"{alert}\"}}'");
        assert!(tests.contains(&fires), "{alert} is not tested");
        assert!(docs.contains(&format!("\n### {alert}\n")), "{alert}");
        let anchor = format!("docs/alerts.md#{}\n", alert.to_lowercase());
        assert!(rules.contains(&anchor), "{alert} has no runbook");
    }
    for key in ["severity: ", "summary: ", "description: ", "runbook_url: "] {
        assert_eq!(rules.matches(key).count(), alerts.len(), "{key}");
    }
    let headings = docs.lines().filter_map(|line| line.strip_prefix("### "));
    let headings: BTreeSet<_> = headings.map(str::to_owned).collect();
    assert_eq!(headings, alerts.into_iter().collect());
}

/// Whatever looks like a metric of the agent in a text.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c: char| !is_part(c));
    words
        .filter(|word| word.starts_with("xiot_") || word.starts_with("process_"))
        .collect()
}

#[test]
fn every_metric_that_is_asked_for_is_in_the_catalogue() {
    let known: BTreeSet<_> = names::ALL.iter().map(|metric| metric.name).collect();
    for (name, at_least) in [(RULES, 20), (TESTS, 20), ("deploy/grafana/xiot.json", 40)] {
        let text = read(name);
        let asked = metrics_in(&text);
        let unknown: Vec<_> = asked.difference(&known).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
        assert!(asked.len() >= at_least, "{name}: {asked:?}");
    }
}
