//! Gates between modes as written: what is not named is as by default.

use std::time::Duration;

use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::{Fields, choice, duration_within, shorten, text},
        gates::{Coverage, Gate, Gates},
        yaml::Node,
    },
};

/// Longest time that a gate may ask for.
const LONGEST: Duration = Duration::from_hours(400 * 24);

const COVERAGES: [(&str, Coverage); 4] = [
    ("any", Coverage::Any),
    ("day", Coverage::Day),
    ("week", Coverage::Week),
    ("all", Coverage::All),
];

pub(super) fn read_gates(node: Option<&Node<'_>>, report: &mut Report) -> Gates {
    const KEYS: [&str; 5] = ["monitor", "low", "medium", "high", "life-sustaining"];
    let mut gates = Gates::default();
    let Some(fields) = node.and_then(|node| Fields::read(node, "`gates`", &KEYS, report)) else {
        return gates;
    };
    for (key, gate) in [
        ("monitor", &mut gates.monitor),
        ("low", &mut gates.low),
        ("medium", &mut gates.medium),
        ("high", &mut gates.high),
        ("life-sustaining", &mut gates.life_sustaining),
    ] {
        if let Some(node) = fields.get(key) {
            read_gate(node, gate, report);
        }
    }
    gates
}

fn read_gate(node: &Node<'_>, gate: &mut Gate, report: &mut Report) {
    const KEYS: [&str; 4] = ["watched", "unseen", "quiet", "coverage"];
    let Some(fields) = Fields::read(node, "a gate", &KEYS, report) else {
        return;
    };
    for (key, hours) in [("watched", &mut gate.watched), ("quiet", &mut gate.quiet)] {
        if let Some(read) = fields.get(key).and_then(|node| read_hours(node, report)) {
            *hours = read;
        }
    }
    if let Some(unseen) = fields
        .get("unseen")
        .and_then(|node| read_share(node, report))
    {
        gate.unseen = unseen;
    }
    let coverage = fields.get("coverage");
    let coverage =
        coverage.and_then(|node| choice(node, "what has to be watched", &COVERAGES, report));
    gate.coverage = coverage.unwrap_or(gate.coverage);
}

/// Whole hours, never fewer than it says.
fn read_hours(node: &Node<'_>, report: &mut Report) -> Option<u32> {
    let time = duration_within(
        node,
        "a time of a gate",
        &(Duration::ZERO..=LONGEST),
        report,
    )?;
    u32::try_from(time.as_secs().div_ceil(3600)).ok()
}

/// A share in percent, in thousandths.
fn read_share(node: &Node<'_>, report: &mut Report) -> Option<u32> {
    let text = text(node, "a share in percent", report)?;
    let share = thousandths(text.value);
    if share.is_none() {
        report.push(
            Diagnostic::new(
                Code::BadNumber,
                text.span,
                format!("`{}` is no share in percent", shorten(text.value)),
            )
            .hint("from `0 %` to `100 %`, with one digit behind the point at most: `0.5 %`"),
        );
    }
    share
}

fn thousandths(text: &str) -> Option<u32> {
    let number = text.strip_suffix('%')?.trim_end();
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !is_number(whole, 3) || !is_number(tenth, 1) {
        return None;
    }
    let (whole, tenth): (u32, u32) = (whole.parse().ok()?, tenth.parse().ok()?);
    Some(10 * whole + tenth).filter(|share| *share <= 1000)
}
