//! The xiot agent. Everything is in the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    xiot_agent::cli::main()
}
