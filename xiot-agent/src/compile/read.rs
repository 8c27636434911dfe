//! Reads an image as the data path does: the same tables in the same order, without a kernel.

use std::net::IpAddr;

use xiot_common::{
    addr::{Mac, Vlans},
    capacity::MAX_LINES_PER_SET,
    device::{ANY_VLAN, ANY_WIRE, DeviceId, DeviceRecord, device_key},
    image::Line,
    name::{NAME_V4, NAME_V6, name_key},
    profile::{LINES_PER_PROFILE, NO_PREFIX, PrefixLengths, ProfilePrefixes, ProfileRecord},
    reason::Reason,
    rule::{LINE_ANY_PROTOCOL, RuleId, RuleLine},
    schedule::{CHAIN, MAX_LINKS},
    slot::SLOT_VLAN_DEVICES,
    table::{find2, find3, is_full, mask4, mask6, peer4_key, peer6_key, scope},
};

use crate::model::policy::{DnsName, Initiator};

use super::{
    address::Address as _,
    encode::{self, RECORDS_PER_LINE},
    ids::Scopes,
    image::Image,
    names,
};

const TCP: u8 = 6;
const UDP: u8 = 17;
const MINUTES_OF_WEEK: u64 = 7 * 24 * 60;

/// An image that answers questions.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    image: &'a Image,
}

/// A frame that would open a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Opening {
    /// Who sends it.
    pub initiator: Initiator,
    /// The address that is not the device's.
    pub peer: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Destination port; ICMP: `type << 8 | code`; 0 for protocols without ports.
    pub port: u16,
    /// Source port of TCP and UDP.
    pub source_port: u16,
}

/// What the rules say of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ruling {
    /// [`Reason::AllowedRule`] or the nearest miss.
    pub reason: Reason,
    /// The rule that allows it, or 0.
    pub rule: RuleId,
}

impl<'a> Reader<'a> {
    /// A reader of this image.
    pub const fn new(image: &'a Image) -> Self {
        Self { image }
    }

    /// The device with this MAC on these VLANs, or 0. One filed under the VLANs wins over one filed under any.
    pub fn device(&self, mac: Mac, vlans: Vlans) -> DeviceId {
        if self.image.header.flags & SLOT_VLAN_DEVICES != 0 {
            let id = self.find_device(mac, vlans);
            if id != 0 {
                return id;
            }
        }
        self.find_device(mac, ANY_VLAN)
    }

    /// The record of a device.
    pub fn record(&self, device: DeviceId) -> Option<DeviceRecord> {
        let header = &self.image.header;
        if device == 0 || device > header.device_count {
            return None;
        }
        let device = device as usize;
        let line = header.device_records as usize + device / RECORDS_PER_LINE;
        let first = device % RECORDS_PER_LINE * 2;
        let words = &self.image.lines.get(line)?.0;
        Some(encode::device_of([words[first], words[first + 1]]))
    }

    /// Services, timeouts and limits of a profile.
    pub fn profile(&self, profile: u32) -> Option<ProfileRecord> {
        self.line(self.profile_line(profile))
            .map(encode::profile_of)
    }

    /// Prefix lengths of a profile.
    pub fn prefixes(&self, profile: u32) -> Option<ProfilePrefixes> {
        self.line(self.profile_line(profile) + 1)
            .map(encode::prefixes_of)
    }

    /// Whether the address is one of the device's.
    pub fn is_bound(&self, device: DeviceId, addr: IpAddr) -> bool {
        self.find_address(scope::binding(device), addr)
    }

    /// Whether the address is listed for a device that is on this wire and these VLANs, and for none there that has this MAC.
    pub fn is_others(&self, addr: IpAddr, mac: Mac, wire: u16, vlans: Vlans) -> bool {
        let listed = [wire, ANY_WIRE].into_iter().any(|wire| {
            [vlans, ANY_VLAN]
                .into_iter()
                .any(|vlans| self.find_address(scope::owned(wire, vlans), addr))
        });
        let own = [vlans, ANY_VLAN].into_iter().any(|vlans| {
            let id = self.find_device(mac, vlans);
            let record = self.record(id);
            record.is_some_and(|record| record.wire == ANY_WIRE || record.wire == wire)
                && self.is_bound(id, addr)
        });
        listed && !own
    }

    /// Whether the address is a DHCP server's.
    pub fn is_dhcp_server(&self, addr: IpAddr) -> bool {
        self.find_address(scope::DHCP_SERVER, addr)
    }

    /// Whether the address is one of the uplink.
    pub fn is_of_uplink(&self, addr: IpAddr) -> bool {
        self.find_address(scope::UPLINK, addr)
    }

    /// What the rules of a profile say of the frame (docs/judgement.md, 6.3)
    /// at this second (UTC).
    pub fn judge(&self, profile: u32, frame: &Opening, at: u32) -> Ruling {
        let denied = |reason| Ruling { reason, rule: 0 };
        let Some(prefixes) = self.prefixes(profile) else {
            return denied(Reason::NoPeer);
        };
        let (to, from) = match frame.peer {
            IpAddr::V4(_) => (prefixes.to_v4, prefixes.from_v4),
            IpAddr::V6(_) => (prefixes.to_v6, prefixes.from_v6),
        };
        let scopes = Scopes::of(profile);
        let (own, other) = match frame.initiator {
            Initiator::Device => ((scopes.to, to), (scopes.from, from)),
            Initiator::Peer => ((scopes.from, from), (scopes.to, to)),
        };

        let set = self.longest(own, frame.peer);
        let opposite = self.longest(other, frame.peer);
        self.rule(set, opposite, frame, at)
    }

    /// The same where the peer is asked about as this name that its address has.
    pub fn judge_named(&self, profile: u32, frame: &Opening, name: &DnsName, at: u32) -> Ruling {
        let scopes = Scopes::of(profile);
        let (own, other) = match frame.initiator {
            Initiator::Device => (scopes.names_to, scopes.names_from),
            Initiator::Peer => (scopes.names_from, scopes.names_to),
        };
        let part = if frame.peer.is_ipv4() {
            NAME_V4
        } else {
            NAME_V6
        };
        let find = |scope| match self.find_name(scope, name, part) {
            0 => None,
            payload => Some(self.image.header.rule_lines + payload - 1),
        };
        self.rule(find(own), find(other), frame, at)
    }

    /// Whether the policy lists the name.
    pub fn has_name(&self, name: &DnsName) -> bool {
        let payload = self.find_name(scope::NAMES, name, 0);
        let first = self.image.header.names + payload.saturating_sub(1);
        let lines = (first..).map_while(|line| self.line(line));
        let bytes = lines
            .flat_map(|line| line.0.map(u64::to_ne_bytes))
            .flatten();
        let wire = name.wire();
        payload != 0 && bytes.take(wire.len()).eq(wire)
    }

    /// Whether the address is a DNS server's.
    pub fn is_dns_server(&self, addr: IpAddr) -> bool {
        let header = &self.image.header;
        let lengths = match addr {
            IpAddr::V4(_) => header.dns_v4,
            IpAddr::V6(_) => header.dns_v6,
        };
        let mut used = lengths.into_iter().take_while(|&it| it != NO_PREFIX);
        used.any(|length| self.find_peer(scope::DNS_SERVER, addr, length) != 0)
    }

    fn find_name(&self, scope: u32, name: &DnsName, part: u64) -> u32 {
        let key = name_key(scope, names::hash(name), part);
        let lines = self.image.header.peers_v6.lines3(key);
        self.either(lines, |line| find3(line, key))
    }

    /// What one rule set says of the frame, and the one of the other direction.
    fn rule(&self, set: Option<u32>, opposite: Option<u32>, frame: &Opening, at: u32) -> Ruling {
        let denied = |reason| Ruling { reason, rule: 0 };
        let rule = set.and_then(|set| self.scan(set, frame.protocol, &[frame.port]));
        if let Some(rule) = rule {
            return match self.in_force(rule, at) {
                Some(rule) => Ruling {
                    reason: Reason::AllowedRule,
                    rule,
                },
                None => denied(Reason::RuleNotInForce),
            };
        }
        let ports = match frame.protocol {
            TCP | UDP => [frame.port, frame.source_port],
            _ => [frame.port; 2],
        };
        if opposite.is_some_and(|set| self.scan(set, frame.protocol, &ports).is_some()) {
            return denied(Reason::WrongDirection);
        }
        denied(match set {
            Some(set) if self.has_protocol(set, frame.protocol) => Reason::NoPort,
            Some(_) => Reason::NoProtocol,
            None => Reason::NoPeer,
        })
    }

    /// The rule, or the first of a chain that is in force.
    fn in_force(&self, rule: RuleId, at: u32) -> Option<RuleId> {
        if rule & CHAIN == 0 {
            return Some(rule);
        }
        let first = self.image.header.chains + (rule & !CHAIN);
        let links = (first..).map_while(|line| self.line(line));
        links
            .flat_map(encode::links_of)
            .take(MAX_LINKS as usize)
            .find(|link| link.schedule == 0 || self.is_in(link.schedule - 1, at))
            .map(|link| link.rule)
            .filter(|&rule| rule != 0)
    }

    fn is_in(&self, schedule: u32, at: u32) -> bool {
        let line = self.line(self.image.header.schedules + schedule);
        let Some(schedule) = line.map(encode::schedule_of) else {
            return false;
        };
        if at < schedule.begins || schedule.expires != 0 && at >= schedule.expires {
            return false;
        }
        let minute = self.minute(at);
        let mut windows = schedule.windows.iter().take_while(|it| it.end != 0);
        schedule.windows[0].end == 0
            || windows.any(|window| {
                [minute, minute + MINUTES_OF_WEEK]
                    .iter()
                    .any(|minute| (window.start.into()..window.end.into()).contains(minute))
            })
    }

    /// Minute of the week in local time.
    fn minute(&self, at: u32) -> u64 {
        let header = &self.image.header;
        let changes = (0..header.zone_changes).filter_map(|n| {
            let line = self.line(header.zone + n / 8)?;
            Some(encode::changes_of(line)[n as usize % 8])
        });
        let last = changes.take_while(|change| change.at <= at).last();
        let shift = last.map_or(0, |change| change.shift);
        (u64::from(at) + u64::from(shift)) / 60 % MINUTES_OF_WEEK
    }

    fn line(&self, line: u32) -> Option<&'a Line> {
        self.image.lines.get(line as usize)
    }

    const fn profile_line(&self, profile: u32) -> u32 {
        self.image.header.profiles + profile * LINES_PER_PROFILE
    }

    fn find_device(&self, mac: Mac, vlans: Vlans) -> DeviceId {
        let key = device_key(mac, vlans);
        let lines = self.image.header.devices.lines2(key);
        self.either(lines, |line| find2(line, key))
    }

    /// What is filed under a network of exactly this length, or 0.
    fn find_peer(&self, scope: u32, addr: IpAddr, prefix: u8) -> u32 {
        let header = &self.image.header;
        match addr {
            IpAddr::V4(v4) => {
                let key = peer4_key(scope, mask4(v4.to_bits(), prefix), prefix);
                self.either(header.peers_v4.lines2(key), |line| find2(line, key))
            }
            IpAddr::V6(v6) => {
                let (high, low) = v6.to_bits().halves();
                let (high, low) = mask6(high, low, prefix);
                let key = peer6_key(scope, high, low, prefix);
                self.either(header.peers_v6.lines3(key), |line| find3(line, key))
            }
        }
    }

    fn either(&self, (first, second): (u32, u32), find: impl Fn(&Line) -> u32) -> u32 {
        let Some(line) = self.line(first) else {
            return 0;
        };
        match find(line) {
            0 if is_full(line) => self.line(second).map_or(0, &find),
            payload => payload,
        }
    }

    fn find_address(&self, scope: u32, addr: IpAddr) -> bool {
        let full = if addr.is_ipv4() { 32 } else { 128 };
        self.find_peer(scope, addr, full) != 0
    }

    /// First line of the rule set of the longest prefix that contains the address.
    fn longest(&self, (scope, lengths): (u32, PrefixLengths), addr: IpAddr) -> Option<u32> {
        lengths
            .into_iter()
            .take_while(|&length| length != NO_PREFIX)
            .map(|length| self.find_peer(scope, addr, length))
            .find(|&payload| payload != 0)
            .map(|payload| self.image.header.rule_lines + payload - 1)
    }

    fn set(&self, first: u32) -> impl Iterator<Item = RuleLine> {
        let mut left = true;
        (first..)
            .take(MAX_LINES_PER_SET)
            .map_while(|line| self.line(line))
            .map(encode::rules_of)
            .take_while(move |line| std::mem::replace(&mut left, line.more != 0))
    }

    /// The rule that allows one of the ports: the protocol's lines come before the line for any.
    fn scan(&self, set: u32, protocol: u8, ports: &[u16]) -> Option<RuleId> {
        self.set(set)
            .filter(|line| line.flags & LINE_ANY_PROTOCOL != 0 || line.protocol == protocol)
            .flat_map(|line| line.ranges.into_iter().take(line.count.into()))
            .find(|range| {
                ports
                    .iter()
                    .any(|port| (range.low..=range.high).contains(port))
            })
            .map(|range| range.rule)
    }

    fn has_protocol(&self, set: u32, protocol: u8) -> bool {
        self.set(set)
            .any(|line| line.flags & LINE_ANY_PROTOCOL == 0 && line.protocol == protocol)
    }
}
