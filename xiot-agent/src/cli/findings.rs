//! What is wrong with the files, on standard error, with the lines it is about.

use std::io::{self, IsTerminal as _, Write as _};

use super::exit::{Exit, Failure, OrExit as _};
use crate::{
    diag::{Report, Style},
    service::files::{Checked, Unusable},
};

/// Prints everything that is wrong with both files.
pub(super) fn print(checked: &Checked) -> Result<(), Failure> {
    print_one(&checked.gateway_report)?;
    print_one(&checked.policy_report)?;
    if let Err(Unusable::Compile(error)) = &checked.files {
        write(&format!(
            "error: {}: {error}\n",
            checked.policy_report.path()
        ))?;
    }
    Ok(())
}

/// Prints everything that is wrong with one file.
pub(super) fn print_one(report: &Report) -> Result<(), Failure> {
    write(&render(report))
}

fn render(report: &Report) -> String {
    let style = if io::stderr().is_terminal() {
        Style::Colour
    } else {
        Style::Plain
    };
    report.render(style)
}

fn write(text: &str) -> Result<(), Failure> {
    io::stderr()
        .lock()
        .write_all(text.as_bytes())
        .or_exit(Exit::Failed)
}
