//! One policy of one size, in a process of its own: compiled, loaded and swapped, changed, and given to nftables.

use std::{fs, time::Instant};

use serde::{Deserialize, Serialize};
use xiot_agent::{
    compile::{Assignment, Limits, compile},
    datapath::Datapath,
    model::policy::{Clause, Mode, Policy},
    netns::{
        name::{next_number, of_run},
        namespace::Namespace,
    },
};

use crate::rig::{
    frames::Family,
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
    /// Both, until it is in force in place of another.
    pub(crate) all: f64,
    /// From the store that puts it in force until no frame is judged by the one before.
    pub(crate) swaps: Vec<f64>,
    /// One rule changed: from the policy until it is in force.
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
    let capacity = xiot::capacity(site, 1 << 16);
    let limits = Limits {
        slot_lines: capacity.slot_lines,
        devices: capacity.devices,
        rules: capacity.rules,
    };
    let mut datapath = Datapath::load(&xiot::options(capacity)).expect("root and BPF");
    // What is in force before: a swap is from one policy to another.
    let small = Site::new(10, Family::Ipv4).policy(Mode::Enforce);
    datapath
        .apply(&xiot::image(&small, &capacity, 1))
        .expect("it is taken");
    let mut policy = site.policy(Mode::Enforce);
    let mut revision = 1;
    let mut put = |policy: &Policy, ids: &Assignment| {
        revision += 1;
        let begun = Instant::now();
        let wires = [xiot::WIRE.to_owned()];
        let image = compile(policy, &wires, &limits, ids, revision, 0).expect("it fits");
        let compiled = begun.elapsed();
        let applied = datapath.apply(&image).expect("it is taken");
        [compiled, applied.written, applied.settled].map(|time| time.as_secs_f64())
    };

    let begun = Instant::now();
    let mut ids = Assignment::fresh(&policy);
    let numbered = begun.elapsed().as_secs_f64();
    let [compile, load, swap] = put(&policy, &ids);
    let compile = numbered + compile;
    let mut swaps = vec![swap];
    let mut deltas = Vec::new();
    for change in 0..DELTAS {
        policy.profiles[0].rules[0].clauses = vec![Clause::Tcp(vec![change + 1..=change + 1])];
        let begun = Instant::now();
        ids = ids.follow(&policy, &limits).expect("there is room").0;
        let [.., swap] = put(&policy, &ids);
        deltas.push(begun.elapsed().as_secs_f64());
        swaps.push(swap);
    }
    let memory = mebibytes(own_peak());
    drop((policy, ids, datapath));
    let gateway = Namespace::create(&of_run(next_number(), "nft")).expect("a namespace");
    let nft = nft::load(&gateway, "bridge", Filter::Stateless, site);
    Sized {
        compile,
        load,
        all: compile + load + swap,
        swaps,
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
