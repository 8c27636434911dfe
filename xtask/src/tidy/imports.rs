//! Rule: modules use each other only as the import table of ARCHITECTURE.md allows.
//!
//! For every path that a module refers to, the longest entry of its row that it begins with decides: so
//! `xiot-common` can be forbidden and `xiot-common::reason` allowed. A path into another module of the
//! same crate needs an entry; one into another crate is allowed where no entry forbids it.

use std::collections::BTreeMap;

use crate::tidy::Violation;
use crate::tidy::files::{File, Files};
use crate::tidy::references::{self, Reference};
use crate::tidy::table::{self, Row};

const DOCUMENT: &str = "ARCHITECTURE.md";

pub(crate) fn check(files: &Files) -> Vec<Violation> {
    let Some(document) = files.get(DOCUMENT) else {
        return Vec::new();
    };
    let at = |line: usize, message: String| Violation {
        path: DOCUMENT.to_owned(),
        line,
        message,
    };
    let rows = table::rows(document);
    let mut violations = Vec::new();
    if rows.is_empty() {
        let header = "`| module | may use | must not |`";
        violations.push(at(
            1,
            format!("there is no import table, which begins with {header}"),
        ));
    }
    for row in rows {
        for word in &row.unreadable {
            violations.push(at(
                row.line,
                format!("`{word}` is no path: paths, with commas between"),
            ));
        }
        for module in &row.modules {
            let mut sources = files.rust().filter(|file| belongs(file, module)).peekable();
            if sources.peek().is_none() {
                let name = module.join("::");
                violations.push(at(row.line, format!("there is no module `{name}`")));
            }
            for file in sources {
                violations.extend(check_file(file, module, &row));
            }
        }
    }
    violations
}

/// Whether a file is of a module: `crate/src/module.rs`, `crate/src/module/...`, or, for a crate alone,
/// any of its files.
fn belongs(file: &File, module: &[String]) -> bool {
    let [krate, inside @ ..] = module else {
        return false;
    };
    let dir = format!("{krate}/src/{}", inside.join("/"));
    let Some(rest) = file.path.strip_prefix(&dir) else {
        return false;
    };
    let is_test = file.path.ends_with("/tests.rs");
    !is_test && (inside.is_empty() || rest == ".rs" || rest.starts_with('/'))
}

fn check_file(file: &File, module: &[String], row: &Row) -> Vec<Violation> {
    // One violation for one edge, at its first use.
    let mut edges = BTreeMap::new();
    for reference in references::of(&file.text) {
        let Some(target) = target(&reference, module) else {
            continue;
        };
        if let Some(reason) = verdict(&target, module, row) {
            let shown = target[..target.len().min(2)].join("::");
            edges.entry(shown).or_insert((reference.line, reason));
        }
    }
    let edges = edges.into_iter();
    edges
        .map(|(target, (line, reason))| Violation {
            path: file.path.clone(),
            line,
            message: format!(
                "`{}` uses `{target}`: {reason} ({DOCUMENT}:{})",
                module.join("::"),
                row.line
            ),
        })
        .collect()
}

/// The path from its crate's name on, as it is written in the table; `None` when it stays inside the
/// module.
fn target(reference: &Reference, module: &[String]) -> Option<Vec<String>> {
    let mut path = reference.path.clone();
    let first = path.first_mut()?;
    if first == "crate" {
        first.clone_from(module.first()?);
    } else if ["self", "super", "Self"].contains(&first.as_str()) {
        return None;
    } else {
        *first = first.replace('_', "-");
    }
    (!path.starts_with(module)).then_some(path)
}

/// Why the path must not be used, if so.
fn verdict(target: &[String], module: &[String], row: &Row) -> Option<&'static str> {
    let longest = |entries: &[Vec<String>]| {
        let matching = entries
            .iter()
            .filter_map(|entry| matched(entry, target, module));
        matching.max()
    };
    match (longest(&row.may), longest(&row.must_not)) {
        (may, Some(must_not)) if may.is_none_or(|may| may <= must_not) => {
            Some("the table says it must not")
        }
        (None, None) if target.first() == module.first() => {
            Some("the table does not say that it may")
        }
        (Some(_) | None, _) => None,
    }
}

/// How many segments of the target an entry names, if it names it at all. An entry is a path from a
/// crate on, or from the module's own crate on; `*` names everything, with no segment.
fn matched(entry: &[String], target: &[String], module: &[String]) -> Option<usize> {
    if entry == ["*"] {
        return Some(0);
    }
    let inside = target.strip_prefix(&module[..1]);
    if inside.is_some_and(|inside| inside.starts_with(entry)) {
        return Some(entry.len() + 1);
    }
    target.starts_with(entry).then_some(entry.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::files;

    const TABLE: &str = "\
| module | may use | must not |
|---|---|---|
| `xiot-agent::model` | `diag`, `unit` | `datapath`, `xiot-common` |
| `xiot-agent::oracle` | `model`, `xiot-common::reason` | `xiot-common`, `std::fs` |
| xiot-agent::service | * | `cli` |
";

    #[track_caller]
    fn check_module(path: &str, text: &str, expected: &[&str]) {
        let files = files::made(&[
            (DOCUMENT, TABLE),
            ("xiot-agent/src/model/mod.rs", "//! Job."),
            ("xiot-agent/src/oracle.rs", "//! Job."),
            ("xiot-agent/src/service/mod.rs", "//! Job."),
            (path, text),
        ]);
        let violations: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(violations.len(), expected.len(), "{violations:#?}");
        for (violation, expected) in violations.iter().zip(expected) {
            assert!(violation.contains(expected), "{violation} lacks {expected}");
        }
    }

    #[test]
    fn edges_of_the_table_and_other_crates_are_fine() {
        let text =
            "use crate::{diag::Span, unit, model::x};\nuse serde::Deserialize;\nuse super::y;";
        check_module("xiot-agent/src/model/load.rs", text, &[]);
    }

    #[test]
    fn an_edge_that_is_not_in_the_table_is_found_once() {
        check_module(
            "xiot-agent/src/model/load.rs",
            "use crate::compile;\nfn f() { crate::compile::run(); }",
            &["load.rs:1: `xiot-agent::model` uses `xiot-agent::compile`: the table does not say"],
        );
    }

    #[test]
    fn a_forbidden_edge_is_found_in_code_too() {
        check_module(
            "xiot-agent/src/model/load.rs",
            "//! Job.\nfn f(x: xiot_common::flow::Key) {}",
            &[
                "load.rs:2: `xiot-agent::model` uses `xiot-common::flow`: the table says it must not",
            ],
        );
    }

    #[test]
    fn the_longer_entry_decides() {
        let path = "xiot-agent/src/oracle/frame.rs";
        check_module(path, "use xiot_common::reason::Reason;\nuse std::fmt;", &[]);
        check_module(
            path,
            "use xiot_common::flow::Key;",
            &["uses `xiot-common::flow`"],
        );
        check_module(path, "fn f() { std::fs::read(p); }", &["uses `std::fs`"]);
    }

    #[test]
    fn a_star_allows_all_but_what_is_forbidden() {
        let path = "xiot-agent/src/service/run.rs";
        check_module(path, "use crate::datapath::load;", &[]);
        check_module(path, "use crate::cli;", &["uses `xiot-agent::cli`"]);
    }

    #[test]
    fn tests_and_modules_with_a_longer_name_are_not_meant() {
        check_module("xiot-agent/src/model/tests.rs", "use crate::compile;", &[]);
        check_module("xiot-agent/src/modelling.rs", "use crate::compile;", &[]);
    }

    #[test]
    fn a_row_about_no_module_is_found() {
        let files = files::made(&[(DOCUMENT, TABLE), ("xiot-agent/src/model/mod.rs", "")]);
        let violations = check(&files);
        assert_eq!(violations.len(), 2, "{violations:#?}");
        assert!(
            violations[0]
                .message
                .contains("no module `xiot-agent::oracle`")
        );
    }

    #[test]
    fn a_document_without_a_readable_table_is_found() {
        let found = |table: &str| check(&files::made(&[(DOCUMENT, table), ("xtask/src/a.rs", "")]));
        assert_eq!(found("| a | b | c |\n").len(), 1);
        let table =
            "| module | may use | must not |\n|---|---|---|\n| xtask::a | std | the rest |\n";
        let violations = found(table);
        assert_eq!(violations.len(), 1, "{violations:#?}");
        let shown = violations[0].to_string();
        assert!(
            shown.starts_with("ARCHITECTURE.md:3: `the rest` is no path"),
            "{shown}"
        );
    }
}
