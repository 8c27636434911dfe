//! One policy of one size, in a process of its own: compiled, loaded and swapped, changed, and given to nftables.

use std::fs;

use serde::{Deserialize, Serialize};
use xiot_agent::{
    model::policy::{Clause, Mode},
    netns::{
        name::{next_number, of_run},
        namespace::Namespace,
    },
};

use super::plane::Plane;
use crate::rig::{
    gateway::{Filter, nft, xiot},
    site::Site,
};

/// Its figures: seconds and MiB.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Sized {
    /// Policy to image.
    pub(crate) compile: f64,
    /// Image into the kernel, read back.
    pub(crate) load: f64,
    /// Both, until no frame is judged by the one before.
    pub(crate) all: f64,
    /// The store that puts it in force.
    pub(crate) swaps: Vec<f64>,
    /// From that until no frame is judged by the one before.
    pub(crate) waits: Vec<f64>,
    /// One rule changed: from the policy until the store that puts it in force.
    pub(crate) deltas: Vec<f64>,
    /// Highest use of memory of all that.
    pub(crate) memory: f64,
    /// The same policy by `nft -f`.
    pub(crate) nft: f64,
    /// Its highest use of memory.
    pub(crate) nft_memory: f64,
}

const DELTAS: u16 = 3;

/// Measures it, and prints the figures for the process that asked.
pub(crate) fn print(site: &Site) {
    let figures = measure(site);
    println!("{}", serde_json::to_string(&figures).expect("plain values"));
}

fn measure(site: &Site) -> Sized {
    let capacity = xiot::capacity(site, 0);
    let mut plane = Plane::of_size(capacity);
    let mut policy = site.policy(Mode::Enforce);
    let first = plane.put(&policy);
    let mut swaps = vec![first.flipped.as_secs_f64()];
    let mut waits = vec![first.settled.as_secs_f64()];
    let mut deltas = Vec::new();
    for change in 0..DELTAS {
        policy.profiles[0].rules[0].clauses = vec![Clause::Tcp(vec![change + 1..=change + 1])];
        let steps = plane.put(&policy);
        deltas.push((steps.compiled + steps.loaded + steps.flipped).as_secs_f64());
        swaps.push(steps.flipped.as_secs_f64());
        waits.push(steps.settled.as_secs_f64());
    }
    let memory = mebibytes(own_peak());
    drop((policy, plane));
    let gateway = Namespace::create(&of_run(next_number(), "nft")).expect("a namespace");
    let nft = nft::load(&gateway, "bridge", Filter::Stateless, site);
    let [compile, load, settle] =
        [first.compiled, first.loaded, first.settled].map(|time| time.as_secs_f64());
    Sized {
        compile,
        load,
        all: compile + load + settle,
        swaps,
        waits,
        deltas,
        memory,
        nft: nft.time.as_secs_f64(),
        nft_memory: mebibytes(nft.memory),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

/// Highest use of memory of this process so far, in KiB.
fn own_peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    nft::peak(&status).unwrap_or_default()
}
