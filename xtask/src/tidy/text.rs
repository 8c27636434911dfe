//! Rules that a line of text shows: how files open, words that must not stay, paths of one machine.

use crate::tidy::Violation;
use crate::tidy::files::{File, Files, has_extension};

/// A text that must not occur, and why. Each is in two parts, or this file would break its own rule.
struct Banned {
    parts: (&'static str, &'static str),
    /// Extensions of the files that it must not occur in; empty for all.
    extensions: &'static [&'static str],
    why: &'static str,
}

const CODE: &[&str] = &["rs", "toml", "sh", "yaml", "yml"];

const BANNED: &[Banned] = &[
    Banned {
        parts: ("#[ign", "ore"),
        extensions: &["rs"],
        why: "a test runs or goes; one that needs an absent feature prints why and what it needs",
    },
    Banned {
        parts: ("TO", "DO"),
        extensions: CODE,
        why: "do it, or file an issue and say what is so today",
    },
    Banned {
        parts: ("FIX", "ME"),
        extensions: CODE,
        why: "do it, or file an issue and say what is so today",
    },
    Banned {
        parts: ("XX", "X:"),
        extensions: CODE,
        why: "do it, or file an issue and say what is so today",
    },
    Banned {
        parts: ("/ro", "ot/"),
        extensions: &[],
        why: "a path of one machine",
    },
    Banned {
        parts: ("/ho", "me/"),
        extensions: &[],
        why: "a path of one machine",
    },
    Banned {
        parts: ("/wo", "rk/"),
        extensions: &[],
        why: "a path of one machine",
    },
    Banned {
        parts: ("/tm", "p/wt"),
        extensions: &[],
        why: "a path of one machine",
    },
];

/// The one place of the test crate that may wait: it polls with a deadline.
const POLLING: &str = "tests/src/until.rs";

pub(crate) fn check(files: &Files) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in &files.0 {
        violations.extend(banned(file));
        if has_extension(&file.path, "rs") {
            violations.extend(opening(file));
            violations.extend(sleeping(file));
        }
    }
    violations
}

fn banned(file: &File) -> Vec<Violation> {
    let applies = |banned: &&Banned| {
        let mut extensions = banned.extensions.iter();
        banned.extensions.is_empty() || extensions.any(|ext| has_extension(&file.path, ext))
    };
    let mut violations = Vec::new();
    for banned in BANNED.iter().filter(applies) {
        let text = [banned.parts.0, banned.parts.1].concat();
        violations.extend(occurrences(file, &text, banned.why));
    }
    violations
}

fn opening(file: &File) -> Option<Violation> {
    (!file.text.starts_with("//! ")).then(|| Violation {
        path: file.path.clone(),
        line: 1,
        message: "a file opens with `//!` and its one job".to_owned(),
    })
}

fn sleeping(file: &File) -> Vec<Violation> {
    if !file.path.starts_with("tests/") || file.path == POLLING {
        return Vec::new();
    }
    let why = format!("tests wait for a condition with a deadline ({POLLING}), never for a time");
    ["thread::sleep(", "time::sleep("]
        .into_iter()
        .flat_map(|call| occurrences(file, call, &why))
        .collect()
}

fn occurrences(file: &File, text: &str, why: &str) -> Vec<Violation> {
    let lines = file.text.lines().enumerate();
    lines
        .filter(|(_, line)| line.contains(text))
        .map(|(index, _)| Violation {
            path: file.path.clone(),
            line: index + 1,
            message: format!("`{text}`: {why}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::files;

    #[track_caller]
    fn check_file(path: &str, text: &str, expected: &[usize]) {
        let violations = check(&files::made(&[(path, text)]));
        let lines: Vec<_> = violations.iter().map(|found| found.line).collect();
        assert_eq!(lines, expected, "{violations:#?}");
    }

    #[test]
    fn a_clean_file_passes() {
        check_file("a.rs", "//! Job.\nfn a() {}\n", &[]);
    }

    #[test]
    fn a_rust_file_must_say_its_job_first() {
        check_file("a.rs", "fn a() {}\n", &[1]);
        check_file("a.rs", "", &[1]);
        check_file("a.rs", "#![no_std]\n//! Job.\n", &[1]);
        check_file("a.md", "fn a() {}\n", &[]);
    }

    #[test]
    fn words_that_must_not_stay_are_found_with_their_line() {
        for banned in BANNED {
            let word = [banned.parts.0, banned.parts.1].concat();
            check_file("a.rs", &format!("//! Job.\n\n// {word}\n"), &[3]);
        }
        let word = ["TO", "DO"].concat();
        check_file("a.md", &word, &[]);
    }

    #[test]
    fn tests_sleep_in_one_place_only() {
        let text = "//! Job.\nstd::thread::sleep(second);\n";
        check_file("tests/src/net.rs", text, &[2]);
        check_file(POLLING, text, &[]);
        check_file("xiot-agent/src/a.rs", text, &[]);
    }
}
