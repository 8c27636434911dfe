//! Time: read here and handed to everything else as a parameter.
//!
//! The kernel stamps with the monotonic clock, people read the wall clock. [`Now`] is both at one instant
//! and turns the one into the other.

use std::time::Duration;

use jiff::Timestamp;
use nix::time::{ClockId, clock_gettime};
use xiot_common::abi::seconds;

/// One instant on both clocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Now {
    /// `CLOCK_MONOTONIC`, the clock of `bpf_ktime_get_ns`.
    pub monotonic: Duration,
    /// UTC.
    pub wall: Timestamp,
}

impl Now {
    /// The instant of the call.
    pub fn read() -> Self {
        let monotonic = clock_gettime(ClockId::CLOCK_MONOTONIC)
            .map(Duration::from)
            .unwrap_or_default();
        Self {
            monotonic,
            wall: Timestamp::now(),
        }
    }

    /// Seconds of the monotonic clock, as the program computes and stores them.
    pub fn second(self) -> u32 {
        seconds(u64::try_from(self.monotonic.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The second in which so much time will have passed.
    pub fn second_in(self, time: Duration) -> u32 {
        let then = self.monotonic.saturating_add(time).as_nanos();
        seconds(u64::try_from(then).unwrap_or(u64::MAX))
    }

    /// Nanoseconds since the Unix epoch, as slot headers store them.
    pub fn epoch_nanos(self) -> u64 {
        u64::try_from(self.wall.as_nanosecond()).unwrap_or(0)
    }

    /// Wall time of one of the program's seconds; 0 stands for "never". Whole seconds, so that the same second read
    /// twice is the same time.
    pub fn at_second(self, second: u64) -> Option<Timestamp> {
        if second == 0 {
            return None;
        }
        let ago = i64::from(self.second()) - i64::try_from(second).ok()?;
        Timestamp::from_second(self.wall.as_second().checked_sub(ago)?).ok()
    }

    /// Wall time of monotonic nanoseconds.
    pub fn at_nanos(self, nanos: u64) -> Timestamp {
        self.at(Duration::from_nanos(nanos))
    }

    fn at(self, then: Duration) -> Timestamp {
        let past = self.monotonic.saturating_sub(then);
        let future = then.saturating_sub(self.monotonic);
        self.wall
            .checked_sub(past)
            .and_then(|wall| wall.checked_add(future))
            .unwrap_or(self.wall)
    }
}

/// Wall time of nanoseconds since the Unix epoch, as slot headers store them.
pub fn from_epoch_nanos(nanos: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Now {
        Now {
            monotonic: Duration::from_millis(1_000_500),
            wall: "2026-05-01T12:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn monotonic_seconds_become_wall_time() {
        let at = now().at_second(940).unwrap();
        assert_eq!(at.to_string(), "2026-05-01T11:59:00Z");
        assert_eq!(now().at_second(0), None);
    }

    #[test]
    fn a_stamp_from_after_the_reading_lies_in_the_future() {
        let at = now().at_nanos(1_002_000_000_000);
        assert_eq!(at.to_string(), "2026-05-01T12:00:01.5Z");
    }

    #[test]
    fn the_clocks_run() {
        let first = Now::read();
        let second = Now::read();
        assert!(second.monotonic >= first.monotonic);
        assert!(first.monotonic > Duration::ZERO);
    }
}
