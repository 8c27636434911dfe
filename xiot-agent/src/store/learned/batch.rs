//! What comes in at once, and how much of all is kept.

use std::collections::BTreeMap;

use crate::learn::{
    device::{Identity, Learned, MOST_CONVERSATIONS},
    hours::Hours,
    message::Described,
    stage::Stage,
    told::Told,
};

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Devices, listed or not.
    pub devices: usize,
    /// Conversations of all of them.
    pub conversations: u64,
    /// Conversations of each.
    pub of_device: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            devices: 32_768,
            conversations: 4_000_000,
            of_device: MOST_CONVERSATIONS,
        }
    }
}

/// Observations up to some second.
#[derive(Debug, Default)]
pub struct Batch {
    /// Of each device what came in.
    pub devices: BTreeMap<Identity, Learned>,
    /// What it was told of names.
    pub told: BTreeMap<Identity, Told>,
    /// What it said of itself.
    pub described: BTreeMap<Identity, Described>,
    /// Stages of devices that changed, by the VLANs of the policy; none: the policy lists it no more.
    pub stages: BTreeMap<Identity, Option<Stage>>,
    /// The revision in force when stages were looked at; none: nobody looked.
    pub revision: Option<u64>,
    /// Hours in which the gateway watched.
    pub watched: Hours,
    /// Seconds since the Unix epoch up to which nothing is missing.
    pub until: u64,
}
