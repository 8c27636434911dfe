//! TCP, UDP, ICMP and ICMPv6 headers: ports, flags, types.

use xiot_common::reason::Reason;

use crate::{
    frame::{Frame, Wire},
    packet::{ACK, FIN, Fragment, Icmp, Kind, Packet, RST, SYN},
};

/// Protocol number of ICMP.
pub(crate) const ICMP: u8 = 1;
/// Protocol number of TCP.
pub(crate) const TCP: u8 = 6;
/// Protocol number of UDP.
pub(crate) const UDP: u8 = 17;
/// Protocol number of ICMPv6.
pub(crate) const ICMPV6: u8 = 58;

pub(super) const FLAGS: u8 = 0x3f;

#[derive(Clone, Copy)]
#[repr(C)]
struct Tcp {
    src_port: u16,
    dst_port: u16,
    sequence: u32,
    acknowledgement: u32,
    offset: u8,
    flags: u8,
    window: u16,
    checksum: u16,
    urgent: u16,
}

// SAFETY: integers only.
unsafe impl Wire for Tcp {}

#[derive(Clone, Copy)]
#[repr(C)]
struct Udp {
    src_port: u16,
    dst_port: u16,
    length: u16,
    checksum: u16,
}

// SAFETY: integers only.
unsafe impl Wire for Udp {}

#[derive(Clone, Copy)]
#[repr(C)]
struct IcmpHeader {
    kind: u8,
    code: u8,
    checksum: u16,
    id: u16,
    sequence: u16,
}

// SAFETY: integers only.
unsafe impl Wire for IcmpHeader {}

/// Reads the transport header.
#[inline(always)]
pub(crate) fn parse(
    frame: &Frame,
    packet: &mut Packet,
    offset: usize,
    available: usize,
) -> Result<(), Reason> {
    match packet.protocol {
        TCP => tcp(frame, packet, offset, available),
        UDP => udp(frame, packet, offset, available),
        ICMP if packet.kind == Kind::Ipv4 => icmp(frame, packet, offset, available, &V4),
        ICMPV6 if packet.kind == Kind::Ipv6 => icmp(frame, packet, offset, available, &V6),
        _ => Ok(()),
    }
}

/// What a header that does not fit is called.
#[inline(always)]
fn incomplete(packet: &Packet, reason: Reason) -> Reason {
    if packet.fragment == Fragment::First {
        Reason::FragmentHeaderIncomplete
    } else {
        reason
    }
}

#[inline(always)]
fn header<T: Wire>(
    frame: &Frame,
    packet: &Packet,
    offset: usize,
    available: usize,
    reason: Reason,
) -> Result<T, Reason> {
    if available < size_of::<T>() {
        return Err(incomplete(packet, reason));
    }
    frame.read(offset).ok_or(reason)
}

#[inline(always)]
fn tcp(frame: &Frame, packet: &mut Packet, offset: usize, available: usize) -> Result<(), Reason> {
    let tcp: Tcp = header(frame, packet, offset, available, Reason::BadTcpHeader)?;
    let length = usize::from(tcp.offset >> 4) * 4;
    if length < size_of::<Tcp>() {
        return Err(Reason::BadTcpHeader);
    }
    if length > available {
        return Err(incomplete(packet, Reason::BadTcpHeader));
    }
    let flags = tcp.flags & FLAGS;
    if !are_flags(flags) {
        return Err(Reason::BadTcpFlags);
    }
    packet.tcp_flags = flags;
    packet.sequence = tcp.sequence;
    packet.acknowledgement = tcp.acknowledgement;
    packet.src_port = u16::from_be(tcp.src_port);
    packet.dst_port = u16::from_be(tcp.dst_port);
    packet.service = packet.dst_port;
    Ok(())
}

/// Whether a segment can have these flags.
#[inline(always)]
pub(crate) const fn are_flags(flags: u8) -> bool {
    flags & (SYN | RST | ACK) != 0 && (flags & SYN == 0 || flags & (FIN | RST) == 0)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "offsets fit 16 bits")]
fn udp(frame: &Frame, packet: &mut Packet, offset: usize, available: usize) -> Result<(), Reason> {
    let udp: Udp = header(frame, packet, offset, available, Reason::BadUdpHeader)?;
    let length = usize::from(u16::from_be(udp.length));
    if length < size_of::<Udp>() || (packet.fragment == Fragment::No && length > available) {
        return Err(Reason::BadUdpHeader);
    }
    packet.message = offset as u16;
    packet.src_port = u16::from_be(udp.src_port);
    packet.dst_port = u16::from_be(udp.dst_port);
    packet.service = packet.dst_port;
    Ok(())
}

/// What messages of which type are.
pub(crate) struct Types {
    request: u8,
    reply: u8,
    /// Bit n: type n is an error. All are below 32.
    errors: u32,
}

/// ICMP: destination unreachable, time exceeded, parameter problem (RFC 792).
pub(crate) const V4: Types = Types {
    request: 8,
    reply: 0,
    errors: 1 << 3 | 1 << 11 | 1 << 12,
};

/// ICMPv6: destination unreachable, packet too big, time exceeded, parameter problem (RFC 4443).
pub(crate) const V6: Types = Types {
    request: 128,
    reply: 129,
    errors: 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4,
};

impl Types {
    /// What a message of this type and code is.
    #[inline(always)]
    pub(crate) const fn of(&self, kind: u8, code: u8) -> Icmp {
        if kind == self.request && code == 0 {
            Icmp::Request
        } else if kind == self.reply && code == 0 {
            Icmp::Reply
        } else if kind < 32 && self.errors >> kind & 1 != 0 {
            Icmp::Error
        } else {
            Icmp::Other
        }
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "offsets and lengths fit 16 bits"
)]
fn icmp(
    frame: &Frame,
    packet: &mut Packet,
    offset: usize,
    available: usize,
    types: &Types,
) -> Result<(), Reason> {
    let icmp: IcmpHeader = header(frame, packet, offset, available, Reason::BadIcmpHeader)?;
    packet.service = u16::from(icmp.kind) << 8 | u16::from(icmp.code);
    packet.echo_id = u16::from_be(icmp.id);
    packet.icmp = types.of(icmp.kind, icmp.code);
    if packet.icmp == Icmp::Error {
        packet.message = offset as u16;
        packet.message_length = available as u16;
    }
    Ok(())
}

/// Gives ICMP echo its key ports: the requester's is the identifier, the responder's 0. After the check for equal
/// endpoints, in which ICMP counts as having no ports.
#[inline(always)]
pub(crate) fn set_echo_ports(packet: &mut Packet) {
    match packet.icmp {
        Icmp::Request => packet.src_port = packet.echo_id,
        Icmp::Reply => packet.dst_port = packet.echo_id,
        Icmp::No | Icmp::Error | Icmp::Other => {}
    }
}
