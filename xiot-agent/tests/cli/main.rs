//! The commands that need no agent and no privileges, as a person or a CI job sees them.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, outside of the functions that clippy knows as tests"
)]

use std::{
    fmt::Write as _,
    io::Write as _,
    path::Path,
    process::{Command, Output},
};

/// Runs the agent among the fixtures, so that no path of this machine gets into a snapshot.
fn agent(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xiot-agent"))
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/fixtures"))
        .env_remove("XIOT_SOCKET")
        .env_remove("XIOT_LOG")
        .env_remove("XIOT_LOG_FORMAT")
        .output()
        .unwrap()
}

/// Everything that a run leaves behind, in one text.
fn transcript(args: &[&str]) -> String {
    let output = agent(args);
    let mut text = format!("$ xiot-agent {}\n", args.join(" "));
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            let said = String::from_utf8_lossy(bytes);
            write!(text, "--- {name}\n{said}").unwrap();
        }
    }
    write!(text, "--- exit {}", output.status.code().unwrap()).unwrap();
    text
}

fn exit(args: &[&str]) -> i32 {
    agent(args).status.code().unwrap()
}

fn check<'a>(gateway: &'a str, policy: &'a str) -> [&'a str; 5] {
    ["check", "--gateway", gateway, "--policy", policy]
}

fn explain(query: &str) -> Vec<&str> {
    let fixed = ["explain", "--policy", "policy.yaml", "--judge", "oracle"];
    fixed.into_iter().chain(query.split(' ')).collect()
}

#[test]
fn help() {
    insta::assert_snapshot!(transcript(&["--help"]));
}

#[test]
fn help_on_explain() {
    insta::assert_snapshot!(transcript(&["explain", "-h"]));
}

#[test]
fn check_good_files() {
    insta::assert_snapshot!(transcript(&check("gateway.yaml", "policy.yaml")));
}

#[test]
fn check_good_files_as_json() {
    let args = check("gateway.yaml", "policy.yaml");
    insta::assert_snapshot!(transcript(&[&args[..], &["--json"]].concat()));
}

#[test]
fn check_shows_everything_that_is_wrong_with_both_files() {
    let args = check("broken-gateway.yaml", "broken-policy.yaml");
    insta::assert_snapshot!(transcript(&args));
}

#[test]
fn check_as_json_shows_everything_too() {
    let args = check("broken-gateway.yaml", "broken-policy.yaml");
    insta::assert_snapshot!(transcript(&[&args[..], &["--json"]].concat()));
}

#[test]
fn check_a_policy_that_does_not_fit() {
    let args = check("small-gateway.yaml", "many-devices.yaml");
    insta::assert_snapshot!(transcript(&args));
}

#[test]
fn check_malformed_yaml() {
    insta::assert_snapshot!(transcript(&check("gateway.yaml", "malformed.yaml")));
}

#[test]
fn check_an_alias_bomb() {
    insta::assert_snapshot!(transcript(&check("gateway.yaml", "bomb.yaml")));
}

#[test]
fn check_a_file_that_is_too_large() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let line = [b'#'; 1024];
    for _ in 0..65 * 1024 {
        file.write_all(&line).unwrap();
    }
    let path = file.path().to_str().unwrap();
    let output = agent(&check("gateway.yaml", path));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("too-large") || said.contains("larger than"),
        "{said}"
    );
}

#[test]
fn check_a_file_that_is_not_there() {
    insta::assert_snapshot!(transcript(&check("gateway.yaml", "nowhere.yaml")));
}

#[test]
fn arguments_that_make_no_sense() {
    for args in [
        &["check"][..],
        &["chekc"],
        &[],
        &["explain", "--policy", "policy.yaml", "tcp", "1"],
        &["flows", "--protocol", "tpc"],
        &["drops", "--since", "yesterday"],
        &["flows", "--limit", "-1"],
    ] {
        assert_eq!(exit(args), 2, "{args:?}");
    }
}

#[test]
fn explain_an_allowed_conversation() {
    let query = "--device pump-icu-12 --to pump-server tcp 3613";
    insta::assert_snapshot!(transcript(&explain(query)));
}

#[test]
fn explain_as_json() {
    let query = "--device pump-icu-12 --to pump-server tcp 3613 --json";
    insta::assert_snapshot!(transcript(&explain(query)));
}

#[test]
fn explain_a_wrong_port() {
    let query = "--device pump-icu-12 --to pump-server tcp 3614";
    insta::assert_snapshot!(transcript(&explain(query)));
}

#[test]
fn explain_a_wrong_direction() {
    let query = "--device pump-icu-12 --to biomed tcp 22";
    insta::assert_snapshot!(transcript(&explain(query)));
}

#[test]
fn explain_a_pair_of_devices() {
    let query = "--device pump-icu-12 --to monitor-7 udp 161";
    insta::assert_snapshot!(transcript(&explain(query)));
}

#[test]
fn explain_an_unknown_mac() {
    let query = "--mac 00:03:b1:00:00:13 --to 10.20.8.11 tcp 3613 --vlan 30";
    insta::assert_snapshot!(transcript(&explain(query)));
}

#[test]
fn explain_names_that_are_not_there() {
    let texts = [
        "--device pump-icu-21 --to pump-server tcp 3613",
        "--device pump-icu-12 --to pump-sever tcp 3613",
        "--device pump-icu-12 --to pump-server tpc 3613",
        "--device pump-icu-12 --to pump-server tcp 65536",
        "--device pump-icu-12 --to pump-server icmp echo-reqest",
        "--mac 00:03:b1 --to pump-server tcp 3613",
    ]
    .map(|query| transcript(&explain(query)));
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn explain_by_a_policy_with_errors() {
    let args = [
        "explain",
        "--policy",
        "malformed.yaml",
        "--mac",
        "00:03:b1:00:00:13",
        "--to",
        "10.0.0.1",
        "tcp",
        "1",
    ];
    insta::assert_snapshot!(transcript(&args));
}

#[test]
fn commands_without_an_agent_say_so() {
    for command in ["status", "devices", "observed", "flows", "drops"] {
        let output = agent(&[command, "--socket", "./no-agent.sock"]);
        assert_eq!(output.status.code(), Some(7), "{command}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("no agent listens on ./no-agent.sock"),
            "{said}"
        );
        assert!(output.stdout.is_empty(), "{command}");
    }
}

#[test]
fn a_bad_log_filter_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_xiot-agent"))
        .args(["status", "--socket", "./no-agent.sock"])
        .env("XIOT_LOG", "xiot_agent=loud")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
