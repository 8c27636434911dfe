//! Learning on captures of other people's devices, through the program in the kernel: the first part of a capture is learned, what comes of it is put in force, and the rest
//! is judged by that.

#![expect(clippy::print_stdout, reason = "says what was skipped, and figures")]
#![expect(clippy::panic, reason = "helpers of a test fail it by panicking")]

mod case;
mod deed;
mod figures;
mod film;
mod generated;
mod habit;
mod published;
mod report;
mod rules;
mod site;
mod strangers;
mod trial;

use self::{
    case::Cases,
    figures::{Part, figures},
    report::Report,
    trial::Trial,
};

/// What was learned and promoted is not dropped when it comes again, what was never seen is, nothing is allowed to everybody, and the rest of a capture loses no
/// more than was written down.
#[test]
fn what_captures_teach() {
    let Some(cases) = Cases::read() else { return };
    let mut trial = Trial::new();
    let mut report = Report::new();
    let mut worse = Vec::new();
    for case in &cases.case {
        for (place, part) in Part::ALL.into_iter().enumerate() {
            let Some(figures) = figures(&mut trial, &cases, case, part) else {
                continue;
            };
            for outcome in [&figures.accepted, &figures.proposed] {
                assert_eq!(
                    outcome.rules.any, 0,
                    "{}: a rule allows everybody",
                    case.file
                );
            }
            let denied = figures.accepted.judged.denied_habits();
            if case.most.get(place).is_none_or(|most| denied.len() > *most) {
                worse.push(format!(
                    "{} {}: {} {denied:?}",
                    case.file,
                    part.name(),
                    denied.len()
                ));
            }
            report.add(case, figures);
        }
    }
    println!("{}", report.finish());
    assert!(
        worse.is_empty(),
        "more would be dropped than in cases.toml:\n{}",
        worse.join("\n")
    );
}
