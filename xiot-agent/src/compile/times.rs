//! Rules that are not always in force: chains of rules of which the first in force counts, their schedules, and
//! what the time zone adds to UTC.

use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};
use xiot_common::{
    image::Line,
    rule::RuleId,
    schedule::{
        CHAIN, CHANGE_STEPS, CHANGES_PER_LINE, EPOCH_OF_WEEK, LINKS_PER_LINE, Link, MAX_LINKS,
        Schedule, Window, ZoneChange,
    },
};

use crate::model::{
    policy::{Policy, Profile, Rule},
    times::{MAX_STRETCHES, Times, stretches},
};

use super::{encode, error::CompileError};

const _: () = assert!(MAX_STRETCHES == xiot_common::schedule::WINDOWS);

/// Chains of all profiles so far. Rules are places in the policy.
#[derive(Debug, Default)]
pub(super) struct Chains {
    /// Places of the rules of this profile that are not always in force; ascending.
    timed: Vec<RuleId>,
    /// Whether a rule of any profile so far is not.
    has_timed: bool,
    /// Names by rules.
    known: HashMap<Vec<RuleId>, RuleId>,
    /// Rules by name.
    by_name: HashMap<RuleId, Vec<RuleId>>,
    /// Rules of all, in the order of their lines.
    all: Vec<Vec<RuleId>>,
    lines: u32,
    too_long: Option<RuleId>,
}

impl Chains {
    /// Begins another profile.
    pub(super) fn next_profile(&mut self, profile: &Profile) {
        let timed = profile.rules.iter().filter(|rule| !rule.times.is_always());
        self.timed = timed.map(|rule| rule.id).collect();
        self.has_timed |= !self.timed.is_empty();
    }

    /// Whether a rule of any profile so far is not always in force.
    pub(super) const fn has_timed(&self) -> bool {
        self.has_timed
    }

    /// Whether every rule of the profile is always in force.
    pub(super) fn is_idle(&self) -> bool {
        self.timed.is_empty()
    }

    /// Whether a rule of the profile is not always in force.
    pub(super) fn is_timed(&self, rule: RuleId) -> bool {
        self.timed.binary_search(&rule).is_ok()
    }

    /// What stands for these rules of one place, which are in file order: the rule itself if it is always in force, or a
    /// chain that ends with the first that is.
    pub(super) fn name(&mut self, rules: &mut Vec<RuleId>) -> RuleId {
        let led = rules
            .iter()
            .take_while(|&&rule| self.is_timed(rule))
            .count();
        rules.truncate(led + 1);
        let first = rules.first().copied().unwrap_or(0);
        if led == 0 {
            return first;
        }
        if let Some(&known) = self.known.get(rules) {
            return known;
        }
        if led >= MAX_LINKS as usize {
            self.too_long.get_or_insert(first);
            return first;
        }
        let name = CHAIN | self.lines;
        self.lines += line_count(led + 1);
        self.known.insert(rules.clone(), name);
        self.by_name.insert(name, rules.clone());
        self.all.push(rules.clone());
        name
    }

    /// The rules that a name of [`Self::name`] stands for.
    pub(super) fn rules(&self, name: RuleId) -> &[RuleId] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The first of them.
    pub(super) fn first(&self, name: RuleId) -> RuleId {
        self.rules(name).first().copied().unwrap_or(name)
    }

    /// Whether one had too many rules: its first.
    pub(super) const fn too_long(&self) -> Option<RuleId> {
        self.too_long
    }
}

fn line_count(links: usize) -> u32 {
    u32::try_from(links.div_ceil(LINKS_PER_LINE)).expect("a chain has at most MAX_LINKS links")
}

/// Lines about time.
#[derive(Debug, Default)]
pub(super) struct TimeLines {
    pub(super) zone: Vec<Line>,
    pub(super) changes: u32,
    pub(super) schedules: Vec<Line>,
    pub(super) chains: Vec<Line>,
}

impl TimeLines {
    /// Of a policy with these chains. `number` gives the number of the rule at a place.
    pub(super) fn new(
        policy: &Policy,
        chains: &Chains,
        number: impl Fn(RuleId) -> RuleId,
    ) -> Result<Self, CompileError> {
        let mut lines = Self::default();
        let mut known: HashMap<[u64; 8], u32> = HashMap::new();
        let mut by_place: HashMap<RuleId, u32> = HashMap::new();
        for rule in timed_rules(policy) {
            let line = encode::schedule_line(&schedule(&rule.times)?);
            let next = u32::try_from(known.len() + 1).expect("as many as rules at most");
            let place = *known.entry(line.0).or_insert_with(|| {
                lines.schedules.push(line);
                next
            });
            by_place.insert(rule.id, place);
        }
        for rules in &chains.all {
            let links = rules.iter().map(|&place| Link {
                rule: number(place),
                schedule: by_place.get(&place).copied().unwrap_or(0),
            });
            let mut links: Vec<Link> = links.collect();
            if links.last().is_some_and(|last| last.schedule != 0) {
                links.push(Link::default());
            }
            // As many as were counted when it got its name.
            links.resize(room(links.len()), Link::default());
            lines
                .chains
                .extend(links.chunks(LINKS_PER_LINE).map(encode::links_line));
        }
        if timed_rules(policy).any(|rule| !rule.times.windows.is_empty()) {
            let changes = changes(policy.time_zone.as_ref().unwrap_or(&TimeZone::UTC));
            lines.changes = u32::try_from(changes.len()).unwrap_or(u32::MAX);
            lines.zone = changes
                .chunks(CHANGES_PER_LINE)
                .map(encode::changes_line)
                .collect();
            if lines.changes >= 1 << CHANGE_STEPS {
                return Err(CompileError::SelfCheck { table: "time zone" });
            }
        }
        Ok(lines)
    }

    pub(super) fn len(&self) -> usize {
        self.zone.len() + self.schedules.len() + self.chains.len()
    }
}

/// Links that the lines for so many have room for.
fn room(links: usize) -> usize {
    line_count(links) as usize * LINKS_PER_LINE
}

fn timed_rules(policy: &Policy) -> impl Iterator<Item = &Rule> {
    let rules = policy.profiles.iter().flat_map(|profile| &profile.rules);
    rules.filter(|rule| !rule.times.is_always())
}

fn schedule(times: &Times) -> Result<Schedule, CompileError> {
    let unsound = CompileError::SelfCheck { table: "schedule" };
    let found = stretches(&times.windows).map_err(|_overlap| unsound.clone())?;
    let mut schedule = Schedule {
        expires: times.expires.unwrap_or(0),
        count: u32::try_from(found.len()).map_err(|_too_many| unsound.clone())?,
        ..Schedule::default()
    };
    if found.len() > schedule.windows.len() {
        return Err(unsound);
    }
    for (window, stretch) in schedule.windows.iter_mut().zip(found) {
        *window = Window {
            start: stretch.start,
            end: stretch.end,
        };
    }
    Ok(schedule)
}

/// What a zone adds to UTC, from 1970 on as far as seconds go.
pub(super) fn changes(zone: &TimeZone) -> Vec<ZoneChange> {
    let mut changes = Vec::new();
    let mut push = |second: i64, zone: &TimeZone| {
        let Ok(at) = u32::try_from(second) else {
            return false;
        };
        let Ok(moment) = Timestamp::from_second(second) else {
            return false;
        };
        let shift = EPOCH_OF_WEEK.wrapping_add_signed(zone.to_offset(moment).seconds());
        if changes
            .last()
            .is_none_or(|last: &ZoneChange| last.shift != shift)
        {
            changes.push(ZoneChange { at, shift });
        }
        true
    };
    push(0, zone);
    for transition in zone.following(Timestamp::UNIX_EPOCH) {
        if !push(transition.timestamp().as_second(), zone) {
            break;
        }
    }
    changes
}
