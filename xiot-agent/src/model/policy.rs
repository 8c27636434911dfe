//! The policy as people mean it: every name resolved, nothing of the kernel's tables.

use std::{collections::BTreeMap, net::IpAddr, ops::RangeInclusive, time::Duration};

use ipnetwork::IpNetwork;
use jiff::{civil::Date, tz::TimeZone};

use super::{gates::Gates, list::List, mud::Mud, times::Times};
pub use crate::unit::dns_name::DnsName;

/// Where something stands in a file: 1-based line and column.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A whole policy. Indices in it are positions in its own vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Path the policy was read from, as given.
    pub file: String,
    /// Mode of devices that are not listed, and of frames that belong to no device.
    pub onboarding: Mode,
    /// Where the local time is that windows of rules mean.
    pub time_zone: Option<TimeZone>,
    /// Days that count as Sundays in these windows, ascending.
    pub holidays: Vec<Date>,
    /// Times that have a name, in file order.
    pub calendars: Vec<Calendar>,
    /// Profile that devices which are not listed are judged by.
    pub default_profile: Option<usize>,
    /// Where the site's infrastructure is.
    pub services: Services,
    /// Addresses of hosts on the uplink side, which no device may use.
    pub uplink_addresses: Vec<IpAddr>,
    /// Named sets of peers.
    pub peer_sets: Vec<PeerSet>,
    /// Profiles in file order.
    pub profiles: List<Profile>,
    /// Devices in file order.
    pub devices: List<Device>,
    /// What abstractions of MUD files are here.
    pub mud: Mud,
    /// Which profile says what the maker of a profile's devices discloses, both by name. No part of what is allowed.
    pub disclosed: BTreeMap<String, String>,
    /// What has to be known of a device before it goes on to the next mode.
    pub gates: Gates,
}

/// Mode of a device.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Forward everything, record what the device does.
    Learn,
    /// Judge and count, forward all the same.
    Monitor,
    /// Judge and drop.
    #[default]
    Enforce,
}

/// Times that have a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// Its name.
    pub name: String,
    /// When it is in force; it has no end.
    pub times: Times,
    /// Where it is defined.
    pub at: Position,
}

/// Servers of the built-in services.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Services {
    /// Resolvers that service `dns` allows, and whose answers say which addresses a name has.
    pub dns: Vec<IpNetwork>,
    /// Time servers that service `ntp` allows.
    pub ntp: Vec<IpNetwork>,
    /// DHCP servers and relays; empty: any.
    pub dhcp: Vec<IpAddr>,
}

/// A named set of peers, with devices and groups already turned into the addresses bound to them.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerSet {
    /// Its name.
    pub name: String,
    /// Its addresses, as listed: may overlap.
    pub networks: Vec<IpNetwork>,
    /// Its DNS names.
    pub names: Vec<DnsName>,
    /// Where it is defined.
    pub at: Position,
}

/// An allow-list that devices of one kind share.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What a failure of such a device means.
    pub criticality: Option<Criticality>,
    /// ARP both ways.
    pub arp: bool,
    /// IPv6 neighbour discovery.
    pub nd: bool,
    /// DHCP and DHCPv6 as client.
    pub dhcp: bool,
    /// Idle timeouts of its flows.
    pub timeouts: Timeouts,
    /// How much its devices may do in one second.
    pub limits: Limits,
    /// What is allowed, in file order; rules that come from `services` (DNS, NTP) follow.
    pub rules: List<Rule>,
    /// Where it is defined.
    pub at: Position,
}

impl Profile {
    /// The same without rules.
    #[must_use]
    pub fn without_rules(&self) -> Self {
        Self {
            name: self.name.clone(),
            rules: List::default(),
            ..*self
        }
    }
}

/// What a failure of a device means for patients.
#[derive(
    Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Criticality {
    /// No effect on care.
    Low,
    /// Delays care.
    Medium,
    /// Harms care.
    High,
    /// Keeps a patient alive.
    LifeSustaining,
}

/// Idle timeouts of flows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    /// TCP from SYN until the handshake completes.
    pub tcp_handshake: Duration,
    /// TCP once established.
    pub tcp_established: Duration,
    /// TCP after FIN or RST.
    pub tcp_closing: Duration,
    /// UDP without a reply.
    pub udp_unreplied: Duration,
    /// UDP with one.
    pub udp_replied: Duration,
    /// ICMP echo.
    pub icmp: Duration,
    /// Every other protocol.
    pub other: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp_handshake: Duration::from_mins(1),
            tcp_established: Duration::from_hours(24),
            tcp_closing: Duration::from_secs(30),
            udp_unreplied: Duration::from_secs(30),
            udp_replied: Duration::from_mins(3),
            icmp: Duration::from_secs(30),
            other: Duration::from_mins(10),
        }
    }
}

/// What each device of a profile may do in one second.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Conversations that it may open, and as many that others may open to it.
    pub new_flows: u32,
    /// Fragmented datagrams from and to it.
    pub fragments: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            new_flows: 500,
            fragments: 512,
        }
    }
}

/// One allowed conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Number within the policy, from 1 in file order.
    pub id: u32,
    /// Who may open it.
    pub initiator: Initiator,
    /// The other side, by address.
    pub peers: Vec<IpNetwork>,
    /// The other side, by name: the addresses that the device was told these names have. Each once.
    pub names: Vec<DnsName>,
    /// What is allowed, any of these.
    pub clauses: Vec<Clause>,
    /// When it is in force.
    pub times: Times,
    /// The rule in one line, as a person would say it: `to pump-server tcp 3613`.
    pub label: String,
    /// Free text.
    pub note: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it stands.
    pub at: Position,
}

/// Who sends the first frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Initiator {
    /// The device (`to:`).
    Device,
    /// The other side (`from:`).
    Peer,
}

/// Protocol and service ports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Clause {
    /// Every protocol.
    Any,
    /// TCP to these ports of the responder.
    Tcp(Vec<RangeInclusive<u16>>),
    /// UDP to these ports of the responder.
    Udp(Vec<RangeInclusive<u16>>),
    /// ICMP in IPv4, by type.
    Icmp(Vec<IcmpType>),
    /// ICMPv6 in IPv6, by type.
    Icmpv6(Vec<IcmpType>),
    /// Another IP protocol, by number.
    Protocol(u8),
}

/// An ICMP type, with one code or all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IcmpType {
    /// Type.
    pub kind: u8,
    /// Code; none: every code.
    pub code: Option<u8>,
}

/// One asset.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Its MAC, bytes in transmission order.
    pub mac: [u8; 6],
    /// VLAN ids (outer, inner; 0: no tag) it must be on; none: any.
    pub vlan: Option<(u16, u16)>,
    /// Name of the wire it must be on; none: any.
    pub wire: Option<String>,
    /// Addresses bound to it; empty: any.
    pub addresses: Vec<IpAddr>,
    /// Its profile.
    pub profile: usize,
    /// Its mode.
    pub mode: Mode,
    /// Its criticality: its own or its profile's.
    pub criticality: Option<Criticality>,
    /// Where it is.
    pub location: Option<String>,
    /// Groups it belongs to.
    pub groups: Vec<String>,
    /// Where it is defined.
    pub at: Position,
}
