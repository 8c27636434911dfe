//! Prometheus metrics: the catalogue of names, the snapshot turned into series, and the page they are served on.

mod collector;
mod families;
pub mod http;
pub mod names;
mod page;
mod process;

pub(crate) use collector::{DevicePages, render};
