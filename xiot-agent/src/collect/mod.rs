//! What the data path counted, saw and reported, as plain values. Reads maps; decides nothing.
//!
//! Times are seconds of the monotonic clock, as the program writes them; callers pass `now` in.
#![forbid(unsafe_code)]

pub mod binding;
pub mod copy;
pub mod counter;
pub mod event;
pub mod flow;
pub mod name;
pub mod observed;

pub use self::{
    binding::{BindingCount, BindingTable},
    copy::{CopyCount, CopyCounters, CopyStream, Message, Messages},
    counter::{Counters, EventTotal, ReasonTotal},
    event::{EventStream, Events},
    flow::{Flow, FlowEnd, FlowTable, Swept},
    name::{NameCount, NameTable, NamedAddress},
    observed::{Observed, ObservedTable, with_pending},
};
