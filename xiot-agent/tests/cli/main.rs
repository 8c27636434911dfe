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

fn import<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["mud", "import", "mud/pump.json"], more].concat()
}

#[test]
fn a_file_of_a_maker_is_a_piece_of_a_policy() {
    insta::assert_snapshot!(transcript(&import(&[])));
}

#[test]
fn a_signed_file_names_who_signed_it() {
    let signed = [
        "--signature",
        "mud/pump.p7s",
        "--ca",
        "mud/ca.pem",
        "--json",
    ];
    insta::assert_snapshot!(transcript(&import(&signed)));
}

#[test]
fn what_a_policy_has_already_is_used() {
    let policy = ["--policy", "mud/policy.yaml", "--profile", "pump"];
    insta::assert_snapshot!(transcript(&import(&policy)));
}

#[test]
fn files_that_are_not_imported_say_why() {
    let signed = |signature, ca| import(&["--signature", signature, "--ca", ca]);
    let texts = [
        signed("mud/pump.p7s", "mud/other-ca.pem"),
        signed("mud/pump.json", "mud/ca.pem"),
        signed("mud/pump.p7s", "mud/pump.json"),
        vec![
            "mud",
            "import",
            "mud/changed.json",
            "--signature",
            "mud/pump.p7s",
            "--ca",
            "mud/ca.pem",
        ],
        import(&["--signature", "mud/gone.p7s", "--ca", "mud/ca.pem"]),
        import(&["--policy", "malformed.yaml"]),
        import(&["--policy", "policy.yaml", "--profile", "infusion-pump"]),
        import(&["--profile", "a b"]),
        vec!["mud", "import", "policy.yaml"],
        vec!["mud", "import", "mud/version-2.json"],
        vec!["mud", "import", "mud/http.json"],
        vec!["mud", "import", "mud/gone.json"],
    ]
    .map(|args| transcript(&args));
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_profile_is_a_file_of_a_maker() {
    let args = |whose: &[&'static str]| {
        [&["mud", "export", "--policy", "mud/policy.yaml"], whose].concat()
    };
    let by_profile = agent(&args(&["--profile", "infusion-pump"]));
    let by_device = agent(&args(&["--device", "pump-icu-12"]));
    assert_eq!(by_profile.status.code(), Some(0));
    let read = |bytes: &[u8]| -> serde_json::Value {
        let mut file: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let updated = file["ietf-mud:mud"]["last-update"].take();
        assert!(updated.as_str().unwrap().ends_with('Z'));
        file
    };
    assert_eq!(read(&by_profile.stdout), read(&by_device.stdout));
    insta::assert_json_snapshot!(read(&by_profile.stdout));
    insta::assert_snapshot!(String::from_utf8(by_profile.stderr).unwrap());
}

#[test]
fn profiles_that_are_no_files_say_why() {
    let texts = [
        &["--profile", "infusion-pum"][..],
        &["--device", "pump-icu-21"],
        &["--profile", "patient-monitor"],
        &["--profile", "infusion-pump", "--mud-url", "http://x/"],
        &["--profile", "infusion-pump", "--device", "pump-icu-12"],
        &[],
    ]
    .map(|whose| transcript(&[&["mud", "export", "--policy", "mud/policy.yaml"], whose].concat()));
    insta::assert_snapshot!(texts.join("\n\n"));
}

/// What a person does: import, fill in, check; then export, and import that.
#[test]
fn a_piece_with_its_sets_filled_is_a_policy() {
    let output = agent(&import(&[]));
    let piece = String::from_utf8(output.stdout).unwrap();
    let filled: String = piece
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let line = if line.contains("# to be filled in") {
                line.replacen("[]", &format!("[10.9.{number}.1, \"fd00::{number}\"]"), 1)
            } else {
                line.to_owned()
            };
            line + "\n"
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let policy = directory.path().join("policy.yaml");
    let text = format!("onboarding: learn\ndefaults: {{profile: infusion-pump}}\n{filled}");
    std::fs::write(&policy, text).unwrap();
    let policy = policy.to_str().unwrap();
    assert_eq!(exit(&check("gateway.yaml", policy)), 0);
    let file = agent(&[
        "mud",
        "export",
        "--policy",
        policy,
        "--profile",
        "infusion-pump",
    ]);
    assert_eq!(String::from_utf8(file.stderr).unwrap(), "");
    let exported = directory.path().join("exported.json");
    std::fs::write(&exported, file.stdout).unwrap();
    let again = agent(&[
        "mud",
        "import",
        exported.to_str().unwrap(),
        "--profile",
        "infusion-pump",
    ]);
    let without_remarks = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    let again = String::from_utf8(again.stdout).unwrap();
    assert_eq!(without_remarks(&again), without_remarks(&piece));
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
