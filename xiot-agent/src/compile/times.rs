//! Rules that are not always in force: chains of rules of which the first in force counts, their schedules, and
//! what is added to UTC.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use xiot_common::{
    image::Line,
    rule::RuleId,
    schedule::{
        CHAIN, CHANGE_STEPS, CHANGES_PER_LINE, LINKS_PER_LINE, Link, MAX_LINKS, Schedule, WINDOWS,
        Window,
    },
};

use crate::model::{
    policy::{Policy, Profile, Rule},
    times::{self as model, MAX_STRETCHES, Times, stretches},
};

use super::{encode, error::CompileError, zone};

const _: () = assert!(MAX_STRETCHES == WINDOWS);

/// Chains of all profiles so far. Rules are places in the policy.
#[derive(Debug, Default)]
pub(super) struct Chains {
    /// Places of the rules of this profile that are not always in force, ascending, and how many links each takes.
    timed: Vec<(RuleId, usize)>,
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
        self.timed = timed
            .map(|rule| (rule.id, schedule_count(&rule.times)))
            .collect();
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
        self.links(rule).is_some()
    }

    /// Links that a rule takes which is not always in force.
    fn links(&self, rule: RuleId) -> Option<usize> {
        let place = self.timed.binary_search_by_key(&rule, |&(rule, _)| rule);
        Some(self.timed.get(place.ok()?)?.1)
    }

    /// What stands for these rules of one place, which are in file order: the rule itself if it is always in force, or a
    /// chain that ends with the first that is.
    pub(super) fn name(&mut self, rules: &mut Vec<RuleId>) -> RuleId {
        let leading = || rules.iter().map_while(|&rule| self.links(rule));
        let (led, links) = (leading().count(), leading().sum::<usize>());
        rules.truncate(led + 1);
        let first = rules.first().copied().unwrap_or(0);
        if led == 0 {
            return first;
        }
        if let Some(&known) = self.known.get(rules) {
            return known;
        }
        if links >= MAX_LINKS as usize {
            self.too_long.get_or_insert(first);
            return first;
        }
        let name = CHAIN | self.lines;
        self.lines += line_count(links + 1);
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
        let mut by_place: HashMap<RuleId, Vec<u32>> = HashMap::new();
        for rule in timed_rules(policy) {
            let mut places = Vec::new();
            for schedule in schedules(&rule.times)? {
                let line = encode::schedule_line(&schedule);
                let next = u32::try_from(known.len() + 1).expect("some for each rule at most");
                places.push(*known.entry(line.0).or_insert_with(|| {
                    lines.schedules.push(line);
                    next
                }));
            }
            by_place.insert(rule.id, places);
        }
        for rules in &chains.all {
            let links = rules.iter().flat_map(|&place| {
                let schedules = by_place.get(&place).map_or(&[0][..], Vec::as_slice);
                schedules.iter().map(move |&schedule| (place, schedule))
            });
            let links = links.map(|(place, schedule)| Link {
                rule: number(place),
                schedule,
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
            let zone = policy
                .time_zone
                .as_ref()
                .unwrap_or(const { &TimeZone::UTC });
            let changes = zone::changes(zone, &policy.holidays);
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

/// How many schedules these times are.
fn schedule_count(times: &Times) -> usize {
    let weekly = !times.windows.is_empty() || times.intervals.is_empty();
    usize::from(weekly) + times.intervals.len()
}

/// One for the windows of the week, and one for each that has dates: in force is who is so by one of them.
fn schedules(times: &Times) -> Result<Vec<Schedule>, CompileError> {
    let expires = times.expires.unwrap_or(0);
    let mut schedules = Vec::with_capacity(schedule_count(times));
    if !times.windows.is_empty() || times.intervals.is_empty() {
        schedules.push(Schedule {
            expires,
            begins: 0,
            windows: windows(&times.windows)?,
        });
    }
    schedules.extend(times.intervals.iter().map(|interval| Schedule {
        expires: times.expires.unwrap_or(u32::MAX).min(interval.ends),
        begins: interval.begins,
        ..Schedule::default()
    }));
    Ok(schedules)
}

fn windows(listed: &[model::Window]) -> Result<[Window; WINDOWS], CompileError> {
    let unsound = CompileError::SelfCheck { table: "schedule" };
    let found = stretches(listed).map_err(|_overlap| unsound.clone())?;
    let mut windows = [Window::default(); WINDOWS];
    if found.len() > windows.len() || found.is_empty() != listed.is_empty() {
        return Err(unsound);
    }
    for (window, stretch) in windows.iter_mut().zip(found) {
        *window = Window {
            start: stretch.start,
            end: stretch.end,
        };
    }
    Ok(windows)
}
