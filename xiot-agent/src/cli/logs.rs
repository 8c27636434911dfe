//! Where logs go: standard error, filtered by `XIOT_LOG`.

use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use super::exit::{Exit, Failure, OrExit as _};

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// A JSON object on each line.
    Json,
}

/// Starts logging. What aya and other crates write through `log` comes along. `default` is the filter without `XIOT_LOG`.
pub(super) fn start(format: LogFormat, default: &str) -> Result<(), Failure> {
    let filter = match std::env::var("XIOT_LOG") {
        Ok(filter) => EnvFilter::try_new(&filter)
            .map_err(|error| anyhow::anyhow!("XIOT_LOG `{filter}` is not a log filter: {error}"))
            .or_exit(Exit::Usage)?,
        Err(_) => EnvFilter::new(default),
    };
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    match format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    }
    .or_exit(Exit::Failed)
}
