//! Names of what a run makes: unique while the run lives, and recognisable as garbage when it is dead.

use std::{
    fs, io, process,
    sync::atomic::{AtomicU32, Ordering},
};

/// What every name begins with.
const PREFIX: &str = "xiot-";

/// Numbers handed out so far by this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A number no other set of names of this process has.
pub fn next_number() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The name of the thing called `label` in set `number` of this process: `xiot-<pid>-<number>-<label>`.
pub fn of_run(number: u32, label: &str) -> String {
    format!("{}{number}-{label}", own_prefix())
}

/// What the names that this process makes begin with.
pub fn own_prefix() -> String {
    format!("{PREFIX}{}-", process::id())
}

/// The process that made the thing of this name; none for a name that [`of_run`] does not make.
pub fn maker(name: &str) -> Option<u32> {
    let (pid, rest) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let (number, label) = rest.split_once('-')?;
    let number_is_one = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (number_is_one && !label.is_empty())
        .then(|| pid.parse().ok())
        .flatten()
}

/// Whether the maker is provably gone. A number that was reused counts as alive: better litter than harm.
pub fn is_dead(pid: u32) -> bool {
    match fs::metadata(format!("/proc/{pid}")) {
        Ok(_) => false,
        Err(error) => error.kind() == io::ErrorKind::NotFound && fs::metadata("/proc/self").is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{self, Command};

    use super::{is_dead, maker, next_number, of_run};

    #[test]
    fn a_name_tells_its_maker() {
        let name = of_run(next_number(), "pump-icu");
        assert_eq!(maker(&name), Some(process::id()));
        assert_ne!(of_run(next_number(), "a"), of_run(next_number(), "a"));
    }

    #[test]
    fn other_names_have_no_maker() {
        for name in [
            "pump",
            "xiot-",
            "xiot-demo-pump",
            "xiot-12",
            "xiot-12-",
            "xiot-12-3",
            "xiot-12-3-",
            "xiot-12-x-pump",
            "xiot--1-3-pump",
            "yxiot-12-3-pump",
        ] {
            assert_eq!(maker(name), None, "{name}");
        }
    }

    #[test]
    fn only_processes_that_are_gone_are_dead() {
        assert!(!is_dead(process::id()));
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(is_dead(pid));
    }
}
