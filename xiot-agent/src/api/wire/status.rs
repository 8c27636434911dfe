//! `status`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Decided, Revision, Traffic};

/// The gateway as a whole.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Status {
    /// The agent that answers.
    pub agent: Agent,
    /// The policy in force.
    pub policy: Policy,
    /// Calendars of the policy, in file order.
    pub calendars: Vec<Calendar>,
    /// Wires in file order.
    pub wires: Vec<Wire>,
    /// Listed devices by mode.
    pub devices: Modes,
    /// Devices that sent a frame into a device port, forwarded or dropped, and are not listed.
    pub unlisted_devices: u64,
    /// Such devices that are no longer counted: too many were refused to remember them all.
    pub unlisted_devices_forgotten: u64,
    /// Flows that both sides spoke in.
    pub flows: Gauge,
    /// Flows that only one side spoke in.
    pub half_open: Gauge,
    /// Observed conversations.
    pub observed: Gauge,
    /// Addresses bound to MACs.
    pub bindings: Bindings,
    /// Listed devices that were told addresses of DNS names.
    pub named_devices: Gauge,
    /// Such addresses, of all devices.
    pub named_addresses: u64,
    /// Copies of messages that say what devices are or were told.
    pub copies: Events,
    /// Messages that the agent took of them since it started, by kind: `dns`, `dhcp`, `dhcpv6`, `lldp`.
    pub messages_heard: BTreeMap<String, u64>,
    /// Devices of which anything was learned.
    pub learned_devices: Gauge,
    /// Their conversations.
    pub learned_conversations: Gauge,
    /// Bytes of the event ring that are not taken out yet.
    pub event_ring: Gauge,
    /// Events.
    pub events: Events,
    /// Frames that were seen, by wire, side, verdict and reason.
    pub frames: Vec<Frames>,
    /// What is decided about single devices.
    pub decisions: Vec<Decided>,
    /// Enforced devices that a change is on probation for: what they need and lose by it has them fall back to mode monitor.
    pub on_probation: u64,
    /// How often devices fell back under this agent.
    pub falls: u64,
    /// Listed devices summed up by profile.
    pub profiles: Vec<Profile>,
    /// Why what is learned is not kept; null: all is well.
    pub learning_trouble: Option<String>,
}

/// Addresses bound to the MACs of devices.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bindings {
    /// By lease.
    pub leases: u64,
    /// By use.
    pub uses: u64,
    /// Room for all.
    pub capacity: u64,
}

/// The process.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Agent {
    /// Version of the agent.
    pub version: String,
    /// Version of the layouts it shares with the kernel.
    pub abi: u32,
    /// Process id.
    pub pid: u32,
    /// When it started.
    pub started: Timestamp,
    /// What became of what the agent before it kept.
    pub adoption: Adoption,
    /// What went wrong within since it started, by kind; without what did not.
    pub errors: BTreeMap<String, u64>,
}

/// What became of conversations, counters and what was observed under the agent before.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Adoption {
    /// `kept`, `first` or `anew`.
    pub outcome: String,
    /// Why they began anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The policy in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Policy {
    /// File it was read from.
    pub file: String,
    /// SHA-256 of its image in hexadecimal.
    pub digest: String,
    /// When it was compiled.
    pub compiled_at: Timestamp,
    /// Its number.
    pub revision: u64,
    /// Counts everything that made the program judge conversations again.
    pub epoch: u32,
    /// When it was put in force.
    pub applied_at: Timestamp,
    /// Reloads since the agent started.
    pub reloads: Reloads,
    /// Mode of devices that are not listed.
    pub onboarding: String,
    /// Devices listed.
    pub devices: u32,
    /// Devices that there is room for.
    pub device_capacity: u32,
    /// Profiles.
    pub profiles: u32,
    /// Rules.
    pub rules: u32,
    /// Rules that there is room for.
    pub rule_capacity: u32,
    /// Size of the image.
    pub image_bytes: Gauge,
    /// The revision in force as it is kept; null: nobody knows where it comes from, or it came in force this moment.
    pub kept: Option<Revision>,
    /// Until when it is on trial; null: it stays.
    pub on_trial_until: Option<Timestamp>,
    /// The files are others than when it was put in force, or can't be read, and were not loaded.
    pub files_changed: bool,
    /// Why revisions are not kept, or what was damaged of them; null: all is well.
    pub revisions_trouble: Option<String>,
    /// The audit log.
    pub audit: Audit,
}

/// A calendar of the policy.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Calendar {
    /// Name.
    pub name: String,
    /// Whether it is in force.
    pub in_force: bool,
    /// When that changes next; null: not for a year at least.
    pub changes: Option<Timestamp>,
}

/// The audit log of changes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Audit {
    /// Entries; null: nothing can be written.
    pub entries: Option<u64>,
    /// SHA-256 of the last one's line in hexadecimal.
    pub head: Option<String>,
    /// What is wrong with it; null: all is well.
    pub trouble: Option<String>,
}

/// How reloads ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reloads {
    /// Another policy was put in force.
    pub applied: u64,
    /// The files said nothing new.
    pub unchanged: u64,
    /// The files could not be used.
    pub refused: u64,
    /// When files were last loaded or refused; the start counts.
    pub last_attempt: Timestamp,
    /// When files were last loaded; the start counts.
    pub last_success: Timestamp,
    /// How long the last reload took.
    pub took_seconds: Option<f64>,
    /// Set where the files as they were read last were refused.
    pub refusal: Option<RefusedFiles>,
}

/// Files that were refused, while the policy before them stays in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RefusedFiles {
    /// When.
    pub at: Timestamp,
    /// Why, in one line.
    pub why: String,
}

/// A pair of ports; a segment of the router, or an uplink of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Wire {
    /// Name; of a router uplink `router:` and its interface.
    pub name: String,
    /// Port towards the devices; null for a router uplink.
    pub device: Option<Port>,
    /// Port towards the rest of the network; null for a segment of the router.
    pub uplink: Option<Port>,
    /// What it does without the program: `closed`, nothing passes; `open`, everything does; null: the kernel routes.
    pub fail: Option<String>,
    /// What is not as that wants it; null: all is well.
    pub fail_trouble: Option<String>,
}

/// An interface under XDP.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Port {
    /// Name of the interface.
    pub interface: String,
    /// Its index.
    pub ifindex: u32,
    /// How the program was attached: `native` or `generic`.
    pub xdp: String,
    /// Whether it still is.
    pub attached: bool,
    /// Whether the interface and the other end of its cable are up.
    pub carrier: bool,
}

/// Number of devices by mode.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Modes {
    /// In mode enforce.
    pub enforce: u64,
    /// In mode monitor.
    pub monitor: u64,
    /// In mode learn.
    pub learn: u64,
}

/// A level.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Gauge {
    /// In use.
    pub used: u64,
    /// At most.
    pub capacity: u64,
}

/// What became of events.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Events {
    /// Written to the ring.
    pub sent: u64,
    /// Held back by a budget.
    pub suppressed: u64,
    /// Lost because the ring was full.
    pub lost: u64,
}

/// Frames that met one fate for one reason.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the key is what is counted")]
pub struct Frames {
    /// Wire.
    pub wire: String,
    /// Side they came in at: `device` or `uplink`.
    pub side: String,
    /// What was done.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Frames.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was, or would be, done with a frame.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Allowed.
    Forwarded,
    /// Denied by policy, forwarded because of the mode.
    WouldDrop,
    /// Dropped.
    Dropped,
}

impl Verdict {
    /// As a person says it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::WouldDrop => "would drop",
            Self::Dropped => "dropped",
        }
    }
}

/// The listed devices of a profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Profile {
    /// Name.
    pub name: String,
    /// What a failure of its most critical device means.
    pub criticality: Option<String>,
    /// Devices by mode.
    pub devices: Modes,
    /// Their traffic.
    pub traffic: Traffic,
    /// Conversations its rules opened.
    pub rule_hits: u64,
}
