//! Builds frames readably. Everything is public and plain, so that a test can also build what no sane stack sends;
//! what has no field here is edited in the bytes.

mod bytes;
pub mod dns;
mod ip;
pub mod lease;

use std::net::{IpAddr, Ipv4Addr};

pub use self::ip::{Extension, Ip, Transport};

/// A MAC address, bytes in transmission order.
pub type Mac = [u8; 6];

/// TCP flag bits as they stand in the header.
pub mod flag {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Opens a conversation.
    pub const SYN: u8 = 0x02;
    /// Ends it at once.
    pub const RST: u8 = 0x04;
    /// Hand over now.
    pub const PSH: u8 = 0x08;
    /// Acknowledges.
    pub const ACK: u8 = 0x10;
    /// Urgent data.
    pub const URG: u8 = 0x20;
}

/// Ethernet type of an 802.1Q tag.
pub const TAG: u16 = 0x8100;
/// Ethernet type of an 802.1ad tag.
pub const SERVICE_TAG: u16 = 0x88a8;

/// A frame from its first MAC byte on, without FCS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// Sender.
    pub source: Mac,
    /// Receiver.
    pub destination: Mac,
    /// Tag types and ids, outermost first.
    pub tags: Vec<(u16, u16)>,
    /// What it carries.
    pub body: Body,
    /// Bytes after the payload, as short Ethernet frames have.
    pub padding: usize,
}

/// What a frame carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// An ARP request or reply.
    Arp {
        /// 1: request, 2: reply.
        operation: u16,
        /// Sender's hardware address, where it is not the frame's source.
        sender_mac: Option<Mac>,
        /// Sender's address.
        sender: Ipv4Addr,
        /// Address asked for.
        target: Ipv4Addr,
    },
    /// IPv4 or IPv6.
    Ip(Ip),
    /// Anything.
    Other {
        /// Ethernet type, or length below 0x600.
        ether_type: u16,
        /// The bytes after it.
        payload: Vec<u8>,
    },
}

/// A frame between two MACs that still needs a body.
#[derive(Clone, Debug)]
pub struct Envelope(Frame);

/// A frame from one MAC to another.
pub fn frame(source: Mac, destination: Mac) -> Envelope {
    Envelope(Frame {
        source,
        destination,
        tags: Vec::new(),
        body: Body::Other {
            ether_type: 0,
            payload: Vec::new(),
        },
        padding: 0,
    })
}

impl Envelope {
    /// Adds an 802.1Q tag inside those that are there.
    #[must_use]
    pub fn tagged(mut self, id: u16) -> Self {
        self.0.tags.push((TAG, id));
        self
    }

    /// Adds an 802.1ad tag inside those that are there.
    #[must_use]
    pub fn service_tagged(mut self, id: u16) -> Self {
        self.0.tags.push((SERVICE_TAG, id));
        self
    }

    /// An IP packet; the addresses say of which family.
    ///
    /// # Panics
    /// Where an address is none, or the two are of different families.
    pub fn ip(self, source: &str, destination: &str) -> PacketEnvelope {
        let address = |text: &str| text.parse::<IpAddr>().expect("an IP address");
        self.packet(address(source), address(destination))
    }

    /// The same from parsed addresses.
    pub fn packet(self, source: IpAddr, destination: IpAddr) -> PacketEnvelope {
        assert_eq!(source.is_ipv4(), destination.is_ipv4(), "one family");
        PacketEnvelope(self.0, Ip::new(source, destination))
    }

    /// An ARP request.
    pub fn arp(self, sender: Ipv4Addr, target: Ipv4Addr) -> Frame {
        self.body(Body::Arp {
            operation: 1,
            sender_mac: None,
            sender,
            target,
        })
    }

    /// An ARP message of any operation and sender.
    pub fn arp_as(self, operation: u16, sender_mac: Mac, sender: Ipv4Addr) -> Frame {
        self.body(Body::Arp {
            operation,
            sender_mac: Some(sender_mac),
            sender,
            target: Ipv4Addr::new(10, 0, 0, 1),
        })
    }

    /// Any other Ethernet type.
    pub fn other(self, ether_type: u16, payload: &[u8]) -> Frame {
        self.body(Body::Other {
            ether_type,
            payload: payload.to_vec(),
        })
    }

    fn body(mut self, body: Body) -> Frame {
        self.0.body = body;
        self.0
    }
}

/// An IP packet in its frame that still needs a transport.
#[derive(Clone, Debug)]
pub struct PacketEnvelope(Frame, Ip);

impl PacketEnvelope {
    /// Sets TTL or hop limit.
    #[must_use]
    pub fn hop_limit(mut self, hops: u8) -> Self {
        self.1.hop_limit = hops;
        self
    }

    /// Which datagram it is a fragment of.
    #[must_use]
    pub fn identification(mut self, identification: u32) -> Self {
        self.1.identification = identification;
        self
    }

    /// Adds an IPv6 extension header.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.1.extensions.push(extension);
        self
    }

    /// IPv4 options: whole words.
    #[must_use]
    pub fn options(mut self, options: &[u8]) -> Self {
        self.1.options = options.to_vec();
        self
    }

    /// Makes it a fragment: offset in units of 8 bytes, and whether more follow.
    #[must_use]
    pub fn fragment(mut self, offset: u16, more: bool) -> Self {
        if self.1.source.is_ipv4() {
            self.1.fragment = Some((offset, more));
            self
        } else {
            self.extension(Extension::Fragment { offset, more })
        }
    }

    /// A TCP segment with these flags.
    pub fn tcp(self, source: u16, destination: u16, flags: u8) -> Frame {
        self.transport(Transport::Tcp {
            source,
            destination,
            flags,
            numbers: (1, 1),
            payload: Vec::new(),
        })
    }

    /// A UDP datagram.
    pub fn udp(self, source: u16, destination: u16) -> Frame {
        self.transport(Transport::Udp {
            source,
            destination,
            payload: b"xiot".to_vec(),
        })
    }

    /// A UDP datagram with this payload.
    pub fn datagram(self, source: u16, destination: u16, payload: &[u8]) -> Frame {
        self.transport(Transport::Udp {
            source,
            destination,
            payload: payload.to_vec(),
        })
    }

    /// An ICMP or ICMPv6 message.
    pub fn icmp(self, kind: u8, code: u8, identifier: u16) -> Frame {
        self.transport(Transport::Icmp {
            kind,
            code,
            identifier,
        })
    }

    /// Another protocol.
    pub fn protocol(self, protocol: u8, payload: &[u8]) -> Frame {
        self.transport(Transport::Other {
            protocol,
            payload: payload.to_vec(),
        })
    }

    fn transport(mut self, transport: Transport) -> Frame {
        self.1.transport = transport;
        self.0.body = Body::Ip(self.1);
        self.0
    }
}

impl Frame {
    /// The frame that answers this one: all ends swapped; ICMP echo and ARP requests become replies.
    #[must_use]
    pub fn reply(&self) -> Self {
        let mut reply = self.clone();
        (reply.source, reply.destination) = (self.destination, self.source);
        match &mut reply.body {
            Body::Arp {
                operation,
                sender,
                target,
                ..
            } => {
                *operation = 2;
                std::mem::swap(sender, target);
            }
            Body::Ip(ip) => ip.turn_round(),
            Body::Other { .. } => {}
        }
        reply
    }

    /// The same with other TCP flags; unchanged where it is no TCP.
    #[must_use]
    pub fn flags(mut self, new: u8) -> Self {
        if let Body::Ip(Ip {
            transport: Transport::Tcp { flags, .. },
            ..
        }) = &mut self.body
        {
            *flags = new;
        }
        self
    }

    /// The same with other TCP sequence and acknowledgment numbers; unchanged where it is no TCP.
    #[must_use]
    pub fn numbers(mut self, sequence: u32, acknowledgment: u32) -> Self {
        if let Body::Ip(Ip {
            transport: Transport::Tcp { numbers, .. },
            ..
        }) = &mut self.body
        {
            *numbers = (sequence, acknowledgment);
        }
        self
    }

    /// The bytes on the wire, with right lengths and checksums.
    pub fn build(&self) -> Vec<u8> {
        bytes::build(self)
    }
}
