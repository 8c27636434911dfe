//! Policy to image: everything that can be decided before a frame arrives is decided here.
//!
//! Precedence, overlap and direction of rules become disjoint port ranges; names become numbers; tables are laid out
//! in lines of 64 bytes so that the data path reads one or two per question. The same policy always gives the
//! same bytes, as long as its numbers are the same and it is compiled as a whole; one that follows another may also be
//! compiled from what differs ([`Compilation`]). An image is checked against its own tables before anybody gets to see it.
#![forbid(unsafe_code)]

pub mod assignment;
pub mod digest;
pub mod error;
pub mod fit;
pub mod image;
pub mod read;

mod address;
mod claims;
mod devices;
mod encode;
mod fingerprint;
mod follow;
mod header;
mod ids;
mod key;
mod layout;
mod lines;
mod memo;
mod names;
mod peers;
mod profiles;
mod segment;
mod sets;
mod slot;
mod table;
mod times;
mod whole;
mod zone;

#[cfg(test)]
mod tests;

pub use self::{
    assignment::{Assignment, Fresh, FreshNumbers, Keyed},
    error::CompileError,
    fit::Limits,
    follow::Compilation,
    header::Stamp,
    image::Image,
    names::hash as name_hash,
    whole::compile,
};
