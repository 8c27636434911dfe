//! Parses a frame down to ports, by docs/judgement.md section 1. Ethernet, tags and ARP are read here, the rest in
//! [`super::ip`] and [`super::transport`].

use std::net::{IpAddr, Ipv4Addr};

use etherparse::{ArpPacketSlice, EtherType, Ethernet2HeaderSlice, SingleVlanHeaderSlice};
use xiot_common::reason::Reason;

use super::{
    answer::Answer, fragment::Fragment, ip, lease::Lease, neighbour::Discovery, quote::Quote,
    request::Request,
};
use crate::model::gateway::Wire;

/// A MAC address, bytes in transmission order.
pub(super) type Mac = [u8; 6];

/// What judging needs of a frame.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) destination: Mac,
    pub(super) source: Mac,
    /// Outer and inner VLAN id; 0 where there is no tag.
    pub(super) vlans: (u16, u16),
    /// With a tag at all, be it one of id 0.
    pub(super) is_tagged: bool,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Arp(Arp),
    Ip(Packet),
    Other(Other),
}

/// Neither ARP nor IP.
#[derive(Clone, Copy, Debug)]
pub(super) struct Other {
    /// Its Ethernet type, or a length.
    pub(super) kind: u16,
    /// The Ethernet type that SNAP says what follows a length is of.
    pub(super) encapsulated: Option<u16>,
}

/// What an ARP message says of its sender, and whom it asks about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arp {
    pub(super) operation: u16,
    pub(super) sender_mac: Mac,
    pub(super) sender: Ipv4Addr,
    pub(super) target: Ipv4Addr,
}

/// An IP packet of either family.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// After all extension headers.
    pub(super) protocol: u8,
    pub(super) hop_limit: u8,
    /// IPv4's type of service, IPv6's traffic class.
    pub(super) class: u8,
    /// IPv4 options.
    pub(super) has_options: bool,
    /// The transport header does not follow the IPv6 header directly.
    pub(super) has_extensions: bool,
    pub(super) fragment: Fragment,
    pub(super) transport: Transport,
    /// What an ICMP error is about; none in other packets, in fragments, and where it cannot be read.
    pub(super) quote: Option<Quote>,
    /// Neighbour discovery; none in other packets.
    pub(super) discovery: Option<Discovery>,
    /// What a DHCP server grants, if it is one that sends it; none in other packets.
    pub(super) lease: Option<Box<Lease>>,
    /// What a DNS server answers, if it is one that sends it; none in other packets.
    pub(super) answer: Option<Box<Answer>>,
    /// Whom a DHCP server is asked for; none in other packets.
    pub(super) request: Option<Request>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Transport {
    Tcp {
        source: u16,
        destination: u16,
        flags: TcpFlags,
        sequence: u32,
        acknowledgment: u32,
    },
    Udp {
        source: u16,
        destination: u16,
    },
    /// ICMP in IPv4 or ICMPv6 in IPv6.
    Icmp {
        kind: u8,
        code: u8,
        echo: Echo,
    },
    /// A protocol without ports, or a later fragment.
    Portless,
}

impl Transport {
    /// Ports of the sender and the receiver as a flow has them; none for what has no flow.
    pub(super) fn flow_ports(self) -> Option<(u16, u16)> {
        match self {
            Self::Tcp {
                source,
                destination,
                ..
            }
            | Self::Udp {
                source,
                destination,
            } => Some((source, destination)),
            Self::Icmp {
                echo: Echo::Request(identifier),
                ..
            } => Some((identifier, 0)),
            Self::Icmp {
                echo: Echo::Reply(identifier),
                ..
            } => Some((0, identifier)),
            Self::Icmp { echo: Echo::No, .. } => None,
            Self::Portless => Some((0, 0)),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TcpFlags {
    pub(super) syn: bool,
    pub(super) ack: bool,
    pub(super) rst: bool,
    pub(super) fin: bool,
}

impl TcpFlags {
    /// A SYN that opens a conversation.
    pub(super) fn is_pure_syn(self) -> bool {
        self.syn && !self.ack
    }
}

/// Whether an ICMP message is an echo, with its identifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Echo {
    Request(u16),
    Reply(u16),
    No,
}

const MAX_TAGS: usize = 2;

/// What is less in place of an Ethernet type is a length.
const LEAST_TYPE: u16 = 0x0600;

/// Bytes of an ARP message for Ethernet and IPv4.
const ARP_BYTES: usize = 28;

impl Frame {
    /// Reads a frame from its first MAC byte on, without FCS.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        let ethernet =
            Ethernet2HeaderSlice::from_slice(bytes).map_err(|_short| Reason::TruncatedEthernet)?;
        if ethernet.source()[0] & 1 == 1 {
            return Err(Reason::BadSourceMac);
        }
        let mut ether_type = ethernet.ether_type();
        let mut rest = after(bytes, 14);
        let mut tags = Vec::new();
        while is_vlan(ether_type) {
            if tags.len() == MAX_TAGS {
                return Err(Reason::TooManyVlanTags);
            }
            let tag = SingleVlanHeaderSlice::from_slice(rest)
                .map_err(|_short| Reason::TruncatedEthernet)?;
            tags.push((ether_type, tag.vlan_identifier().value()));
            check_tags(&tags)?;
            ether_type = tag.ether_type();
            rest = after(rest, 4);
        }
        let vlans = vlans(&tags)?;
        let content = match ether_type {
            EtherType::IPV4 => Content::Ip(ip::parse_v4(rest)?),
            EtherType::IPV6 => Content::Ip(ip::parse_v6(rest)?),
            EtherType::ARP => Content::Arp(parse_arp(rest)?),
            EtherType(kind) => Content::Other(Other::read(kind, rest)),
        };
        if let Content::Ip(packet) = &content
            && packet.has_same_endpoints()
        {
            return Err(Reason::SameEndpoints);
        }
        Ok(Self {
            destination: ethernet.destination(),
            source: ethernet.source(),
            vlans,
            is_tagged: !tags.is_empty(),
            content,
        })
    }
}

impl Frame {
    /// Whether it is of another type than ARP and IP that the wire allows.
    pub(super) fn is_allowed_by(&self, wire: &Wire) -> bool {
        matches!(&self.content, Content::Other(other) if wire.ethertypes.contains(&other.kind))
    }
}

impl Other {
    /// `bytes` follow the type. IEEE 802.2, RFC 1042, and what bridges do to tunnel `AppleTalk` (802.1H).
    fn read(kind: u16, bytes: &[u8]) -> Self {
        let encapsulated = match *bytes {
            [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, high, low, ..] if kind < LEAST_TYPE => {
                Some(u16::from_be_bytes([high, low]))
            }
            _ => None,
        };
        Self { kind, encapsulated }
    }
}

impl Packet {
    /// Whether it tells of something that went wrong with another packet.
    pub(super) fn is_icmp_error(&self) -> bool {
        let Transport::Icmp { kind, .. } = self.transport else {
            return false;
        };
        if self.source.is_ipv4() {
            matches!(kind, 3 | 11 | 12)
        } else {
            matches!(kind, 1..=4)
        }
    }

    fn has_same_endpoints(&self) -> bool {
        let same_port = match self.transport {
            Transport::Tcp {
                source,
                destination,
                ..
            }
            | Transport::Udp {
                source,
                destination,
            } => source == destination,
            Transport::Icmp { .. } | Transport::Portless => true,
        };
        self.source == self.destination && same_port
    }
}

/// Whether every switch reads these tags alike.
fn check_tags(tags: &[(EtherType, u16)]) -> Result<(), Reason> {
    let reserved = tags.iter().any(|&(_, id)| id == 0xfff);
    let hops = match tags {
        [(outer_type, outer), (inner_type, inner)] => {
            *outer == 0
                || *inner == 0
                || (*outer_type == EtherType::VLAN_TAGGED_FRAME
                    && *inner_type == EtherType::PROVIDER_BRIDGING)
        }
        _ => false,
    };
    if reserved || hops {
        Err(Reason::BadVlanTags)
    } else {
        Ok(())
    }
}

fn is_vlan(ether_type: EtherType) -> bool {
    matches!(ether_type.0, 0x8100 | 0x88a8)
}

/// Outer and inner id of all tags. A service tag alone has an inner id that no VLAN has.
fn vlans(tags: &[(EtherType, u16)]) -> Result<(u16, u16), Reason> {
    match tags {
        [] => Ok((0, 0)),
        [(EtherType::PROVIDER_BRIDGING, 0)] => Err(Reason::BadVlanTags),
        [(EtherType::PROVIDER_BRIDGING, id)] => Ok((*id, 0xfff)),
        [(_, id)] => Ok((*id, 0)),
        [(_, outer), (_, inner), ..] => Ok((*outer, *inner)),
    }
}

fn parse_arp(bytes: &[u8]) -> Result<Arp, Reason> {
    let arp = bytes
        .get(..ARP_BYTES)
        .and_then(|message| ArpPacketSlice::from_slice(message).ok())
        .ok_or(Reason::BadArp)?;
    let fits = arp.hw_addr_type().0 == 1
        && arp.proto_addr_type() == EtherType::IPV4
        && arp.hw_addr_size() == 6
        && arp.proto_addr_size() == 4;
    let sender_mac = arp.sender_hw_addr().try_into();
    let sender: Result<[u8; 4], _> = arp.sender_protocol_addr().try_into();
    let target: Result<[u8; 4], _> = arp.target_protocol_addr().try_into();
    match (sender_mac, sender, target) {
        (Ok(sender_mac), Ok(sender), Ok(target)) if fits => Ok(Arp {
            operation: arp.operation().0,
            sender_mac,
            sender: sender.into(),
            target: target.into(),
        }),
        _ => Err(Reason::BadArp),
    }
}

/// What follows the first `count` bytes; nothing where there are fewer.
pub(super) fn after(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(count..).unwrap_or(&[])
}
