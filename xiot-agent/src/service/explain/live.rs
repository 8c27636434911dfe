//! A conversation that goes on, put to the program as if it were opened now.

use std::net::{IpAddr, Ipv4Addr};

use super::{
    IcmpMessage, JudgeError, Judgement, Program, Service,
    frame::{self, Opening},
    probe::next_hop,
};
use crate::{
    collect::{Flow, FlowEnd},
    service::{
        state::{MacBytes, Side, Vlans},
        view,
    },
};

/// Echo requests, which alone open flows of ICMP and ICMPv6 (RFC 792, RFC 4443).
const ECHO: [u8; 2] = [8, 128];

/// What becomes of this conversation by the policy of this instance.
pub fn judge_flow(program: &mut Program, flow: &Flow) -> Result<Judgement, JudgeError> {
    let opening = opening(flow);
    let frame = frame::build(&opening).map_err(|error| JudgeError(error.into()))?;
    program.judge_known(side(flow), flow.key.wire.into(), &frame)
}

/// The frame that opens a conversation between a device, by MAC and address, and a peer beyond its wire: the device's if it comes from that side. What is
/// spoken is a protocol number, and a port or ICMP type and code of whom the frame is for.
pub fn opening_frame(
    (mac, own): (MacBytes, IpAddr),
    peer: IpAddr,
    from: Side,
    vlans: Vlans,
    (protocol, port): (u8, u16),
) -> Result<Vec<u8>, JudgeError> {
    let beyond = next_hop(mac);
    let (src_mac, dst_mac, src, dst) = match from {
        Side::Device => (mac, group(peer).unwrap_or(beyond), own, peer),
        Side::Uplink => (beyond, mac, peer, own),
    };
    let [kind, code] = port.to_be_bytes();
    let message = IcmpMessage { kind, code };
    let service = match protocol {
        6 => Service::Tcp(port),
        17 => Service::Udp(port),
        1 if peer.is_ipv4() => Service::Icmp(message),
        58 if peer.is_ipv6() => Service::Icmpv6(message),
        other => Service::Other(other),
    };
    let opening = Opening {
        src_mac,
        dst_mac,
        vlans,
        src,
        dst,
        service,
    };
    frame::build(&opening).map_err(|error| JudgeError(error.into()))
}

fn side(flow: &Flow) -> Side {
    if flow.is_peer_initiated() {
        Side::Uplink
    } else {
        Side::Device
    }
}

fn opening(flow: &Flow) -> Opening {
    let mac = flow.key.mac.0;
    let (device, peer) = (flow.device_end(), flow.peer_end());
    let address = |end: FlowEnd| view::address(end.address);
    let vlans = Vlans {
        outer: flow.key.vlans.outer,
        inner: flow.key.vlans.inner,
    };
    let opening = |src_mac, dst_mac, src: FlowEnd, dst: FlowEnd| Opening {
        src_mac,
        dst_mac,
        vlans,
        src: address(src),
        dst: address(dst),
        service: service(flow.key.protocol, dst.port),
    };
    if flow.is_peer_initiated() {
        opening(next_hop(mac), mac, peer, device)
    } else {
        let beyond = group(address(peer)).unwrap_or_else(|| next_hop(mac));
        opening(mac, beyond, device, peer)
    }
}

fn service(protocol: u8, port: u16) -> Service {
    let echo = |kind| IcmpMessage { kind, code: 0 };
    let [v4, v6] = ECHO;
    match protocol {
        6 => Service::Tcp(port),
        17 => Service::Udp(port),
        1 => Service::Icmp(echo(v4)),
        58 => Service::Icmpv6(echo(v6)),
        other => Service::Other(other),
    }
}

/// The MAC that a group or broadcast address goes to (RFC 1112, 6.4; RFC 2464, 7).
fn group(address: IpAddr) -> Option<MacBytes> {
    match address {
        IpAddr::V4(Ipv4Addr::BROADCAST) => Some([0xff; 6]),
        IpAddr::V4(address) if address.is_multicast() => {
            let [_, b, c, d] = address.octets();
            Some([0x01, 0x00, 0x5e, b & 0x7f, c, d])
        }
        IpAddr::V6(address) if address.is_multicast() => {
            let [.., a, b, c, d] = address.octets();
            Some([0x33, 0x33, a, b, c, d])
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_macs_of_their_own() {
        for (address, mac) in [
            ("255.255.255.255", Some([0xff; 6])),
            ("239.129.2.3", Some([0x01, 0x00, 0x5e, 0x01, 2, 3])),
            ("ff02::1:3", Some([0x33, 0x33, 0, 1, 0, 3])),
            ("10.0.0.1", None),
            ("fe80::1", None),
        ] {
            assert_eq!(group(address.parse().unwrap()), mac, "{address}");
        }
    }
}
