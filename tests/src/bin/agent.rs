//! The agent, built for the tests: the same library behind the same entry point as the agent's own binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    xiot_agent::cli::main()
}
