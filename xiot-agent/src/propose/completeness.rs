//! How much of what the devices of a profile do is known.

use std::collections::BTreeSet;

use super::{Group, Site};
use crate::learn::{
    coverage::{Gap, gaps},
    review::{Thresholds, incidence},
    unseen::{Unseen, thousandths},
};

/// What is known, and what is missing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Completeness {
    /// Devices that were observed, and how many have the profile.
    pub devices: (usize, usize),
    /// Hours in which the gateway watched.
    pub watched: u32,
    /// The share of what is not seen yet in thousandths, of that device of which least is known: estimate, and upper end of its interval of 95 %.
    pub unseen: (u32, u32),
    /// Times that were not watched.
    pub gaps: BTreeSet<Gap>,
}

impl Completeness {
    /// Of these devices.
    pub(super) fn of(group: &Group, site: &Site<'_>) -> Self {
        let unseen = group
            .members
            .iter()
            .map(|it| incidence(&it.learned, &Thresholds::default()).unseen());
        let worst = unseen.max_by(|a, b| a.high.total_cmp(&b.high));
        let Unseen { share, high, .. } = worst.unwrap_or(Unseen {
            share: 1.0,
            low: 0.0,
            high: 1.0,
        });
        Self {
            devices: (group.members.len(), group.listed),
            watched: site.watched.count(),
            unseen: (thousandths(share), thousandths(high)),
            gaps: common_gaps(group, site),
        }
    }
}

/// What is missing of every device: what one of them did after it was started, the others do too.
fn common_gaps(group: &Group, site: &Site<'_>) -> BTreeSet<Gap> {
    let of = |heard| -> BTreeSet<Gap> {
        gaps(site.watched, heard, site.zone, site.shifts)
            .into_iter()
            .collect()
    };
    let each = group.members.iter().map(|it| of(it.learned.hours()));
    each.reduce(|a, b| &a & &b).unwrap_or_default()
}
