//! Rule sets as image lines, each distinct set of a profile once.

use hashbrown::{HashTable, hash_table::Entry};
use xiot_common::{
    capacity::{MAX_LINES_PER_SET, RANGES_PER_LINE},
    image::Line,
    rule::{LINE_ANY_PROTOCOL, PortRange, RuleLine},
};

use super::{encode, fingerprint::Fingerprint, segment::Segment};

/// Salt of the hashes of rule sets.
const SALT: u64 = 0x5345_5453;

/// A rule set that has its lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct RuleSet {
    /// Its first line, counted from the first rule line.
    pub first: u32,
}

/// A set that has more lines than may be scanned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooLong {
    /// Lines it needs.
    pub lines: usize,
}

/// All rule lines so far.
#[derive(Debug, Default)]
pub(super) struct RuleSets {
    lines: Vec<Line>,
    /// First lines of the sets of this profile, by content.
    known: HashTable<u32>,
}

impl RuleSets {
    /// Begins another profile. Its sets name rules that no other profile has, so that those before need not be
    /// remembered. There will be about as many as there are rules.
    pub(super) fn next_profile(&mut self, rules: usize) {
        self.known = HashTable::with_capacity(rules);
    }

    /// Lines so far.
    pub(super) const fn lines(&self) -> usize {
        self.lines.len()
    }

    /// The lines of all sets.
    pub(super) fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    /// The set that holds exactly these segments, which are sorted and disjoint.
    pub(super) fn intern(&mut self, segments: &[Segment]) -> Result<RuleSet, TooLong> {
        let length = lines_for(segments);
        if length > MAX_LINES_PER_SET {
            return Err(TooLong { lines: length });
        }
        // Written where it would stay, and taken back if it is there already.
        let start = self.lines.len();
        write(&mut self.lines, segments, length);
        let (old, new) = self.lines.split_at(start);
        let hash = hash(new);
        let first = match self.known.entry(
            hash,
            |&first| set_at(old, first) == new,
            |&first| self::hash(set_at(old, first)),
        ) {
            Entry::Occupied(known) => {
                let first = *known.get();
                self.lines.truncate(start);
                first
            }
            Entry::Vacant(vacant) => {
                let first = u32::try_from(start).expect("2^32 lines exceed any memory");
                vacant.insert(first);
                first
            }
        };
        Ok(RuleSet { first })
    }

    /// The segments of a set.
    pub(super) fn segments(&self, set: RuleSet) -> impl Iterator<Item = Segment> {
        set_at(&self.lines, set.first)
            .iter()
            .map(encode::rules_of)
            .flat_map(|line| {
                let ranges = line.ranges.into_iter().take(line.count.into());
                ranges.map(move |range| {
                    if line.flags & LINE_ANY_PROTOCOL == 0 {
                        Segment::new(line.protocol, range.low, range.high, range.rule)
                    } else {
                        Segment::any(range.rule)
                    }
                })
            })
    }
}

/// The lines of the set that starts here.
fn set_at(lines: &[Line], first: u32) -> &[Line] {
    let lines = &lines[first as usize..];
    let more = encode::rules_of(&lines[0]).more;
    &lines[..=usize::from(more)]
}

fn hash(lines: &[Line]) -> u64 {
    let words = lines.iter().flat_map(|line| line.0.as_chunks().0);
    words
        .fold(Fingerprint::new(SALT), |hash, &[a, b]| hash.add(a, b))
        .get()
}

/// The segments of one protocol each.
fn by_protocol(segments: &[Segment]) -> impl Iterator<Item = &[Segment]> {
    segments.chunk_by(|a, b| a.protocol() == b.protocol())
}

fn lines_for(segments: &[Segment]) -> usize {
    let lines: usize = by_protocol(segments)
        .map(|same| same.len().div_ceil(RANGES_PER_LINE))
        .sum();
    lines.max(1)
}

fn write(lines: &mut Vec<Line>, segments: &[Segment], length: usize) {
    let mut left = u8::try_from(length).expect("a set has at most MAX_LINES_PER_SET lines");
    let mut push = |mut line: RuleLine, ranges: &[Segment]| {
        left -= 1;
        line.more = left;
        for (to, segment) in line.ranges.iter_mut().zip(ranges) {
            line.count += 1;
            *to = PortRange {
                low: segment.low(),
                high: segment.high(),
                rule: segment.rule,
            };
        }
        lines.push(encode::rule_line(&line));
    };
    let any = RuleLine {
        flags: LINE_ANY_PROTOCOL,
        ..RuleLine::default()
    };
    for same in by_protocol(segments) {
        let header = same[0].protocol().map_or(any, |protocol| RuleLine {
            protocol,
            ..RuleLine::default()
        });
        for ranges in same.chunks(RANGES_PER_LINE) {
            push(header, ranges);
        }
    }
    if segments.is_empty() {
        // Rules for the other family's ICMP only: there is a peer, but no protocol.
        push(any, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(ports: impl IntoIterator<Item = u16>) -> Vec<Segment> {
        let rule = |port| 1 + u32::from(port);
        ports
            .into_iter()
            .map(|port| Segment::new(6, port, port, rule(port)))
            .collect()
    }

    #[test]
    fn equal_sets_share_lines_and_others_do_not() {
        let mut sets = RuleSets::default();
        let a = sets.intern(&tcp([1, 2])).unwrap();
        let b = sets.intern(&tcp(0..20)).unwrap();
        assert_eq!(sets.intern(&tcp([1, 2])), Ok(a));
        assert_eq!(sets.intern(&tcp(0..20)), Ok(b));
        // A set that is the end of another one is still a set of its own.
        let c = sets.intern(&tcp(14..20)).unwrap();
        assert_eq!((a.first, b.first, c.first), (0, 1, 4));
        assert_eq!(sets.segments(b).collect::<Vec<_>>(), tcp(0..20));
        assert_eq!(sets.into_lines().len(), 5);
    }

    #[test]
    fn lines_of_a_set_count_down_and_any_protocol_is_last() {
        let mut sets = RuleSets::default();
        let mut segments = tcp(1..=8);
        segments.push(Segment::new(17, 53, 53, 9));
        segments.push(Segment::any(10));
        let set = sets.intern(&segments).unwrap();
        assert_eq!(sets.segments(set).collect::<Vec<_>>(), segments);
        let lines: Vec<_> = sets.into_lines().iter().map(encode::rules_of).collect();
        let shape: Vec<_> = lines
            .iter()
            .map(|line| (line.protocol, line.flags, line.count, line.more))
            .collect();
        assert_eq!(
            shape,
            [
                (6, 0, 7, 3),
                (6, 0, 1, 2),
                (17, 0, 1, 1),
                (0, LINE_ANY_PROTOCOL, 1, 0)
            ]
        );
        let last = lines[3].ranges[0];
        assert_eq!((last.low, last.high, last.rule), (0, u16::MAX, 10));
    }

    #[test]
    fn a_set_of_nothing_has_a_line_without_protocol_or_ranges() {
        let mut sets = RuleSets::default();
        let set = sets.intern(&[]).unwrap();
        assert_eq!(sets.segments(set).count(), 0);
        let line = encode::rules_of(&sets.into_lines()[0]);
        assert_eq!(line.flags, LINE_ANY_PROTOCOL);
        assert_eq!((line.count, line.more), (0, 0));
    }

    #[test]
    fn the_longest_set_fits_and_one_range_more_is_refused_without_a_trace() {
        let mut sets = RuleSets::default();
        sets.intern(&tcp(0..224)).unwrap();
        assert_eq!(sets.intern(&tcp(0..225)), Err(TooLong { lines: 33 }));
        assert_eq!(sets.intern(&tcp(0..10_000)), Err(TooLong { lines: 1429 }));
        assert_eq!(sets.into_lines().len(), 32);
    }
}
