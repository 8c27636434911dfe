//! Rule sets spelled out: what names stand for instead of the names, so that those of two images are the same if they say the same,
//! wherever it lies.

use std::mem;

use xiot_common::{
    image::Line,
    rule::{RuleId, RuleLine},
    schedule::{CHAIN, CHANGES_PER_LINE, LINKS_PER_LINE, MAX_LINKS, Schedule},
};

use crate::compile::{Image, encode};

/// Lines without rules, and for each of their ranges the rules that it names: of several, the first in force counts. None: a rule
/// is always in force.
type Spelled = Vec<(RuleLine, Vec<Vec<(RuleId, Option<Schedule>)>>)>;

/// The rule set that a slot names by this payload.
pub(super) fn set(image: &Image, payload: u32) -> Spelled {
    let first = image.header.rule_lines + payload - 1;
    let more = encode::rules_of(line(image, first)).more;
    let lines = first..=first + u32::from(more);
    let lines = lines.map(|it| {
        let mut rules = encode::rules_of(line(image, it));
        let ranges = rules.ranges.iter_mut().take(rules.count.into());
        let named = ranges.map(|range| rules_of(image, mem::take(&mut range.rule)));
        let named = named.collect();
        (rules, named)
    });
    lines.collect()
}

/// What the time zone adds to UTC, and when.
pub(super) fn zone(image: &Image) -> Vec<Line> {
    let (first, changes) = (image.header.zone, image.header.zone_changes);
    let lines = first..first + changes.div_ceil(u32::try_from(CHANGES_PER_LINE).unwrap());
    lines.map(|it| *line(image, it)).collect()
}

/// The rule, or the rules of the chain.
fn rules_of(image: &Image, name: RuleId) -> Vec<(RuleId, Option<Schedule>)> {
    if name & CHAIN == 0 {
        return vec![(name, None)];
    }
    let first = image.header.chains + (name & !CHAIN);
    let mut rules = Vec::new();
    for n in 0..MAX_LINKS {
        let links = encode::links_of(line(
            image,
            first + n / u32::try_from(LINKS_PER_LINE).unwrap(),
        ));
        let link = links[n as usize % LINKS_PER_LINE];
        let schedule = link.schedule.checked_sub(1).map(|schedule| {
            let schedule = image.header.schedules + schedule;
            encode::schedule_of(line(image, schedule))
        });
        rules.push((link.rule, schedule));
        // It ends the chain.
        if schedule.is_none() {
            break;
        }
    }
    rules
}

fn line(image: &Image, line: u32) -> &Line {
    &image.lines[line as usize]
}
