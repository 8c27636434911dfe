//! The kernel side of the agent: loads the XDP program, fills its maps, attaches it to ports and pins it so that
//! the death of the agent changes nothing.
//!
//! Knows numbers, not names: wires and policies come as plain data. All `unsafe` of the agent is in this room.

mod active;
mod attach;
mod attached;
mod bindings;
mod capability;
mod constants;
mod counters;
mod error;
mod ethtool;
mod fail;
mod flows;
mod gateway;
mod instance;
mod kept;
mod load;
#[cfg(feature = "bpf-log")]
mod log;
mod map;
mod memory;
mod moving;
mod netlink;
mod options;
mod overrides;
mod pin;
mod ports;
mod preflight;
mod prepare;
mod privileges;
mod ring;
mod router;
mod shared;
mod sizes;
mod slot;
mod sys;
mod table;
mod test_run;
mod utc;
mod wire;

#[cfg(feature = "bpf-log")]
pub use self::log::LogError;
pub use self::{
    active::{ActivePolicy, InForce},
    attach::{AttachError, AttachMode, UsedMode},
    attached::{Attachments, PortState},
    bindings::{KnownBindings, MovedBindings, SettledWires},
    capability::Capability,
    error::{LoadError, MapAccessError},
    fail::{FailModeError, fail_modes},
    flows::{FiledFlow, FlowSets},
    gateway::{
        BringUpError, DetachError, Detached, Followed, Gateway, Plan, PortReport, Report, bring_up,
        bring_up_after, detach,
    },
    instance::{Datapath, Instructions},
    kept::{Anew, Kept, Left, Noted, look},
    load::object,
    memory::Memory,
    netlink::{NetlinkError, XdpMode},
    options::{Capacity, Events, GroupFrames, NewFlows, Options},
    pin::{Held, Holder, PinError},
    preflight::{Family, Finding},
    prepare::{PrepareError, UndoError},
    privileges::{PrivilegesError, give_up},
    ring::{RingError, RingLevel},
    router::{FollowError, ask_for_next_hop},
    shared::{Shared, read_pod},
    slot::{Applied, ApplyError},
    table::Table,
    test_run::{Outcome, TestRunError},
    wire::{FailMode, Wire, segment_config, uplink_config},
};
