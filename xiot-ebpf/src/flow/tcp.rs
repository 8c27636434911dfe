//! TCP as far as a gateway must know it: who opened, whether it was answered, whether it is ending
//! (docs/judgement.md, 3). Of sequence numbers it knows what each side acknowledged last, which tells a RST of the other
//! side from a forged one; the rest is the endpoints' affair.

use xiot_common::{
    flow::{
        FLOW_ACKNOWLEDGED_FROM, FLOW_ACKNOWLEDGED_TO, FLOW_DOUBTFUL, FLOW_WOULD_DROP, FlowState,
    },
    flow_line::{FlowLine, FlowRest},
};

use crate::packet::{ACK, FIN, Packet, RST, SYN};

/// What a segment does to its flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// It passes; the flow has been moved on.
    Forward,
    /// It wants to open a conversation.
    Reopen {
        /// Which may take the place of this one.
        gives_way: bool,
    },
    /// It cannot come now.
    BadState,
}

/// Moves the flow on by one segment.
#[inline(always)]
pub(crate) fn step(
    line: &mut FlowLine,
    rest: &mut FlowRest,
    packet: &Packet,
    from_initiator: bool,
) -> Step {
    let flags = packet.tcp_flags;
    let handshake = line.state == FlowState::TcpHandshake as u8;
    if packet.is_pure_syn() {
        if handshake && from_initiator {
            return Step::Forward;
        }
        return Step::Reopen {
            gives_way: !is_established(line) || line.flags & FLOW_WOULD_DROP != 0,
        };
    }
    if flags & RST != 0 {
        if handshake || is_expected(line, rest, packet) {
            close(line);
        } else {
            line.flags |= FLOW_DOUBTFUL;
        }
        return Step::Forward;
    }
    if handshake {
        if from_initiator {
            return Step::BadState;
        }
        if flags & (SYN | ACK) == SYN | ACK {
            line.state = FlowState::TcpEstablished as u8;
            line.idle_timeout = rest.next_timeout;
        }
    } else if flags & FIN != 0 {
        finish(line, from_initiator);
    }
    acknowledge(line, rest, packet);
    Step::Forward
}

/// Whether the segment begins where the other side's last acknowledgment says (RFC 5961, 3.2).
#[inline(always)]
fn is_expected(line: &FlowLine, rest: &FlowRest, packet: &Packet) -> bool {
    let (known, number) = if packet.is_from_device() {
        (FLOW_ACKNOWLEDGED_TO, rest.acknowledged_to)
    } else {
        (FLOW_ACKNOWLEDGED_FROM, rest.acknowledged_from)
    };
    line.flags & known != 0 && packet.sequence == number
}

/// Notes what the sender acknowledges, and that the flow goes on.
#[inline(always)]
pub(crate) fn acknowledge(line: &mut FlowLine, rest: &mut FlowRest, packet: &Packet) {
    let mut flags = line.flags & !FLOW_DOUBTFUL;
    if packet.tcp_flags & ACK != 0 {
        if packet.is_from_device() {
            flags |= FLOW_ACKNOWLEDGED_FROM;
            rest.acknowledged_from = packet.acknowledgement;
        } else {
            flags |= FLOW_ACKNOWLEDGED_TO;
            rest.acknowledged_to = packet.acknowledgement;
        }
    }
    line.flags = flags;
}

/// Answered, and not yet ended by both sides.
#[inline(always)]
fn is_established(line: &FlowLine) -> bool {
    line.state == FlowState::TcpEstablished as u8
        || line.state == FlowState::TcpInitiatorDone as u8
        || line.state == FlowState::TcpResponderDone as u8
}

/// Notes the FIN of one side. Only that of both ends the flow: who has asked its question may wait for the answer as
/// long as it takes.
#[inline(always)]
fn finish(line: &mut FlowLine, from_initiator: bool) {
    let (own, other) = if from_initiator {
        (FlowState::TcpInitiatorDone, FlowState::TcpResponderDone)
    } else {
        (FlowState::TcpResponderDone, FlowState::TcpInitiatorDone)
    };
    if line.state == FlowState::TcpEstablished as u8 {
        line.state = own as u8;
    } else if line.state == other as u8 {
        close(line);
    }
}

/// Ends the flow soon; never later than it would have ended.
#[inline(always)]
fn close(line: &mut FlowLine) {
    if line.state != FlowState::TcpClosing as u8 {
        line.state = FlowState::TcpClosing as u8;
        if u32::from(line.closing_timeout) < line.idle_timeout {
            line.idle_timeout = u32::from(line.closing_timeout);
        }
    }
}
