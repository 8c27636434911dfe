//! `generate`: man pages and shell completions, out of the same definitions that read the command line.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Cli,
    exit::{Exit, OrExit as _, Outcome},
};

/// Commands of administrators and daemons.
const SECTION: &str = "8";
/// What leads from the page of a command to the others.
const SEE_ALSO: &str = ".SH \"SEE ALSO\"\n\\fBxiot\\-agent\\fR(8)\n";
/// Completions under the names that each shell looks for.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "xiot-agent"),
    (Shell::Zsh, "_xiot-agent"),
    (Shell::Fish, "xiot-agent.fish"),
];

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: can't be written: {source}", path.display())]
struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Write the man pages and the completions of shells into a directory, in subdirectories man, bash, zsh and fish.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Directory to write them to; it is made where it does not exist.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Date of the man pages; today's where none is given.
    #[arg(long, value_name = "DATE")]
    date: Option<Date>,
}

pub(super) fn run(args: &Args) -> Outcome {
    let date = args
        .date
        .unwrap_or_else(|| TimeZone::UTC.to_datetime(Timestamp::now()).date());
    pages(&args.directory.join("man"), date).or_exit(Exit::Host)?;
    completions(&args.directory).or_exit(Exit::Host)?;
    Ok(Exit::Success)
}

/// One page for the program and one for each command, those of commands too.
fn pages(directory: &Path, date: Date) -> Result<(), WriteError> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    pages_below(&program, directory, date)?;
    let text = page(program, date)?;
    write(directory, &format!("xiot-agent.{SECTION}"), text.as_bytes())
}

fn pages_below(above: &Command, directory: &Path, date: Date) -> Result<(), WriteError> {
    for command in above
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
    {
        let mut text = page(command.clone(), date)?;
        text.push_str(SEE_ALSO);
        let name = command
            .get_display_name()
            .unwrap_or_else(|| command.get_name());
        write(directory, &format!("{name}.{SECTION}"), text.as_bytes())?;
        pages_below(command, directory, date)?;
    }
    Ok(())
}

fn page(command: Command, date: Date) -> Result<String, WriteError> {
    let mut text = Vec::new();
    Man::new(command)
        .section(SECTION)
        .date(date.to_string())
        .source(concat!("xiot ", env!("CARGO_PKG_VERSION")))
        .manual("xiot")
        .render(&mut text)
        .map_err(|source| WriteError {
            path: PathBuf::from("man page"),
            source,
        })?;
    // The same to a reader, and mandoc warns of the breaks around an empty line.
    Ok(String::from_utf8_lossy(&text).replace(".br\n\n.br\n", ".sp\n"))
}

fn completions(directory: &Path) -> Result<(), WriteError> {
    for (shell, name) in COMPLETIONS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "xiot-agent", &mut text);
        write(&directory.join(shell.to_string()), name, &text)?;
    }
    Ok(())
}

fn write(directory: &Path, name: &str, text: &[u8]) -> Result<(), WriteError> {
    let path = directory.join(name);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(&path, text))
        .map_err(|source| WriteError { path, source })
}
