//! What the demo prints: each check as it is made, and a table of all at the end.

use std::{
    io::{self, Write},
    time::Duration,
};

use comfy_table::{ContentArrangement, Table, presets};

use super::Ending;

/// One expectation and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Check {
    /// What it is about, in a few words.
    pub(super) what: &'static str,
    /// What was done.
    pub(super) tried: String,
    /// What should come of it.
    pub(super) expected: String,
    /// What came of it.
    pub(super) got: String,
    /// Why, as the agent says.
    pub(super) reason: String,
    /// Whether that is as expected.
    pub(super) met: bool,
}

/// The report.
#[derive(Debug)]
pub(super) struct Report<W> {
    out: W,
    checks: Vec<Check>,
}

impl<W: Write> Report<W> {
    /// An empty report.
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            checks: Vec::new(),
        }
    }

    /// A line, or several.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Text that the agent printed.
    pub(super) fn quote(&mut self, command: &str, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n  $ {command}")?;
        for line in text.lines() {
            writeln!(self.out, "  {line}")?;
        }
        Ok(())
    }

    /// The head of an act.
    pub(super) fn title(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n== {text}")
    }

    /// Prints a check and keeps it for the summary.
    pub(super) fn check(&mut self, check: Check) -> io::Result<()> {
        let mark = mark(check.met);
        writeln!(self.out, "\n  {mark}  {}", check.what)?;
        for (word, text) in [
            ("tried", &check.tried),
            ("expected", &check.expected),
            ("got", &check.got),
            ("reason", &check.reason),
        ] {
            writeln!(self.out, "        {word:<9} {text}")?;
        }
        self.out.flush()?;
        self.checks.push(check);
        Ok(())
    }

    /// Prints the table of all checks.
    pub(super) fn summary(&mut self, took: Duration) -> io::Result<Ending> {
        self.title("Summary")?;
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(["", "WHAT", "EXPECTED", "GOT", "REASON"]);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for check in &self.checks {
            table.add_row([
                mark(check.met),
                check.what,
                &check.expected,
                &check.got,
                &check.reason,
            ]);
        }
        for line in table.lines() {
            writeln!(self.out, "  {}", line.trim_end())?;
        }
        let met = self.checks.iter().filter(|check| check.met).count();
        let all = self.checks.len();
        writeln!(
            self.out,
            "\n  {met} of {all} expectations met in {:.1} s",
            took.as_secs_f64()
        )?;
        Ok(if met == all && all > 0 {
            Ending::Met
        } else {
            Ending::Unmet
        })
    }
}

fn mark(met: bool) -> &'static str {
    if met { "ok  " } else { "FAIL" }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Check, Report};
    use crate::demo::Ending;

    fn check(met: bool) -> Check {
        Check {
            what: "the pump asks its server",
            tried: "tcp 10.30.1.12 > 10.20.8.11:3613".to_owned(),
            expected: "answered".to_owned(),
            got: "answered".to_owned(),
            reason: "allowed_flow".to_owned(),
            met,
        }
    }

    fn ending(checks: &[Check]) -> (Ending, String) {
        let mut report = Report::new(Vec::new());
        for check in checks {
            report.check(check.clone()).unwrap();
        }
        let ending = report.summary(Duration::from_millis(1234)).unwrap();
        (ending, String::from_utf8(report.out).unwrap())
    }

    #[test]
    fn one_unmet_expectation_spoils_all() {
        let (result, text) = ending(&[check(true), check(false)]);
        assert_eq!(result, Ending::Unmet);
        assert!(text.contains("1 of 2 expectations met in 1.2 s"), "{text}");
        assert_eq!(text.matches("FAIL").count(), 2);
        assert_eq!(ending(&[check(true)]).0, Ending::Met);
    }

    #[test]
    fn a_demo_that_checked_nothing_proves_nothing() {
        assert_eq!(ending(&[]).0, Ending::Unmet);
    }

    #[test]
    fn a_check_tells_what_was_tried_expected_got_and_why() {
        let (_, text) = ending(&[check(true)]);
        for word in ["tried", "expected", "got", "reason"] {
            assert!(text.contains(&format!("\n        {word}")), "{text}");
        }
    }
}
