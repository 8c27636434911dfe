//! What came back from a guest, and the table of all.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::kernels::guest::Guest;
use crate::kernels::series::Series;

/// What a kernel made of the tests.
#[derive(Debug)]
pub(crate) struct Outcome {
    release: String,
    accel: &'static str,
    code: i32,
    tests: Tests,
    variants: Vec<Variant>,
    complaints: Vec<String>,
    time: Duration,
}

/// Numbers of the runner's closing line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tests {
    run: u32,
    passed: u32,
    skipped: u32,
}

/// One variant of the program, as the verifier's test reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variant {
    name: String,
    instructions: u64,
    load_ms: u64,
}

/// What a line of the verifier's test begins with.
const VERIFIED: &str = "verified instructions: ";

/// What the kernel says of itself when something is wrong with it.
const COMPLAINTS: [&str; 4] = ["WARNING: ", "BUG: ", "Oops", "possible circular locking"];

impl Outcome {
    /// Reads what the guest left. Fails where the tests did not come to an end.
    pub(crate) fn read(guest: &Guest, accel: &'static str, time: Duration) -> Result<Self> {
        let read = |name: &str| read(&guest.out.join(name));
        let code = read("code")?;
        let log = read("log")?;
        Ok(Self {
            release: guest.release.clone(),
            accel,
            code: code
                .trim()
                .parse()
                .with_context(|| format!("{:?} is no exit code", code.trim()))?,
            tests: summary(&log).context("the runner printed no summary; its output is above")?,
            variants: log.lines().filter_map(variant).collect(),
            complaints: complaints(&read("dmesg")?),
            time,
        })
    }

    /// All tests passed, and there were some.
    pub(crate) fn passed(&self) -> bool {
        self.code == 0 && self.tests.run > 0 && self.tests.passed == self.tests.run
    }

    fn row(&self) -> [String; 8] {
        let Tests {
            run,
            passed,
            skipped,
        } = self.tests;
        let join = |figure: fn(&Variant) -> String| -> String {
            let figures: Vec<_> = self.variants.iter().map(figure).collect();
            if figures.is_empty() {
                "-".to_owned()
            } else {
                figures.join(", ")
            }
        };
        [
            self.release.clone(),
            self.accel.to_owned(),
            passed.to_string(),
            run.saturating_sub(passed).to_string(),
            skipped.to_string(),
            join(|variant| format!("{} {}", variant.name, variant.instructions)),
            join(|variant| format!("{} ms", variant.load_ms)),
            format!("{} s", self.time.as_secs()),
        ]
    }
}

const HEAD: [&str; 8] = [
    "kernel",
    "processor",
    "passed",
    "failed",
    "skipped",
    "verified instructions",
    "load",
    "time",
];

/// One line for each kernel, and below them what the kernels said of themselves.
pub(crate) fn table(outcomes: &[(Series, Result<Outcome>)]) -> String {
    let mut rows = vec![HEAD.map(ToOwned::to_owned)];
    let mut notes = Vec::new();
    for (series, outcome) in outcomes {
        if let Ok(outcome) = outcome {
            rows.push(outcome.row());
            let complaints = outcome.complaints.iter();
            notes.extend(complaints.map(|it| format!("Linux {} says: {it}\n", outcome.release)));
        } else {
            let row = [series.name, "no result", "", "", "", "", "", ""];
            rows.push(row.map(ToOwned::to_owned));
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text + &notes.concat()
}

/// The numbers in `Summary [ 7.2s] 8 tests run: 7 passed (1 slow), 1 failed, 2 skipped`.
fn summary(log: &str) -> Option<Tests> {
    let line = log
        .lines()
        .rev()
        .find(|line| line.trim_start().starts_with("Summary ["))?;
    let (run, counts) = line.split_once(']')?.1.split_once(" run: ")?;
    let run = run.split_whitespace().next()?;
    // After a stop it is `3/8 tests`, of which 3 were run.
    let run = run.split('/').next_back()?;
    let mut tests = Tests {
        run: run.parse().ok()?,
        ..Tests::default()
    };
    for count in counts.split(", ") {
        let mut words = count.split_whitespace();
        let number = words.next()?.parse().unwrap_or(0);
        match words.next() {
            Some("passed") => tests.passed = number,
            Some("skipped") => tests.skipped = number,
            _ => {}
        }
    }
    Some(tests)
}

fn variant(line: &str) -> Option<Variant> {
    let fields = line.trim().strip_prefix(VERIFIED)?;
    let field = |name: &str| {
        let mut fields = fields
            .split_whitespace()
            .filter_map(|field| field.split_once('='));
        fields.find_map(|(found, value)| (found == name).then_some(value))
    };
    Some(Variant {
        name: field("variant")?.to_owned(),
        instructions: field("count")?.parse().ok()?,
        load_ms: field("load_ms")?.parse().ok()?,
    })
}

fn complaints(messages: &str) -> Vec<String> {
    let is_one = |line: &&str| COMPLAINTS.iter().any(|complaint| line.contains(complaint));
    messages
        .lines()
        .filter(is_one)
        .map(|line| line.trim().to_owned())
        .collect()
}

fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("could not read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "        PASS [   4.396s] (8/8) xiot-tests::verifier x\n\
                       \x20   verified instructions: variant=plain count=57115 load_ms=812 kernel=6.12.117\n\
                       ────────────\n\
                       \x20    Summary [   7.296s] 8 tests run: 7 passed (2 slow), 1 failed, 161 skipped\n\
                       \x20       FAIL [   1.0s] (3/8) xiot-tests::datapath y\n";

    fn outcome(log: &str, code: i32) -> Outcome {
        Outcome {
            release: "6.12.117+deb13-amd64".to_owned(),
            accel: "tcg",
            code,
            tests: summary(log).expect("there is a summary"),
            variants: log.lines().filter_map(variant).collect(),
            complaints: complaints("[ 1.0] x\n[ 2.0] WARNING: CPU: 0 PID: 1 at y\n"),
            time: Duration::from_secs(90),
        }
    }

    #[test]
    fn the_closing_line_is_read() {
        let expected = Tests {
            run: 8,
            passed: 7,
            skipped: 161,
        };
        assert_eq!(summary(LOG), Some(expected));
        let timed_out = "Summary [ 1.0s] 3 tests run: 2 passed, 1 timed out, 0 skipped";
        assert_eq!(summary(timed_out).map(|tests| tests.passed), Some(2));
        assert_eq!(summary("Summary of nothing\n"), None);
        assert_eq!(summary(""), None);
    }

    #[test]
    fn only_all_tests_are_a_pass() {
        assert!(!outcome(LOG, 100).passed());
        assert!(!outcome(LOG, 0).passed());
        let one = "Summary [ 1.0s] 1 test run: 1 passed, 0 skipped";
        assert!(outcome(one, 0).passed());
        assert!(!outcome(one, 100).passed());
        assert!(!outcome("Summary [ 0.0s] 0 tests run: 0 passed, 9 skipped", 0).passed());
    }

    #[test]
    fn what_the_verifier_counted_is_read() {
        let plain = Variant {
            name: "plain".to_owned(),
            instructions: 57115,
            load_ms: 812,
        };
        let found: Vec<_> = LOG.lines().filter_map(variant).collect();
        assert_eq!(found, [plain]);
        assert_eq!(
            variant("verified instructions: variant=plain count=many load_ms=1"),
            None
        );
    }

    #[test]
    fn the_table_shows_every_kernel() {
        let outcomes = [
            (
                crate::kernels::series::KNOWN[0],
                Err(anyhow::anyhow!("it did not boot")),
            ),
            (crate::kernels::series::KNOWN[1], Ok(outcome(LOG, 100))),
        ];
        let table = table(&outcomes);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines[1], "6.1                   no result");
        let row: Vec<_> = lines[2].split_whitespace().collect();
        assert_eq!(
            row,
            [
                "6.12.117+deb13-amd64",
                "tcg",
                "7",
                "1",
                "161",
                "plain",
                "57115",
                "812",
                "ms",
                "90",
                "s"
            ]
        );
        assert!(lines[3].contains("WARNING: CPU: 0"), "{table}");
    }
}
