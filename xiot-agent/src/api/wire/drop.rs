//! `drop`.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Rule, Verdict};

/// Which drops are wanted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DropsQuery {
    /// Go on with new ones as they come.
    pub follow: bool,
    /// Recent ones not older than this many seconds; none: all that are kept.
    pub since_seconds: Option<u64>,
    /// Name or MAC of the device.
    pub device: Option<String>,
    /// Reason by name.
    pub reason: Option<String>,
}

/// A frame that was dropped, or that only the mode let through. Rate-limited: counters are the truth, drops are examples.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Drop {
    /// Counts the drops that the agent was told of, from 1.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Wire of ingress.
    pub wire: String,
    /// Side of ingress: `device` or `uplink`.
    pub side: String,
    /// `dropped` or `would_drop`.
    pub verdict: Verdict,
    /// Mode that decided.
    pub mode: String,
    /// Why.
    pub reason: String,
    /// The reason in a sentence.
    pub meaning: String,
    /// Device it was judged for; null: not listed, or none.
    pub device: Option<String>,
    /// Source MAC.
    pub src_mac: String,
    /// Destination MAC.
    pub dst_mac: String,
    /// VLAN, as `30` or `100.30`; `untagged`.
    pub vlan: String,
    /// `ipv4`, `ipv6`, `arp` or `0x88cc`.
    pub ethertype: String,
    /// `tcp`, `udp`, `icmp`, `icmpv6` or a number; null: not parsed so far.
    pub protocol: Option<String>,
    /// Source address; null: not parsed so far.
    pub src: Option<IpAddr>,
    /// Source port; ICMP echo: the identifier.
    pub src_port: Option<u16>,
    /// Destination address.
    pub dst: Option<IpAddr>,
    /// Destination port.
    pub dst_port: Option<u16>,
    /// ICMP: type, and code.
    pub icmp: Option<(u8, u8)>,
    /// TCP flags as letters of `FSRPAU`.
    pub tcp_flags: Option<String>,
    /// Length of the frame in bytes, without FCS.
    pub length: u32,
    /// Rule that was involved.
    pub rule: Option<Rule>,
    /// Drops of the same sender that were held back before this one.
    pub suppressed: u64,
}
