//! Guards: whether a sender may say at all what a frame says (docs/judgement.md, 9). Levels belong to the wire; no rule and no
//! mode of a device has a part in it.

mod arp;
pub(crate) mod binding;
mod bpdu;
mod client;
mod dhcp;
pub mod flow;
pub mod group;
pub mod learn;
mod lease;
mod lease6;
mod mac;
mod nd;
mod owner;
mod place;
mod router;
mod source;
mod unbound;

use aya_ebpf::{bindings::xdp_md, btf_maps::Array, macros::btf_map};
use xiot_common::{
    capacity::{MAX_ETHERTYPES, MAX_PORTS},
    device::Mode,
    guard::{Guard, Level, WireGuards},
    reason::Reason,
};

use crate::{
    config,
    flow::denied,
    packet::{Kind, Packet},
    parse::has_flow,
    policy::{slot, subject::Subject},
    scratch::{self, Scratch},
    verdict::Verdict,
};

/// By wire. Written by the agent.
#[btf_map]
static GUARDS: Array<WireGuards, { MAX_PORTS / 2 }> = Array::new();

/// Those of the wire that the frame is on.
#[inline(always)]
fn of(packet: &Packet) -> Option<&'static WireGuards> {
    GUARDS.get(u32::from(packet.port.wire))
}

/// Whether a guard that is asked about frames to one receiver may drop the frame.
#[inline(always)]
pub(crate) fn may_drop(packet: &Packet) -> bool {
    config::guards() != 0 && of(packet).is_none_or(WireGuards::may_drop)
}

/// Asks every guard but `group`; 1: one that enforces objects, and the verdict is in the scratch. What the first that
/// monitors objects to is left there too.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_guard(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let (Some(guards), Some(slot)) = (of(packet), slot::judging(packet.slot)) else {
        return 0;
    };
    let hearing = Hearing { guards, scratch };
    let heard = if packet.is_from_device() {
        scratch
            .asked_guards
            .set(u8::from(packet.kind == Kind::Ipv6));
        hearing.device(ctx)
    } else {
        hearing.uplink(ctx)
    };
    let Err(Enforced) = heard else {
        return 0;
    };
    let verdict = Verdict {
        device: Subject::of(&slot, packet).device,
        slot: slot.index,
        ..Verdict::dropped(reason(scratch.objection.get().into()).unwrap_or(Reason::NoPolicy))
    };
    scratch.set_verdict(&verdict);
    if has_flow(packet) {
        denied::keep(scratch, &verdict);
    }
    1
}

/// A guard that enforces objects. Its reason is left in the scratch, where the verifier need not tell it from others.
struct Enforced;

/// What guards say of one frame.
struct Hearing {
    guards: &'static WireGuards,
    scratch: &'static Scratch,
}

impl Hearing {
    /// Asks those of the devices' side.
    #[inline(always)]
    fn device(&self, ctx: *mut xdp_md) -> Result<(), Enforced> {
        let packet = &self.scratch.packet;
        if let Some(level) = self.level(Guard::Mac) {
            self.hear(level, mac::objection(packet, ctx))?;
        }
        if let Some(level) = self.level(Guard::Source) {
            self.hear(level, source::objection(self.scratch))?;
        }
        if let Some(level) = self.level(Guard::Arp) {
            self.hear(level, ask_arp(packet, ctx))?;
        }
        if let Some(level) = self.level(Guard::Nd) {
            self.hear(level, ask_nd(packet, ctx))?;
        }
        if let Some(level) = self.level(Guard::DhcpServer) {
            self.hear(level, dhcp::objection(packet))?;
        }
        if let Some(level) = self.level(Guard::DhcpClient) {
            self.hear(level, client::objection(packet, ctx))?;
        }
        if let Some(level) = self.level(Guard::Router) {
            self.hear(level, router::objection(packet))?;
        }
        if let Some(level) = self.level(Guard::Bpdu) {
            self.hear(level, bpdu::objection(packet))?;
        }
        let level = self.guards.binding(packet.kind != Kind::Ipv6, packet.now);
        if level == Level::Off {
            return Ok(());
        }
        self.hear(level, unbound::objection(self.scratch, ctx))
    }

    /// Asks those of the uplink's.
    #[inline(always)]
    fn uplink(&self, ctx: *mut xdp_md) -> Result<(), Enforced> {
        let packet = &self.scratch.packet;
        if let Some(level) = self.level(Guard::Source) {
            self.hear(level, source::objection(self.scratch))?;
        }
        let Some(level) = self.level(Guard::Claim) else {
            return Ok(());
        };
        let claimed = if owner::xiot_pinned(packet.src_mac) != 0 {
            Some(Reason::MacClaimed)
        } else {
            match packet.kind {
                Kind::Arp => ask_arp(packet, ctx),
                Kind::Ipv6 if nd::is_nd(packet) => reason(nd::xiot_guard_nd(ctx)),
                Kind::Ipv4 | Kind::Ipv6 | Kind::Other => None,
            }
        };
        self.hear(level, claimed)
    }

    /// The level of a guard that is to be asked.
    #[inline(always)]
    fn level(&self, guard: Guard) -> Option<Level> {
        let level = self.guards.level(guard);
        (level != Level::Off).then_some(level)
    }

    /// Hears a guard.
    #[inline(always)]
    fn hear(&self, level: Level, objection: Option<Reason>) -> Result<(), Enforced> {
        let Some(reason) = objection else {
            return Ok(());
        };
        let first = &self.scratch.objection;
        if level == Level::Enforce {
            first.set(reason as u8);
            return Err(Enforced);
        }
        if first.get() == 0 {
            first.set(reason as u8);
        }
        Ok(())
    }
}

#[inline(always)]
fn ask_arp(packet: &Packet, ctx: *mut xdp_md) -> Option<Reason> {
    if packet.kind != Kind::Arp {
        return None;
    }
    reason(arp::xiot_guard_arp(ctx))
}

#[inline(always)]
fn ask_nd(packet: &Packet, ctx: *mut xdp_md) -> Option<Reason> {
    if nd::may_hide(packet) {
        return Some(Reason::NdInvalid);
    }
    if !nd::is_nd(packet) {
        return None;
    }
    reason(nd::xiot_guard_nd(ctx))
}

/// The reason of this number; 0: none. Of one that another function gave the compiler may know more than the verifier, and then
/// cuts nothing off it; hence it is forgotten.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "reasons are bytes")]
fn reason(number: u32) -> Option<Reason> {
    Reason::from_u8(scratch::forgetful()?.forget(number) as u8)
}

/// What comes of a verdict to which a guard that monitors objects: a frame that is forwarded all the same is a would-drop.
#[inline(always)]
pub fn overrule(verdict: Verdict, scratch: &Scratch) -> Verdict {
    let objection = if scratch.storm.get() == 0 {
        scratch.objection.get()
    } else {
        Reason::GroupRate as u8
    };
    if verdict.dropped || objection == 0 {
        return verdict;
    }
    Verdict {
        reason: Reason::from_u8(objection).unwrap_or(verdict.reason),
        mode: Mode::Monitor,
        hit: false,
        rule: 0,
        ..verdict
    }
}

/// The reason that a flow or datagram keeps which comes to be by the frame: that of the first guard that monitors and
/// objects, or 0.
#[inline(always)]
pub fn objection(scratch: &Scratch) -> u8 {
    if config::guards() == 0 {
        0
    } else {
        scratch.objection.get()
    }
}

/// Whether the frame is one of those that guards tell from others of the same conversation: by its other MAC, or by what it says.
#[inline(always)]
pub fn looks_closer(packet: &Packet) -> bool {
    if config::guards() == 0 {
        return false;
    }
    if packet.is_from_device() {
        packet.src_mac == packet.dst_mac
            || bpdu::is_for_switches(packet)
            || client::is_asked(packet)
    } else {
        owner::xiot_pinned(packet.src_mac) != 0
    }
}

/// Whether the frame's wire lets its Ethernet type pass, which is neither ARP nor IP: 1.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_guard_ethertype() -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let Some(guards) = of(packet) else {
        return 0;
    };
    if packet.kind != Kind::Other || packet.ethertype < mac::FIRST_TYPE {
        return 0;
    }
    let mut index = 0;
    while index < MAX_ETHERTYPES {
        if guards.ethertypes[index] == packet.ethertype {
            return 1;
        }
        index += 1;
    }
    0
}
