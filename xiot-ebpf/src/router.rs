//! The router: where frames of its ports go on to (docs/judgement.md, 12).
//!
//! What is routed to a segment is judged by a program of its own, `xiot_hop`, to which the first one jumps: what one device sends to
//! another by two judgements in a row, which together would exceed the stack and the instructions that a program may have.

use aya_ebpf::bindings::{xdp_action, xdp_md};
use xiot_common::{
    port::{PortConfig, Role},
    reason::Reason,
};

use crate::{
    fib::{Answer, is_routable},
    flow::table::NOWHERE,
    forward,
    frame::Frame,
    packet::{Kind, Packet, is_group, mac},
    parse::{eth, ip4},
    port,
    scratch::{self, Scratch},
    verdict::Verdict,
};

/// Where a frame goes on to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    /// To the kernel's stack.
    Stack,
    /// To a router uplink.
    Uplink,
    /// To a segment.
    Segment,
    /// To what is no port of the router.
    Elsewhere,
    /// To none of them: routers do not forward what has such addresses.
    Nowhere,
}

/// What [`forward()`] says of a frame that goes on to the judgement of what is routed to a segment.
pub const HOP: u32 = 0xff;

/// A way out.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Route {
    /// The port that the frame is to leave by.
    pub port: PortConfig,
    /// MAC of the next hop, as a word.
    pub dst_mac: u64,
    /// MAC of the port, as a word.
    pub src_mac: u64,
    /// 1: the MACs are known.
    pub known: u8,
    /// 1: the stack does it, whatever the port.
    pub by_stack: u8,
    /// Zero.
    pub reserved: [u8; 6],
}

/// Whether the frame came in by a port of the router.
#[inline(always)]
pub const fn is_routed(packet: &Packet) -> bool {
    packet.port.role != Role::Wire as u8
}

/// Whether it came in by a router uplink: then nothing but what is routed to a segment is judged.
#[inline(always)]
pub const fn is_from_uplink(packet: &Packet) -> bool {
    packet.port.role == Role::Uplink as u8
}

/// Refuses what a port of the router does not take, and leaves what nobody is to judge: 1, and the verdict is in the scratch.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_admit(ctx: *mut xdp_md) -> u32 {
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    if !is_routed(packet) {
        return 0;
    }
    let verdict = match admit(&frame, packet) {
        Err(reason) => Verdict::dropped(reason),
        Ok(()) if is_from_uplink(packet) => Verdict::to_gateway(),
        Ok(()) => return 0,
    };
    scratch.set_verdict(&verdict);
    1
}

#[inline(always)]
fn admit(frame: &Frame, packet: &Packet) -> Result<(), Reason> {
    if eth::is_tagged(frame, packet) {
        return Err(Reason::RoutedVlan);
    }
    if !is_group(packet.dst_mac) && packet.dst_mac != packet.port.mac {
        return Err(Reason::NotForRouter);
    }
    Ok(())
}

/// Sends on what was judged on its way in, and was not dropped: `XDP_*`, or [`HOP`]. Both verdicts, the one before and the one that
/// comes of it, are in the scratch.
#[inline(always)]
pub fn forward(frame: &Frame, scratch: &mut Scratch) -> u32 {
    let packet = &scratch.packet;
    let is_ip = matches!(packet.kind, Kind::Ipv4 | Kind::Ipv6);
    if !is_ip || packet.dst_mac != packet.port.mac {
        return xdp_action::XDP_PASS;
    }
    let from_uplink = is_from_uplink(packet);
    let last = packet.hop_limit <= 1;
    let refused = match route(frame, scratch) {
        Next::Segment if from_uplink || !last => return HOP,
        Next::Stack | Next::Segment => return xdp_action::XDP_PASS,
        Next::Uplink | Next::Elsewhere if from_uplink => return xdp_action::XDP_PASS,
        Next::Uplink => match xiot_send(frame.ctx()) {
            xdp_action::XDP_DROP => Reason::NoEgress,
            action => return action,
        },
        Next::Elsewhere => Reason::NoEgress,
        Next::Nowhere => Reason::NotRoutable,
    };
    scratch.set_verdict(&Verdict::dropped(refused));
    xdp_action::XDP_DROP
}

/// Makes the packet what the receiver's segment sees of it: a frame from the uplink side. Fails where nobody can say whose it is.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "there are at most 32 wires"
)]
pub fn turn(scratch: &mut Scratch) -> Result<(), Reason> {
    let Route {
        port,
        dst_mac,
        src_mac,
        known,
        ..
    } = scratch.route.get();
    let packet = &mut scratch.packet;
    if packet.is_from_device() {
        let key = &mut packet.key;
        (key.device, key.peer) = (key.peer, key.device);
        (key.device_port, key.peer_port) = (key.peer_port, key.device_port);
    }
    packet.port = port.uplink_of_segment();
    packet.key.wire = port.wire as u8;
    packet.place = NOWHERE;
    if known == 0 {
        return Err(Reason::NeighbourUnknown);
    }
    packet.src_mac = src_mac;
    packet.dst_mac = dst_mac;
    packet.key.mac = mac(dst_mac);
    Ok(())
}

/// Finds the route of an IP frame; a way out of the gateway is left in the scratch.
#[inline(always)]
fn route(frame: &Frame, scratch: &mut Scratch) -> Next {
    let packet = &scratch.packet;
    let v4 = packet.kind == Kind::Ipv4;
    let lookup = &mut scratch.lookup;
    lookup.ask(frame, packet, packet.port.egress_ifindex);
    let mut by_stack = packet.hop_limit <= 1 || (v4 && ip4::has_options(frame, eth::HEADER));
    let mut answer = lookup.answer(frame.ctx());
    if answer == Answer::TooLong {
        by_stack = true;
        lookup.any_length();
        answer = lookup.answer(frame.ctx());
    }
    if answer == Answer::Local {
        return Next::Stack;
    }
    let is_martian = !is_routable(packet.src(), v4) || !is_routable(packet.dst(), v4);
    // What an uplink gets for anywhere but a segment is the gateway's own.
    if is_martian && !is_from_uplink(packet) {
        return Next::Nowhere;
    }
    let known = answer == Answer::Known;
    if !known && answer != Answer::NoNeighbour {
        return Next::Elsewhere;
    }
    let Some(port) = port::of(lookup.ifindex()) else {
        return Next::Elsewhere;
    };
    if is_martian && port.role == Role::Segment as u8 {
        return Next::Nowhere;
    }
    let next = if port.role == Role::Segment as u8 {
        Next::Segment
    } else if port.role == Role::Uplink as u8 {
        Next::Uplink
    } else {
        return Next::Elsewhere;
    };
    if !forward::fits(frame, port) || (!known && next == Next::Uplink) {
        by_stack = true;
    }
    scratch.route.set(Route {
        port: *port,
        dst_mac: lookup.dst_mac(),
        src_mac: lookup.src_mac(),
        known: u8::from(known),
        by_stack: u8::from(by_stack),
        reserved: [0; 6],
    });
    next
}

/// Sends the frame out on the route in the scratch, or leaves that to the stack: `XDP_*`.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn xiot_send(ctx: *mut xdp_md) -> u32 {
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some(scratch) = scratch::get() else {
        return xdp_action::XDP_DROP;
    };
    let route = scratch.route.get();
    if route.by_stack != 0 {
        return xdp_action::XDP_PASS;
    }
    if !frame.route(
        route.dst_mac,
        route.src_mac,
        scratch.packet.kind == Kind::Ipv4,
    ) {
        return xdp_action::XDP_DROP;
    }
    forward::out(&route.port)
}
