//! What the devices of the ward do, hour by hour.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use super::PATIENCE;
use crate::demo::{
    client::{self, Heard},
    hospital::Hospital,
};

/// How long an hour takes.
const HOUR: Duration = Duration::from_millis(3_600_000 / super::PACE as u64);

/// The port of the pump's alarms.
pub(super) const ALARM: u16 = 5000;

/// Hours at which there is an alarm.
const ALARMS: [u64; 2] = [60, 150];

/// Hours in which all devices are off for a look at the mains.
const OFF: std::ops::Range<u64> = 200..203;

/// The routine, and how far it is.
#[derive(Debug)]
pub(super) struct Routine<'h> {
    hospital: &'h Hospital,
    begun: Instant,
    hour: u64,
}

impl<'h> Routine<'h> {
    /// From now on.
    pub(super) fn new(hospital: &'h Hospital) -> Self {
        Self {
            hospital,
            begun: Instant::now(),
            hour: 0,
        }
    }

    /// Goes on until this holds, which is looked at once a day.
    pub(super) fn until(
        &mut self,
        what: &str,
        mut holds: impl FnMut(&Hospital) -> Result<bool>,
    ) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self.hospital)? {
            ensure!(Instant::now() < deadline, "gave up waiting for {what}");
            for _ in 0..24 {
                self.hour()?;
            }
        }
        Ok(())
    }

    /// One hour.
    fn hour(&mut self) -> Result<()> {
        let Hospital {
            pump,
            monitor,
            ventilator,
            server,
            workstation,
            ..
        } = self.hospital;
        if !OFF.contains(&self.hour) {
            let mut all = vec![
                (pump, server, 3613),
                (monitor, workstation, 2575),
                (ventilator, server, 3613),
            ];
            // Biomed comes in the morning.
            if self.hour.is_multiple_of(24) {
                all.push((workstation, pump, 8000));
            }
            if ALARMS.contains(&self.hour) {
                all.push((pump, server, ALARM));
            }
            for (from, to, port) in all {
                let heard = client::ask(from, to, port)?;
                ensure!(
                    heard == Heard::Answer,
                    "{} did not reach {} at port {port} any more: {heard}",
                    from.label,
                    to.label
                );
            }
        }
        self.hour += 1;
        let so_far = HOUR * u32::try_from(self.hour).unwrap_or(u32::MAX);
        let now = Instant::now();
        if let Some(rest) = (self.begun + so_far).checked_duration_since(now) {
            thread::sleep(rest);
        } else {
            // A machine that can't keep up has hours in which less was done.
            self.begun = now.checked_sub(so_far).unwrap_or(now);
        }
        Ok(())
    }
}
