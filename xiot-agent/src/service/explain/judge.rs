//! Who judges: the program or the reference. Each frame meets a judge without memory of the one before.

use std::net::IpAddr;

use xiot_common::name::NamesKey;

use super::answer::JudgeName;
use crate::{
    model::{
        gateway::{FailMode, Wire},
        guard::{Guards, Level},
        policy::{DnsName, Mode, Policy},
    },
    oracle,
    service::{
        clock::Now,
        state::{MacBytes, Reason, Side},
    },
};

/// When its frames come: any second but 0 does.
const SECOND: u64 = 1;

/// Judges opening frames.
pub trait Judge {
    /// Judges one frame that comes in on this side of a wire, as the first of its conversation.
    fn judge(&mut self, side: Side, wire: usize, frame: &[u8]) -> Result<Judgement, JudgeError>;

    /// Has the wall clock show this second (UTC) from now on; none: the time that it is.
    fn set_clock(&mut self, second: Option<u32>);

    /// Addresses that are bound to a MAC beside the policy, as far as it knows.
    fn bound(&self, _mac: MacBytes) -> Vec<IpAddr> {
        Vec::new()
    }

    /// Addresses that a device was told this name has, as far as it knows.
    fn told(&self, _device: NamesKey, _name: &DnsName) -> Told {
        Told::default()
    }

    /// Who this is.
    fn name(&self) -> JudgeName;
}

/// Addresses of a name that a device was told.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Told {
    /// By which it is judged.
    pub held: Vec<IpAddr>,
    /// Which were only learned.
    pub learned: Vec<IpAddr>,
}

/// What a judge said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Judgement {
    /// Why.
    pub reason: Reason,
    /// The rule that allows the frame, by its number in the policy.
    pub rule: Option<u32>,
    /// The device by position in the policy.
    pub device: Option<usize>,
    /// Mode that decided.
    pub mode: Mode,
    /// Whether the frame is dropped.
    pub dropped: bool,
}

/// A judge that could not judge.
#[derive(Debug, thiserror::Error)]
#[error("the XDP program did not judge the frame")]
pub struct JudgeError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The reference evaluator.
#[derive(Debug)]
pub struct Reference<'p> {
    policy: &'p Policy,
    wires: Vec<Wire>,
    clock: Option<u32>,
}

impl<'p> Reference<'p> {
    /// Judges by this policy.
    pub fn new(policy: &'p Policy, wires: &[String]) -> Self {
        let unguarded = |name: &String| Wire {
            name: name.clone(),
            device: String::new(),
            uplink: Some(String::new()),
            fail: FailMode::Closed,
            guards: Guards::all(Level::Off),
            ethertypes: Vec::new(),
        };
        Self {
            policy,
            wires: wires.iter().map(unguarded).collect(),
            clock: None,
        }
    }
}

impl Judge for Reference<'_> {
    fn judge(&mut self, side: Side, wire: usize, frame: &[u8]) -> Result<Judgement, JudgeError> {
        let side = match side {
            Side::Device => oracle::Side::Device,
            Side::Uplink => oracle::Side::Uplink,
        };
        let mut oracle = oracle::Oracle::new(self.policy, &self.wires);
        let wall = match self.clock {
            Some(second) => i64::from(second),
            None => Now::read().wall.as_second(),
        };
        oracle.set_clock(wall - SECOND.cast_signed());
        let outcome = oracle.judge(side, wire, frame, SECOND);
        Ok(Judgement {
            reason: outcome.reason,
            rule: outcome.rule,
            device: outcome.device,
            mode: outcome.mode,
            dropped: outcome.dropped,
        })
    }

    fn set_clock(&mut self, second: Option<u32>) {
        self.clock = second;
    }

    fn name(&self) -> JudgeName {
        JudgeName::Oracle
    }
}
