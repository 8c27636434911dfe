//! Gates: what has to be known of a device before it goes on to the next mode, by what a failure of it means.

use super::policy::{Criticality, Mode};

/// What a gate asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gate {
    /// Hours for which the gateway watched the device.
    pub watched: u32,
    /// The most that may be unseen, in thousandths, by the upper end of the estimate's interval.
    pub unseen: u32,
    /// Hours without a would-be drop, in the mode that the device is in; after a change of an enforced device, hours for which it is on probation.
    pub quiet: u32,
    /// How exacting it is about times that were not watched.
    pub coverage: Coverage,
}

/// Which times have to have been watched.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Coverage {
    /// None.
    Any,
    /// A weekday and a night.
    Day,
    /// Also a whole week with its weekend.
    Week,
    /// Also each change of shift, and a restart of the device.
    All,
}

/// All gates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gates {
    /// Before mode monitor. Nothing is dropped in it: what is missing shows there.
    pub monitor: Gate,
    /// Before mode enforce, by criticality.
    pub low: Gate,
    /// Likewise.
    pub medium: Gate,
    /// Likewise; also for what nobody gave a criticality.
    pub high: Gate,
    /// Likewise.
    pub life_sustaining: Gate,
}

impl Default for Gates {
    fn default() -> Self {
        let days = |watched: u32, unseen, quiet: u32, coverage| Gate {
            watched: 24 * watched,
            unseen,
            quiet: 24 * quiet,
            coverage,
        };
        Self {
            monitor: days(1, 200, 0, Coverage::Any),
            low: days(3, 50, 1, Coverage::Day),
            medium: days(7, 20, 3, Coverage::Week),
            high: days(14, 10, 7, Coverage::All),
            life_sustaining: days(28, 5, 14, Coverage::All),
        }
    }
}

impl Gates {
    /// The gate before this mode; none: it is always open.
    pub const fn before(&self, mode: Mode, criticality: Option<Criticality>) -> Option<Gate> {
        match (mode, criticality) {
            (Mode::Learn, _) => None,
            (Mode::Monitor, _) => Some(self.monitor),
            (Mode::Enforce, Some(Criticality::Low)) => Some(self.low),
            (Mode::Enforce, Some(Criticality::Medium)) => Some(self.medium),
            (Mode::Enforce, Some(Criticality::High) | None) => Some(self.high),
            (Mode::Enforce, Some(Criticality::LifeSustaining)) => Some(self.life_sustaining),
        }
    }

    /// Seconds for which a change of an enforced device may turn out to be wrong: as long as it takes to be trusted with it.
    pub fn probation(&self, criticality: Option<Criticality>) -> u64 {
        let gate = self.before(Mode::Enforce, criticality);
        gate.map_or(0, |gate| u64::from(gate.quiet) * 3600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_more_has_to_be_known_the_more_a_failure_means() {
        let gates = Gates::default();
        let all = [
            Some(Criticality::Low),
            Some(Criticality::Medium),
            Some(Criticality::High),
            Some(Criticality::LifeSustaining),
        ];
        let enforce = all.map(|it| gates.before(Mode::Enforce, it).unwrap());
        assert!(enforce.is_sorted_by(|a, b| {
            a.watched <= b.watched
                && a.unseen >= b.unseen
                && a.quiet <= b.quiet
                && a.coverage <= b.coverage
        }));
        assert_eq!(gates.before(Mode::Enforce, None), Some(enforce[2]));
        assert_eq!(gates.before(Mode::Learn, None), None);
        assert_eq!(gates.probation(None), 7 * 24 * 3600);
    }
}
