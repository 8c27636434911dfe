//! The import table of ARCHITECTURE.md: which module may use which.
//!
//! A table whose header is `module | may use | must not`. A cell lists paths with commas between them:
//! `xiot-agent::model` (a module of a crate), `model` (a module of the row's crate), `tokio` (a crate),
//! `std::fs`; `*` stands for every path. A cell may be empty; other words are errors, or a rule that
//! nobody checks would look like one that is kept.

use crate::tidy::files::File;

/// One row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Modules that it is about, crate first: `["xiot-agent", "model"]`.
    pub(crate) modules: Vec<Vec<String>>,
    /// Paths that they may use.
    pub(crate) may: Vec<Vec<String>>,
    /// Paths that they must not.
    pub(crate) must_not: Vec<Vec<String>>,
    /// What stands in a cell and is no path.
    pub(crate) unreadable: Vec<String>,
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
            let mut row = Row {
                line: index + 1,
                ..Row::default()
            };
            row.modules = paths(cells[0], &mut row.unreadable);
            row.may = paths(cells[1], &mut row.unreadable);
            row.must_not = paths(cells[2], &mut row.unreadable);
            rows.push(row);
        }
    }
    rows
}

fn cells(line: &str) -> Option<[&str; 3]> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
    cells.try_into().ok()
}

fn paths(cell: &str, unreadable: &mut Vec<String>) -> Vec<Vec<String>> {
    let words = cell.split(',').map(|word| word.trim().trim_matches('`'));
    let mut paths = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        let is_path = |c: char| c.is_ascii_alphanumeric() || "_-:*".contains(c);
        if word.chars().all(is_path) {
            paths.push(word.split("::").map(ToOwned::to_owned).collect());
        } else {
            unreadable.push(word.to_owned());
        }
    }
    paths
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
| `xiot-agent::model`, xiot-agent::diag | | `xiot-common`, std::fs, the rest |

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
                may: vec![],
                must_not: vec![path(&["xiot-common"]), path(&["std", "fs"])],
                unreadable: vec!["the rest".to_owned()],
                line: 7,
            }]
        );
    }
}
