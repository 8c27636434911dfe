//! Set-up, build, demo, tests and checks: `cargo xtask <command>`.
//!
//! Each command first does the set-up that it needs, so that a fresh machine needs no other. This
//! file only parses and dispatches.
#![expect(clippy::print_stderr, reason = "a command-line tool talks on stderr")]

mod agent;
#[path = "../../tests/attack/catalogue.rs"]
mod attacks;
mod bench;
mod binaries;
mod deb;
mod docs;
mod kernels;
mod lint;
mod setup;
mod shell;
mod test;
mod tidy;
#[path = "../../xiot-agent/build/toolchain.rs"]
mod toolchain;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::setup::Needs;

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Set-up, build, demo, tests and checks of xiot"
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find what building, testing and the demo need, and install what is missing
    Setup,
    /// Build the agent with the XDP program inside
    Build {
        /// Build the optimised binary for deployment
        #[arg(long)]
        release: bool,
    },
    /// Build the agent and make a Debian package of it
    Deb(deb::Options),
    /// Build the agent and run its demo ward in network namespaces (root)
    Demo {
        /// Arguments for `xiot-agent demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run all tests, those against the real kernel included (root)
    Test(test::Options),
    /// Measure what frames and policies cost, beside bridges and nftables (root)
    Bench(bench::Options),
    /// Run the tests of the data path on the distribution's older kernels, in an emulator
    Kernels(kernels::Options),
    /// Check format, lints, documentation and house rules; every warning is an error
    Lint,
    /// All that a change has to pass: lint, then test
    Ci,
    /// Write the documents that are made from code
    Docs,
    /// Check the house rules that no compiler knows
    Tidy,
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Setup => setup::explain(),
        Command::Build { release } => {
            setup::ensure(Needs::BUILD)?;
            agent::build(release)
        }
        Command::Deb(options) => {
            setup::ensure(Needs::BUILD)?;
            deb::run(&options)
        }
        Command::Demo { args } => {
            setup::ensure(Needs::DEMO)?;
            agent::demo(&args)
        }
        Command::Test(options) => {
            setup::ensure(Needs::TEST)?;
            test::run(&options)
        }
        Command::Bench(options) => {
            setup::ensure(Needs::DEMO)?;
            bench::run(&options)
        }
        Command::Kernels(options) => {
            setup::ensure(Needs::TEST)?;
            kernels::run(&options)
        }
        Command::Lint => {
            setup::ensure(Needs::LINT)?;
            lint::run()
        }
        Command::Ci => {
            // Everything is checked for at the start: a missing tool shall not show after the lints.
            setup::ensure(Needs::ALL)?;
            lint::run()?;
            test::run(&test::Options::default())
        }
        Command::Docs => docs::write(),
        Command::Tidy => tidy::run(),
    }
}
