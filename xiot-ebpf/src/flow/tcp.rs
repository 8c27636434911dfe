//! TCP as far as a gateway must know it: who opened, whether it was answered, whether it is ending
//! (docs/judgement.md, 2). Sequence numbers are the endpoints' affair.

use xiot_common::flow::{FlowEntry, FlowState};

use crate::packet::{ACK, FIN, Packet, RST, SYN};

/// What a segment does to its flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// It passes; the flow has been moved on.
    Forward,
    /// It wants to open a conversation.
    Reopen {
        /// While this one is established.
        established: bool,
    },
    /// It cannot come now.
    BadState,
}

/// Moves the flow on by one segment.
#[inline(always)]
pub(crate) fn step(entry: &mut FlowEntry, packet: &Packet, from_initiator: bool) -> Step {
    let flags = packet.tcp_flags;
    let handshake = entry.state == FlowState::TcpHandshake as u8;
    let established = entry.state == FlowState::TcpEstablished as u8;
    if packet.is_pure_syn() {
        if handshake && from_initiator {
            return Step::Forward;
        }
        return Step::Reopen { established };
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
    if established && flags & FIN != 0 {
        close(entry);
    }
    Step::Forward
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
