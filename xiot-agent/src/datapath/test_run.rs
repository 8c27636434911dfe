//! Frames through the real program without a network: for `explain`, simulation and tests.

use std::time::Duration;

use aya::programs::{ProgramError, TestRun as _, TestRunOptions};
use xiot_common::{
    flow::{FlowEntry, FlowKey},
    map,
    observed::{ObservedEntry, ObservedKey},
    port::{PortConfig, Side},
    trace::Trace,
};

use super::{error::MapAccessError, instance::Datapath};

/// A test run has the loopback interface for ingress: index 1 in every network namespace.
const LOOPBACK: u32 = 1;

/// Shortest frame that the kernel takes: an Ethernet header.
const SHORTEST: usize = 14;

/// What the program did with a frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// `XDP_*` action: 1 drop, 4 redirect.
    pub action: u32,
    /// The verdict.
    pub trace: Trace,
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
        let before = self.last_trace()?.sequence;
        let mut data = vec![0; frame.len()];
        let (action, _, length) = self.run((wire, side), frame, Some(&mut data), 1)?;
        data.truncate(length);
        let trace = self.last_trace()?;
        if trace.sequence != before + 1 {
            return Err(TestRunError::NoVerdict);
        }
        Ok(Outcome {
            action,
            trace,
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
        self.run((0, side), frame, None, repeat)
            .map(|(_, mean, _)| mean)
    }

    /// Forgets all flows.
    pub fn clear_flows(&self) -> Result<(), MapAccessError> {
        for flows in [map::FLOWS, map::HALF_OPEN] {
            self.table::<FlowKey, FlowEntry>(flows)?.clear()?;
        }
        Ok(())
    }

    /// Forgets all observed conversations.
    pub fn clear_observed(&self) -> Result<(), MapAccessError> {
        self.table::<ObservedKey, ObservedEntry>(map::OBSERVED)?
            .clear()
    }

    fn last_trace(&self) -> Result<Trace, TestRunError> {
        self.trace
            .as_ref()
            .and_then(|trace| trace.get(0))
            .ok_or(TestRunError::NotTraced)
    }

    fn run(
        &mut self,
        (wire, side): (u16, Side),
        frame: &[u8],
        mut data_out: Option<&mut [u8]>,
        repeat: u32,
    ) -> Result<(u32, Duration, usize), TestRunError> {
        if frame.len() < SHORTEST {
            return Err(TestRunError::TooShort {
                length: frame.len(),
            });
        }
        self.stand_in(wire, side)?;
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
                reserved: 0,
            },
        )?;
        self.tested = Some((wire, side));
        Ok(())
    }
}
