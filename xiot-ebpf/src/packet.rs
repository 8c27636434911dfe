//! What is known of a frame while it is judged.

use xiot_common::{
    addr::{Addr, Mac, Vlans},
    flow::FlowKey,
    port::{PortConfig, Side},
};

use crate::flow::table::NOWHERE;

/// What follows the tags.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Kind {
    /// Neither of the others.
    Other,
    /// ARP for IPv4 over Ethernet.
    Arp,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// Which part of a datagram.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Fragment {
    /// The whole.
    No,
    /// The first fragment.
    First,
    /// A later one: no transport header.
    Later,
}

/// What an ICMP or ICMPv6 message is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Icmp {
    /// Not ICMP.
    No,
    /// Echo request.
    Request,
    /// Echo reply.
    Reply,
    /// An error, which quotes the datagram that it is about.
    Error,
    /// Any other message.
    Other,
}

/// FIN.
pub const FIN: u8 = 0x01;
/// SYN.
pub const SYN: u8 = 0x02;
/// RST.
pub const RST: u8 = 0x04;
/// ACK.
pub const ACK: u8 = 0x10;

/// A frame in the making of its verdict. Flags are bytes, not `bool`: the element is map memory, which the verifier
/// takes to hold anything.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Packet {
    /// Source MAC: its bytes as the low six of a little-endian word.
    pub src_mac: u64,
    /// Destination MAC, likewise.
    pub dst_mac: u64,
    /// Flow key, which holds the addresses. Of an earlier frame while `kind` is not IP.
    pub key: FlowKey,
    /// Length of the frame in bytes.
    pub length: u32,
    /// Second of the monotonic clock.
    pub now: u32,
    /// Slot that judges it.
    pub slot: u32,
    /// Epoch in which it is judged.
    pub epoch: u32,
    /// TCP sequence number, network order.
    pub sequence: u32,
    /// TCP acknowledgment number, network order.
    pub acknowledgement: u32,
    /// The port it came in on.
    pub port: PortConfig,
    /// VLAN ids.
    pub vlans: Vlans,
    /// EtherType after the tags, host order.
    pub ethertype: u16,
    /// Port of the source in the flow key, host order.
    pub src_port: u16,
    /// Port of the destination in the flow key, host order.
    pub dst_port: u16,
    /// What rules are matched with: destination port, or ICMP `type << 8 | code`.
    pub service: u16,
    /// Identifier of an ICMP echo message.
    pub echo_id: u16,
    /// Offset of an ICMP error, or of a UDP header, in the frame.
    pub message: u16,
    /// Bytes from there to the end of the datagram.
    pub message_length: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// TCP flags.
    pub tcp_flags: u8,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// What follows the tags.
    pub kind: Kind,
    /// Which part of a datagram.
    pub fragment: Fragment,
    /// What ICMP message.
    pub icmp: Icmp,
    /// 1: the transport header follows the IPv6 header directly.
    pub direct: u8,
    /// Zero.
    pub reserved: u8,
    /// Number of the place that a flow of this key has in the table, live or not.
    pub place: u32,
}

impl Packet {
    /// Nothing is known.
    pub const NONE: Self = Self {
        src_mac: 0,
        dst_mac: 0,
        key: FlowKey {
            device: Addr([0; 4]),
            peer: Addr([0; 4]),
            device_port: 0,
            peer_port: 0,
            vlans: Vlans { outer: 0, inner: 0 },
            mac: Mac([0; 6]),
            wire: 0,
            protocol: 0,
        },
        length: 0,
        now: 0,
        slot: 0,
        epoch: 0,
        sequence: 0,
        acknowledgement: 0,
        port: PortConfig::NONE,
        vlans: Vlans { outer: 0, inner: 0 },
        ethertype: 0,
        src_port: 0,
        dst_port: 0,
        service: 0,
        echo_id: 0,
        message: 0,
        message_length: 0,
        protocol: 0,
        tcp_flags: 0,
        hop_limit: 0,
        kind: Kind::Other,
        fragment: Fragment::No,
        icmp: Icmp::No,
        direct: 0,
        reserved: 0,
        place: NOWHERE,
    };

    /// Forgets the last frame of this CPU; the key stays until a new one is made.
    #[inline(always)]
    pub fn reset(&mut self, length: u32, now: u32, (slot, epoch): (u32, u32)) {
        self.src_mac = 0;
        self.dst_mac = 0;
        self.length = length;
        self.now = now;
        self.slot = slot;
        self.epoch = epoch;
        self.port = PortConfig::NONE;
        self.vlans = Vlans { outer: 0, inner: 0 };
        self.ethertype = 0;
        self.src_port = 0;
        self.dst_port = 0;
        self.service = 0;
        self.echo_id = 0;
        self.protocol = 0;
        self.tcp_flags = 0;
        self.hop_limit = 0;
        self.kind = Kind::Other;
        self.fragment = Fragment::No;
        self.icmp = Icmp::No;
        self.direct = 0;
        self.place = NOWHERE;
    }

    /// Whether it came in from the devices' side.
    #[inline(always)]
    pub const fn is_from_device(&self) -> bool {
        self.port.side == Side::Device as u8
    }

    /// The MAC on the device's side: the source from the devices, else the destination.
    #[inline(always)]
    pub const fn device_mac_word(&self) -> u64 {
        if self.is_from_device() {
            self.src_mac
        } else {
            self.dst_mac
        }
    }

    /// Source address.
    #[inline(always)]
    pub const fn src(&self) -> &Addr {
        if self.is_from_device() {
            &self.key.device
        } else {
            &self.key.peer
        }
    }

    /// Destination address.
    #[inline(always)]
    pub const fn dst(&self) -> &Addr {
        if self.is_from_device() {
            &self.key.peer
        } else {
            &self.key.device
        }
    }

    /// SYN alone: opens a conversation.
    #[inline(always)]
    pub const fn is_pure_syn(&self) -> bool {
        self.tcp_flags & (SYN | ACK | RST | FIN) == SYN
    }
}

/// A MAC word as a MAC.
#[inline(always)]
pub const fn mac(word: u64) -> Mac {
    let b = word.to_le_bytes();
    Mac([b[0], b[1], b[2], b[3], b[4], b[5]])
}

/// The word of a MAC.
#[inline(always)]
pub const fn word(mac: Mac) -> u64 {
    let b = mac.0;
    u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], 0, 0])
}

/// Whether the group bit of a MAC word is set.
#[inline(always)]
pub const fn is_group(word: u64) -> bool {
    word & 1 != 0
}
