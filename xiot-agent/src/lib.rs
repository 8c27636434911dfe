//! The xiot agent as a library: what the binary and the tests share.

pub mod api;
pub mod cli;
pub mod collect;
pub mod compile;
pub mod datapath;
pub mod demo;
pub mod diag;
pub mod learn;
pub mod metrics;
pub mod model;
pub mod mud;
pub mod netns;
pub mod oracle;
pub mod propose;
pub mod service;
pub mod store;
pub mod unit;
