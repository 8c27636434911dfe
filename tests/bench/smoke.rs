//! The bench with next to nothing to measure: that it works, and that its file has what scripts look for. No figure is looked at.

use std::{collections::BTreeSet, env, fs, process::Command};

use serde_json::Value;

const RATIOS: [&str; 14] = [
    "hit_1k_over_redirect",
    "hit_64k_over_redirect",
    "hit_1m_over_redirect",
    "nft_stateful_over_hit_1k_rules",
    "nft_stateful_over_hit_100k_rules",
    "nft_stateful_over_hit_1m_rules",
    "nft_stateless_over_hit_1k_rules",
    "flat_hot_1m_over_10",
    "flat_cold_1m_over_10",
    "denied_over_drop",
    "unknown_over_drop",
    "new_flow_over_redirect",
    "nft_load_over_ours_1m",
    "learn_over_enforce",
];

const SECONDS: [&str; 4] = ["compile_1m", "load_1m", "swap", "delta"];

const FIGURE: [&str; 6] = ["suite", "scenario", "unit", "median", "lower", "upper"];

#[track_caller]
fn check_keys(document: &Value, name: &str, expected: &[&str]) {
    let object = document[name].as_object().expect("an object");
    let keys: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(keys, expected.iter().copied().collect(), "{name}");
    for (key, value) in object {
        assert!(value.is_number(), "{name}.{key} is {value}");
    }
}

#[test]
fn all_suites_run_and_write_what_scripts_look_for() {
    let file = env::temp_dir().join(format!("xiot-bench-{}.json", std::process::id()));
    let status = Command::new(env!("CARGO_BIN_EXE_xiot-bench"))
        .args(["--smoke", "--json"])
        .arg(&file)
        .status()
        .expect("it was built");
    assert!(status.success(), "{status}");
    let text = fs::read_to_string(&file).expect("it wrote the file");
    fs::remove_file(&file).expect("it is there");
    let document: Value = serde_json::from_str(&text).expect("JSON");

    check_keys(&document, "ratio", &RATIOS);
    check_keys(&document, "seconds", &SECONDS);
    for key in ["cpu", "cores"] {
        assert!(!document["machine"][key].is_null(), "machine.{key}");
    }
    for key in ["kernel", "date", "rounds", "stolen_percent"] {
        assert!(!document[key].is_null(), "{key}");
    }
    let figures = document["figures"].as_array().expect("an array");
    for figure in figures {
        for key in FIGURE {
            assert!(!figure[key].is_null(), "{key} of {figure}");
        }
        // Requests may wait too long on a machine that is busy; what is sent through a gateway must arrive.
        let lost = figure["suite"] == "rate" && !figure["lost"].is_null();
        assert!(!lost, "frames were lost: {figure}");
    }
    let suites: BTreeSet<_> = figures
        .iter()
        .filter_map(|it| it["suite"].as_str())
        .collect();
    assert_eq!(
        suites,
        BTreeSet::from(["rate", "cost", "control", "latency"])
    );
}
