//! The page about reasons.

use xiot_common::reason::{Class, Reason};

use super::line;

/// What stands in it.
pub(super) fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    for (class, title, what) in CLASSES {
        line(&mut page, format_args!("\n## {title}\n\n{what}\n"));
        line(&mut page, format_args!("| | reason | means | what to do |"));
        line(&mut page, format_args!("|---|---|---|---|"));
        for reason in Reason::ALL.iter().filter(|reason| reason.class() == class) {
            let (number, name) = (*reason as u8, reason.name());
            let (doc, remedy) = (reason.doc(), reason.remedy());
            line(
                &mut page,
                format_args!("| {number} | `{name}` | {doc} | {remedy} |"),
            );
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Reasons

Every frame is forwarded or dropped for exactly one of these. The names stand in metrics, events, `drops` and `explain`;
the numbers in events. Neither is ever used for anything else. How a frame comes to its reason: [judgement.md](judgement.md).

<!-- Made from xiot-common/src/reason.rs by `cargo xtask docs`. -->
";

const CLASSES: [(Class, &str, &str); 4] = [
    (Class::Allowed, "Allowed", "The frame is forwarded."),
    (
        Class::Malformed,
        "Malformed",
        "The frame is dropped in every mode: no meaning can be given to it, or only a harmful one.",
    ),
    (
        Class::Denied,
        "Denied",
        "The frame is dropped in mode `enforce`, and forwarded and counted in modes `learn` and `monitor`.",
    ),
    (
        Class::Gateway,
        "Gateway",
        "The frame is dropped in every mode: the gateway itself is not set up for it.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_one_row() {
        let page = page();
        for reason in Reason::ALL {
            let start = format!("| {} | `{}` | ", *reason as u8, reason.name());
            assert_eq!(page.matches(&start).count(), 1, "{reason:?}");
        }
    }

    #[test]
    fn rows_have_four_cells() {
        for row in page().lines().filter(|line| line.starts_with('|')) {
            assert_eq!(row.matches('|').count(), 5, "{row}");
        }
    }
}
