//! Tables for the terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::{
    report::{Figure, RATIOS, Report, SECONDS, Target},
    stats::Spread,
};

/// Prints everything.
pub(crate) fn print(report: &Report) {
    let machine = &report.machine;
    let on = machine
        .virtualised
        .as_ref()
        .map_or_else(String::new, |on| format!(", virtual ({on})"));
    println!(
        "\n{}, {} cores{on}, {} GiB; Linux {}; {}; {} rounds in {:.0} s; {:.1} % of the time stolen",
        machine.cpu,
        machine.cores,
        machine.memory_gib,
        report.kernel,
        report.date,
        report.rounds,
        report.took_seconds,
        report.stolen_percent
    );
    println!("\n{}", figures(&report.figures));
    println!("\n{}", targets(report));
    for note in &report.notes {
        println!("{note}");
    }
}

fn table(header: &[&str], numbers_from: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.to_vec());
    for column in table.column_iter_mut().skip(numbers_from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn figures(figures: &[Figure]) -> Table {
    let header = [
        "SCENARIO",
        "FRAMES",
        "CONFIGURATION",
        "RULES",
        "FLOWS",
        "UNIT",
        "MEDIAN",
        "QUARTILES",
        "MPPS",
        "LOST",
    ];
    let mut table = table(&header, 3);
    for figure in figures {
        let subject = &figure.subject;
        let count = |number: Option<u32>| number.map_or_else(String::new, |n| n.to_string());
        table.add_row([
            format!("{}: {}", subject.suite, subject.scenario),
            subject.family.to_owned(),
            subject.configuration.to_owned(),
            count(subject.rules),
            count(subject.flows),
            figure.unit.to_owned(),
            short(figure.spread.median),
            quartiles(&figure.spread),
            figure
                .mpps
                .map_or_else(String::new, |mpps| format!("{mpps:.2}")),
            if figure.lost == 0 {
                String::new()
            } else {
                figure.lost.to_string()
            },
        ]);
    }
    table
}

fn targets(report: &Report) -> Table {
    let mut table = table(&["FIGURE", "OF", "MEASURED", "QUARTILES", "TARGET", ""], 2);
    for (name, target, what) in RATIOS {
        if let Some(spread) = report.ratio_spread.get(name) {
            let mut row = row(name, what, spread.median, *target, |value| {
                format!("{value:.2}")
            });
            row.insert(3, format!("{:.2} - {:.2}", spread.lower, spread.upper));
            table.add_row(row);
        }
    }
    for (name, target, what) in SECONDS {
        if let Some(value) = report.seconds.get(name) {
            let mut row = row(name, what, *value, *target, |value| {
                format!("{} s", short(value))
            });
            row.insert(3, String::new());
            table.add_row(row);
        }
    }
    table
}

fn row(
    name: &str,
    what: &str,
    value: f64,
    target: Target,
    show: impl Fn(f64) -> String,
) -> Vec<String> {
    let (word, limit) = match target {
        Target::AtMost(limit) => ("at most", limit),
        Target::AtLeast(limit) => ("at least", limit),
    };
    vec![
        name.to_owned(),
        what.to_owned(),
        show(value),
        format!("{word} {}", show(limit)),
        if target.is_met(value) {
            "met"
        } else {
            "MISSED"
        }
        .to_owned(),
    ]
}

/// A number as long as is of use.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.3}"),
        size if size >= 1e-4 => format!("{value:.6}"),
        _ => format!("{value:.9}"),
    }
}

fn quartiles(spread: &Spread) -> String {
    format!("{} - {}", short(spread.lower), short(spread.upper))
}
