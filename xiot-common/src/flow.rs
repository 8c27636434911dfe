//! Flows: one entry per conversation, whichever way a frame travels.

use crate::addr::{Addr, Mac, Vlans};

/// Key of the flow table. Both directions of a conversation have the same key: the lower endpoint comes first.
///
/// Ports are host order. For ICMP echo the port of the requester is the identifier and that of the
/// responder is 0, so that requests of both sides with one identifier are two flows. Protocols without
/// ports have 0.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(C)]
pub struct FlowKey {
    /// Address of the lower endpoint.
    pub low: Addr,
    /// Address of the higher endpoint.
    pub high: Addr,
    /// Port of the lower endpoint.
    pub low_port: u16,
    /// Port of the higher endpoint.
    pub high_port: u16,
    /// VLAN ids of the frame.
    pub vlans: Vlans,
    /// Wire.
    pub wire: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// Zero.
    pub reserved: u8,
}

crate::layout!(FlowKey, size 44, align 4);

impl FlowKey {
    /// The key of a frame, and whether the frame's source is the lower endpoint.
    ///
    /// The order is by native words, last word first (there IPv4 addresses differ), then by port: any
    /// order does that both sides compute alike.
    #[inline(always)]
    pub fn new(
        src: &Addr,
        dst: &Addr,
        src_port: u16,
        dst_port: u16,
        protocol: u8,
        vlans: Vlans,
        wire: u16,
    ) -> (Self, bool) {
        let source_is_low = lower(src, dst, src_port, dst_port);
        let key = if source_is_low {
            Self {
                low: *src,
                high: *dst,
                low_port: src_port,
                high_port: dst_port,
                vlans,
                wire,
                protocol,
                reserved: 0,
            }
        } else {
            Self {
                low: *dst,
                high: *src,
                low_port: dst_port,
                high_port: src_port,
                vlans,
                wire,
                protocol,
                reserved: 0,
            }
        };
        (key, source_is_low)
    }
}

#[inline(always)]
fn lower(a: &Addr, b: &Addr, a_port: u16, b_port: u16) -> bool {
    if a.0[3] != b.0[3] {
        return a.0[3] < b.0[3];
    }
    if a.0[2] != b.0[2] {
        return a.0[2] < b.0[2];
    }
    if a.0[1] != b.0[1] {
        return a.0[1] < b.0[1];
    }
    if a.0[0] != b.0[0] {
        return a.0[0] < b.0[0];
    }
    a_port < b_port
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum FlowState {
    /// TCP: SYN seen, no SYN-ACK yet.
    TcpHandshake = 1,
    /// TCP: the responder answered.
    TcpEstablished = 2,
    /// TCP: FIN or RST seen. Never leaves this state but by a new SYN.
    TcpClosing = 3,
    /// Any other protocol: only the initiator spoke so far.
    Unreplied = 4,
    /// Any other protocol: the responder answered.
    Replied = 5,
}

/// The peer opened the flow (unset: the device did).
pub const FLOW_PEER_INITIATED: u8 = 1;
/// The device is the lower endpoint of the key.
pub const FLOW_DEVICE_IS_LOW: u8 = 2;
/// Policy denies the flow; the mode let it through. `reason` says why.
pub const FLOW_WOULD_DROP: u8 = 4;
/// The device is in mode learn: fold the flow into the observed map.
pub const FLOW_LEARN: u8 = 8;
/// TCP picked up after its start, so that the initiator is a guess.
pub const FLOW_MIDSTREAM: u8 = 16;

/// One flow. Counters are written without atomics: two CPUs on one flow may lose a count, never a verdict.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct FlowEntry {
    /// Its device; 0 for one that is not listed.
    pub device: u32,
    /// The rule that allowed it; 0 for none.
    pub rule: u32,
    /// Generation of the device when it was judged.
    pub generation: u32,
    /// Second (monotonic clock) in which the flow was opened.
    pub opened_at: u32,
    /// Second of the last frame.
    pub last_seen: u32,
    /// Seconds of silence after which it is over, by state.
    pub idle_timeout: u32,
    /// MAC of the device: anti-spoofing on a hit is one compare.
    pub mac: Mac,
    /// Port index that the device is behind.
    pub port: u16,
    /// [`FlowState`].
    pub state: u8,
    /// `FLOW_*` bits.
    pub flags: u8,
    /// [`crate::reason::Reason`] that every frame of it counts under.
    pub reason: u8,
    /// Zero.
    pub reserved: u8,
    /// Seconds of silence once the flow is answered.
    pub next_timeout: u32,
    /// Seconds of silence once a TCP flow is closing.
    pub closing_timeout: u16,
    /// Zero.
    pub reserved2: [u8; 6],
    /// Frames not yet folded into the observed map (mode learn).
    pub pending_frames: u64,
    /// Their bytes.
    pub pending_bytes: u64,
    /// Frames from the device.
    pub from_frames: u64,
    /// Their bytes.
    pub from_bytes: u64,
    /// Frames to the device.
    pub to_frames: u64,
    /// Their bytes.
    pub to_bytes: u64,
}

crate::layout!(FlowEntry, size 96, align 8);

impl FlowEntry {
    /// MAC and port as one word: the MAC's bytes lowest, the port above them.
    #[inline(always)]
    pub const fn owner(&self) -> u64 {
        let mac = self.mac.0;
        let port = self.port.to_le_bytes();
        u64::from_le_bytes([
            mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], port[0], port[1],
        ])
    }
}
