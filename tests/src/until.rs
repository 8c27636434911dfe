//! Waiting for something to become true: a poll with a deadline, never a guess at how long it takes.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a thing that must happen may take on a slow and busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two looks.
const INTERVAL: Duration = Duration::from_millis(10);

/// The first `Some` of `look`. Panics with `what` when [`PATIENCE`] is over.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    match within(PATIENCE, look) {
        Some(found) => found,
        None => panic!("gave up waiting for {what} after {PATIENCE:?}"),
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
