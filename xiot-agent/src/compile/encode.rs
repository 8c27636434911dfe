//! Records to image lines and back. A line is eight native words; the kernel reads the same bytes as a record.

use std::array;

use xiot_common::{
    device::DeviceRecord,
    image::Line,
    profile::{ProfilePrefixes, ProfileRecord, Timeouts},
    rule::{PortRange, RuleLine},
    schedule::{Link, Schedule, Window, ZoneChange},
};

/// Device records in one line.
pub(super) const RECORDS_PER_LINE: usize = 4;

/// A line of rules.
pub(super) fn rule_line(rules: &RuleLine) -> Line {
    let mut line = Line::default();
    line.0[0] = word_of(
        [rules.protocol, rules.flags, rules.count, rules.more],
        rules.reserved.to_ne_bytes(),
    );
    for (word, range) in line.0[1..].iter_mut().zip(&rules.ranges) {
        *word = word_of(
            bytes4(range.low.to_ne_bytes(), range.high.to_ne_bytes()),
            range.rule.to_ne_bytes(),
        );
    }
    line
}

/// The rules of a line.
pub(super) fn rules_of(line: &Line) -> RuleLine {
    let ([protocol, flags, count, more], reserved) = halves(line.0[0]);
    RuleLine {
        protocol,
        flags,
        count,
        more,
        reserved: u32::from_ne_bytes(reserved),
        ranges: array::from_fn(|n| {
            let ([a, b, c, d], rule) = halves(line.0[n + 1]);
            PortRange {
                low: u16::from_ne_bytes([a, b]),
                high: u16::from_ne_bytes([c, d]),
                rule: u32::from_ne_bytes(rule),
            }
        }),
    }
}

/// Both words of a device record.
pub(super) fn device_words(record: &DeviceRecord) -> [u64; 2] {
    let [a, b] = record.wire.to_ne_bytes();
    [
        word_of(
            record.profile.to_ne_bytes(),
            record.generation.to_ne_bytes(),
        ),
        word_of(
            [a, b, record.mode, record.flags],
            record.reserved.to_ne_bytes(),
        ),
    ]
}

/// The device record of two words.
pub(super) fn device_of(words: [u64; 2]) -> DeviceRecord {
    let (profile, generation) = halves(words[0]);
    let ([a, b, mode, flags], reserved) = halves(words[1]);
    DeviceRecord {
        profile: u32::from_ne_bytes(profile),
        generation: u32::from_ne_bytes(generation),
        wire: u16::from_ne_bytes([a, b]),
        mode,
        flags,
        reserved: u32::from_ne_bytes(reserved),
    }
}

/// The first line of a profile.
pub(super) fn profile_line(record: &ProfileRecord) -> Line {
    let t = &record.timeouts;
    let [r0, r1, r2, r3] = record.reserved;
    words32([
        record.services,
        record.new_flows,
        t.tcp_handshake,
        t.tcp_established,
        t.tcp_closing,
        t.udp_unreplied,
        t.udp_replied,
        t.icmp,
        t.other,
        t.reserved,
        record.fragments,
        record.flags,
        r0,
        r1,
        r2,
        r3,
    ])
}

/// The profile of its first line.
pub(super) fn profile_of(line: &Line) -> ProfileRecord {
    let w: [u32; 16] = array::from_fn(|n| {
        let (low, high) = halves(line.0[n / 2]);
        u32::from_ne_bytes(if n % 2 == 0 { low } else { high })
    });
    ProfileRecord {
        services: w[0],
        new_flows: w[1],
        timeouts: Timeouts {
            tcp_handshake: w[2],
            tcp_established: w[3],
            tcp_closing: w[4],
            udp_unreplied: w[5],
            udp_replied: w[6],
            icmp: w[7],
            other: w[8],
            reserved: w[9],
        },
        fragments: w[10],
        flags: w[11],
        reserved: [w[12], w[13], w[14], w[15]],
    }
}

/// The second line of a profile.
pub(super) fn prefixes_line(prefixes: &ProfilePrefixes) -> Line {
    let lists = [
        prefixes.to_v4,
        prefixes.from_v4,
        prefixes.to_v6,
        prefixes.from_v6,
    ];
    Line(array::from_fn(|n| {
        u64::from_ne_bytes(array::from_fn(|byte| lists[n / 2][n % 2 * 8 + byte]))
    }))
}

/// The prefix lengths of a profile's second line.
pub(super) fn prefixes_of(line: &Line) -> ProfilePrefixes {
    let list = |first: usize| array::from_fn(|n| line.0[first + n / 8].to_ne_bytes()[n % 8]);
    ProfilePrefixes {
        to_v4: list(0),
        from_v4: list(2),
        to_v6: list(4),
        from_v6: list(6),
    }
}

/// A schedule.
pub(super) fn schedule_line(schedule: &Schedule) -> Line {
    let mut line = Line::default();
    line.0[0] = word_of(
        schedule.expires.to_ne_bytes(),
        schedule.begins.to_ne_bytes(),
    );
    let (pairs, _) = schedule.windows.as_chunks::<2>();
    let bytes = |window: Window| bytes4(window.start.to_ne_bytes(), window.end.to_ne_bytes());
    for (word, &[first, second]) in line.0[1..].iter_mut().zip(pairs) {
        *word = word_of(bytes(first), bytes(second));
    }
    line
}

/// The schedule of a line.
pub(super) fn schedule_of(line: &Line) -> Schedule {
    let (expires, begins) = halves(line.0[0]);
    Schedule {
        expires: u32::from_ne_bytes(expires),
        begins: u32::from_ne_bytes(begins),
        windows: array::from_fn(|n| {
            let (first, second) = halves(line.0[1 + n / 2]);
            let [a, b, c, d] = if n % 2 == 0 { first } else { second };
            Window {
                start: u16::from_ne_bytes([a, b]),
                end: u16::from_ne_bytes([c, d]),
            }
        }),
    }
}

/// A line of links.
pub(super) fn links_line(links: &[Link]) -> Line {
    pairs_line(links.iter().map(|link| (link.rule, link.schedule)))
}

/// The links of a line.
pub(super) fn links_of(line: &Line) -> [Link; 8] {
    line.0.map(|word| {
        let (rule, schedule) = halves(word);
        Link {
            rule: u32::from_ne_bytes(rule),
            schedule: u32::from_ne_bytes(schedule),
        }
    })
}

/// A line of changes of a zone.
pub(super) fn changes_line(changes: &[ZoneChange]) -> Line {
    pairs_line(changes.iter().map(|change| (change.at, change.shift)))
}

/// The changes of a line.
pub(super) fn changes_of(line: &Line) -> [ZoneChange; 8] {
    line.0.map(|word| {
        let (at, shift) = halves(word);
        ZoneChange {
            at: u32::from_ne_bytes(at),
            shift: u32::from_ne_bytes(shift),
        }
    })
}

fn pairs_line(pairs: impl Iterator<Item = (u32, u32)>) -> Line {
    let mut line = Line::default();
    for (word, (first, second)) in line.0.iter_mut().zip(pairs) {
        *word = word_of(first.to_ne_bytes(), second.to_ne_bytes());
    }
    line
}

fn words32(words: [u32; 16]) -> Line {
    Line(array::from_fn(|n| {
        word_of(words[2 * n].to_ne_bytes(), words[2 * n + 1].to_ne_bytes())
    }))
}

fn bytes4([a, b]: [u8; 2], [c, d]: [u8; 2]) -> [u8; 4] {
    [a, b, c, d]
}

/// The word whose first four bytes in memory are `first`.
fn word_of(first: [u8; 4], second: [u8; 4]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&first);
    bytes[4..].copy_from_slice(&second);
    u64::from_ne_bytes(bytes)
}

fn halves(word: u64) -> ([u8; 4], [u8; 4]) {
    let bytes = word.to_ne_bytes();
    let halves = bytes.as_chunks().0;
    (halves[0], halves[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_the_way_there_and_back() {
        let rules = RuleLine {
            protocol: 6,
            flags: 1,
            count: 7,
            more: 31,
            reserved: 0x0102_0304,
            ranges: array::from_fn(|n| PortRange {
                low: u16::try_from(n).unwrap(),
                high: 0x1234,
                rule: 0x89ab_cdef,
            }),
        };
        assert_eq!(rules_of(&rule_line(&rules)), rules);

        let device = DeviceRecord {
            profile: 1,
            generation: 0xdead_beef,
            wire: 0xffff,
            mode: 2,
            flags: 1,
            reserved: 7,
        };
        assert_eq!(device_of(device_words(&device)), device);

        let profile = ProfileRecord {
            services: 5,
            new_flows: 6,
            timeouts: Timeouts::DEFAULT,
            fragments: 7,
            flags: 1,
            reserved: [2, 3, 4, 5],
        };
        assert_eq!(profile_of(&profile_line(&profile)), profile);

        let prefixes = ProfilePrefixes {
            to_v4: array::from_fn(|n| u8::try_from(n).unwrap()),
            from_v4: array::from_fn(|n| u8::try_from(n + 16).unwrap()),
            to_v6: array::from_fn(|n| u8::try_from(n + 32).unwrap()),
            from_v6: array::from_fn(|n| u8::try_from(n + 48).unwrap()),
        };
        assert_eq!(prefixes_of(&prefixes_line(&prefixes)), prefixes);
    }

    /// Field offsets are those of `repr(C)`: what the kernel reads.
    #[test]
    fn bytes_stand_where_the_kernel_reads_them() {
        let line = rule_line(&RuleLine {
            protocol: 17,
            flags: 1,
            count: 1,
            more: 2,
            reserved: 0,
            ranges: [PortRange {
                low: 0x1122,
                high: 0x3344,
                rule: 0x5566_7788,
            }; 7],
        });
        assert_eq!(line.0[0].to_ne_bytes(), [17, 1, 1, 2, 0, 0, 0, 0]);
        let range = line.0[7].to_ne_bytes();
        assert_eq!(range[..2], 0x1122_u16.to_ne_bytes());
        assert_eq!(range[2..4], 0x3344_u16.to_ne_bytes());
        assert_eq!(range[4..], 0x5566_7788_u32.to_ne_bytes());

        let words = device_words(&DeviceRecord {
            profile: 3,
            generation: 4,
            wire: 5,
            mode: 6,
            flags: 7,
            reserved: 0,
        });
        assert_eq!(words[0].to_ne_bytes()[..4], 3_u32.to_ne_bytes());
        assert_eq!(words[0].to_ne_bytes()[4..], 4_u32.to_ne_bytes());
        assert_eq!(words[1].to_ne_bytes()[..2], 5_u16.to_ne_bytes());
        assert_eq!(words[1].to_ne_bytes()[2..], [6, 7, 0, 0, 0, 0]);
    }
}
