//! Source MACs that no station has, and frames that hide from every other guard.

use aya_ebpf::bindings::xdp_md;
use xiot_common::reason::Reason;

use crate::{
    config,
    frame::{Frame, Wire},
    packet::{Kind, Packet},
    parse::eth,
};

/// Below, the field in place of the type is a length.
pub(super) const FIRST_TYPE: u16 = 0x0600;

/// Headers of IEEE 802.2 and SNAP.
#[derive(Clone, Copy)]
#[repr(C, packed(2))]
struct Snap {
    /// Destination and source: aa aa.
    points: u16,
    /// Control, 03, and the first byte of the organization.
    control: u16,
    /// The rest of it.
    organization: u16,
    kind: u16,
}

// SAFETY: integers only.
unsafe impl Wire for Snap {}

const SNAP: u16 = 0xaaaa;
const UNNUMBERED: u16 = 0x0300;
/// That of RFC 1042, and the one that bridges use instead (802.1H).
const ORGANIZATIONS: [u16; 2] = [0x0000, 0x00f8];
/// IPv4, ARP, IPv6 and VLAN tags.
const HIDDEN: [u16; 5] = [0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8];

#[inline(always)]
pub(super) fn objection(packet: &Packet, ctx: *mut xdp_md) -> Option<Reason> {
    if packet.src_mac == 0 || packet.src_mac == packet.dst_mac {
        return Some(Reason::SourceMacInvalid);
    }
    let has_length = matches!(packet.kind, Kind::Other) && packet.ethertype < FIRST_TYPE;
    (has_length && xiot_guard_snap(ctx) != 0).then_some(Reason::SnapEncapsulated)
}

/// Whether SNAP holds what guards ask about elsewhere: 1.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xiot_guard_snap(ctx: *mut xdp_md) -> u32 {
    if config::guards() == 0 {
        return 0;
    }
    // SAFETY: the caller hands its context on.
    let frame = unsafe { Frame::of(ctx) };
    let Some(snap) = eth::end(&frame).and_then(|offset| frame.read::<Snap>(offset)) else {
        return 0;
    };
    let hides = u16::from_be(snap.points) == SNAP
        && u16::from_be(snap.control) == UNNUMBERED
        && ORGANIZATIONS.contains(&u16::from_be(snap.organization))
        && HIDDEN.contains(&u16::from_be(snap.kind));
    u32::from(hides)
}
