//! Reasons: the one named cause of each verdict. Numbers are API (SIEM rules and dashboards depend on them):
//! they are never reused and never change their meaning.

/// What follows from a reason, whatever the rule says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// The frame is forwarded.
    Allowed,
    /// Dropped in every mode: no meaning can be given to the frame.
    Malformed,
    /// Dropped in mode enforce; forwarded and counted in modes learn and monitor. For what a guard denies its level is the mode.
    Denied,
    /// Dropped in every mode: the gateway itself is not set up for the frame.
    Gateway,
}

macro_rules! reasons {
    ($($number:literal $variant:ident $name:literal $class:ident $doc:literal $remedy:literal;)+) => {
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

            /// What the operator should do about it, in a sentence or two.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }

            /// The reason of this number.
            #[inline(always)]
            pub const fn from_u8(number: u8) -> Option<Self> {
                BY_NUMBER[number as usize]
            }
        }

        /// A table where a `match` would do: in the kernel it is one load, which every place that asks can have in line.
        static BY_NUMBER: [Option<Reason>; 256] = {
            let mut all = [None; 256];
            $(all[$number] = Some(Reason::$variant);)+
            all
        };
    };
}

reasons! {
    1 AllowedRule "allowed_rule" Allowed "A rule of the device's profile allows the conversation that this frame opens."
        "Nothing: the rule's number and hits say which rule it was.";
    2 AllowedFlow "allowed_flow" Allowed "The frame belongs to a conversation that was allowed when it was opened."
        "Nothing: `flows` shows the conversation and the rule that opened it.";
    3 AllowedService "allowed_service" Allowed "The frame is ARP, neighbour discovery or DHCP, and the profile has that service."
        "Nothing; to stop it, take the service out of the profile.";
    4 AllowedRelated "allowed_related" Allowed "An ICMP error about a frame of a conversation that is allowed."
        "Nothing: path MTU discovery and unreachable hosts work by these.";
    5 AllowedGrace "allowed_grace" Allowed "The frame belongs to a conversation that was there before the gateway, and the rules allow it."
        "Nothing: it ends with the grace period (`grace` in gateway.yaml).";
    6 AllowedFragment "allowed_fragment" Allowed "A later fragment of a datagram whose first fragment was allowed."
        "Nothing; a device that sends many has a path MTU or an application worth a look.";
    7 AllowedEthertype "allowed_ethertype" Allowed "The frame is of a type beside ARP and IP that its wire lets pass."
        "Nothing; to stop it, take the type out of the wire's `ethertypes` in gateway.yaml.";
    8 ToGateway "to_gateway" Allowed "A frame from a router uplink that is routed to no segment: for the gateway itself, or on to another uplink."
        "Nothing: what the gateway itself answers is the affair of its own firewall.";

    10 TruncatedEthernet "truncated_ethernet" Malformed "The frame ends within its Ethernet header or VLAN tags."
        "Look for a failing cable, port or driver; capture on the port if it goes on.";
    11 TooManyVlanTags "too_many_vlan_tags" Malformed "The frame has more than two VLAN tags."
        "Take tags off before the gateway, or look for an attempt at VLAN hopping.";
    12 TruncatedIpv4 "truncated_ipv4" Malformed "The frame ends within its IPv4 header, or before the total length that the header gives."
        "Look for a failing device, driver or tunnel in front of the gateway; it may also be an attempt to evade inspection.";
    13 BadIpv4Header "bad_ipv4_header" Malformed "The IPv4 header contradicts itself: version, header length or total length."
        "Find the sender by its MAC: no working stack sends this.";
    14 TruncatedIpv6 "truncated_ipv6" Malformed "The frame ends within its IPv6 header, or before the payload length that the header gives."
        "Look for a failing device, driver or tunnel in front of the gateway; it may also be an attempt to evade inspection.";
    15 BadIpv6Header "bad_ipv6_header" Malformed "The IPv6 header has another version than 6, or an IPv4-mapped address."
        "Find the sender by its MAC: no working stack sends this.";
    16 BadIpv6Extension "bad_ipv6_extension" Malformed "The chain of IPv6 extension headers is cut off, out of order, or longer than eight."
        "Find the sender by its MAC: chains like this are made to get past filters.";
    17 Ipv6SourceRoute "ipv6_source_route" Malformed "An IPv6 routing header has segments left: the frame's destination is not where it ends up."
        "Find the sender by its MAC: nothing in a hospital routes like this.";
    18 BadTcpHeader "bad_tcp_header" Malformed "The TCP header is cut off or its data offset is impossible."
        "Find the sender by its MAC: a scanner, or a failing stack.";
    19 BadUdpHeader "bad_udp_header" Malformed "The UDP header is cut off or its length field is impossible."
        "Find the sender by its MAC: a scanner, or a failing stack.";
    20 BadIcmpHeader "bad_icmp_header" Malformed "The ICMP or ICMPv6 header is cut off."
        "Find the sender by its MAC: a scanner, or a failing stack.";
    21 BadArp "bad_arp" Malformed "The ARP message is cut off or is not Ethernet and IPv4."
        "Find the sender by its MAC: a scanner, or a failing stack.";
    22 SameEndpoints "same_endpoints" Malformed "Source and destination are the same address and port."
        "Find the sender by its MAC: this is the LAND attack, or a test of it.";
    23 FragmentHeaderIncomplete "fragment_header_incomplete" Malformed "The first fragment does not hold the whole transport header."
        "Find the sender by its MAC: fragments like this are made to get past filters.";
    24 BadTcpFlags "bad_tcp_flags" Malformed "None of the TCP flags SYN, RST and ACK is set, or SYN together with FIN or RST."
        "Find the sender by its MAC: these are scans (null, FIN, Xmas).";
    25 Ipv4SourceRoute "ipv4_source_route" Malformed "The IPv4 header has a source route option: the frame's destination is not where it ends up."
        "Find the sender by its MAC: nothing in a hospital routes like this.";
    26 FragmentBadLength "fragment_bad_length" Malformed "A fragment whose length cannot be: not a multiple of 8 before the last, nothing at all, or beyond the largest datagram."
        "Find the sender by its MAC: no working stack sends this.";
    27 FragmentOffsetOne "fragment_offset_one" Malformed "A TCP fragment at offset 1, which would rewrite the flags of a segment that was judged by others."
        "Find the sender by its MAC: fragments like this are made to get past filters.";
    28 FragmentTiny "fragment_tiny" Malformed "A fragment before the last that is smaller than any network needs."
        "Find the sender by its MAC: fragments like this are made to get past filters.";
    29 FragmentOverlap "fragment_overlap" Malformed "A fragment that overlaps one of the same datagram that has passed."
        "Find the sender by its MAC: overlaps are made to get past filters. Where it is a device of yours, its identification numbers repeat too soon.";

    64 BadSourceMac "bad_source_mac" Malformed "The source MAC is a group address, which no station has."
        "Find the sender by its port on the switch: its driver fails, or it hides.";
    63 BadVlanTags "bad_vlan_tags" Malformed "A reserved VLAN id, or two tags that switches do not read alike."
        "Find the sender by its MAC: frames like this are made to hop into another VLAN.";

    30 UnknownDevice "unknown_device" Denied "No device with this MAC and VLAN is listed, and no profile is set for devices that are not."
        "List the device, or give `defaults` a profile for those that are not; `devices --unlisted` shows them all.";
    31 WrongWire "wrong_wire" Denied "The device is listed on another wire than the one the frame is on."
        "Find out who moved the device; correct its `wire`, or look for a second device with the same MAC.";
    32 AddressNotBound "address_not_bound" Denied "The device used, or was sent to at, an address that is not among its own."
        "Add the address to the device's `ip` if it is its own; else somebody uses a wrong one.";

    33 Quarantined "quarantined" Denied "The device is in quarantine: nothing of it passes, whatever policy says."
        "Nothing, if it is meant; `release` ends it.";

    40 NoPeer "no_peer" Denied "The profile allows the device no conversation with this address."
        "If the conversation is needed, add a rule to the profile; `explain` shows what comes closest.";
    41 NoProtocol "no_protocol" Denied "The profile allows conversations with this address, but none of this protocol."
        "If the conversation is needed, add the protocol to the rule for this peer.";
    42 NoPort "no_port" Denied "The profile allows this protocol with this address, but not this port or ICMP type."
        "If the conversation is needed, add the port to the rule for this peer.";
    43 WrongDirection "wrong_direction" Denied "The profile allows this conversation only if the other side opens it."
        "If the other side may open it too, add a rule of the opposite direction (`from` for `to`).";
    48 RuleNotInForce "rule_not_in_force" Denied "The profile allows this conversation at other times: the rule's end has come, or this is none of its windows."
        "Nothing, if it is meant; else change `expires` or `when` of the rule, which `explain` shows. If all devices are affected, look at the gateway's clock.";
    44 EthertypeDenied "ethertype_denied" Denied "The frame is neither IPv4, IPv6 nor ARP."
        "Find out what speaks this protocol; if it is needed, name its type in the wire's `ethertypes` in gateway.yaml.";
    45 GroupDenied "group_denied" Denied "A broadcast or multicast frame from the uplink that no service allows."
        "Nothing, in most cases: noise of the network that no device asked for.";
    46 ServiceDenied "service_denied" Denied "The frame is ARP and the profile does not have that service."
        "Add `arp` to the services of the profile; without it the device can reach nobody.";
    47 FragmentUntracked "fragment_untracked" Denied "A later fragment of a datagram whose first fragment has not passed."
        "Look at why the first fragment is missing: refused for its own reason, overtaken, or lost.";

    50 TcpNoFlow "tcp_no_flow" Denied "A TCP segment that opens nothing and belongs to no conversation."
        "Nothing, if it ends soon: what was open when its policy or the gateway changed. Else look for a route around the gateway: it must see both directions.";
    51 TcpBadState "tcp_bad_state" Denied "A TCP segment that cannot come at this point of the handshake."
        "Look for a route around the gateway: it must see both directions. A scanner does this too.";
    52 IcmpNoFlow "icmp_no_flow" Denied "An ICMP echo reply that nobody asked for."
        "Look for a route around the gateway: it must see both directions. It may also be a covert channel.";
    53 FlowTableFull "flow_table_full" Denied "The flow table is full: existing conversations go on, new ones are refused."
        "Raise `capacity.flows`, and look at `flows` for who fills it.";
    54 Revoked "revoked" Denied "The frame belongs to a conversation that an earlier policy allowed and this one does not."
        "Nothing, if the policy was meant to end this conversation; else compare the profile with the one before.";
    55 IcmpErrorUnrelated "icmp_error_unrelated" Denied "An ICMP error that is not about a frame of a conversation that is allowed."
        "Nothing, in most cases: the conversation is over. Many from one sender are a scan or an attack on sessions.";
    56 FlowBudgetDevice "flow_budget_device" Denied "The device, or others with it, opened more conversations in this second than its profile grants."
        "Look at what the device does: a scan or a flood. If it is its work, raise `limits.new-flows` of its profile.";
    57 FlowBudgetCpu "flow_budget_cpu" Denied "All devices together opened more conversations in this second than the gateway takes on."
        "Look for a flood from many devices; raise `limits.new-flows-per-cpu` in gateway.yaml only if it is their work.";
    58 FragmentBudget "fragment_budget" Denied "The device has more fragmented datagrams in this second than its profile grants."
        "Look at what the device does; if it is its work, raise `limits.fragments` of its profile.";
    59 FragmentOutOfOrder "fragment_out_of_order" Denied "A later fragment that leaves more gaps in its datagram than are kept track of."
        "Look for a network path that mixes the order of frames up.";

    70 SourceMacInvalid "source_mac_invalid" Denied "A frame from a device whose source MAC is all zero or that of its destination."
        "Find the sender by its port on the switch: its driver fails, or it hides. (Guard `mac`.)";
    71 SourceAddressInvalid "source_address_invalid" Denied "A device sent from an address that no host has: multicast, broadcast or loopback."
        "Find the sender by its MAC: a scanner, or a failing stack. (Guard `source`.)";
    72 SourceAddressStolen "source_address_stolen" Denied "A device sent from an address that is another one's, by policy, lease or use."
        "Find the sender by its MAC: it is misconfigured, or poses as the other. If the address moved, correct the policy; `bindings` shows what it does not list. (Guard `source`.)";
    73 ArpInvalid "arp_invalid" Denied "ARP from a device that neither asks nor answers, or speaks for an address that no host has."
        "Find the sender by its MAC: a scanner, or a failing stack. (Guard `arp`.)";
    74 ArpSpoofed "arp_spoofed" Denied "ARP from a device for another MAC than its own, or for an address that is another device's, by policy or lease."
        "Find the sender by its MAC: this is how conversations of others are drawn in. If the address moved, correct the policy; `bindings` shows what it does not list. (Guard `arp`.)";
    75 NdInvalid "nd_invalid" Denied "Neighbour discovery that no host may accept: fragmented, with extension headers, from afar, cut off, or with wrong options."
        "Find the sender by its MAC: messages like this are made to get past filters. (Guards `nd` and `claim`.)";
    76 NdSpoofed "nd_spoofed" Denied "Neighbour discovery from a device for another MAC than its own, or for an address that is another device's, by policy, lease or use."
        "Find the sender by its MAC: this is how conversations of others are drawn in. If the address moved, correct the policy; `bindings` shows what it does not list. (Guard `nd`.)";
    77 DhcpServer "dhcp_server" Denied "A device speaks as a DHCP or DHCPv6 server."
        "Find the device: a second server gives others wrong addresses, gateways and names. If it is one, set guard `dhcp-server` of its wire to `off`.";
    78 RouterMessage "router_message" Denied "A device advertises itself as a router, or redirects others."
        "Find the device: this is how traffic of others is drawn in. If it is a router, set guard `router` of its wire to `off`.";
    79 Bpdu "bpdu" Denied "A device speaks to switches: spanning tree, discovery or link control."
        "Find out what is behind the port: a switch where a device should be? Types that are needed (`lldp`) go into the wire's `ethertypes`. (Guard `bpdu`.)";
    80 AddressClaimed "address_claimed" Denied "ARP or neighbour discovery from the uplink claims an address that is a device's of this wire, by policy, lease or use."
        "Find the sender by its MAC: another host has the address, or poses as the device. If the device moved, correct the policy. (Guard `claim`.)";
    81 GroupRate "group_rate" Denied "More broadcast and multicast frames from one sender, or one port, in this second than the gateway grants."
        "Look for a loop or a failing device behind the port. If it is its work, raise `limits.group-frames-per-sender` or `group-frames-per-port` in gateway.yaml.";

    82 SourceAddressUnbound "source_address_unbound" Denied "A listed device used an address that is neither listed for it nor leased to it, nor one that it may take."
        "If the address is its own, list it (`ip`) or let DHCP give it; a device that has many IPv6 addresses may need `limits.addresses-per-device` in gateway.yaml. Else find out what sends with its MAC. (Guard `binding`.)";

    83 SnapEncapsulated "snap_encapsulated" Denied "A device sent IP, ARP or a tag inside of SNAP (IEEE 802.2), where switches and filters do not look and some hosts do."
        "Find the sender by its MAC: on Ethernet this is how filters are evaded (CVE-2021-27854). (Guard `mac`.)";
    84 DhcpSpoofed "dhcp_spoofed" Denied "A device asked a DHCP server for another client: its message names another MAC, or another's address."
        "Find the sender by its MAC: somebody is taking leases, or releasing others'. A DHCP relay on the devices' side needs the guard off. (Guard `dhcp-client`.)";
    85 MacClaimed "mac_claimed" Denied "The source MAC of a frame from the uplink is that of a device that is listed for this wire."
        "Look for a loop past the gateway, or a host on the uplink side that uses the device's MAC. If the device may be on either side, list it without `wire`. (Guard `claim`.)";

    60 NotAPort "not_a_port" Gateway "The program is attached to an interface that is not a port of any wire."
        "Detach the program from the interface (`xiot-agent detach`), or list it in gateway.yaml.";
    61 NoPolicy "no_policy" Gateway "No whole policy is loaded."
        "Look at the agent's log: no policy of this version has been applied.";
    62 NoEgress "no_egress" Gateway "The other port of the wire is gone, or the kernel routes to what is no port of the router."
        "Look at the interface of the other port: it is gone or was made anew; restart the agent. On a router look at the route: `ip route get`.";
    65 EgressTooLong "egress_too_long" Gateway "The frame is longer than the other port sends (its MTU and one VLAN tag), or a jumbo frame that its driver or the kernel does not send on."
        "Give both ports of the wire one MTU, 4 bytes more than that of the hosts where frames carry two tags. If its MTU is above 3,502, restart the agent with `xdp: auto`: it chooses the mode that sends jumbo frames on.";
    66 RoutedVlan "routed_vlan" Gateway "A frame with a VLAN tag on a port of the router, which routes untagged frames alone."
        "Let the switch send untagged frames to the port: one segment is one VLAN.";
    67 NotForRouter "not_for_router" Gateway "A frame on a port of the router for another MAC than the port's."
        "Nothing, if it ends soon: the switch does not know yet where the receiver is. Many are a flood, or a port that mirrors.";
    68 NotRoutable "not_routable" Gateway "An address that routers do not forward: loopback, link-local, multicast or reserved."
        "Find the sender by its MAC: it has no address of its own network, or forges one.";
    69 NeighbourUnknown "neighbour_unknown" Gateway "The MAC of the next hop on the segment is not known yet: whose frame it is nobody can say."
        "Nothing, if it ends soon: the agent has the kernel ask for the MAC. Else the device is off, elsewhere, or may not answer (service `arp` or `nd`).";
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
