//! What stands in the way of a device that is to go on to the next mode.

use std::fmt;

use super::coverage::Gap;
use crate::model::gates::{Coverage, Gate};

/// Whether a time that was not watched stands in the way.
const fn forbids(coverage: Coverage, gap: Gap) -> bool {
    let from = match gap {
        Gap::Weekday | Gap::Night => Coverage::Day,
        Gap::Days(_) | Gap::Weekend => Coverage::Week,
        Gap::Shift(_) | Gap::Restart => Coverage::All,
    };
    coverage as u8 >= from as u8
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
    /// It was not in mode monitor, in which what its policy would drop shows.
    NotMonitored,
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
            Self::NotMonitored => f.write_str("it has to be in mode monitor first"),
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

/// What of a gate is not met; nothing: it is open.
pub fn obstacles(gate: &Gate, known: &Known) -> Vec<Obstacle> {
    let mut all = Vec::new();
    if known.watched < gate.watched {
        all.push(Obstacle::Watched(known.watched, gate.watched));
    }
    if known.unseen > gate.unseen {
        all.push(Obstacle::Unseen(known.unseen, gate.unseen));
    }
    let gaps = known.gaps.iter();
    let gaps = gaps.filter(|gap| forbids(gate.coverage, **gap));
    all.extend(gaps.map(|gap| Obstacle::Gap(*gap)));
    if known.would_drop > 0 {
        all.push(Obstacle::WouldDrop(known.would_drop));
    }
    if known.quiet < gate.quiet {
        all.push(Obstacle::Quiet(known.quiet, gate.quiet));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gates::Gates;

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
    fn what_is_known_well_enough_may_go_on() {
        let gates = Gates::default();
        for gate in [
            gates.monitor,
            gates.low,
            gates.medium,
            gates.high,
            gates.life_sustaining,
        ] {
            assert_eq!(obstacles(&gate, &known()), []);
        }
    }

    #[test]
    fn whatever_is_missing_is_told() {
        let gates = Gates::default();
        let known = Known {
            watched: 600,
            unseen: 21,
            gaps: vec![Gap::Restart],
            would_drop: 2,
            quiet: 0,
        };
        let words: Vec<_> = obstacles(&gates.life_sustaining, &known)
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
        assert_eq!(
            obstacles(&gates.low, &known),
            [Obstacle::WouldDrop(2), Obstacle::Quiet(0, 24)]
        );
        assert_eq!(obstacles(&gates.monitor, &known), [Obstacle::WouldDrop(2)]);
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
            let all = [Coverage::Any, Coverage::Day, Coverage::Week, Coverage::All];
            assert_eq!(all.map(|it| forbids(it, gap)), levels, "{gap}");
        }
    }
}
