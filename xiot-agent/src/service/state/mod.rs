//! Snapshots: what the service knows, as plain values for the surfaces (API, metrics). No handle into the
//! kernel, no lock, no lazy part.

mod binding;
mod decision;
mod device;
mod drop;
mod flow;
mod health;
mod learned;
mod load;
mod named;
mod observed;
mod reload;
mod status;
pub mod words;

pub use binding::{Binding, BindingFilter, BoundBy};
pub use decision::{Decided, Decision, FellBack};
pub use device::{Device, DeviceTotal, Traffic};
pub use drop::{Drop, Endpoint};
pub use flow::{Flow, FlowFilter, Opener, Stage};
pub use health::Health;
pub use learned::{Learned, LearnedConversation, LearnedDevice, LearnedLevels};
pub use load::{Adoption, Refusal, Reloads};
pub use named::{Named, NamedDevices, NamedFilter};
pub use observed::{Observed, ObservedFilter, Selected};
pub use reload::{Changes, Mark, Reloaded, RuleChanges};
pub use status::{
    Agent, AuditInfo, Bindings, CalendarState, EventTotals, FrameTotal, Gauge, Modes, PolicyInfo,
    Port, ProfileTotals, RevisionInfo, Status, Verdict, Wire,
};

pub use xiot_common::{port::Side, reason::Reason};

pub use crate::model::{
    gateway::DeviceSeries,
    policy::{Criticality, Mode},
};

/// A MAC address, bytes in transmission order.
pub type MacBytes = [u8; 6];

/// VLAN ids of a frame, outermost first; 0: no tag.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Vlans {
    /// First tag.
    pub outer: u16,
    /// Second tag.
    pub inner: u16,
}

impl From<(u16, u16)> for Vlans {
    fn from((outer, inner): (u16, u16)) -> Self {
        Self { outer, inner }
    }
}

/// A rule as people find it again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleRef {
    /// Number within the policy, from 1.
    pub id: u32,
    /// The rule in one line.
    pub label: String,
    /// Policy file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u32,
}
