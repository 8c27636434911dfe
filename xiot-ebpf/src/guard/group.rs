//! Broadcast and multicast from devices: so many in one second of one MAC, and so many of a port (docs/judgement.md, 9.2).

use aya_ebpf::{
    btf_maps::{Array, LruHashMap},
    macros::btf_map,
};
use xiot_common::{
    capacity::{GROUP_SENDERS as SENDERS, MAX_PORTS},
    device::Mode,
    event::SenderKey,
    guard::{GroupCount, Guard, Level},
    reason::Reason,
};

use super::owner;
use crate::{
    config,
    packet::{Packet, mac},
    policy::{slot, subject::Subject},
    scratch,
    verdict::Verdict,
};

/// By MAC and port. An LRU: who is silent longest is forgotten, and starts anew.
#[btf_map]
static GROUP_SENDERS: LruHashMap<SenderKey, GroupCount, { SENDERS as usize }> = LruHashMap::new();

/// By port, of all MACs.
#[btf_map]
static GROUP_PORTS: Array<GroupCount, { MAX_PORTS }> = Array::new();

/// Counts a frame from a device to a group; 1: there are too many and the guard enforces, and the verdict is in the scratch.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_guard_group() -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(guards) = super::of(packet) else {
        return 0;
    };
    let level = guards.level(Guard::Group);
    if level == Level::Off || !is_beyond(packet) {
        return 0;
    }
    if level == Level::Monitor {
        scratch.storm.set(1);
        return 0;
    }
    let device = slot::judging(packet.slot).map_or(0, |slot| Subject::of(&slot, packet).device);
    let verdict = Verdict::new(Reason::GroupRate, Mode::Enforce, device, 0, packet.slot);
    scratch.set_verdict(&verdict);
    1
}

/// What is beyond the limit of its MAC does not count for the port, and what is listed does not at all: who floods takes nothing
/// from others, under however many names.
#[inline(always)]
fn is_beyond(packet: &Packet) -> bool {
    if let Some(sender) = sender(packet)
        && !counts(sender, config::group_per_sender(), packet.now)
    {
        return true;
    }
    if owner::xiot_there(packet.src_mac) != 0 {
        return false;
    }
    let Some(port) = GROUP_PORTS.get_ptr_mut(u32::from(packet.port.index)) else {
        return false;
    };
    // SAFETY: the element outlives the program run; CPUs in the same instant may let a few more through.
    let port = unsafe { &mut *port };
    !counts(port, config::group_per_port(), packet.now)
}

/// The count of the frame's MAC; none if there is no room for one: that of the port still holds.
#[inline(always)]
fn sender(packet: &Packet) -> Option<&'static mut GroupCount> {
    let key = SenderKey {
        mac: mac(packet.src_mac),
        port: packet.port.index,
    };
    let count = if let Some(count) = GROUP_SENDERS.get_ptr_mut(key) {
        count
    } else {
        let none = GroupCount {
            second: packet.now,
            frames: 0,
        };
        GROUP_SENDERS.insert(key, none, 0).ok()?;
        GROUP_SENDERS.get_ptr_mut(key)?
    };
    // SAFETY: as for ports.
    Some(unsafe { &mut *count })
}

/// Counts one more if that is within the limit.
#[inline(always)]
fn counts(count: &mut GroupCount, limit: u32, now: u32) -> bool {
    if count.second != now {
        count.second = now;
        count.frames = 0;
    }
    if count.frames >= limit {
        return false;
    }
    count.frames += 1;
    true
}
