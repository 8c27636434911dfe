//! The YAML files and what they mean. Knows nothing of maps, kernels or sockets.
//!
//! A file becomes a tree with positions (`yaml`), the tree becomes what was written (`raw`, by the helpers of
//! `decode`), names become what they name (`resolve`), and the whole is looked at once more (`check`). No stage
//! stops at the first fault.

mod check;
mod decode;
pub mod edit;
pub mod gates;
pub mod gateway;
pub mod guard;
pub mod limit;
pub mod list;
mod load;
pub mod mud;
pub mod overlap;
pub mod policy;
mod raw;
mod resolve;
pub mod times;
pub mod written;
mod yaml;

pub use self::{
    check::check_pair,
    load::{
        Loaded, load_gateway, load_policy, load_policy_at, read_gateway, read_policy, read_text,
    },
};

#[cfg(test)]
mod tests;
