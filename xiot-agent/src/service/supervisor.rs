//! What the service manager is told (`sd_notify(3)`): ready, reloading, alive, ending. Nothing without `NOTIFY_SOCKET`.
//!
//! The manager restarts an agent from which it hears nothing for `WATCHDOG_USEC`. So that it does so for an agent that hangs, no
//! sign of life is given that was not asked of the service itself.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{handle::Handle, state::words::hex};

/// Characters of a digest that people compare.
const SHORT: usize = 12;

/// Every frame is judged, by this policy.
pub fn ready(digest: &[u8], revision: u64) {
    let status = status(digest, revision);
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// The agent is on its way down.
pub fn stopping() {
    tell(&[
        NotifyState::Stopping,
        NotifyState::Status(
            "ending: enforcement goes on only where the XDP program stays attached",
        ),
    ]);
}

/// A reload that the manager knows of. However it ends, the service is ready again.
#[derive(Debug)]
pub struct Reloading {
    /// What to tell at its end, if it has put something in force.
    status: Option<String>,
}

impl Reloading {
    /// From now on.
    pub fn begin() -> Self {
        match NotifyState::monotonic_usec_now() {
            // By the time it tells this reload from one that it asked for later.
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(error) => tracing::warn!(%error, "the service manager is not told of a reload"),
        }
        Self { status: None }
    }

    /// This policy is in force now.
    pub fn succeeded(mut self, digest: &[u8], revision: u64) {
        self.status = Some(status(digest, revision));
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        match &self.status {
            Some(status) => tell(&[NotifyState::Ready, NotifyState::Status(status)]),
            None => tell(&[NotifyState::Ready]),
        }
    }
}

/// Gives signs of life, if the manager wants any, while the service answers. Never ends.
pub async fn keep_alive(handle: Handle) {
    match sd_notify::watchdog_enabled() {
        Some(patience) if !patience.is_zero() => {
            let ask = async || match handle.status().await {
                Ok(_) => true,
                Err(error) => {
                    tracing::error!(%error, "the service gives its manager no sign of life");
                    false
                }
            };
            watch(patience / 2, ask, || tell(&[NotifyState::Watchdog])).await;
        }
        _ => std::future::pending().await,
    }
}

/// Asks once a period; an answer counts within that period alone.
async fn watch(period: Duration, ask: impl AsyncFn() -> bool, tell: impl Fn()) -> ! {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match timeout(period, ask()).await {
            Ok(true) => tell(),
            Ok(false) => {}
            Err(_elapsed) => {
                tracing::error!(
                    ?period,
                    "the service did not answer its own question in time"
                );
            }
        }
    }
}

fn status(digest: &[u8], revision: u64) -> String {
    let digest: String = hex(digest).chars().take(SHORT).collect();
    format!("policy {digest}, revision {revision}")
}

/// Enforcement does not hang on the manager's ear.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager can't be told");
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const PERIOD: Duration = Duration::from_secs(30);

    /// Signs of life within ten periods.
    async fn signs(ask: impl AsyncFn() -> bool) -> u32 {
        let signs = Cell::new(0);
        let watch = watch(PERIOD, ask, || signs.set(signs.get() + 1));
        let ten = PERIOD * 9 + PERIOD / 2;
        timeout(ten, watch).await.unwrap_err();
        signs.get()
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_answers_is_alive_every_half_of_the_managers_patience() {
        assert_eq!(signs(async || true).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_hangs_or_fails_is_not() {
        assert_eq!(signs(async || std::future::pending().await).await, 0);
        assert_eq!(signs(async || false).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_answers_too_late_is_not_until_it_is_quick_again() {
        let asked = Cell::new(0);
        let slow_at_first = async || {
            asked.set(asked.get() + 1);
            if asked.get() <= 3 {
                tokio::time::sleep(PERIOD + Duration::from_secs(1)).await;
            }
            true
        };
        assert_eq!(signs(slow_at_first).await, 7);
    }

    #[test]
    fn the_status_names_the_policy_as_other_surfaces_do() {
        assert_eq!(status(&[0xab; 32], 7), "policy abababababab, revision 7");
    }
}
