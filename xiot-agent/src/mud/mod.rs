//! Manufacturer usage descriptions (RFC 8520): what a maker says that its device does, read and written.

pub mod export;
pub mod file;
pub mod import;
pub mod meaning;
#[cfg(test)]
mod published;
pub mod signature;
