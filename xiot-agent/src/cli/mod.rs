//! The command line: one file per command, each with `Args` and `run`.

mod audit;
mod bindings;
mod change;
mod check;
mod client;
mod compare;
mod decide;
mod demo;
mod detach;
mod devices;
mod diff;
mod drops;
pub mod exit;
mod explain;
mod file;
mod findings;
mod flows;
mod generate;
mod history;
mod kept;
mod learned;
mod left;
mod logs;
mod mud;
mod names;
mod observed;
mod output;
mod pinned;
mod promote;
mod propose;
mod reload;
mod run;
mod simulate;
mod status;
mod words;

#[cfg(test)]
mod tests;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use self::{
    exit::{Exit, Failure, Outcome},
    logs::LogFormat,
};

/// In-line segmentation for hospital devices: enforces per-device allow-lists on an XDP gateway.
#[derive(Debug, Parser)]
#[command(name = "xiot-agent", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,

    /// Form of the log on standard error; the environment variable `XIOT_LOG` filters it (error, warn, info, debug, trace).
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "XIOT_LOG_FORMAT",
        hide_env_values = true
    )]
    log_format: LogFormat,
}

const AFTER_HELP: &str = "Exit codes: 0 done, 1 errors in the files, 2 usage or unreadable file, 3 not permitted, 4 host not ready, \
5 rejected by the kernel, 6 in use, 7 no agent, 8 failed.";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Reload(reload::Args),
    Apply(change::Apply),
    Rollback(change::Rollback),
    Confirm(change::Confirm),
    History(history::Args),
    Diff(diff::Args),
    Audit(audit::Args),
    Check(check::Args),
    Mud(mud::Args),
    Explain(explain::Args),
    Status(status::Args),
    Devices(devices::Args),
    Observed(observed::Args),
    Learned(learned::Args),
    Propose(propose::Args),
    Simulate(simulate::Args),
    Compare(compare::Args),
    Promote(promote::Promote),
    Demote(promote::Demote),
    Flows(flows::Args),
    Bindings(bindings::Args),
    Names(names::Args),
    Drops(drops::Args),
    Quarantine(decide::Quarantine),
    BreakGlass(decide::BreakGlass),
    Release(decide::Release),
    Demo(demo::Args),
    Detach(detach::Args),
    #[command(hide = true)]
    Generate(generate::Args),
}

/// Where the running agent is found.
#[derive(clap::Args, Debug)]
struct Socket {
    /// Control socket of the running agent.
    #[arg(
        long,
        env = "XIOT_SOCKET",
        hide_env_values = true,
        default_value = "/run/xiot/control.sock",
        value_name = "PATH"
    )]
    socket: PathBuf,
}

/// Where the agent keeps what outlives it.
#[derive(clap::Args, Debug)]
struct State {
    /// State directory: revisions of policy, and the audit log.
    #[arg(
        long,
        env = "XIOT_STATE",
        hide_env_values = true,
        default_value = "/var/lib/xiot",
        value_name = "DIR"
    )]
    state: PathBuf,
}

/// Reads the command line, does what it says, and tells how that ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors and go to standard output.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            };
            return match error.print() {
                Ok(()) => exit.into(),
                Err(_closed) => Exit::Failed.into(),
            };
        }
    };
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(Failure { exit, error }) => {
            if exit != Exit::Success {
                report(&error);
            }
            exit.into()
        }
    }
}

fn report(error: &anyhow::Error) {
    // Nothing is left to do when standard error is closed.
    writeln!(std::io::stderr().lock(), "error: {}", sentence(error)).unwrap_or_default();
}

/// The error with its causes; a cause that the text before it quotes already is not told twice.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut text, cause| {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
        text
    })
}

impl Cli {
    fn run(self) -> Outcome {
        // The service tells what it does; other commands only what they can't say otherwise.
        let default = if matches!(self.command, Command::Run(_)) {
            "info"
        } else {
            "warn"
        };
        logs::start(self.log_format, default)?;
        match self.command {
            Command::Run(args) => run::run(&args),
            Command::Reload(args) => reload::run(&args),
            Command::Apply(args) => args.run(),
            Command::Rollback(args) => args.run(),
            Command::Confirm(args) => args.run(),
            Command::History(args) => history::run(&args),
            Command::Diff(args) => diff::run(&args),
            Command::Audit(args) => audit::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Mud(args) => mud::run(&args),
            Command::Explain(args) => explain::run(args),
            Command::Status(args) => status::run(&args),
            Command::Devices(args) => devices::run(&args),
            Command::Observed(args) => observed::run(args),
            Command::Learned(args) => learned::run(args),
            Command::Propose(args) => propose::run(args),
            Command::Simulate(args) => simulate::run(&args),
            Command::Compare(args) => compare::run(&args),
            Command::Promote(args) => args.run(),
            Command::Demote(args) => args.run(),
            Command::Flows(args) => flows::run(args),
            Command::Bindings(args) => bindings::run(args),
            Command::Names(args) => names::run(args),
            Command::Drops(args) => drops::run(args),
            Command::Quarantine(args) => args.run(),
            Command::BreakGlass(args) => args.run(),
            Command::Release(args) => args.run(),
            Command::Demo(args) => demo::run(&args),
            Command::Detach(args) => detach::run(&args),
            Command::Generate(args) => generate::run(&args),
        }
    }
}
