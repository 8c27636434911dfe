//! What the kernel's own routing says of a frame.

use aya_ebpf::{bindings::xdp_md, helpers::generated::bpf_fib_lookup as kernel_lookup};
use xiot_common::addr::Addr;

use crate::{
    frame::{Frame, Wire},
    packet::{Fragment, Kind, Packet},
    parse::{eth, l4},
};

/// `struct bpf_fib_lookup` of Linux, unions taken apart: what goes in, and what comes out in its place.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Lookup {
    family: u8,
    protocol: u8,
    src_port: u16,
    dst_port: u16,
    /// In: bytes behind the Ethernet header; 0: of no matter. Out: the MTU.
    length: u16,
    /// In: where the frame came in. Out: where it is to leave.
    ifindex: u32,
    /// In: IPv4: the byte of the traffic class; IPv6: that and the flow label, network order. Out: the route's metric.
    class: [u8; 4],
    src: [u32; 4],
    /// In: the destination. Out: the next hop.
    dst: [u32; 4],
    vlan: u32,
    src_mac: [u8; 6],
    dst_mac: [u8; 6],
}

/// Bytes of it.
const SIZE: i32 = 64;
const _: () = assert!(size_of::<Lookup>() == 64);

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Bits of the first word of an IPv6 header that are traffic class and flow label.
const FLOW_INFO: u32 = 0x0fff_ffff_u32.to_be();

/// What becomes of a frame on this route, as `BPF_FIB_LKUP_RET_*` say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It leaves by an interface, and the next hop's MAC is known.
    Known,
    /// It would leave by an interface whose neighbour's MAC is not known.
    NoNeighbour,
    /// It is longer than the MTU: nothing else was looked at.
    TooLong,
    /// The stack alone knows what to do: it is for the gateway, or for nobody, or not to be forwarded.
    Local,
    /// By a tunnel, or the kernel can't tell.
    Elsewhere,
}

impl Answer {
    #[inline(always)]
    const fn of(number: i64) -> Self {
        match number {
            0 => Self::Known,
            // Blackhole, unreachable, prohibited, not forwarded, forwarding disabled.
            1..=5 => Self::Local,
            7 => Self::NoNeighbour,
            8 => Self::TooLong,
            _ => Self::Elsewhere,
        }
    }
}

impl Lookup {
    /// The question about an IP frame without tags, which came in by this interface.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a longer frame than 64 KiB is too long for every link"
    )]
    pub fn ask(&mut self, frame: &Frame, packet: &Packet, ifindex: u32) {
        let v4 = packet.kind == Kind::Ipv4;
        let has_ports =
            packet.fragment != Fragment::Later && matches!(packet.protocol, l4::TCP | l4::UDP);
        self.family = if v4 { AF_INET } else { AF_INET6 };
        self.protocol = packet.protocol;
        self.src_port = if has_ports {
            packet.src_port.to_be()
        } else {
            0
        };
        self.dst_port = if has_ports {
            packet.dst_port.to_be()
        } else {
            0
        };
        let length = frame.whole_length() - eth::HEADER as u32;
        self.length = if length > 0xffff {
            0xffff
        } else {
            length as u16
        };
        self.ifindex = ifindex;
        let first = frame.read::<First>(eth::HEADER).unwrap_or(First([0; 2]));
        self.class = if v4 {
            [first.service(), 0, 0, 0]
        } else {
            (first.word() & FLOW_INFO).to_ne_bytes()
        };
        self.src = address(packet.src(), v4);
        self.dst = address(packet.dst(), v4);
        self.vlan = 0;
        self.src_mac = [0; 6];
        self.dst_mac = [0; 6];
    }

    /// Asks without regard to the length.
    #[inline(always)]
    pub const fn any_length(&mut self) {
        self.length = 0;
    }

    /// Has the kernel answer.
    #[inline(always)]
    pub fn answer(&mut self, ctx: *mut xdp_md) -> Answer {
        // SAFETY: the context is the kernel's, and the parameters are ours to read and to write.
        let answer =
            unsafe { kernel_lookup(ctx.cast(), core::ptr::from_mut(self).cast(), SIZE, 0) };
        Answer::of(answer)
    }

    /// Where the frame is to leave.
    #[inline(always)]
    pub const fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// The MAC of the next hop, as a word.
    #[inline(always)]
    pub const fn dst_mac(&self) -> u64 {
        word(self.dst_mac)
    }

    /// The MAC of the interface that the frame is to leave by, as a word.
    #[inline(always)]
    pub const fn src_mac(&self) -> u64 {
        word(self.src_mac)
    }
}

/// The first four bytes of an IP header.
#[derive(Clone, Copy)]
#[repr(C)]
struct First([u16; 2]);

// SAFETY: integers only.
unsafe impl Wire for First {}

impl First {
    #[inline(always)]
    const fn service(self) -> u8 {
        self.0[0].to_ne_bytes()[1]
    }

    #[inline(always)]
    const fn word(self) -> u32 {
        let [[a, b], [c, d]] = [self.0[0].to_ne_bytes(), self.0[1].to_ne_bytes()];
        u32::from_ne_bytes([a, b, c, d])
    }
}

#[inline(always)]
const fn address(address: &Addr, v4: bool) -> [u32; 4] {
    if v4 {
        [address.0[3], 0, 0, 0]
    } else {
        address.0
    }
}

#[inline(always)]
const fn word(mac: [u8; 6]) -> u64 {
    u64::from_le_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], 0, 0])
}

/// Whether routers forward what has this source or destination (RFC 1812, 5.3.7; RFC 4291, 2.5.6).
#[inline(always)]
pub const fn is_routable(address: &Addr, v4: bool) -> bool {
    if v4 {
        let host = address.v4_host();
        return !(host >> 24 == 0
            || host >> 24 == 127
            || host >> 16 == 0xa9fe
            || host >> 28 >= 0xe);
    }
    let (high, low) = address.v6_host();
    let first = (high >> 48) as u16;
    !(high == 0 && low <= 1 || first & 0xffc0 == 0xfe80 || first >> 8 == 0xff)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use xiot_common::addr::Addr;

    use super::is_routable;

    fn routable(text: &str) -> bool {
        match text.parse().unwrap() {
            IpAddr::V4(v4) => is_routable(&Addr::v4(v4.octets()), true),
            IpAddr::V6(v6) => is_routable(&Addr::v6(v6.octets()), false),
        }
    }

    #[test]
    fn routers_forward_what_hosts_have() {
        for text in [
            "1.0.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "223.255.255.255",
            "::2",
            "::1:0:0:0:1",
            "fe7f::1",
            "fec0::1",
            "fd00::1",
            "fe00::1",
        ] {
            assert!(routable(text), "{text}");
        }
        for text in [
            "0.0.0.0",
            "0.255.255.255",
            "127.0.0.1",
            "169.254.0.0",
            "169.254.255.255",
            "224.0.0.0",
            "240.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "ffff::1",
        ] {
            assert!(!routable(text), "{text}");
        }
    }
}
