//! What is written down of a frame: counters, events, observations. Nothing here decides.

pub(crate) mod copy;
pub mod counter;
pub mod event;
#[cfg(feature = "log")]
pub mod log;
pub(crate) mod muted;
pub mod observed;
pub mod rule;
pub mod trace;
