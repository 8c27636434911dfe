//! Cleaning up when the user interrupts: guards are not dropped by a signal.

use std::{
    io,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};

use super::sweep;

/// Held while something is made, and for ever by the clean-up: nothing appears after it.
static CREATING: Mutex<()> = Mutex::new(());

pub(super) fn creating() -> MutexGuard<'static, ()> {
    // It guards no data: a panic of another holder means nothing.
    CREATING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on an interrupt, hang-up or request to end first removes what this process made, then
/// ends the process as it would have. `before` runs first.
pub fn clean_up_when_interrupted(before: impl FnOnce() + Send + 'static) -> io::Result<()> {
    static ONCE: Once = Once::new();
    let mut outcome = Ok(());
    ONCE.call_once(|| {
        outcome = Signals::new([SIGINT, SIGTERM, SIGHUP]).map(|mut signals| {
            thread::spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    let _nothing_more = creating();
                    before();
                    if let Err(error) = sweep::remove_own() {
                        tracing::warn!(%error, "Could not clean up.");
                    }
                    if let Err(error) = emulate_default_handler(signal) {
                        tracing::error!(%error, "Could not end on a signal.");
                    }
                }
            });
        });
    });
    outcome
}
