//! Ethernet, 802.1Q and 802.1ad.

use xiot_common::{addr::NO_CUSTOMER_TAG, capacity::MAX_VLAN_TAGS, reason::Reason};

use crate::{
    frame::{Frame, Wire},
    packet::{Packet, is_group},
};

/// EtherType of IPv4.
pub(crate) const IPV4: u16 = 0x0800;
/// EtherType of ARP.
pub(crate) const ARP: u16 = 0x0806;
/// EtherType of IPv6.
pub(crate) const IPV6: u16 = 0x86dd;
/// EtherType of a customer tag (802.1Q).
pub(super) const TAG: u16 = 0x8100;
/// EtherType of a service tag (802.1ad).
pub(super) const SERVICE_TAG: u16 = 0x88a8;

/// Bytes of a header without tags.
pub(crate) const HEADER: usize = size_of::<Header>();

const VLAN_ID: u16 = 0x0fff;
/// No VLAN may have this id (IEEE 802.1Q, table 9-2).
const RESERVED_VLAN: u16 = 0x0fff;

#[derive(Clone, Copy)]
#[repr(C, packed(2))]
struct Header {
    dst_low: u32,
    dst_high: u16,
    src_low: u32,
    src_high: u16,
    ethertype: u16,
}

// SAFETY: integers only.
unsafe impl Wire for Header {}

#[derive(Clone, Copy)]
#[repr(C)]
struct Tag {
    control: u16,
    ethertype: u16,
}

// SAFETY: integers only.
unsafe impl Wire for Tag {}

const fn is_tag(ethertype: u16) -> bool {
    ethertype == TAG || ethertype == SERVICE_TAG
}

/// Offset of what follows the tags of a frame that was parsed: for those who are asked seldom, so that no frame need carry it.
#[inline(always)]
pub(crate) fn end(frame: &Frame) -> Option<usize> {
    let mut offset = size_of::<Header>();
    let mut tags = 0;
    while tags < MAX_VLAN_TAGS {
        let ethertype: u16 = frame.read(offset - size_of::<u16>())?;
        if !is_tag(u16::from_be(ethertype)) {
            break;
        }
        offset += size_of::<Tag>();
        tags += 1;
    }
    Some(offset)
}

/// Whether the frame has a tag, one of priority alone included: another type stands where the first would be.
#[inline(always)]
pub(crate) fn is_tagged(frame: &Frame, packet: &Packet) -> bool {
    frame.read::<u16>(HEADER - size_of::<u16>()) != Some(packet.ethertype.to_be())
}

/// Reads MACs, tags and type; gives the offset of what follows.
#[inline(always)]
pub(crate) fn parse(frame: &Frame, packet: &mut Packet) -> Result<usize, Reason> {
    let header: Header = frame.read(0).ok_or(Reason::TruncatedEthernet)?;
    packet.dst_mac = u64::from(header.dst_low) | u64::from(header.dst_high) << 32;
    packet.src_mac = u64::from(header.src_low) | u64::from(header.src_high) << 32;
    if is_group(packet.src_mac) {
        return Err(Reason::BadSourceMac);
    }
    let mut ethertype = u16::from_be(header.ethertype);
    let mut offset = size_of::<Header>();
    if is_tag(ethertype) {
        let tag: Tag = frame.read(offset).ok_or(Reason::TruncatedEthernet)?;
        let outer = ethertype;
        packet.vlans.outer = u16::from_be(tag.control) & VLAN_ID;
        if packet.vlans.outer == RESERVED_VLAN {
            return Err(Reason::BadVlanTags);
        }
        ethertype = u16::from_be(tag.ethertype);
        offset += size_of::<Tag>();
        if is_tag(ethertype) {
            let tag: Tag = frame.read(offset).ok_or(Reason::TruncatedEthernet)?;
            packet.vlans.inner = u16::from_be(tag.control) & VLAN_ID;
            if packet.vlans.inner == RESERVED_VLAN
                || packet.vlans.inner == 0
                || packet.vlans.outer == 0
                || (outer == TAG && ethertype == SERVICE_TAG)
            {
                return Err(Reason::BadVlanTags);
            }
            ethertype = u16::from_be(tag.ethertype);
            offset += size_of::<Tag>();
            if is_tag(ethertype) {
                return Err(Reason::TooManyVlanTags);
            }
        } else if outer == SERVICE_TAG {
            if packet.vlans.outer == 0 {
                return Err(Reason::BadVlanTags);
            }
            packet.vlans.inner = NO_CUSTOMER_TAG;
        }
    }
    packet.ethertype = ethertype;
    Ok(offset)
}
