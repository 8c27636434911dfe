//! The entry: forwards what is plainly a frame of a live flow, and leaves everything else to the program that judges.
//!
//! It decides nothing that the other would not decide alike: whatever is out of the ordinary (a group address, fragments, options,
//! the begin or end of a TCP session, a flow to be judged again) it does not touch. It lives from what it leaves out: no calls, no
//! scratch, and of the flow table the lines of one place.

use aya_ebpf::{bindings::xdp_action, programs::XdpContext};
use xiot_common::{
    device::Mode,
    flow::{FLOW_DOUBTFUL, FLOW_LEARN, FlowState},
    flow_hash::FlowHash,
    flow_line::HOLD_CONFIRMED,
    port::Role,
    reason::Reason,
};

use crate::{
    clock, config,
    flow::{
        self,
        table::{self, Found},
    },
    forward,
    frame::Frame,
    guard,
    name::answer,
    packet::{ACK, FIN, Packet, RST, SYN},
    parse::{self, l4},
    policy::slot,
    port,
    record::{self, muted::ALL},
    refuse, scratch, stage,
    verdict::Verdict,
};

/// Forwards the frame or has it judged.
#[inline(always)]
pub fn run(ctx: &XdpContext) -> u32 {
    // SAFETY: the kernel gave this context.
    let frame = unsafe { Frame::of(ctx.ctx) };
    let mut packet = Packet::NONE;
    packet.length = frame.length();
    let mut missed = None;
    if let Some(port) = port::ingress(ctx.ingress_ifindex()) {
        packet.port = *port;
        if let Some(action) = forward(&frame, &mut packet, &mut missed) {
            return action;
        }
    }
    hand_over(missed);
    stage::enter(ctx, stage::JUDGE);
    // There is no such program: nobody can say that the frame may pass.
    record::counter::reason(&packet, &Verdict::dropped(Reason::NoPolicy));
    xdp_action::XDP_DROP
}

/// Tells the program that judges by which hash the flow was looked for that is not there.
#[inline(always)]
fn hand_over(missed: Option<FlowHash>) {
    let Some(scratch) = scratch::get() else {
        return;
    };
    scratch.missed.set(u8::from(missed.is_some()));
    if let Some(hash) = missed {
        scratch.hash.set(hash);
    }
}

/// Forwards a frame of a live flow. None: somebody has to look closer, and nothing has been changed. `missed`: by which hash its flow
/// was looked for that is not there.
#[inline(always)]
fn forward(frame: &Frame, packet: &mut Packet, missed: &mut Option<FlowHash>) -> Option<u32> {
    if packet.port.role != Role::Wire as u8 || packet.length > packet.port.egress_length {
        return None;
    }
    let plain = parse::simple(frame, packet)?;
    if config::guards() != 0 && guard::learn::is_lease(packet) {
        return None;
    }
    // An answer of a DNS server.
    if packet.protocol == l4::UDP
        && !packet.is_from_device()
        && plain.key.ports()[1] == answer::SERVER
        && answer::is_wanted(slot::in_force().0)
    {
        return None;
    }
    packet.now = clock::seconds();
    // Of a stranger that nothing more is told of, the conversation does not matter.
    if !table::owners::may_have_flow(packet) && refuse::is_refused(frame, packet, &plain.key, ALL) {
        return Some(xdp_action::XDP_DROP);
    }
    let hash = plain.hash();
    let place = match table::find_short(&hash, &plain.key) {
        Found::Flow(place) => place,
        // It may be in the table of the program before.
        Found::None if config::moving() != 0 => return None,
        Found::None if refuse::is_refused(frame, packet, &plain.key, hash.tag) => {
            return Some(xdp_action::XDP_DROP);
        }
        Found::None => {
            *missed = Some(hash);
            return None;
        }
        Found::Perhaps => return None,
    };
    if packet.protocol == l4::TCP && packet.tcp_flags & (SYN | ACK | RST | FIN) != ACK {
        return None;
    }
    let action = forward::redirect(&packet.port).ok()?;
    let (_, epoch) = slot::in_force();
    let line = place.line();
    if line.hold != HOLD_CONFIRMED || !line.is_live(packet.now) || line.epoch != epoch {
        return None;
    }
    if plain.key.is_ipv6() && !place.is_between(plain.ends) {
        return None;
    }
    let mut rest = None;
    // What the other side's first frame changes, and what the rest of the flow is needed for.
    let waits = line.state == FlowState::TcpHandshake as u8
        || (line.state == FlowState::Unreplied as u8 && !flow::is_from_initiator(line, packet));
    let is_due = line.from.is_due() || line.to.is_due();
    let is_new = line.idle(packet.now) != 0;
    if waits || is_due || (is_new && line.flags & (FLOW_LEARN | FLOW_DOUBTFUL) != 0) {
        return None;
    }
    if packet.protocol == l4::TCP || config::trace() != 0 {
        rest = Some(place.rest()?);
    }
    if packet.protocol == l4::TCP
        && let Some(rest) = &mut rest
    {
        flow::acknowledge(line, rest, packet);
    }
    flow::count(line, packet);
    if is_new {
        line.last_seen = packet.now;
    }
    let mode = Mode::from_u8(line.mode);
    let rule = rest.map_or(0, |rest| flow::rule(line, rest));
    let verdict = Verdict::hit(flow::reason(line), mode, line.device, rule);
    record::counter::reason(packet, &verdict);
    record::counter::device(packet, &verdict);
    if config::trace() != 0 {
        record::trace::write(0, packet.now, &verdict);
    }
    Some(action)
}
