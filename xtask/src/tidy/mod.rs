//! `tidy`: the house rules that no compiler knows. They are tests of this crate as well.
//!
//! Each rule is a function from the workspace's files to violations; this file lists the rules.

mod files;
mod generated;
mod imports;
mod references;
mod size;
mod table;
mod text;

use std::fmt;

use anyhow::{Result, bail};

use crate::tidy::files::Files;

/// A rule that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// File, from the workspace's directory.
    path: String,
    /// Line, counted from 1.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Checks all rules and shows every violation.
pub(crate) fn run() -> Result<()> {
    let violations = check(&Files::of_the_workspace()?);
    for violation in &violations {
        eprintln!("{violation}");
    }
    match violations.len() {
        0 => Ok(()),
        count => bail!("house rules: {count} broken"),
    }
}

/// Whether any code of ours shows an example in its documentation, which cargo would test.
pub(crate) fn has_examples() -> Result<bool> {
    let files = Files::of_the_workspace()?;
    Ok(files.rust().any(|file| {
        let docs = file.text.lines().map(str::trim_start);
        docs.filter(|line| line.starts_with("///") || line.starts_with("//!"))
            .any(|line| line.contains("```"))
    }))
}

fn check(files: &Files) -> Vec<Violation> {
    let rules = [text::check, size::check, imports::check, generated::check];
    let mut violations: Vec<_> = rules.iter().flat_map(|rule| rule(files)).collect();
    violations.sort();
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_the_house_rules() {
        let files = Files::of_the_workspace().expect("the workspace can be read");
        let violations: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert!(violations.is_empty(), "\n{}", violations.join("\n"));
    }
}
