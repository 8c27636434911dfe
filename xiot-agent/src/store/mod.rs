//! What outlives the agent on disk, in the state directory: the revisions of policy and what was learned, in
//! embedded databases, and the audit log.
//!
//! Every commit is a transaction that is on the disk before it counts (redb: copy-on-write pages, checksums): a power cut at any byte
//! leaves what was before or what is after. A file that is not what was written is set aside, never trusted.

pub mod audit;
mod copy;
mod database;
mod error;
mod learned;
mod record;
mod revisions;

#[cfg(test)]
mod tests;

pub use copy::read;
pub use database::{Kind, OpenError, Opened, open};
pub use error::StoreError;
pub use learned::{Batch, LearnedStore, Room};
pub use record::{Author, Cause, Record, Summary, Text, Texts, Trial, digest};
pub use revisions::Revisions;
