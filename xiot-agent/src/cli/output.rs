//! What commands print: tables for people, JSON for programs.

use std::io::{self, Write as _};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use super::exit::{Exit, Failure, OrExit as _};

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A table of columns without lines, as wide as its content: it can be piped and cut.
pub(super) fn table(
    columns: &[(&str, Align)],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(columns.iter().map(|(name, _)| *name));
    for (column, (_, align)) in table.column_iter_mut().zip(columns) {
        // Two spaces between columns, none at the margins.
        column.set_padding((0, 2));
        column.set_cell_alignment(match align {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
    }
    for row in rows {
        table.add_row(row.into_iter().map(|cell| {
            if cell.is_empty() {
                "-".to_owned()
            } else {
                cell
            }
        }));
    }
    let lines: Vec<_> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure {
            exit: Exit::Success,
            error: error.into(),
        }),
        result => result.or_exit(Exit::Failed),
    }
}

/// Writes a remark to standard error.
pub(super) fn note(text: &str) -> Result<(), Failure> {
    writeln!(io::stderr().lock(), "{text}").or_exit(Exit::Failed)
}

/// Writes one JSON document.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).or_exit(Exit::Failed)?;
    text.push('\n');
    print(&text)
}

/// Writes one JSON document on one line.
pub(super) fn print_json_line(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string(value).or_exit(Exit::Failed)?;
    text.push('\n');
    print(&text)
}
