//! What the program logs, in builds with the feature `bpf-log`: handed to the `log` crate, and by it to tracing.

use std::io;

use aya_log::EbpfLogger;
use tokio::io::{Interest, unix::AsyncFd};

use super::instance::Datapath;

/// The program's log can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The program was built without it.
    #[error("the XDP program has no log")]
    Open(#[source] aya_log::Error),
    /// It could not be watched.
    #[error("could not watch the log of the XDP program")]
    Watch(#[source] io::Error),
}

impl Datapath {
    /// Forwards what the program logs, as long as the future is polled; it only ends with an error. Must be called within
    /// a tokio runtime that drives I/O.
    pub fn forward_log(
        &mut self,
    ) -> Result<impl Future<Output = LogError> + Send + use<>, LogError> {
        let logger = EbpfLogger::init(&mut self.ebpf).map_err(LogError::Open)?;
        // SAFETY: a logger owns the ring buffer, which gives the same descriptor as long as it lives and does not
        // close it before that.
        let mut logger = unsafe { AsyncFd::register_with_interest(logger, Interest::READABLE) }
            .map_err(|error| LogError::Watch(error.into()))?;
        Ok(async move {
            loop {
                match logger.readable_mut().await {
                    Ok(mut guard) => {
                        guard.get_inner_mut().flush();
                        guard.clear_ready();
                    }
                    Err(error) => return LogError::Watch(error),
                }
            }
        })
    }
}
