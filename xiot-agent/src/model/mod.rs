//! The YAML files and what they mean. Knows nothing of maps, kernels or sockets.

pub mod gateway;
pub mod policy;
