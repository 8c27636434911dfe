//! Figures as a table, for people: printed, and written to the file that `XIOT_LEARNING_REPORT` names.

use std::{env, fmt::Write as _, fs};

use crate::{
    case::Case,
    figures::{Figures, Part},
};

/// An error that writing to a text never has.
const NEVER: &str = "texts take what is written to them";

/// The table, and sums of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    text: String,
    rows: Vec<(bool, Figures)>,
}

impl Report {
    pub(crate) fn new() -> Self {
        let mut report = Self::default();
        report.line("| device | capture | learned | conversations | accepted: rules | by name | wider | would-drops | frames | three days: rules | wider | withheld | would-drops | of frames | in |");
        report.line("|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        report
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect(NEVER);
    }

    /// A row, and below it what would be dropped.
    pub(crate) fn add(&mut self, case: &Case, figures: Figures) {
        let Figures {
            accepted, proposed, ..
        } = &figures;
        self.line(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} s |",
            case.device,
            case.file,
            figures.part.name(),
            figures.learned,
            accepted.rules.all,
            accepted.rules.names,
            accepted.rules.wider,
            accepted.judged.denied_habits().len(),
            accepted.judged.denied_frames(),
            proposed.rules.all,
            proposed.rules.wider,
            proposed.withheld,
            proposed.judged.denied_habits().len(),
            accepted.judged.frames,
            figures.seconds,
        ));
        self.rows.push((case.is_setup(), figures));
    }

    /// Sums: captures of devices that are set up, and of those at work, are not alike.
    pub(crate) fn finish(mut self) -> String {
        self.line("\n| captures | learned | device-hours | rules | wider | any | by name | would-drops, accepted | per device-hour | as proposed | per device-hour |");
        self.line("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        for part in Part::ALL {
            for is_setup in [true, false] {
                self.sum(part, is_setup);
            }
        }
        if let Some(path) = env::var_os("XIOT_LEARNING_REPORT") {
            fs::write(path, &self.text).expect("the report can be written");
        }
        self.text
    }

    #[expect(clippy::cast_precision_loss, reason = "figures of a few digits")]
    fn sum(&mut self, part: Part, is_setup: bool) {
        let rows = self.rows.iter();
        let of = rows.filter(|(setup, figures)| (*setup, figures.part) == (is_setup, part));
        let (mut number, mut seconds, mut accepted, mut proposed) = (0, 0, 0, 0);
        let (mut rules, mut wider, mut any, mut names) = (0, 0, 0, 0);
        for (_, figures) in of {
            number += 1;
            seconds += figures.seconds;
            accepted += figures.accepted.judged.denied_habits().len();
            proposed += figures.proposed.judged.denied_habits().len();
            for outcome in [&figures.accepted, &figures.proposed] {
                rules += outcome.rules.all;
                wider += outcome.rules.wider;
                any += outcome.rules.any;
                names += outcome.rules.names;
            }
        }
        if number == 0 {
            return;
        }
        let hours = seconds as f64 / 3600.0;
        let rate = |count: usize| count as f64 / hours;
        let kind = if is_setup { "set-up" } else { "at work" };
        let share = |count: usize| 100.0 * count as f64 / (rules as f64).max(1.0);
        let line = format!(
            "| {number} {kind} | {} | {hours:.2} | {rules} | {:.1} % | {any} | {:.0} % | {accepted} | {:.2} | {proposed} | {:.2} |",
            part.name(),
            share(wider),
            share(names),
            rate(accepted),
            rate(proposed),
        );
        self.line(&line);
    }
}
