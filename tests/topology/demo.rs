//! The demo ward: that it passes, fails loudly, and leaves nothing behind however it ends.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
};

use xiot_agent::netns::{name, process::Running, scratch::Scratch};
use xiot_tests::until::{patience, until};

use crate::AGENT;

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(AGENT);
    command
        .arg("demo")
        .args(args)
        .stdin(Stdio::null())
        .env_remove("RUST_BACKTRACE");
    command
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// Names of namespaces and directories that begin like this.
fn left(prefix: &str) -> Vec<String> {
    ["/run/netns", "/run"]
        .iter()
        .flat_map(|directory| fs::read_dir(directory).into_iter().flatten())
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect()
}

#[test]
fn every_expectation_is_met_and_nothing_is_left() {
    let mut command = demo(&[]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let prefix = format!("xiot-{}-", child.id());
    let output = child.wait_with_output().unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("FAIL"), "{text}");
    for word in [
        "no_peer",
        "no_port",
        "unknown_device",
        "address_not_bound",
        "/metrics",
    ] {
        assert!(text.contains(word), "no {word} in:\n{text}");
    }
    assert_eq!(left(&prefix), Vec::<String>::new());
}

#[test]
fn three_weeks_of_a_ward_go_from_learning_to_enforcement() {
    let output = demo(&["--weeks"]).output().unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("FAIL"), "{text}");
    for word in [
        "RARE",
        "WITHHELD",
        "the maker never said so",
        "hours without a would-be drop",
        "fell back to mode monitor",
    ] {
        assert!(text.contains(word), "no {word} in:\n{text}");
    }
}

#[test]
fn an_interrupt_in_the_middle_leaves_nothing() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let mut command = demo(&[]);
        let mut running = Running::start(command.stdout(Stdio::piped())).unwrap();
        let prefix = format!("xiot-{}-", running.id());
        let output = running.child().stdout.take().unwrap();
        let mut lines = BufReader::new(output).lines().map(Result::unwrap);
        // The agent runs by now, and hosts talk.
        assert!(lines.any(|line| line.contains("the pump reports")));
        assert!(!left(&prefix).is_empty());
        running.signal(signal).unwrap();
        let status = running.wait(patience()).unwrap().expect("it ends");
        assert!(!status.success());
        assert_eq!(left(&prefix), Vec::<String>::new());
    }
}

#[test]
fn what_a_killed_demo_left_goes_with_the_next() {
    let mut command = demo(&[]);
    let mut running = Running::start(command.stdout(Stdio::piped())).unwrap();
    let prefix = format!("xiot-{}-", running.id());
    let output = running.child().stdout.take().unwrap();
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("the pump reports")));
    assert!(!left(&prefix).is_empty());
    // Kills it. Any test that starts later may clean up before this one looks.
    drop(running);
    until("what was left to be swept", || {
        xiot_agent::netns::sweep::sweep().unwrap();
        left(&prefix).is_empty().then_some(())
    });
}

#[test]
fn an_expectation_that_is_not_met_fails_the_demo_and_leaves_nothing() {
    let mut command = demo(&[]);
    let mut running = Running::start(command.stdout(Stdio::piped())).unwrap();
    let prefix = format!("xiot-{}-", running.id());
    let output = running.child().stdout.take().unwrap();
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("the pump reports")));
    // From now on the server's answers to the ward get lost.
    let names = left(&prefix);
    let server = names.iter().find(|name| name.ends_with("-server"));
    let cut = Command::new("ip")
        .args(["-netns", server.unwrap(), "rule", "add"])
        .args(["to", "10.30.1.0/24", "priority", "1", "blackhole"])
        .status()
        .unwrap();
    assert!(cut.success());
    let text: Vec<_> = lines.collect();
    let status = running.wait(patience()).unwrap().expect("it ends");
    assert!(!status.success(), "{text:#?}");
    assert!(
        text.iter()
            .any(|line| line.trim_start().starts_with("FAIL")),
        "{text:#?}"
    );
    assert_eq!(left(&prefix), Vec::<String>::new());
}

#[test]
fn a_missing_program_is_named_with_the_command_that_installs_it() {
    let scratch = Scratch::create(&name::of_run(name::next_number(), "path")).unwrap();
    for program in ["ip", "ping"] {
        let found = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            .map(|directory| Path::new(directory).join(program))
            .into_iter()
            .find(|path| path.exists())
            .unwrap();
        symlink(found, scratch.path().join(program)).unwrap();
    }
    let output = demo(&[]).env("PATH", scratch.path()).output().unwrap();
    let text = text(&output);
    assert!(!output.status.success());
    assert!(text.contains("nmap") && !text.contains("ping"), "{text}");
    assert!(text.contains("cargo xtask setup"), "{text}");
}

/// A ward that this test keeps; removed when dropped, so that a failure does not leave it.
struct Kept;

impl Drop for Kept {
    fn drop(&mut self) {
        // There is nothing left to remove if the test came to its end.
        let _removed = demo(&["--cleanup"]).output();
    }
}

#[test]
fn a_kept_ward_can_be_looked_at_and_removed() {
    if !left("xiot-demo").is_empty() {
        println!("skipped in part: a ward that somebody else keeps is there");
        // Somebody plays with theirs: it is not ours to remove. A second one must be refused.
        let output = demo(&["--keep"]).output().unwrap();
        assert!(!output.status.success());
        assert!(text(&output).contains("--cleanup"));
        return;
    }
    let output = demo(&["--keep"]).output().unwrap();
    let _kept = Kept;
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    // As it can be typed.
    assert!(said.contains(&format!("{AGENT} demo --cleanup")), "{said}");
    let status = Command::new(AGENT)
        .args(["status", "--json"])
        .env("XIOT_SOCKET", "/run/xiot-demo/control.sock")
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    let second = demo(&["--keep"]).output().unwrap();
    assert!(!second.status.success());
    let removed = demo(&["--cleanup"]).output().unwrap();
    assert!(removed.status.success(), "{removed:?}");
    assert_eq!(left("xiot-demo"), Vec::<String>::new());
    assert!(!demo(&["--cleanup"]).status().unwrap().success());
}

#[test]
fn a_reader_that_goes_away_leaves_nothing() {
    let mut child = demo(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let prefix = format!("xiot-{}-", child.id());
    let mut some = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    child.wait().unwrap();
    assert_eq!(left(&prefix), Vec::<String>::new());
}
