//! The control socket: newline-delimited JSON over a Unix socket, versioned, for whoever may.
//!
//! One request is one line of at most [`wire::MAX_REQUEST`] bytes; its answer is one or more lines, the last of which is
//! `end` or `refused`. A connection may carry any number of requests, one after another.

pub mod auth;
pub mod client;
pub(crate) mod convert;
pub(crate) mod given;
pub mod server;
mod session;
pub mod socket;
pub mod wire;

pub use convert::{explanation, query, replayed, simulation};
