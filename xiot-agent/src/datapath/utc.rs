//! The wall clock as the program knows it: the kernel's TAI clock less what that is ahead of UTC.

use nix::time::{ClockId, clock_gettime};

use super::{active::ActivePolicy, instance::Datapath};

const SECOND: i128 = 1_000_000_000;

impl Datapath {
    /// Tells the program how many seconds the TAI clock is ahead of UTC, instead of what the kernel says.
    pub fn set_tai_offset(&mut self, seconds: u32) {
        self.active.set_tai_offset(seconds);
    }

    /// Has the program take the wall clock to show this second (UTC), and to go on from there; none: what it does show.
    pub fn show_time(&mut self, second: Option<u32>) {
        let offset = match second {
            // Both wrap alike, there and here.
            Some(second) => tai().map(|tai| tai.wrapping_sub(second)),
            None => tai_offset(),
        };
        if let Some(offset) = offset {
            self.set_tai_offset(offset);
        }
    }
}

impl ActivePolicy {
    /// Tells the program how many seconds the kernel's TAI clock is ahead of UTC; the number where it was another.
    pub fn follow_clock(&self) -> Option<u32> {
        let offset = tai_offset()?;
        self.set_tai_offset(offset).then_some(offset)
    }
}

/// Whole seconds of the TAI clock, as the program reads it.
fn tai() -> Option<u32> {
    let time = clock_gettime(ClockId::CLOCK_TAI).ok()?;
    u32::try_from(time.tv_sec()).ok()
}

/// Whole seconds between both clocks; none where they cannot be read.
pub(super) fn tai_offset() -> Option<u32> {
    let nanos = |clock| {
        let time = clock_gettime(clock).ok()?;
        Some(i128::from(time.tv_sec()) * SECOND + i128::from(time.tv_nsec()))
    };
    let before = nanos(ClockId::CLOCK_REALTIME)?;
    let tai = nanos(ClockId::CLOCK_TAI)?;
    let after = nanos(ClockId::CLOCK_REALTIME)?;
    // A clock that was set in between says nothing.
    if !(before..before + SECOND / 4).contains(&after) {
        return None;
    }
    // A moment passes between two readings: the nearest second is meant.
    u32::try_from((tai - before + SECOND / 2) / SECOND).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_seconds_are_not_many() {
        assert!(tai_offset().is_some_and(|seconds| seconds < 100));
    }
}
