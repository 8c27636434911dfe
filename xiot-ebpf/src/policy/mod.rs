//! What the policy says of a frame that no flow speaks for. Everything here runs on a miss only.

pub mod binding;
pub mod device;
pub mod name;
pub mod overrides;
pub mod peer;
pub mod rule;
pub mod schedule;
pub mod service;
pub mod slot;
pub mod subject;
