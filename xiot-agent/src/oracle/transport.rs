//! Parses TCP, UDP and ICMP headers.

use etherparse::{TcpHeaderSlice, UdpHeaderSlice, err::tcp::HeaderSliceError};
use xiot_common::reason::Reason;

use super::{
    fragment::Fragment,
    frame::{Echo, TcpFlags, Transport},
    ip::Family,
};

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// `payload` ends where the IP header says.
pub(super) fn parse(
    family: Family,
    protocol: u8,
    fragment: Fragment,
    payload: &[u8],
) -> Result<Transport, Reason> {
    if matches!(fragment, Fragment::Later(_)) {
        return Ok(Transport::Portless);
    }
    match (family, protocol) {
        (_, TCP) => tcp(fragment, payload),
        (_, UDP) => udp(fragment, payload),
        (Family::V4, ICMP) => icmp(8, 0, fragment, payload),
        (Family::V6, ICMPV6) => icmp(128, 129, fragment, payload),
        _ => Ok(Transport::Portless),
    }
}

/// The reason for a header that ends beyond the payload.
fn cut_off(fragment: Fragment, whole: Reason) -> Reason {
    if matches!(fragment, Fragment::First(_)) {
        Reason::FragmentHeaderIncomplete
    } else {
        whole
    }
}

fn tcp(fragment: Fragment, payload: &[u8]) -> Result<Transport, Reason> {
    let header = TcpHeaderSlice::from_slice(payload).map_err(|error| match error {
        HeaderSliceError::Len(_) => cut_off(fragment, Reason::BadTcpHeader),
        HeaderSliceError::Content(_) => Reason::BadTcpHeader,
    })?;
    let flags = TcpFlags {
        syn: header.syn(),
        ack: header.ack(),
        rst: header.rst(),
        fin: header.fin(),
    };
    let none = !(flags.syn || flags.ack || flags.rst);
    if none || flags.syn && (flags.fin || flags.rst) {
        return Err(Reason::BadTcpFlags);
    }
    Ok(Transport::Tcp {
        source: header.source_port(),
        destination: header.destination_port(),
        flags,
        sequence: header.sequence_number(),
        acknowledgment: header.acknowledgment_number(),
    })
}

fn udp(fragment: Fragment, payload: &[u8]) -> Result<Transport, Reason> {
    let header = UdpHeaderSlice::from_slice(payload)
        .map_err(|_short| cut_off(fragment, Reason::BadUdpHeader))?;
    let length = usize::from(header.length());
    let fits = length <= payload.len() || matches!(fragment, Fragment::First(_));
    if length < 8 || !fits {
        return Err(Reason::BadUdpHeader);
    }
    Ok(Transport::Udp {
        source: header.source_port(),
        destination: header.destination_port(),
    })
}

/// Ports of the sender and the receiver of a quoted packet, as its flow has them, from the first 8 bytes behind its IP
/// header. None where it is no part of a flow.
pub(super) fn quoted_ports(family: Family, protocol: u8, start: &[u8; 8]) -> Option<(u16, u16)> {
    let ports = (
        u16::from_be_bytes([start[0], start[1]]),
        u16::from_be_bytes([start[2], start[3]]),
    );
    let message = match (family, protocol) {
        (_, TCP | UDP) => return Some(ports),
        (Family::V4, ICMP) => icmp(8, 0, Fragment::No, start),
        (Family::V6, ICMPV6) => icmp(128, 129, Fragment::No, start),
        _ => return Some((0, 0)),
    };
    message.ok()?.flow_ports()
}

fn icmp(request: u8, reply: u8, fragment: Fragment, payload: &[u8]) -> Result<Transport, Reason> {
    let &[kind, code, _, _, high, low, _, _, ..] = payload else {
        return Err(cut_off(fragment, Reason::BadIcmpHeader));
    };
    let identifier = u16::from_be_bytes([high, low]);
    let echo = if code != 0 {
        Echo::No
    } else if kind == request {
        Echo::Request(identifier)
    } else if kind == reply {
        Echo::Reply(identifier)
    } else {
        Echo::No
    };
    Ok(Transport::Icmp { kind, code, echo })
}
