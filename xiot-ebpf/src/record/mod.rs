//! What is written down of a frame: counters, events, observations. Nothing here decides.

pub mod counter;
pub mod event;
pub mod observed;
pub mod rule;
pub mod trace;
