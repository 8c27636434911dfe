//! Man pages and completions as the programs see them that people read and complete with.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::AGENT;

fn generated() -> TempDir {
    let dir = TempDir::new().unwrap();
    let status = Command::new(AGENT)
        .arg("generate")
        .arg(dir.path())
        .args(["--date", "2026-05-01"])
        .status();
    assert!(status.unwrap().success());
    dir
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|entry| name(entry.unwrap())).collect()
}

/// What the program prints about a file, or why it can't be asked.
fn checked(program: &str, args: &[&str], file: &Path) -> Result<Output, String> {
    match Command::new(program).args(args).arg(file).output() {
        Ok(output) => Ok(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(format!("skipped: there is no {program}"))
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

#[test]
fn every_command_has_a_man_page() {
    let help = Command::new(AGENT).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let mut expected: BTreeSet<_> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        // A long description goes on below, further to the right.
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .map(|command| format!("xiot-agent-{command}.8"))
        .collect();
    assert!(expected.len() > 10, "{help}");
    // Commands that have commands of their own.
    for command in ["import", "export"] {
        expected.insert(format!("xiot-agent-mud-{command}.8"));
    }
    expected.insert("xiot-agent.8".to_owned());
    assert_eq!(names(&generated().path().join("man")), expected);
}

#[test]
fn man_pages_give_no_cause_for_warnings() {
    let dir = generated();
    let man = dir.path().join("man");
    for page in names(&man) {
        let page = man.join(page);
        for (program, args) in [
            ("groff", &["-ww", "-man", "-z", "-Tutf8"][..]),
            ("mandoc", &["-Tlint", "-Wwarning"]),
        ] {
            match checked(program, args, &page) {
                Ok(output) => assert!(
                    output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
                    "{program}: {output:?}"
                ),
                Err(why) => println!("{why}"),
            }
        }
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.contains(" 8 2026-05-01 \"xiot "), "{text}");
    }
}

#[test]
fn shells_accept_the_completions() {
    let dir = generated();
    for (shell, file) in [
        ("bash", "bash/xiot-agent"),
        ("zsh", "zsh/_xiot-agent"),
        ("fish", "fish/xiot-agent.fish"),
    ] {
        let file = dir.path().join(file);
        assert!(fs::read_to_string(&file).unwrap().contains("break-glass"));
        match checked(shell, &["-n"], &file) {
            Ok(output) => assert!(output.status.success(), "{shell}: {output:?}"),
            Err(why) => println!("{why}"),
        }
    }
}

/// Bash as it is when the package bash-completion is not there either: its own builtins alone.
#[test]
fn bash_completes_a_command() {
    let script = r#"
        . "$1"
        COMP_WORDS=(xiot-agent break-g) COMP_CWORD=1
        _xiot__agent xiot-agent break-g xiot-agent
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let dir = generated();
    let output = Command::new("bash")
        .args(["-c", script, "bash"])
        .arg(dir.path().join("bash/xiot-agent"))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "break-glass\n",
        "{output:?}"
    );
}
