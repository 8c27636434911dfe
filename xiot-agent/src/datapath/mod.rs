//! The kernel side of the agent: loads the XDP program, fills its maps, attaches it to ports and pins it so that
//! the death of the agent changes nothing.
//!
//! Knows numbers, not names: wires and policies come as plain data. All `unsafe` of the agent is in this room.

mod capability;
mod error;
mod instance;
mod load;
mod map;
mod options;
mod ports;
mod ring;
mod shared;
mod slot;
mod sys;
mod table;
mod test_run;

pub use self::{
    capability::Capability,
    error::{LoadError, MapAccessError},
    instance::Datapath,
    load::object,
    options::{Capacity, Events, Options},
    ring::RingError,
    shared::{Shared, read_pod},
    slot::ApplyError,
    table::Table,
    test_run::{Outcome, TestRunError},
};
