//! IP packets and what they carry.

use std::net::IpAddr;

/// An IP packet; its addresses say of which family.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ip {
    /// Sender.
    pub source: IpAddr,
    /// Receiver, of the same family.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// IPv4 options in whole words; IPv6 has none.
    pub options: Vec<u8>,
    /// Which datagram a fragment is of; IPv4 has its low 16 bits.
    pub identification: u32,
    /// IPv4: offset in units of 8 bytes, and whether more follow.
    pub fragment: Option<(u16, bool)>,
    /// IPv6: headers before the transport header.
    pub extensions: Vec<Extension>,
    /// The rest.
    pub transport: Transport,
}

/// An IPv6 extension header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Extension {
    /// Any header of the common shape.
    Options {
        /// Its number: 0, 43, 60, 135 and others.
        kind: u8,
        /// Length field: units of 8 bytes after the first 8.
        units: u8,
        /// Fourth byte: in a routing header the segments left.
        fourth: u8,
    },
    /// AH.
    Authentication {
        /// Length field: words after the first two.
        words: u8,
    },
    /// A fragment.
    Fragment {
        /// In units of 8 bytes.
        offset: u16,
        /// More follow.
        more: bool,
    },
}

impl Extension {
    /// Its number in the next-header field before it.
    pub fn kind(self) -> u8 {
        match self {
            Self::Options { kind, .. } => kind,
            Self::Authentication { .. } => 51,
            Self::Fragment { .. } => 44,
        }
    }
}

/// What an IP packet carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Transport {
    /// TCP.
    Tcp {
        /// Sender's port.
        source: u16,
        /// Receiver's port.
        destination: u16,
        /// Flag bits.
        flags: u8,
        /// Sequence and acknowledgment number.
        numbers: (u32, u32),
        /// Data.
        payload: Vec<u8>,
    },
    /// UDP.
    Udp {
        /// Sender's port.
        source: u16,
        /// Receiver's port.
        destination: u16,
        /// Data.
        payload: Vec<u8>,
    },
    /// ICMP in IPv4, ICMPv6 in IPv6: a header of 8 bytes.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
        /// Bytes 5 and 6: of an echo its identifier.
        identifier: u16,
    },
    /// Another protocol, or a header of a known one in raw bytes.
    Other {
        /// Its number.
        protocol: u8,
        /// Its bytes.
        payload: Vec<u8>,
    },
}

impl Ip {
    pub(super) fn new(source: IpAddr, destination: IpAddr) -> Self {
        Self {
            source,
            destination,
            hop_limit: 64,
            options: Vec::new(),
            identification: 0x1234,
            fragment: None,
            extensions: Vec::new(),
            transport: Transport::Other {
                protocol: 59,
                payload: Vec::new(),
            },
        }
    }

    /// Protocol number of the transport.
    pub fn protocol(&self) -> u8 {
        match &self.transport {
            Transport::Tcp { .. } => 6,
            Transport::Udp { .. } => 17,
            Transport::Icmp { .. } if self.source.is_ipv4() => 1,
            Transport::Icmp { .. } => 58,
            Transport::Other { protocol, .. } => *protocol,
        }
    }

    /// The bytes behind the IP header and its extension headers.
    pub fn payload(&self) -> Vec<u8> {
        super::bytes::payload(self)
    }

    pub(super) fn turn_round(&mut self) {
        std::mem::swap(&mut self.source, &mut self.destination);
        match &mut self.transport {
            Transport::Tcp {
                source,
                destination,
                ..
            }
            | Transport::Udp {
                source,
                destination,
                ..
            } => std::mem::swap(source, destination),
            Transport::Icmp { kind, .. } => {
                *kind = match *kind {
                    8 => 0,
                    0 => 8,
                    128 => 129,
                    129 => 128,
                    other => other,
                }
            }
            Transport::Other { .. } => {}
        }
    }
}
