//! What an operator decided of one device beside the policy (docs/judgement.md, 11).

use aya_ebpf::{btf_maps::HashMap, macros::btf_map};
use xiot_common::{
    addr::Vlans,
    capacity,
    device::{ANY_VLAN, Mode},
    overrides::{self, Action, Override, OverrideKey},
};

use super::{slot, subject::is_to_group};
use crate::{
    packet::{Packet, mac},
    scratch,
};

/// Written by the agent.
#[btf_map]
static OVERRIDES: HashMap<OverrideKey, Override, { capacity::OVERRIDES as usize }> = HashMap::new();

/// What is decided of one device: a number, and asked without branches, so that the verifier has one state of it to go on with and
/// not one for each decision.
#[derive(Clone, Copy, Debug)]
pub struct Decided(u32);

/// That may end by itself.
const ENDS: u32 = 1 << 8;
/// Where the mode is that it puts the device in, plus one.
const MODE: u32 = 16;

impl Decided {
    /// Of the device of the frame in the scratch. Of groups nothing is decided.
    #[inline(always)]
    pub fn of_frame() -> Self {
        Self(xiot_override())
    }

    /// Action, end, mode.
    #[inline(always)]
    const fn bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// The mode of a device that has this one by policy, both as numbers.
    #[inline(always)]
    pub const fn mode(self, by_policy: u8) -> u8 {
        match self.bytes()[2] {
            0 => by_policy,
            mode => mode - 1,
        }
    }

    /// Its generation.
    #[inline(always)]
    pub const fn generation(self, by_policy: u32) -> u32 {
        overrides::generation(self.bytes()[0], by_policy)
    }

    /// Whether nothing of it passes.
    #[inline(always)]
    pub const fn is_quarantine(self) -> bool {
        self.bytes()[0] == Action::Quarantine as u8
    }

    /// Whether it may end by itself.
    #[inline(always)]
    pub const fn ends(self) -> bool {
        self.0 & ENDS != 0
    }
}

/// A [`Decided`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_override() -> u32 {
    if !slot::has_overrides() {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    if is_to_group(packet) {
        return 0;
    }
    let Some(decided) = find(packet, packet.vlans).or_else(|| find(packet, ANY_VLAN)) else {
        return 0;
    };
    let action = decided.action(packet.now);
    let mode = match action {
        Action::Policy => return 0,
        Action::Quarantine => Mode::Enforce,
        Action::Monitor => Mode::Monitor,
    };
    let ends = if decided.until == 0 { 0 } else { ENDS };
    action as u32 | ends | (mode as u32 + 1) << MODE
}

#[inline(always)]
fn find(packet: &Packet, vlans: Vlans) -> Option<&'static Override> {
    let key = OverrideKey {
        mac: mac(packet.device_mac_word()),
        vlans,
    };
    // SAFETY: the agent files another element in place of this one and never writes it; it outlives the program run.
    unsafe { OVERRIDES.get(key) }
}
