//! Flows: one entry per conversation of a device, whichever way a frame travels.

use crate::{
    addr::{Addr, Mac, Vlans},
    observed::{OBSERVED_MIDSTREAM, OBSERVED_PEER_INITIATED, ObservedKey},
};

/// Key of the flow table: the device's end and the other one. The port that a frame comes in by says which of its
/// addresses is the device's, and whose MAC is the device's: both directions of a conversation have the same key, and
/// nobody else's frame has it.
///
/// Ports are host order. For ICMP echo the port of the requester is the identifier and that of the
/// responder is 0, so that requests of both sides with one identifier are two flows. Protocols without
/// ports have 0.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C, align(8))]
pub struct FlowKey {
    /// Address of the device.
    pub device: Addr,
    /// Address of the other side.
    pub peer: Addr,
    /// Port of the device.
    pub device_port: u16,
    /// Port of the other side.
    pub peer_port: u16,
    /// VLAN ids of the frame.
    pub vlans: Vlans,
    /// MAC of the device.
    pub mac: Mac,
    /// Wire.
    pub wire: u8,
    /// IP protocol number.
    pub protocol: u8,
}

crate::layout!(FlowKey, size 48, align 8);

impl FlowKey {
    /// Whether both are the same. By arithmetic: comparing as the compiler does it goes over the stack, word by word.
    #[inline(always)]
    pub const fn is(&self, other: &Self) -> bool {
        let (a, b) = (self.words(), other.words());
        let first = (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]);
        let rest = (a[3] ^ b[3]) | (a[4] ^ b[4]) | (a[5] ^ b[5]);
        first | rest == 0
    }

    /// The key of these words.
    #[inline(always)]
    pub const fn from_words(words: [u64; 6]) -> Self {
        // SAFETY: as in `words`; integers may have any bits.
        unsafe { core::mem::transmute::<[u64; 6], Self>(words) }
    }

    /// The key as six words as they lie in memory, for hashing and comparing.
    #[inline(always)]
    pub const fn words(&self) -> [u64; 6] {
        // SAFETY: 48 bytes without padding (their sizes add up), and words may have any bits.
        unsafe { core::mem::transmute::<Self, [u64; 6]>(*self) }
    }
}

const _: () = assert!(crate::capacity::MAX_PORTS / 2 <= u8::MAX as usize + 1);

/// Where a flow stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum FlowState {
    /// TCP: SYN seen, no SYN-ACK yet.
    TcpHandshake = 1,
    /// TCP: the responder answered.
    TcpEstablished = 2,
    /// TCP: RST seen, or FIN of both sides. Never leaves this state but by a new SYN.
    TcpClosing = 3,
    /// Any other protocol: only the initiator spoke so far.
    Unreplied = 4,
    /// Any other protocol: the responder answered.
    Replied = 5,
    /// TCP: the initiator sends no more (FIN), the responder may go on as long as it likes.
    TcpInitiatorDone = 6,
    /// TCP: the responder sends no more, the initiator may go on.
    TcpResponderDone = 7,
}

/// The peer opened the flow (unset: the device did).
pub const FLOW_PEER_INITIATED: u8 = 1;
/// Policy denies the flow; the mode let it through. `reason` says why.
pub const FLOW_WOULD_DROP: u8 = 2;
/// The device is in mode learn: fold the flow into the observed map.
pub const FLOW_LEARN: u8 = 4;
/// TCP picked up after its start, so that the initiator is a guess.
pub const FLOW_MIDSTREAM: u8 = 8;
/// The first frame that was seen came from the responder (unset: from the initiator).
pub const FLOW_RESPONDER_FIRST: u8 = 16;
/// A RST came whose sequence number proves nothing.
pub const FLOW_DOUBTFUL: u8 = 32;
/// `acknowledged_from` holds a number.
pub const FLOW_ACKNOWLEDGED_FROM: u8 = 64;
/// `acknowledged_to` holds a number.
pub const FLOW_ACKNOWLEDGED_TO: u8 = 128;

/// Seconds of silence after which a flow that policy denies is over at the latest: whatever it is, the next frame opens it
/// again.
pub const LONGEST_WOULD_DROP: u32 = 300;

/// One flow as a whole. In the flow table it lies as a [`crate::flow_line::FlowLine`] and a [`crate::flow_line::FlowRest`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FlowEntry {
    /// Epoch in which it was judged last, or found to need no judging; 0: it is asked about with every frame, because what it was
    /// judged by may end by itself.
    pub epoch: u32,
    /// Second of the last frame.
    pub last_seen: u32,
    /// Seconds of silence after which it is over, by state.
    pub idle_timeout: u32,
    /// Its device; 0 for one that is not listed.
    pub device: u32,
    /// Frames from the device.
    pub from_frames: u64,
    /// Their bytes.
    pub from_bytes: u64,
    /// Frames to the device.
    pub to_frames: u64,
    /// Their bytes.
    pub to_bytes: u64,
    /// The rule that allowed it; 0 for none.
    pub rule: u32,
    /// [`FlowState`].
    pub state: u8,
    /// `FLOW_*` bits.
    pub flags: u8,
    /// [`crate::reason::Reason`] of the judgement, which every frame of it counts under if no guard objects.
    pub reason: u8,
    /// [`crate::device::Mode`] of the device when it was judged.
    pub mode: u8,
    /// TCP: what the device acknowledged last, as it stands in the header (network order).
    pub acknowledged_from: u32,
    /// TCP: what the peer acknowledged last, likewise.
    pub acknowledged_to: u32,
    /// Seconds of silence once the flow is answered.
    pub next_timeout: u32,
    /// Generation of the device when it was judged.
    pub generation: u32,
    /// Second (monotonic clock) in which the flow was opened.
    pub opened_at: u32,
    /// Seconds of silence once a TCP flow is closing.
    pub closing_timeout: u16,
    /// Reason of the guard that monitors and objects to it, which every frame of it counts under then; 0: none does.
    pub objection: u8,
}

/// What of a flow is for the learner and the clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FlowTail {
    /// Bytes of the pending frames.
    pub pending_bytes: u64,
    /// Frames not yet folded into the observed map (mode learn).
    pub pending_frames: u32,
    /// Second (wall clock) that begins the span in which its rule is in force.
    pub since: u32,
    /// Second that ends this span; 0: the rule is always in force, or there is none.
    pub until: u32,
}

/// Seconds from one to another. None if it is the younger: another CPU's frame came between two readings of the clock.
#[inline(always)]
pub(crate) const fn silence(last_seen: u32, now: u32) -> u32 {
    let idle = now.wrapping_sub(last_seen);
    if idle > u32::MAX / 2 { 0 } else { idle }
}

impl FlowEntry {
    /// Seconds since its last frame.
    #[inline(always)]
    pub const fn idle(&self, now: u32) -> u32 {
        silence(self.last_seen, now)
    }

    /// What its frames count under, as a number, and the rule that allows them or 0.
    #[inline(always)]
    pub const fn counted(&self) -> (u8, u32) {
        if self.objection == 0 {
            (self.reason, self.rule)
        } else {
            (self.objection, 0)
        }
    }

    /// Whether its frames are would-drops: policy denies it, or a guard objects.
    #[inline(always)]
    pub const fn is_would_drop(&self) -> bool {
        self.flags & FLOW_WOULD_DROP != 0 || self.objection != 0
    }

    /// The conversation that it counts under in the observed map.
    #[inline(always)]
    pub const fn observed_key(&self, key: &FlowKey) -> ObservedKey {
        const ICMP: u8 = 1;
        const ICMPV6: u8 = 58;
        let peer_initiated = self.flags & FLOW_PEER_INITIATED != 0;
        let mut flags = 0;
        if peer_initiated {
            flags |= OBSERVED_PEER_INITIATED;
        }
        if self.flags & FLOW_MIDSTREAM != 0 {
            flags |= OBSERVED_MIDSTREAM;
        }
        ObservedKey {
            peer: key.peer,
            address: key.device,
            mac: key.mac,
            port: match key.protocol {
                // Flows of these are echo: type 8 and 128, code 0.
                ICMP if key.device.is_v4() => 8 << 8,
                ICMPV6 if !key.device.is_v4() => 128 << 8,
                _ if peer_initiated => key.device_port,
                _ => key.peer_port,
            },
            vlans: key.vlans,
            wire: key.wire,
            protocol: key.protocol,
            flags,
            reserved: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: Addr = Addr::v4([10, 30, 1, 12]);
    const PEER: Addr = Addr::v4([10, 20, 8, 11]);

    fn key(protocol: u8) -> FlowKey {
        FlowKey {
            device: DEVICE,
            peer: PEER,
            device_port: 40000,
            peer_port: 3613,
            protocol,
            ..FlowKey::default()
        }
    }

    fn entry(flags: u8) -> FlowEntry {
        FlowEntry {
            flags,
            last_seen: 100,
            idle_timeout: 30,
            ..FlowEntry::default()
        }
    }

    #[test]
    fn the_service_port_is_that_of_the_side_that_did_not_open() {
        assert_eq!(entry(0).observed_key(&key(6)).port, 3613);
        let observed = entry(FLOW_PEER_INITIATED | FLOW_MIDSTREAM).observed_key(&key(6));
        assert_eq!(observed.port, 40000);
        assert_eq!(observed.flags, OBSERVED_PEER_INITIATED | OBSERVED_MIDSTREAM);
        assert_eq!((observed.address, observed.peer), (DEVICE, PEER));
    }

    #[test]
    fn echo_counts_as_its_type() {
        assert_eq!(entry(0).observed_key(&key(1)).port, 8 << 8);
        // ICMPv6 within IPv4 is a protocol without ports.
        let odd = FlowKey {
            peer_port: 0,
            ..key(58)
        };
        assert_eq!(entry(0).observed_key(&odd).port, 0);
    }
}
