//! The entry: forwards what is plainly a frame of a live flow, and leaves everything else to the program that judges.
//!
//! It decides nothing that the other would not decide alike: whatever is out of the ordinary (a group address, fragments, options,
//! the begin or end of a TCP session, a flow to be judged again) it does not touch. It lives from what it leaves out: no calls, no
//! scratch, and of the flow table the lines of one place.

use aya_ebpf::{bindings::xdp_action, programs::XdpContext};
use xiot_common::{
    device::Mode,
    flow::{FLOW_LEARN, FlowState, HOLD_CONFIRMED},
    port::Role,
    reason::Reason,
};

use crate::{
    clock, config,
    flow::{self, table},
    forward,
    frame::Frame,
    guard,
    packet::{ACK, FIN, Packet, RST, SYN},
    parse::{self, l4},
    policy::slot,
    port, record, stage,
    verdict::Verdict,
};

/// Forwards the frame or has it judged.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> u32 {
    // SAFETY: the kernel gave this context.
    let frame = unsafe { Frame::of(ctx.ctx) };
    let mut packet = Packet::NONE;
    packet.length = frame.length();
    if let Some(port) = port::ingress(ctx.ingress_ifindex()) {
        packet.port = *port;
        if let Some(action) = forward(&frame, &mut packet) {
            return action;
        }
    }
    stage::enter(ctx, stage::JUDGE);
    // There is no such program: nobody can say that the frame may pass.
    record::counter::reason(&packet, &Verdict::dropped(Reason::NoPolicy));
    xdp_action::XDP_DROP
}

/// Forwards a frame of a live flow. None: somebody has to look closer, and nothing has been changed.
#[inline(always)]
fn forward(frame: &Frame, packet: &mut Packet) -> Option<u32> {
    if packet.port.role != Role::Wire as u8 || packet.length > packet.port.egress_length {
        return None;
    }
    parse::simple(frame, packet)?;
    if packet.protocol == l4::TCP && packet.tcp_flags & (SYN | ACK | RST | FIN) != ACK {
        return None;
    }
    if config::guards() != 0 && guard::learn::is_lease(packet) {
        return None;
    }
    let hash = table::hash(&packet.key);
    let home = table::home(&hash)?;
    // What does not need the flow is done while it is fetched.
    let action = forward::redirect(&packet.port).ok()?;
    packet.now = clock::seconds();
    let (_, epoch) = slot::in_force();
    let place = table::find_from(home, &hash, &packet.key)?;
    let entry = place.entry();
    if entry.hold != HOLD_CONFIRMED || !entry.is_live(packet.now) || entry.epoch != epoch {
        return None;
    }
    // What the other side's first frame changes, and a fold once a second.
    let waits = entry.state == FlowState::TcpHandshake as u8
        || (entry.state == FlowState::Unreplied as u8 && !flow::is_from_initiator(entry, packet));
    let folds = entry.flags & FLOW_LEARN != 0 && entry.idle(packet.now) != 0;
    if waits || folds {
        return None;
    }
    let verdict = Verdict::hit(
        flow::reason(entry),
        Mode::from_u8(entry.mode),
        entry.device,
        flow::rule(entry),
    );
    if packet.protocol == l4::TCP {
        flow::acknowledge(entry, packet);
    }
    flow::count(place, packet);
    record::counter::reason(packet, &verdict);
    record::counter::device(packet, &verdict);
    if config::trace() != 0 {
        record::trace::write(0, packet.now, &verdict);
    }
    Some(action)
}
