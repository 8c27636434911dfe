//! The running agent: brings the data path up, keeps it fed and swept, answers questions about it, takes it down.
//!
//! Surfaces (`api`, `metrics`) hold a [`handle::Handle`] and see the snapshots of [`state`], nothing else.

pub mod answers;
pub mod auditor;
pub mod boot;
mod calendar;
pub mod clock;
pub mod compare;
pub mod decide;
pub mod explain;
pub mod faults;
pub mod files;
pub mod guards;
pub mod handle;
mod history;
pub mod keeper;
pub mod learner;
mod live;
pub mod names;
mod neighbours;
pub mod on_change;
pub mod plan;
pub mod promotion;
pub mod reload;
#[cfg(test)]
pub(crate) mod sample;
pub mod seldom;
pub mod simulate;
pub mod start;
pub mod state;
mod strangers;
pub mod supervisor;
mod tend;
pub mod view;
pub mod watch;
