//! The gateway as a whole: agent, policy, ports, totals.

use jiff::Timestamp;

use xiot_common::reason::Class;

use super::{
    Adoption, Criticality, Decided, LearnedLevels, Mode, NamedDevices, Reason, Reloads, Side,
    Traffic,
};
use crate::{
    service::faults::Fault,
    store::{Record, audit::Place},
};

/// Everything about the gateway that is not about one device or flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The agent that answers.
    pub agent: Agent,
    /// The policy in force.
    pub policy: PolicyInfo,
    /// Calendars of the policy, in file order.
    pub calendars: Vec<CalendarState>,
    /// Wires in file order.
    pub wires: Vec<Wire>,
    /// Listed devices by mode.
    pub devices: Modes,
    /// Devices that sent a frame into a device port and are not listed.
    pub unlisted: u64,
    /// Such devices that are no longer counted, for want of room.
    pub unlisted_forgotten: u64,
    /// Flows in the table, at the last sweep.
    pub flows: Gauge,
    /// Half-open flows in theirs, likewise.
    pub half_open: Gauge,
    /// Observed conversations, at the last sweep.
    pub observed: Gauge,
    /// Addresses bound to MACs, at the last sweep.
    pub bindings: Bindings,
    /// Addresses with DNS names.
    pub named: NamedDevices,
    /// What became of copies of messages, also under earlier agents.
    pub copies: EventTotals,
    /// Messages that this agent took of them, by kind.
    pub heard: Vec<(&'static str, u64)>,
    /// What was learned.
    pub learned: LearnedLevels,
    /// Bytes of the event ring that are not taken out yet.
    pub event_ring: Gauge,
    /// The event ring's bookkeeping, also under earlier agents whose tables go on.
    pub events: EventTotals,
    /// Frames by wire, side, verdict and reason; those without a frame included.
    pub frames: Vec<FrameTotal>,
    /// What is decided about single devices, by MAC.
    pub decisions: Vec<Decided>,
    /// Enforced devices that a change is on probation for: what they need and lose by it has them fall back to mode monitor.
    pub on_probation: u64,
    /// How often devices fell back under this agent.
    pub falls: u64,
    /// Traffic of listed devices by profile, in file order.
    pub profiles: Vec<ProfileTotals>,
    /// Why what is learned can't be kept.
    pub learning_trouble: Option<String>,
}

/// The process.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// Version of the agent.
    pub version: &'static str,
    /// Version of the layouts it shares with the kernel.
    pub abi: u32,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started: Timestamp,
    /// What became of what the agent before it kept.
    pub adoption: Adoption,
    /// What went wrong within, and how often.
    pub faults: Vec<(Fault, u64)>,
}

/// The policy in force.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyInfo {
    /// File it was read from.
    pub file: String,
    /// SHA-256 of its image.
    pub digest: [u8; 32],
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
    pub onboarding: Mode,
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
    /// Bytes of the image and of the slot it lies in.
    pub image_bytes: Gauge,
    /// What is kept of it.
    pub revisions: RevisionInfo,
}

/// A calendar at this moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CalendarState {
    /// Its name.
    pub name: String,
    /// Whether it is in force.
    pub in_force: bool,
    /// When that changes; none: it stays, for a year at least.
    pub changes: Option<Timestamp>,
}

/// The revision in force, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RevisionInfo {
    /// Who put it there, when and why; none: nobody knows.
    pub in_force: Option<Record>,
    /// Until when it is on trial; none: it stays.
    pub trial: Option<Timestamp>,
    /// Why revisions are not kept, or what became of those before; none: all is well.
    pub trouble: Option<String>,
    /// The files are others than when it was put there, or can't be read, and were not loaded.
    pub files_changed: bool,
    /// What is noted of changes.
    pub audited: AuditInfo,
}

/// The audit log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditInfo {
    /// Its last entry; none: nothing can be written.
    pub head: Option<Place>,
    /// What is wrong with it; none: all is well.
    pub trouble: Option<String>,
}

/// Addresses bound to MACs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bindings {
    /// By lease.
    pub leases: u64,
    /// By use.
    pub uses: u64,
    /// Room for all.
    pub capacity: u64,
}

/// A pair of ports; a segment of the router, or an uplink of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wire {
    /// Its name; of a router uplink `router:` and its interface.
    pub name: String,
    /// Port towards the devices; a router uplink has none.
    pub device: Option<Port>,
    /// Port towards the rest of the network; a segment has none.
    pub uplink: Option<Port>,
    /// What it does without the program, `closed` or `open`; none: the kernel routes, which is for others to say.
    pub fail: Option<&'static str>,
    /// What is not as that wants it; none: all is well.
    pub fail_trouble: Option<String>,
}

/// An interface under XDP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Port {
    /// Name of the interface.
    pub interface: String,
    /// Its index.
    pub ifindex: u32,
    /// How the program was attached: `native` or `generic`.
    pub xdp: &'static str,
    /// Whether it still is.
    pub attached: bool,
    /// Whether the interface and the other end of its cable are up.
    pub carrier: bool,
}

/// A number of devices for each mode.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Modes {
    /// In mode learn.
    pub learn: u64,
    /// In mode monitor.
    pub monitor: u64,
    /// In mode enforce.
    pub enforce: u64,
}

impl Modes {
    /// Counts one more device of this mode.
    pub const fn add(&mut self, mode: Mode) {
        match mode {
            Mode::Learn => self.learn += 1,
            Mode::Monitor => self.monitor += 1,
            Mode::Enforce => self.enforce += 1,
        }
    }

    /// Each mode with its number.
    pub const fn each(self) -> [(Mode, u64); 3] {
        [
            (Mode::Learn, self.learn),
            (Mode::Monitor, self.monitor),
            (Mode::Enforce, self.enforce),
        ]
    }
}

/// A level and what it may reach.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Gauge {
    /// In use.
    pub used: u64,
    /// At most.
    pub capacity: u64,
}

/// What became of records that the program writes to a ring: events, or copies of messages.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct EventTotals {
    /// Written to the ring.
    pub sent: u64,
    /// Held back by a budget.
    pub suppressed: u64,
    /// Lost because the ring was full.
    pub lost: u64,
}

/// What was done with a frame.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Verdict {
    /// Allowed and forwarded.
    Forwarded,
    /// Denied by policy, forwarded because of the mode.
    WouldDrop,
    /// Dropped.
    Dropped,
}

impl Verdict {
    /// What a frame with this reason met.
    pub const fn of(reason: Reason, dropped: bool) -> Self {
        if dropped {
            return Self::Dropped;
        }
        match reason.class() {
            Class::Allowed => Self::Forwarded,
            Class::Denied | Class::Malformed | Class::Gateway => Self::WouldDrop,
        }
    }

    /// Name used in metrics, tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::WouldDrop => "would_drop",
            Self::Dropped => "dropped",
        }
    }
}

/// Frames that came in at one side of a wire and met one fate for one reason.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FrameTotal {
    /// Position of the wire in [`Status::wires`].
    pub wire: usize,
    /// Side of ingress.
    pub side: Side,
    /// What was done.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Frames.
    pub frames: u64,
    /// Their bytes, without FCS.
    pub bytes: u64,
}

/// Sums over the listed devices of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileTotals {
    /// Name of the profile.
    pub profile: String,
    /// How much hangs on the most critical of its devices; none where nothing is said.
    pub criticality: Option<Criticality>,
    /// Its devices by mode.
    pub devices: Modes,
    /// Their traffic.
    pub traffic: Traffic,
    /// Hits of the profile's rules: conversations opened.
    pub rule_hits: u64,
}
