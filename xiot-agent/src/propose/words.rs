//! Lines of a proposal: rules as a policy has them, and what people need to know of each.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Group, Site, classes::Why, completeness::Completeness, directory::Peer, rules::Draft};
use crate::{
    learn::conversation::Initiator,
    unit::{icmp, port, protocol},
};

/// Devices that are named one by one.
const NAMED: usize = 3;

/// What all lines of a profile have in common.
#[derive(Debug)]
pub(super) struct Words<'s> {
    site: &'s Site<'s>,
    members: usize,
}

impl<'s> Words<'s> {
    pub(super) const fn new(site: &'s Site<'s>, group: &Group) -> Self {
        Self {
            site,
            members: group.members.len(),
        }
    }

    /// What stands above the lines of a profile.
    pub(super) fn heading(&self, known: &Completeness) -> String {
        let (observed, listed) = known.devices;
        let (share, high) = known.unseen;
        let gaps = if known.gaps.is_empty() {
            String::new()
        } else {
            let gaps: Vec<_> = known.gaps.iter().map(ToString::to_string).collect();
            format!("; never watched: {}", gaps.join(", "))
        };
        format!(
            "# Proposed {} from {observed} of {listed} devices in {} hours; not seen yet: {} (at most {}){gaps}",
            self.date(self.site.now.as_second().unsigned_abs()),
            known.watched,
            percent(share),
            percent(high),
        )
    }

    /// What stands above the rules of one device.
    pub(super) fn exception(&self, device: &str) -> String {
        format!(
            "# Only {device} does this, none of the other {}",
            self.members.saturating_sub(1)
        )
    }

    /// A rule, with its evidence above.
    pub(super) fn rule(&self, draft: &Draft) -> Vec<String> {
        let mut lines = vec![format!("# {}", self.evidence(draft))];
        if draft.is_rare {
            lines[0] = format!("# RARE, look at it: {}", self.evidence(draft));
        }
        for (peer, seen, of) in &draft.wider {
            let what = match peer {
                Peer::Group(_) => "devices",
                Peer::Set(_) | Peer::Device(_) | Peer::Name(_) | Peer::Network(_) => "addresses",
            };
            lines.push(format!(
                "# WIDER than seen: {seen} of {of} {what} of {peer}"
            ));
        }
        lines.push(format!("- {}", text(draft)));
        lines
    }

    /// A rule that a person has to make one, as a comment.
    pub(super) fn withheld(&self, draft: &Draft) -> Vec<String> {
        let why: Vec<_> = draft.why.iter().map(|why| self::why(*why)).collect();
        vec![
            format!("# WITHHELD, {}: {}", why.join(", "), self.evidence(draft)),
            format!("#- {}", text(draft)),
        ]
    }

    fn evidence(&self, draft: &Draft) -> String {
        let (first, last) = (self.date(draft.first), self.date(draft.last));
        let when = if first == last {
            format!("on {first}")
        } else {
            format!("{first} to {last}")
        };
        format!(
            "{} in {}, {when}, by {}",
            counted(draft.opened, "time"),
            counted(draft.hours.into(), "hour"),
            self.devices(&draft.devices)
        )
    }

    fn devices(&self, devices: &BTreeSet<String>) -> String {
        if devices.len() <= NAMED {
            let names: Vec<_> = devices.iter().map(String::as_str).collect();
            names.join(", ")
        } else if devices.len() == self.members {
            format!("all {} devices", devices.len())
        } else {
            format!("{} of {} devices", devices.len(), self.members)
        }
    }

    fn date(&self, second: u64) -> String {
        let second = i64::try_from(second).unwrap_or(i64::MAX);
        let time = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
        self.site.zone.to_datetime(time).date().to_string()
    }
}

/// A rule in one line.
fn text(draft: &Draft) -> String {
    let side = match draft.initiator {
        Initiator::Device => "to",
        Initiator::Peer => "from",
    };
    let peers: Vec<_> = draft.peers.iter().map(peer).collect();
    let mut parts = vec![format!("{side}: {}", list(&peers))];
    for (key, number) in [("tcp", 6), ("udp", 17)] {
        let ports: Vec<_> = draft
            .services
            .iter()
            .filter(|it| it.0 == number)
            .map(|it| it.1)
            .collect();
        if !ports.is_empty() {
            parts.push(format!("{key}: {}", list(&ranges(&ports))));
        }
    }
    for (key, number, family) in [
        ("icmp", 1, icmp::Family::V4),
        ("icmpv6", 58, icmp::Family::V6),
    ] {
        let types = draft.services.iter().filter(|it| it.0 == number);
        let types: BTreeSet<_> = types
            .map(|(_, port)| {
                let [kind, code] = port.to_be_bytes();
                // A request has one code; of what has several only that which was seen.
                family.format(kind, (!matches!(kind, 8 | 128)).then_some(code))
            })
            .collect();
        if !types.is_empty() {
            parts.push(format!(
                "{key}: {}",
                list(&types.into_iter().collect::<Vec<_>>())
            ));
        }
    }
    let others = draft
        .services
        .iter()
        .filter(|it| !matches!(it.0, 1 | 6 | 17 | 58));
    let others: Vec<_> = others.map(|it| protocol::format(it.0)).collect();
    if !others.is_empty() {
        parts.push(format!("protocol: {}", list(&others)));
    }
    format!("{{{}}}", parts.join(", "))
}

/// Ports in a row are a range; nothing between them that was not seen.
fn ranges(ports: &[u16]) -> Vec<String> {
    let mut ranges: Vec<std::ops::RangeInclusive<u16>> = Vec::new();
    for &port in ports {
        match ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(port) => *last = *last.start()..=port,
            _ => ranges.push(port..=port),
        }
    }
    ranges.iter().map(port::format).collect()
}

fn list(items: &[String]) -> String {
    match items {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// As a rule has it.
fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Set(name) => name.clone(),
        Peer::Group(name) => format!("{{group: {name}}}"),
        Peer::Device(name) => format!("{{device: {name}}}"),
        Peer::Name(name) => format!("{{dns: {name}}}"),
        Peer::Network(_) => {
            let text = peer.to_string();
            if text.contains(':') {
                format!("\"{text}\"")
            } else {
                text
            }
        }
    }
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::Mark(mark) => mark.meaning(),
        Why::ForeignServer => "not a server of this site",
        Why::Scattered => {
            "one of many ports that are used once each; a range needs the maker's word"
        }
    }
}

/// Thousandths as a percentage.
fn percent(thousandths: u32) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

fn counted(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
