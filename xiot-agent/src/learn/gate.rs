//! Gates: what has to be known of a device before it goes on to the next mode, by what a failure of it means.

use std::fmt;

use super::coverage::Gap;
use crate::model::policy::{Criticality, Mode};

/// What a gate asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gate {
    /// Hours for which the gateway watched.
    pub watched: u32,
    /// The most that may be unseen, in thousandths, by the upper end of the estimate's interval.
    pub unseen: u32,
    /// Hours without a would-be drop, in the mode that the device is in.
    pub quiet: u32,
    /// How exacting it is about times that were not watched.
    pub gaps: Gaps,
}

/// Which times have to have been watched.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Gaps {
    /// None.
    Any,
    /// A weekday and a night.
    Day,
    /// A whole week with its weekend.
    Week,
    /// Also each change of shift, and a restart of the device.
    All,
}

impl Gaps {
    /// Whether this one stands in the way.
    const fn forbids(self, gap: Gap) -> bool {
        let from = match gap {
            Gap::Weekday | Gap::Night => Self::Day,
            Gap::Days(_) | Gap::Weekend => Self::Week,
            Gap::Shift(_) | Gap::Restart => Self::All,
        };
        self as u8 >= from as u8
    }
}

impl Gate {
    /// The default before this mode. What nobody gave a criticality counts as high.
    pub fn before(mode: Mode, criticality: Option<Criticality>) -> Self {
        let days = |watched: u32, unseen, quiet: u32, gaps| Self {
            watched: 24 * watched,
            unseen,
            quiet: 24 * quiet,
            gaps,
        };
        match (mode, criticality) {
            (Mode::Learn, _) => days(0, 1000, 0, Gaps::Any),
            // Nothing is dropped in it: what is missing shows there.
            (Mode::Monitor, _) => days(1, 200, 0, Gaps::Any),
            (Mode::Enforce, Some(Criticality::Low)) => days(3, 50, 1, Gaps::Day),
            (Mode::Enforce, Some(Criticality::Medium)) => days(7, 20, 3, Gaps::Week),
            (Mode::Enforce, Some(Criticality::High) | None) => days(14, 10, 7, Gaps::All),
            (Mode::Enforce, Some(Criticality::LifeSustaining)) => days(28, 5, 14, Gaps::All),
        }
    }
}

/// What is known of a device, and of the mode that it is in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Known {
    /// Hours for which the gateway watched.
    pub watched: u32,
    /// What may be unseen, in thousandths.
    pub unseen: u32,
    /// Times that were not watched.
    pub gaps: Vec<Gap>,
    /// Conversations that its policy would drop, and that a person was not asked about.
    pub would_drop: usize,
    /// Hours since the last of them, or since it is in its mode.
    pub quiet: u32,
}

/// What stands in the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Obstacle {
    /// Hours that were watched, and that have to be.
    Watched(u32, u32),
    /// Thousandths that may be unseen, and that may be at most.
    Unseen(u32, u32),
    /// A time that has to be watched.
    Gap(Gap),
    /// So many conversations would be dropped.
    WouldDrop(usize),
    /// Hours without a would-be drop, and those that it takes.
    Quiet(u32, u32),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |thousandths: &u32| format!("{}.{} %", thousandths / 10, thousandths % 10);
        match self {
            Self::Watched(is, must) => write!(f, "watched for {is} of {must} hours"),
            Self::Unseen(is, most) => {
                write!(f, "up to {} unseen, {} at most", percent(is), percent(most))
            }
            Self::Gap(gap) => write!(f, "never watched: {gap}"),
            Self::WouldDrop(1) => f.write_str("one conversation would be dropped"),
            Self::WouldDrop(number) => write!(f, "{number} conversations would be dropped"),
            Self::Quiet(is, must) => {
                write!(f, "{is} of {must} hours without a would-be drop")
            }
        }
    }
}

impl Gate {
    /// What of it is not met; nothing: it is open.
    pub fn obstacles(&self, known: &Known) -> Vec<Obstacle> {
        let mut all = Vec::new();
        if known.watched < self.watched {
            all.push(Obstacle::Watched(known.watched, self.watched));
        }
        if known.unseen > self.unseen {
            all.push(Obstacle::Unseen(known.unseen, self.unseen));
        }
        let gaps = known.gaps.iter().filter(|gap| self.gaps.forbids(**gap));
        all.extend(gaps.map(|gap| Obstacle::Gap(*gap)));
        if known.would_drop > 0 && self.watched > 0 {
            all.push(Obstacle::WouldDrop(known.would_drop));
        }
        if known.quiet < self.quiet {
            all.push(Obstacle::Quiet(known.quiet, self.quiet));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            watched: 28 * 24,
            unseen: 5,
            gaps: Vec::new(),
            would_drop: 0,
            quiet: 14 * 24,
        }
    }

    #[test]
    fn the_more_a_failure_means_the_more_has_to_be_known() {
        let all = [
            Some(Criticality::Low),
            Some(Criticality::Medium),
            Some(Criticality::High),
            Some(Criticality::LifeSustaining),
        ];
        let gates = all.map(|it| Gate::before(Mode::Enforce, it));
        assert!(gates.is_sorted_by(|a, b| {
            a.watched <= b.watched && a.unseen >= b.unseen && a.quiet <= b.quiet && a.gaps <= b.gaps
        }));
        for gate in gates {
            assert_eq!(gate.obstacles(&known()), []);
        }
        assert_eq!(Gate::before(Mode::Enforce, None), gates[2]);
        assert_eq!(
            Gate::before(Mode::Learn, None).obstacles(&Known::default()),
            []
        );
    }

    #[test]
    fn whatever_is_missing_is_told() {
        let gate = Gate::before(Mode::Enforce, Some(Criticality::LifeSustaining));
        let known = Known {
            watched: 600,
            unseen: 21,
            gaps: vec![Gap::Restart],
            would_drop: 2,
            quiet: 0,
        };
        let words: Vec<_> = gate
            .obstacles(&known)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            words,
            [
                "watched for 600 of 672 hours",
                "up to 2.1 % unseen, 0.5 % at most",
                "never watched: a restart",
                "2 conversations would be dropped",
                "0 of 336 hours without a would-be drop"
            ]
        );
        let low = Gate::before(Mode::Enforce, Some(Criticality::Low));
        assert_eq!(
            low.obstacles(&known),
            [Obstacle::WouldDrop(2), Obstacle::Quiet(0, 24)]
        );
        let monitor = Gate::before(Mode::Monitor, Some(Criticality::LifeSustaining));
        assert_eq!(monitor.obstacles(&known), [Obstacle::WouldDrop(2)]);
    }

    #[test]
    fn each_gap_has_the_gates_that_it_stands_in_the_way_of() {
        for (gap, levels) in [
            (Gap::Night, [false, true, true, true]),
            (Gap::Weekday, [false, true, true, true]),
            (Gap::Days(3), [false, false, true, true]),
            (Gap::Weekend, [false, false, true, true]),
            (Gap::Shift(7), [false, false, false, true]),
            (Gap::Restart, [false, false, false, true]),
        ] {
            let all = [Gaps::Any, Gaps::Day, Gaps::Week, Gaps::All];
            assert_eq!(all.map(|it| it.forbids(gap)), levels, "{gap}");
        }
    }
}
