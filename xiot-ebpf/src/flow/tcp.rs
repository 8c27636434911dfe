//! TCP as far as a gateway must know it: who opened, whether it was answered, whether it is ending
//! (docs/judgement.md, 3). Of sequence numbers it knows what each side acknowledged last, which tells a RST of the other
//! side from a forged one; the rest is the endpoints' affair.

use xiot_common::flow::{
    FLOW_ACKNOWLEDGED_FROM, FLOW_ACKNOWLEDGED_TO, FLOW_DOUBTFUL, FLOW_WOULD_DROP, FlowEntry,
    FlowState,
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
        if handshake || is_expected(entry, packet) {
            close(entry);
        } else {
            entry.flags |= FLOW_DOUBTFUL;
        }
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
    } else if flags & FIN != 0 {
        finish(entry, from_initiator);
    }
    acknowledge(entry, packet);
    Step::Forward
}

/// Whether the segment begins where the other side's last acknowledgment says (RFC 5961, 3.2).
#[inline(always)]
fn is_expected(entry: &FlowEntry, packet: &Packet) -> bool {
    let (known, number) = if packet.is_from_device() {
        (FLOW_ACKNOWLEDGED_TO, entry.acknowledged_to)
    } else {
        (FLOW_ACKNOWLEDGED_FROM, entry.acknowledged_from)
    };
    entry.flags & known != 0 && packet.sequence == number
}

/// Notes what the sender acknowledges, and that the flow goes on.
#[inline(always)]
pub(crate) fn acknowledge(entry: &mut FlowEntry, packet: &Packet) {
    let mut flags = entry.flags & !FLOW_DOUBTFUL;
    if packet.tcp_flags & ACK != 0 {
        if packet.is_from_device() {
            flags |= FLOW_ACKNOWLEDGED_FROM;
            entry.acknowledged_from = packet.acknowledgement;
        } else {
            flags |= FLOW_ACKNOWLEDGED_TO;
            entry.acknowledged_to = packet.acknowledgement;
        }
    }
    entry.flags = flags;
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
