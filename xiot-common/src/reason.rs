//! Reasons: the one named cause of each verdict. Numbers are API (SIEM rules and dashboards depend on them):
//! they are never reused and never change their meaning.

/// What follows from a reason, whatever the rule says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// The frame is forwarded.
    Allowed,
    /// Dropped in every mode: no meaning can be given to the frame.
    Malformed,
    /// Dropped in mode enforce; forwarded and counted in modes learn and monitor.
    Denied,
    /// Dropped in every mode: the gateway itself is not set up for the frame.
    Gateway,
}

macro_rules! reasons {
    ($($number:literal $variant:ident $name:literal $class:ident $doc:literal;)+) => {
        /// Why a frame was forwarded or dropped.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        pub enum Reason {
            $(#[doc = $doc] $variant = $number,)+
        }

        impl Reason {
            /// Every reason, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Name used in metrics, events, tables and documents.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What follows from it.
            #[inline(always)]
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)+ }
            }

            /// One sentence for the operator.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }

            /// The reason of this number.
            pub const fn from_u8(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

reasons! {
    1 AllowedRule "allowed_rule" Allowed "A rule of the device's profile allows the conversation that this frame opens.";
    2 AllowedFlow "allowed_flow" Allowed "The frame belongs to a conversation that was allowed when it was opened.";
    3 AllowedService "allowed_service" Allowed "The frame is ARP, neighbour discovery or DHCP, and the profile has that service.";
    4 AllowedRelated "allowed_related" Allowed "An ICMP error about a frame of a conversation that is allowed.";
    5 AllowedGrace "allowed_grace" Allowed "The frame belongs to a conversation that was there before the gateway, and the rules allow it.";
    6 AllowedFragment "allowed_fragment" Allowed "A later fragment of a datagram whose first fragment was allowed.";

    10 TruncatedEthernet "truncated_ethernet" Malformed "The frame ends within its Ethernet header or VLAN tags.";
    11 TooManyVlanTags "too_many_vlan_tags" Malformed "The frame has more than two VLAN tags.";
    12 TruncatedIpv4 "truncated_ipv4" Malformed "The frame ends within its IPv4 header, or before the total length that the header gives.";
    13 BadIpv4Header "bad_ipv4_header" Malformed "The IPv4 header contradicts itself: version, header length or total length.";
    14 TruncatedIpv6 "truncated_ipv6" Malformed "The frame ends within its IPv6 header, or before the payload length that the header gives.";
    15 BadIpv6Header "bad_ipv6_header" Malformed "The IPv6 header has another version than 6, or an IPv4-mapped address.";
    16 BadIpv6Extension "bad_ipv6_extension" Malformed "The chain of IPv6 extension headers is cut off, out of order, or longer than eight.";
    17 Ipv6SourceRoute "ipv6_source_route" Malformed "An IPv6 routing header has segments left: the frame's destination is not where it ends up.";
    18 BadTcpHeader "bad_tcp_header" Malformed "The TCP header is cut off or its data offset is impossible.";
    19 BadUdpHeader "bad_udp_header" Malformed "The UDP header is cut off or its length field is impossible.";
    20 BadIcmpHeader "bad_icmp_header" Malformed "The ICMP or ICMPv6 header is cut off.";
    21 BadArp "bad_arp" Malformed "The ARP message is cut off or is not Ethernet and IPv4.";
    22 SameEndpoints "same_endpoints" Malformed "Source and destination are the same address and port.";
    23 FragmentHeaderIncomplete "fragment_header_incomplete" Malformed "The first fragment does not hold the whole transport header.";
    24 BadTcpFlags "bad_tcp_flags" Malformed "None of the TCP flags SYN, RST and ACK is set, or SYN together with FIN or RST.";
    25 Ipv4SourceRoute "ipv4_source_route" Malformed "The IPv4 header has a source route option: the frame's destination is not where it ends up.";
    26 FragmentBadLength "fragment_bad_length" Malformed "A fragment whose length cannot be: not a multiple of 8 before the last, nothing at all, or beyond the largest datagram.";
    27 FragmentOffsetOne "fragment_offset_one" Malformed "A TCP fragment at offset 1, which would rewrite the flags of a segment that was judged by others.";
    28 FragmentTiny "fragment_tiny" Malformed "A fragment before the last that is smaller than any network needs.";
    29 FragmentOverlap "fragment_overlap" Malformed "A fragment that overlaps one of the same datagram that has passed.";

    30 UnknownDevice "unknown_device" Denied "No device with this MAC and VLAN is listed, and no profile is set for devices that are not.";
    31 WrongWire "wrong_wire" Denied "The device is listed on another wire than the one the frame is on.";
    32 AddressNotBound "address_not_bound" Denied "The device used, or was sent to at, an address that is not among its own.";

    40 NoPeer "no_peer" Denied "The profile allows the device no conversation with this address.";
    41 NoProtocol "no_protocol" Denied "The profile allows conversations with this address, but none of this protocol.";
    42 NoPort "no_port" Denied "The profile allows this protocol with this address, but not this port or ICMP type.";
    43 WrongDirection "wrong_direction" Denied "The profile allows this conversation only if the other side opens it.";
    44 EthertypeDenied "ethertype_denied" Denied "The frame is neither IPv4, IPv6 nor ARP.";
    45 GroupDenied "group_denied" Denied "A broadcast or multicast frame from the uplink that no service allows.";
    46 ServiceDenied "service_denied" Denied "The frame is ARP and the profile does not have that service.";
    47 FragmentUntracked "fragment_untracked" Denied "A later fragment of a datagram whose first fragment has not passed.";

    50 TcpNoFlow "tcp_no_flow" Denied "A TCP segment that opens nothing and belongs to no conversation.";
    51 TcpBadState "tcp_bad_state" Denied "A TCP segment that cannot come at this point of the handshake.";
    52 IcmpNoFlow "icmp_no_flow" Denied "An ICMP echo reply that nobody asked for.";
    53 FlowTableFull "flow_table_full" Denied "The flow table is full: existing conversations go on, new ones are refused.";
    54 Revoked "revoked" Denied "The frame belongs to a conversation that an earlier policy allowed and this one does not.";
    55 IcmpErrorUnrelated "icmp_error_unrelated" Denied "An ICMP error that is not about a frame of a conversation that is allowed.";
    56 FlowBudgetDevice "flow_budget_device" Denied "The device, or others with it, opened more conversations in this second than its profile grants.";
    57 FlowBudgetCpu "flow_budget_cpu" Denied "All devices together opened more conversations in this second than the gateway takes on.";
    58 FragmentBudget "fragment_budget" Denied "The device has more fragmented datagrams in this second than its profile grants.";
    59 FragmentOutOfOrder "fragment_out_of_order" Denied "A later fragment that leaves more gaps in its datagram than are kept track of.";

    60 NotAPort "not_a_port" Gateway "The program is attached to an interface that is not a port of any wire.";
    61 NoPolicy "no_policy" Gateway "No whole policy is loaded.";
    62 NoEgress "no_egress" Gateway "The other port of the wire is gone.";
}

impl Reason {
    /// Numbers are below this; sizes the counter arrays.
    pub const CAPACITY: usize = 128;
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn numbers_fit_and_round_trip() {
        for &reason in Reason::ALL {
            assert!((reason as usize) < Reason::CAPACITY);
            assert_eq!(Reason::from_u8(reason as u8), Some(reason));
        }
    }

    #[test]
    fn names_are_unique() {
        for (i, a) in Reason::ALL.iter().enumerate() {
            for b in Reason::ALL.iter().skip(i + 1) {
                assert_ne!(a.name(), b.name());
            }
        }
    }
}
