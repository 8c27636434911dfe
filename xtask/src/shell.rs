//! Runs other programs: shown before they run, errors that name them, root where it is needed.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The workspace's directory.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .expect("xtask is a directory of the workspace")
}

/// Where cargo builds to.
pub(crate) fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The cargo that runs this xtask, in the workspace's directory.
pub(crate) fn cargo() -> Command {
    command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A command in the workspace's directory.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("PATH", search_path());
    command
}

/// `program` run as root: as it is when we are, else through sudo, with our environment. sudo replaces
/// `PATH` and refuses to keep `LD_LIBRARY_PATH` even with -E, hence env.
pub(crate) fn as_root(program: impl AsRef<OsStr>) -> Command {
    if is_root() {
        return command(program);
    }
    let mut path = std::ffi::OsString::from("PATH=");
    path.push(search_path());
    let mut sudo = command("sudo");
    sudo.args(["-E", "env"]).arg(path).arg(program);
    sudo
}

/// Whether this process has root's rights. `/proc/self` belongs to the effective user.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}

/// Says that sudo will be used and for `what`, or fails where there is no way to root's rights.
pub(crate) fn announce_root(what: &str) -> Result<()> {
    if let Some(note) = root_note(what, is_root(), which("sudo").is_some())? {
        eprintln!("{note}");
    }
    Ok(())
}

fn root_note(what: &str, is_root: bool, has_sudo: bool) -> Result<Option<String>> {
    match (is_root, has_sudo) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(format!("{what}: this part runs as root, by sudo."))),
        (false, false) => bail!("{what}, and there is no sudo: run this as root"),
    }
}

/// Shows the command, runs it with our streams, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = line(command);
    run_as(command, &shown)
}

/// Like [`run`], for a command whose own line would tell less than `shown`.
pub(crate) fn run_as(command: &mut Command, shown: &str) -> Result<()> {
    eprintln!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("could not start {shown}"))?;
    if !status.success() {
        bail!("{shown} failed ({status})");
    }
    Ok(())
}

/// Shows the command and becomes it: its exit code is ours, and Ctrl-C reaches it alone, so that it
/// can clean up while the terminal waits. Returns only on failure.
pub(crate) fn become_it(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", line(command));
    let error = command.exec();
    Err(error).with_context(|| format!("could not start {}", line(command)))
}

/// What the command prints on stdout, or `None` when it can't run or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// Where a program is. Looks into the system's directories too, which are not in every user's `PATH`.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&search_path())
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    // An absolute path of cargo only blurs what is run.
    let program = program.file_name().unwrap_or(program.as_os_str());
    let mut words: Vec<String> = command
        .get_envs()
        .filter(|(name, _)| *name != "PATH")
        .filter_map(|(name, value)| Some(format!("{}={}", name.display(), quote(value?))))
        .collect();
    words.push(quote(program));
    words.extend(
        command
            .get_args()
            .filter(|arg| !arg.as_encoded_bytes().starts_with(b"PATH="))
            .map(quote),
    );
    words.join(" ")
}

fn search_path() -> std::ffi::OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = env::split_paths(&path).collect();
    for dir in ["/usr/local/sbin", "/usr/sbin", "/sbin"] {
        if !dirs.iter().any(|known| known == Path::new(dir)) {
            dirs.push(dir.into());
        }
    }
    env::join_paths(dirs).unwrap_or(path)
}

/// A word of a command as a shell takes it.
pub(crate) fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_pasted() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command
            .env("RUSTDOCFLAGS", "-D warnings")
            .env("PATH", "/bin");
        command.args(["doc", "it's", "a b", ""]);
        assert_eq!(
            line(&command),
            r"RUSTDOCFLAGS='-D warnings' cargo doc 'it'\''s' 'a b' ''"
        );
    }

    #[test]
    fn programs_of_the_system_are_found_and_others_are_not() {
        assert!(which("sh").is_some());
        assert_eq!(which("no-such-program-of-xiot"), None);
    }

    #[test]
    fn a_failing_command_is_named() {
        let error = run(command("sh").args(["-c", "exit 3"])).expect_err("it exits with 3");
        let error = format!("{error:#}");
        assert!(
            error.contains("sh -c 'exit 3'") && error.contains('3'),
            "{error}"
        );
    }

    #[test]
    fn a_command_with_a_name_of_its_own_fails_under_it() {
        let mut script = command("sh");
        let error = run_as(script.args(["-c", "exit 100"]), "apt-get update").expect_err("100");
        assert_eq!(
            format!("{error:#}"),
            "apt-get update failed (exit status: 100)"
        );
    }

    #[test]
    fn who_can_not_become_root_is_told_so() {
        let note = |is_root, has_sudo| root_note("It loads programs", is_root, has_sudo);
        assert_eq!(note(true, false).expect("root needs no sudo"), None);
        let by_sudo = note(false, true).expect("sudo will do");
        assert!(by_sudo.is_some_and(|note| note.contains("by sudo")));
        let error = note(false, false).expect_err("there is no way");
        assert!(error.to_string().contains("run this as root"), "{error}");
    }

    #[test]
    fn a_missing_command_is_named() {
        let error = run(&mut command("no-such-program-of-xiot")).expect_err("there is none");
        assert!(format!("{error:#}").contains("no-such-program-of-xiot"));
    }
}
