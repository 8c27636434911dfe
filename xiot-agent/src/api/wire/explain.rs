//! `explain`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Rule, Verdict};

/// A conversation somebody wonders about.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Name of the device; or `mac`.
    #[serde(default)]
    pub device: Option<String>,
    /// MAC of the device.
    #[serde(default)]
    pub mac: Option<String>,
    /// Who opens it: `device` or `peer`.
    pub initiator: String,
    /// The other side: a device, a peer set, an address, or a DNS name that the device was told.
    pub peer: String,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol's name or number.
    pub protocol: String,
    /// Port of the responder; ICMP: the type, as a name, `8` or `3/4`.
    #[serde(default)]
    pub port: Option<String>,
    /// VLAN, as `30` or `100.30`; `untagged`; absent: the device's.
    #[serde(default)]
    pub vlan: Option<String>,
    /// Wire; absent: the device's, or the first.
    #[serde(default)]
    pub wire: Option<String>,
    /// The device's own address; absent: the ones bound to it.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// When, as `2027-01-31T18:00Z`, or in the policy's time zone `2027-01-31T18:00`; absent: now.
    #[serde(default)]
    pub at: Option<String>,
}

/// What becomes of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Explanation {
    /// Who judged: `program` (the XDP program itself, on a scratch instance) or `oracle` (the reference evaluator).
    pub judge: String,
    /// Policy file.
    pub policy: String,
    /// The worst of `legs`.
    pub verdict: Verdict,
    /// One for each opening frame that was tried and each policy that has a say in it.
    pub legs: Vec<Leg>,
    /// What to know about the answer.
    pub notes: Vec<String>,
}

/// One opening frame under one device's policy.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Leg {
    /// Name of the device that was judged, or its MAC.
    pub device: String,
    /// Its profile.
    pub profile: Option<String>,
    /// Mode that decided.
    pub mode: String,
    /// Wire the frame came in on; null where wires have no names.
    pub wire: Option<String>,
    /// Side it came in at.
    pub side: String,
    /// VLAN.
    pub vlan: String,
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Protocol.
    pub protocol: String,
    /// What was asked of the responder: port, or ICMP type.
    pub port: Option<String>,
    /// What becomes of the frame.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The reason in a sentence.
    pub meaning: String,
    /// The rule that allows it.
    pub rule: Option<Rule>,
    /// Nearest misses: what would have been allowed, and where that is written.
    pub hints: Vec<String>,
}
