//! Whose frame it is, and what follows from that.

use xiot_common::{
    device::{ANY_WIRE, DEVICE_BOUND, DeviceRecord, Mode},
    flow_line::FlowRest,
    profile::{DEFAULT_FRAGMENTS, ProfileRecord, Timeouts},
    slot::SLOT_UNKNOWN_PROFILE,
};

use super::{device, overrides::Decided, slot::Slot};
use crate::{
    config,
    packet::{Packet, is_group},
};

/// The device of a frame, or what stands for it.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Its id; 0: not listed, or none.
    pub device: u32,
    /// Changes with whatever judges it.
    pub generation: u32,
    /// Its mode.
    pub mode: Mode,
    /// Index of its profile, or [`NO_PROFILE`].
    pub profile: u32,
    /// It is listed for another wire.
    pub wrong_wire: bool,
    /// It may use only the addresses bound to it.
    pub bound: bool,
    /// What is decided of it beside the policy.
    pub decided: Decided,
}

/// No profile judges the device.
pub const NO_PROFILE: u32 = u32::MAX;

impl Subject {
    /// Of a frame.
    #[inline(always)]
    pub fn of(slot: &Slot, packet: &Packet) -> Self {
        let decided = Decided::of_frame();
        let id = device::find(slot, packet);
        if id != 0
            && let Some(record) = slot.device(id)
            && !(is_elsewhere(record, packet) && is_to_group(packet))
        {
            return Self {
                device: id,
                generation: decided.generation(record.generation),
                mode: Mode::from_u8(decided.mode(record.mode)),
                profile: record.profile,
                wrong_wire: is_elsewhere(record, packet),
                bound: record.flags & DEVICE_BOUND != 0,
                decided,
            };
        }
        let judged = slot.header.flags & SLOT_UNKNOWN_PROFILE != 0;
        Self {
            device: 0,
            generation: decided.generation(slot.header.unknown_generation),
            mode: Mode::from_u8(decided.mode(slot.header.unknown_mode)),
            profile: if judged {
                slot.header.unknown_profile
            } else {
                NO_PROFILE
            },
            wrong_wire: false,
            bound: false,
            decided,
        }
    }

    /// Whether the frame is for a group that the policy does not list here: nobody in particular.
    #[inline(always)]
    pub const fn is_nobody(&self, packet: &Packet) -> bool {
        self.device == 0 && is_to_group(packet)
    }

    /// The epoch that its datagrams are stamped with: none, where they have to be asked about with every frame.
    #[inline(always)]
    pub const fn epoch(&self, packet: &Packet) -> u32 {
        if self.decided.ends() { 0 } else { packet.epoch }
    }

    /// The same for one of its flows.
    #[inline(always)]
    pub const fn flow_epoch(&self, packet: &Packet, rest: &FlowRest) -> u32 {
        if rest.is_timed() {
            0
        } else {
            self.epoch(packet)
        }
    }

    /// The profile that judges it.
    #[inline(always)]
    pub fn profile(&self, slot: &Slot) -> Option<&'static ProfileRecord> {
        if self.profile == NO_PROFILE {
            None
        } else {
            slot.profile(self.profile)
        }
    }

    /// Flows that it may open in one second, and as many that peers may open to it.
    #[inline(always)]
    pub fn new_flows(&self, profile: Option<&ProfileRecord>) -> u32 {
        match profile {
            Some(profile) if self.device != 0 => profile.new_flows,
            Some(_) | None => config::new_flows_unlisted(),
        }
    }

    /// Datagrams in fragments that it may have in one second.
    #[inline(always)]
    pub fn fragments(&self, profile: Option<&ProfileRecord>) -> u32 {
        match profile {
            Some(profile) if self.device != 0 => profile.fragments,
            Some(_) | None => DEFAULT_FRAGMENTS,
        }
    }
}

/// Whether it is a broadcast or multicast frame from the uplink.
#[inline(always)]
pub const fn is_to_group(packet: &Packet) -> bool {
    !packet.is_from_device() && is_group(packet.dst_mac)
}

/// Whether the device is listed for another wire.
#[inline(always)]
const fn is_elsewhere(record: &DeviceRecord, packet: &Packet) -> bool {
    record.wire != ANY_WIRE && record.wire != packet.port.wire
}

/// Timeouts of a profile, or of none.
#[inline(always)]
pub fn timeouts(profile: Option<&ProfileRecord>) -> Timeouts {
    profile.map_or(Timeouts::DEFAULT, |profile| profile.timeouts)
}
