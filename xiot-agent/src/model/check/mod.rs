//! The whole policy looked at once more: what is written twice, and what can never take effect.

mod devices;
pub(super) mod extent;
mod names;
mod networks;
mod pair;
mod reach;

pub use self::pair::check_pair;
use super::{raw::RawPolicy, resolve::Resolved};
use crate::diag::Report;

/// Everything that takes more than one part of a policy to see.
pub(crate) fn check_policy(raw: &RawPolicy<'_>, resolved: &Resolved, report: &mut Report) {
    devices::check(raw, report);
    networks::check(raw, report);
    names::check(resolved, report);
    reach::check(resolved, report);
}
