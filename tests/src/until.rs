//! Waiting for something to become true: a poll with a deadline, never a guess at how long it takes.

use std::{
    env, thread,
    time::{Duration, Instant},
};

/// Seconds that a thing that must happen may take on a slow and busy machine.
const PATIENCE: u64 = 30;

/// How long a thing that must happen may take: `XIOT_PATIENCE` seconds where that is set, as for emulated machines.
///
/// # Panics
/// Where it is set to something else than a number.
pub fn patience() -> Duration {
    let seconds = env::var("XIOT_PATIENCE").map_or(PATIENCE, |text| {
        text.parse().expect("XIOT_PATIENCE is a number of seconds")
    });
    Duration::from_secs(seconds)
}

/// Whether the machine was said to be slow: what floods a real one may stand still here.
pub fn is_slow() -> bool {
    patience() > Duration::from_secs(PATIENCE)
}

/// Pause between two looks.
const INTERVAL: Duration = Duration::from_millis(10);

/// The first `Some` of `look`. Panics with `what` when [`patience`] is over.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    let patience = patience();
    match within(patience, look) {
        Some(found) => found,
        None => panic!("gave up waiting for {what} after {patience:?}"),
    }
}

/// The first `Some` of `look` within this time.
pub fn within<T>(at_most: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + at_most;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
        thread::sleep(INTERVAL);
    }
}

/// Lets time pass until a moment: for traffic that comes at a pace, not for what is to happen.
pub fn pace(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{until, within};

    #[test]
    fn what_is_true_later_is_found() {
        let mut looks = 0;
        let found = until("the third look", || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(found, 3);
    }

    #[test]
    fn what_never_comes_ends_at_the_deadline() {
        assert_eq!(within(Duration::from_millis(20), || None::<()>), None);
    }
}
