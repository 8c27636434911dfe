//! ARP for IPv4 over Ethernet (RFC 826).

use xiot_common::reason::Reason;

use crate::frame::{Frame, Wire};

/// Up to the addresses; then 20 bytes of them.
#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    hardware: u16,
    protocol: u16,
    hardware_length: u8,
    protocol_length: u8,
    operation: u16,
    addresses: [u8; 20],
}

// SAFETY: integers only.
unsafe impl Wire for Header {}

/// Whether the message is whole and of the kind that IPv4 uses.
#[inline(always)]
pub(crate) fn parse(frame: &Frame, offset: usize) -> Result<(), Reason> {
    let header: Header = frame.read(offset).ok_or(Reason::BadArp)?;
    if u16::from_be(header.hardware) == 1
        && u16::from_be(header.protocol) == super::eth::IPV4
        && header.hardware_length == 6
        && header.protocol_length == 4
    {
        Ok(())
    } else {
        Err(Reason::BadArp)
    }
}
