//! One loaded program, and frames of one kind for it.

use std::collections::BTreeMap;

use aya::programs::ProgramFd;
use xiot_agent::{
    collect::Counters,
    datapath::{Capacity, Datapath},
    model::policy::{Clause, Mode, Policy},
};
use xiot_common::{map, port::Side, reason::Reason};

use crate::rig::{
    frames::{Header, LENGTH},
    gateway::xiot,
    programs::{Cursor, NOWHERE, Turner, loaded_last},
    site::Site,
};

/// The program under a policy.
pub(super) struct Judge {
    pub(super) datapath: Datapath,
    pub(super) capacity: Capacity,
    program: ProgramFd,
}

impl Judge {
    /// Of this site, whose rules allow TCP as well as UDP.
    pub(super) fn load(site: &Site, mode: Mode, flows: u32) -> Self {
        let capacity = xiot::capacity(site, flows);
        let mut datapath = Datapath::load(&xiot::options(capacity)).expect("root and BPF");
        // What interfaces have: the entry, which goes on to the judge by itself.
        let program = loaded_last(map::PROGRAM);
        let policy = with_tcp(site.policy(mode));
        let image = xiot::image(&policy, &capacity, 1);
        datapath.apply(&image).expect("it is taken");
        Self {
            datapath,
            capacity,
            program,
        }
    }

    /// Frames counted so far, by reason.
    pub(super) fn counted(&self) -> BTreeMap<Reason, u64> {
        let counters = Counters::open(&self.datapath).expect("they are there");
        let mut counted = BTreeMap::new();
        for count in counters.reasons([0, 1]).expect("they can be read") {
            let total = count.total;
            *counted.entry(count.reason).or_default() +=
                total.forwarded_frames + total.dropped_frames;
        }
        counted
    }

    /// Makes test runs come in on this side.
    fn stand(&mut self, side: Side) {
        // Too short for anything: counted as malformed, and no more.
        self.datapath
            .time(side, &[0; LENGTH], 1)
            .expect("the program runs");
    }
}

fn with_tcp(mut policy: Policy) -> Policy {
    for profile in &mut policy.profiles {
        profile.limits.fragments = 1_000_000;
        for rule in &mut profile.rules {
            let Clause::Udp(ports) = &rule.clauses[0] else {
                continue;
            };
            let tcp = Clause::Tcp(ports.clone());
            rule.clauses.push(tcp);
        }
    }
    policy
}

/// Frames of one kind, in turn.
pub(super) struct Frames {
    turner: Turner,
    frame: Vec<u8>,
    cursor: Cursor,
}

impl Frames {
    /// With these headers; a number at this place differs from pass to pass.
    pub(super) fn new(headers: &[Header], varies_at: Option<u32>) -> Self {
        Self {
            turner: Turner::load(headers),
            frame: vec![0; LENGTH],
            cursor: Cursor {
                end: u32::try_from(headers.len()).expect("few enough"),
                out: NOWHERE,
                port_at: varies_at.unwrap_or(0),
                ..Cursor::default()
            },
        }
    }

    /// As long as this frame, and with what comes in it after the header.
    pub(super) fn like(self, frame: Vec<u8>) -> Self {
        Self { frame, ..self }
    }

    /// Of the first so many headers only.
    pub(super) fn among(&mut self, headers: u32) {
        self.cursor.end = headers;
        self.cursor.next = 0;
    }

    /// Leaves out so many passes through the headers.
    pub(super) fn skip(&mut self, passes: u32) {
        self.cursor.pass += passes;
    }

    /// Nanoseconds for each of the next frames without anything that judges them.
    pub(super) fn alone(&mut self, frames: u32) -> f64 {
        let (took, _same) = self.turner.run(None, &self.frame, self.cursor, frames);
        each(took, frames)
    }

    /// Nanoseconds for each of the next frames when they are judged.
    pub(super) fn judged(&mut self, judge: &mut Judge, side: Side, frames: u32) -> f64 {
        judge.stand(side);
        let program = Some(&judge.program);
        let (took, cursor) = self.turner.run(program, &self.frame, self.cursor, frames);
        self.cursor = cursor;
        each(took, frames)
    }
}

fn each(took: std::time::Duration, frames: u32) -> f64 {
    took.as_secs_f64() * 1e9 / f64::from(frames)
}
