//! The whole policy looked at once more: what is written twice, and what can never take effect.

mod devices;
mod networks;
mod pair;

pub use self::pair::check_pair;
use super::raw::RawPolicy;
use crate::diag::Report;

/// Everything that takes more than one part of a policy to see.
pub(crate) fn check_policy(raw: &RawPolicy<'_>, report: &mut Report) {
    devices::check(raw, report);
    networks::check(raw, report);
}
