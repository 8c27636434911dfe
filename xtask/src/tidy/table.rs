//! The import table of ARCHITECTURE.md: which module may use which.
//!
//! A table whose header is `module | may use | must not`. Cells name paths in backticks, such as
//! `xiot-agent::model` (a module), `tokio` (a crate) or `std::fs`; words around them are for people.
//! `*` in backticks stands for every path. A path of one segment that is no crate is a module of the row's crate.

use crate::tidy::files::File;

/// One row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Modules that it is about, crate first: `["xiot-agent", "model"]`.
    pub(crate) modules: Vec<Vec<String>>,
    /// Paths that they may use.
    pub(crate) may: Vec<Vec<String>>,
    /// Paths that they must not.
    pub(crate) must_not: Vec<Vec<String>>,
    /// Line of the row, counted from 1.
    pub(crate) line: usize,
}

/// All rows of all import tables of a document.
pub(crate) fn rows(document: &File) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut inside = false;
    for (index, line) in document.text.lines().enumerate() {
        let Some(cells) = cells(line) else {
            inside = false;
            continue;
        };
        let is_header = cells.map(str::to_lowercase) == ["module", "may use", "must not"];
        let is_rule = cells[0].chars().all(|c| "-: ".contains(c));
        if is_header {
            inside = true;
        } else if inside && !is_rule {
            rows.push(Row {
                modules: paths(cells[0]),
                may: paths(cells[1]),
                must_not: paths(cells[2]),
                line: index + 1,
            });
        }
    }
    rows
}

fn cells(line: &str) -> Option<[&str; 3]> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
    cells.try_into().ok()
}

/// What is between backticks, taken as paths.
fn paths(cell: &str) -> Vec<Vec<String>> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted
        .map(|path| {
            path.split("::")
                .map(|part| part.trim().to_owned())
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_from_the_right_table_only() {
        let text = "\
| a | b | c |
|---|---|---|
| `x` | `y` | `z` |

| Module | may use | must not |
|---|:---|---|
| `xiot-agent::model`, `xiot-agent::diag` | std and `unit` | the rest, above all `xiot-common` |

| `xiot-agent::late` | `y` | `z` |
";
        let document = File {
            path: "ARCHITECTURE.md".to_owned(),
            text: text.to_owned(),
        };
        let path =
            |parts: &[&str]| -> Vec<String> { parts.iter().map(|p| (*p).to_owned()).collect() };
        assert_eq!(
            rows(&document),
            [Row {
                modules: vec![
                    path(&["xiot-agent", "model"]),
                    path(&["xiot-agent", "diag"])
                ],
                may: vec![path(&["unit"])],
                must_not: vec![path(&["xiot-common"])],
                line: 7,
            }]
        );
    }
}
