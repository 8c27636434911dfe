//! One frame that was dropped, or that only the mode let through.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{MacBytes, Mode, Reason, RuleRef, Side, Vlans};

/// A drop as an event told it. Events are rate-limited: counters are the truth, drops are examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Drop {
    /// Counts the drops that the agent was told of, from 1.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Wire of ingress.
    pub wire: String,
    /// Side of ingress.
    pub side: Side,
    /// Whether the frame was dropped; else the mode let it through.
    pub dropped: bool,
    /// Mode that decided.
    pub mode: Mode,
    /// Why.
    pub reason: Reason,
    /// Name of the device it was judged for; none: not listed, or no device.
    pub device: Option<String>,
    /// Source MAC.
    pub src_mac: MacBytes,
    /// Destination MAC.
    pub dst_mac: MacBytes,
    /// VLANs.
    pub vlans: Vlans,
    /// EtherType after the tags.
    pub ethertype: u16,
    /// IP protocol number; 0 where there is none.
    pub protocol: u8,
    /// Source; none where the frame was not parsed so far.
    pub src: Option<Endpoint>,
    /// Destination.
    pub dst: Option<Endpoint>,
    /// TCP flags, low six bits FIN to URG.
    pub tcp_flags: u8,
    /// Length of the frame in bytes, without FCS.
    pub length: u32,
    /// The rule that was involved.
    pub rule: Option<RuleRef>,
    /// Drops of the same sender that were held back before this one.
    pub suppressed: u64,
}

/// An address with its port. ICMP echo has its identifier as source port and `type << 8 | code` as destination port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// Address.
    pub address: IpAddr,
    /// Port; 0 where there is none.
    pub port: u16,
}
