//! How much of an endless test is asked for, and where its chance begins.

use std::{
    env,
    time::{Duration, Instant, SystemTime},
};

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Effort {
    /// After so many frames.
    Frames(u64),
    /// So long after this.
    Time(Instant, Duration),
}

impl Effort {
    /// For `XIOT_HOURS`, else until `XIOT_FRAMES` are done, else until this many are.
    ///
    /// # Panics
    /// Where one of them is no number.
    pub fn asked(frames: u64) -> Self {
        match hours() {
            Some(time) => Self::Time(Instant::now(), time),
            None => Self::Frames(number("XIOT_FRAMES").unwrap_or(frames)),
        }
    }

    /// For `XIOT_HOURS`, else for this long.
    ///
    /// # Panics
    /// Where it is no number.
    pub fn asked_time(time: Duration) -> Self {
        Self::Time(Instant::now(), hours().unwrap_or(time))
    }

    /// Whether so many frames are enough.
    pub fn is_spent(&self, frames: u64) -> bool {
        match self {
            Self::Frames(wanted) => frames >= *wanted,
            Self::Time(start, time) => start.elapsed() >= *time,
        }
    }
}

/// `XIOT_SEED`, else one that the clock gives. Seven digits are easily copied.
///
/// # Panics
/// Where it is no number.
pub fn seed() -> u64 {
    number("XIOT_SEED").unwrap_or_else(|| {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("a clock after 1970");
        (now.as_secs() ^ u64::from(now.subsec_nanos())) % 10_000_000
    })
}

fn hours() -> Option<Duration> {
    let text = env::var("XIOT_HOURS").ok()?;
    let hours: f64 = text.parse().expect("XIOT_HOURS is a number");
    Some(Duration::from_secs_f64(hours * 3600.0))
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is a number, not {text}")),
    )
}
