//! The unit, by systemd's own judgement.

use std::{fs, path::Path, process::Command};

/// The exposure that docs/operations.md states, in tenths.
const EXPOSURE: u32 = 21;

#[test]
fn the_unit_exposes_no_more_than_is_stated() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = fs::read_to_string(workspace.join("docs/operations.md")).unwrap();
    let stated = format!("gives it {}.{} of 10", EXPOSURE / 10, EXPOSURE % 10);
    assert!(docs.contains(&stated), "{stated}");
    let unit = workspace.join("deploy/systemd/xiot-agent.service");
    let mut analyze = Command::new("systemd-analyze");
    analyze
        .args([
            "security",
            "--offline=true",
            "--no-pager",
            "--threshold",
            &EXPOSURE.to_string(),
        ])
        .arg(unit);
    match analyze.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{said}");
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: there is no systemd-analyze");
        }
        Err(error) => panic!("systemd-analyze: {error}"),
    }
}
