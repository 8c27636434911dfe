//! TCP as far as a gateway must know it: who opened, whether it was answered, whether it is ending
//! (docs/judgement.md, 2). Sequence numbers are the endpoints' affair.

use xiot_common::flow::{FLOW_WOULD_DROP, FlowEntry, FlowState};

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
pub(crate) fn step(entry: &mut FlowEntry, packet: &Packet, from_initiator: bool) -> Step {
    let flags = packet.tcp_flags;
    let handshake = entry.state == FlowState::TcpHandshake as u8;
    if packet.is_pure_syn() {
        if handshake && from_initiator {
            return Step::Forward;
        }
        return Step::Reopen {
            gives_way: !is_established(entry) || entry.flags & FLOW_WOULD_DROP != 0,
        };
    }
    if flags & RST != 0 {
        close(entry);
        return Step::Forward;
    }
    if handshake {
        if from_initiator {
            return Step::BadState;
        }
        if flags & (SYN | ACK) == SYN | ACK {
            entry.state = FlowState::TcpEstablished as u8;
            entry.idle_timeout = entry.next_timeout;
        }
        return Step::Forward;
    }
    if flags & FIN != 0 {
        finish(entry, from_initiator);
    }
    Step::Forward
}

/// Answered, and not yet ended by both sides.
#[inline(always)]
fn is_established(entry: &FlowEntry) -> bool {
    entry.state == FlowState::TcpEstablished as u8
        || entry.state == FlowState::TcpInitiatorDone as u8
        || entry.state == FlowState::TcpResponderDone as u8
}

/// Notes the FIN of one side. Only that of both ends the flow: who has asked its question may wait for the answer as
/// long as it takes.
#[inline(always)]
fn finish(entry: &mut FlowEntry, from_initiator: bool) {
    let (own, other) = if from_initiator {
        (FlowState::TcpInitiatorDone, FlowState::TcpResponderDone)
    } else {
        (FlowState::TcpResponderDone, FlowState::TcpInitiatorDone)
    };
    if entry.state == FlowState::TcpEstablished as u8 {
        entry.state = own as u8;
    } else if entry.state == other as u8 {
        close(entry);
    }
}

/// Ends the flow soon; never later than it would have ended.
#[inline(always)]
fn close(entry: &mut FlowEntry) {
    if entry.state != FlowState::TcpClosing as u8 {
        entry.state = FlowState::TcpClosing as u8;
        if u32::from(entry.closing_timeout) < entry.idle_timeout {
            entry.idle_timeout = u32::from(entry.closing_timeout);
        }
    }
}
