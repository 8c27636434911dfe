//! Frames through the real program without a network: for `explain`, simulation and tests.

use std::{array, time::Duration};

use aya::{
    maps::Array,
    programs::{ProgramError, TestRun as _, TestRunOptions},
};
use xiot_common::{
    budget::Budget,
    map,
    observed::{ObservedEntry, ObservedKey},
    port::{PortConfig, Side},
    trace::{TRACES, Trace},
};

use super::{error::MapAccessError, instance::Datapath};

/// A test run has the loopback interface for ingress: index 1 in every network namespace.
const LOOPBACK: u32 = 1;

/// Shortest frame that the kernel takes: an Ethernet header.
const SHORTEST: usize = 14;

/// What the program did with a frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// `XDP_*` action: 1 drop, 2 to the stack, 4 redirect.
    pub action: u32,
    /// The verdict; of two the later one.
    pub trace: Trace,
    /// The verdict before that, on what one device sent to another by the router.
    pub sender: Option<Trace>,
    /// The frame afterwards.
    pub data: Vec<u8>,
}

/// A test run failed.
#[derive(Debug, thiserror::Error)]
pub enum TestRunError {
    /// The instance was loaded without trace.
    #[error("the program was loaded without trace")]
    NotTraced,
    /// The kernel runs no frames this short.
    #[error("a frame of {length} bytes is shorter than an Ethernet header")]
    TooShort {
        /// Its length.
        length: usize,
    },
    /// The program ran and wrote no verdict.
    #[error("the program gave no verdict")]
    NoVerdict,
    /// The port table could not be set up.
    #[error(transparent)]
    Map(#[from] MapAccessError),
    /// The kernel refused the run.
    #[error("the kernel refused the test run")]
    Run(#[source] ProgramError),
}

impl Datapath {
    /// Judges one frame that comes in on this side of wire 0, as if it came from the network: flows are made,
    /// counters count. Only for instances with trace that are not attached.
    pub fn test_run(&mut self, side: Side, frame: &[u8]) -> Result<Outcome, TestRunError> {
        self.test_run_on(0, side, frame)
    }

    /// The same on another wire, by its index.
    pub fn test_run_on(
        &mut self,
        wire: u16,
        side: Side,
        frame: &[u8],
    ) -> Result<Outcome, TestRunError> {
        self.stand_in(wire, side)?;
        self.judge(frame)
    }

    /// The same on this port, whatever it is. Where the kernel routes to is a matter of the network namespace that this is
    /// called in; other ports and ways out are the caller's affair.
    pub fn test_run_at(&mut self, port: PortConfig, frame: &[u8]) -> Result<Outcome, TestRunError> {
        self.tested = None;
        self.set_port(LOOPBACK, port)?;
        self.judge(frame)
    }

    fn judge(&mut self, frame: &[u8]) -> Result<Outcome, TestRunError> {
        let before = self.traces()?;
        let mut data = vec![0; frame.len()];
        let (action, _, length) = self.run(frame, Some(&mut data), 1)?;
        data.truncate(length);
        let after = self.traces()?;
        let [first, second] =
            array::from_fn(|n| (after[n].sequence == before[n].sequence + 1).then_some(after[n]));
        let (trace, sender) = match (first, second) {
            (first, Some(second)) => (second, first),
            (Some(first), None) => (first, None),
            (None, None) => return Err(TestRunError::NoVerdict),
        };
        Ok(Outcome {
            action,
            trace,
            sender,
            data,
        })
    }

    /// Mean time of `repeat` runs over the same frame.
    pub fn time(
        &mut self,
        side: Side,
        frame: &[u8],
        repeat: u32,
    ) -> Result<Duration, TestRunError> {
        self.stand_in(0, side)?;
        self.run(frame, None, repeat).map(|(_, mean, _)| mean)
    }

    /// Runs the program over a frame on the port that the last test run was on, and gives its action. Unlike the others, it may
    /// be called by several threads at once, where the instance is loaded without trace: it runs on the caller's CPU.
    pub fn pass(&self, frame: &[u8]) -> Result<u32, TestRunError> {
        self.run(frame, None, 1).map(|(action, ..)| action)
    }

    /// Forgets all flows.
    pub fn clear_flows(&self) -> Result<(), MapAccessError> {
        self.flow_sets()?.clear();
        Ok(())
    }

    /// Forgets what the device of this number did in this second, or all that have none (0).
    pub fn clear_budget(&self, device: u32) -> Result<(), MapAccessError> {
        let failed = |source| MapAccessError {
            map: map::BUDGETS,
            source,
        };
        let budgets = self.duplicate(map::BUDGETS)?;
        let mut budgets: Array<_, Budget> = Array::try_from(budgets).map_err(failed)?;
        budgets.set(device, Budget::default(), 0).map_err(failed)
    }

    /// Forgets all observed conversations.
    pub fn clear_observed(&self) -> Result<(), MapAccessError> {
        self.table::<ObservedKey, ObservedEntry>(map::OBSERVED)?
            .clear()
    }

    fn traces(&self) -> Result<[Trace; TRACES], TestRunError> {
        let trace = self.trace.as_ref().ok_or(TestRunError::NotTraced)?;
        Ok([0, 1].map(|place| trace.get(place).unwrap_or_default()))
    }

    fn run(
        &self,
        frame: &[u8],
        mut data_out: Option<&mut [u8]>,
        repeat: u32,
    ) -> Result<(u32, Duration, usize), TestRunError> {
        if frame.len() < SHORTEST {
            return Err(TestRunError::TooShort {
                length: frame.len(),
            });
        }
        loop {
            let result = self.program().test_run(TestRunOptions {
                data_in: Some(frame),
                data_out: data_out.as_deref_mut(),
                repeat,
                ..TestRunOptions::default()
            });
            match result {
                Ok(result) => {
                    return Ok((
                        result.return_value,
                        result.duration,
                        result.data_size_out as usize,
                    ));
                }
                // A signal came in between: nothing is lost by another go.
                Err(ProgramError::SyscallError(error))
                    if error.io_error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(TestRunError::Run(error)),
            }
        }
    }

    /// Makes the loopback interface the port of this side of a wire, and the way out of both.
    fn stand_in(&mut self, wire: u16, side: Side) -> Result<(), MapAccessError> {
        if self.tested == Some((wire, side)) {
            return Ok(());
        }
        let (device, uplink) = (2 * wire, 2 * wire + 1);
        if self.tested.is_none_or(|(last, _)| last != wire) {
            self.set_egress(device, LOOPBACK)?;
            self.set_egress(uplink, LOOPBACK)?;
        }
        let (index, egress) = match side {
            Side::Device => (device, uplink),
            Side::Uplink => (uplink, device),
        };
        self.set_port(
            LOOPBACK,
            PortConfig {
                index,
                egress,
                wire,
                side: side as u8,
                egress_ifindex: LOOPBACK,
                egress_length: u32::MAX,
                ..PortConfig::NONE
            },
        )?;
        self.tested = Some((wire, side));
        Ok(())
    }
}
