//! What frames that were forwarded teach of addresses (docs/judgement.md, 9.7).

use aya_ebpf::bindings::xdp_md;
use xiot_common::binding::USE_SECONDS;

use super::{
    binding::{self, LEASED, USED},
    lease, lease6, owner, place, unbound,
};
use crate::{
    config,
    packet::{Fragment, Kind, Packet},
    parse::l4,
    policy::slot,
    scratch::{self, Scratch},
};

/// Whether the frame may teach anything.
#[inline(always)]
pub fn is_due(scratch: &Scratch) -> bool {
    config::guards() != 0 && (scratch.asked_guards.get() != 0 || is_lease(&scratch.packet))
}

/// Whether a server speaks to a client.
#[inline(always)]
pub fn is_lease(packet: &Packet) -> bool {
    (packet.dst_port == lease::CLIENT || packet.dst_port == lease6::CLIENT)
        && packet.protocol == l4::UDP
        && !packet.is_from_device()
        && packet.fragment == Fragment::No
}

/// Learns from a frame that was forwarded.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_learn(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    if super::of(packet).is_none_or(|guards| guards.levels == 0) {
        return 0;
    }
    match (packet.kind, packet.is_from_device()) {
        (Kind::Ipv6, true) => xiot_use(),
        (Kind::Ipv4, false)
            if packet.src_port == lease::SERVER && packet.dst_port == lease::CLIENT =>
        {
            lease::xiot_lease(ctx)
        }
        (Kind::Ipv6, false)
            if packet.src_port == lease6::SERVER && packet.dst_port == lease6::CLIENT =>
        {
            lease6::xiot_lease6(ctx)
        }
        _ => 0,
    }
}

/// Binds the source of a frame from a device to its MAC, if it may take it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_use() -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(slot) = slot::judging(packet.slot) else {
        return 0;
    };
    let mac = packet.src_mac;
    let id = owner::xiot_there(mac);
    scratch.asked.set(packet.key.device);
    if id == 0
        || scratch.asked.get().is_unspecified()
        || unbound::is_listed(&slot, id)
        || binding::xiot_bound(mac) == LEASED
        || !unbound::may_take(scratch, &slot, id, mac)
        || place::xiot_take(mac) == 0
    {
        return 0;
    }
    binding::xiot_bind(mac, packet.now.saturating_add(USE_SECONDS), USED)
}
