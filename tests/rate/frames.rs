//! The first bytes of frames: all that differs between those of one run.

use crate::site::{Flow, Site};

/// Bytes of a frame, without FCS.
pub(crate) const LENGTH: usize = 64;

/// The first bytes as words in memory order.
pub(crate) type Header = [u64; 8];

/// MAC of what the devices speak to.
const CORE: [u8; 6] = [0x02, 0xff, 0, 0, 0, 1];

/// MACs of a router, on the side of the devices and on the other one.
pub(crate) type Router = Option<[[u8; 6]; 2]>;

/// A frame of each flow from its device, then one of each from its peer. Through a router, where there is one.
pub(crate) fn of_flows(site: &Site, flows: u32, router: Router) -> Vec<Header> {
    let from = (0..flows).map(|number| udp(&site.flow(number), false, router));
    let to = (0..flows).map(|number| udp(&site.flow(number), true, router));
    from.chain(to).collect()
}

fn udp(flow: &Flow, reply: bool, router: Router) -> Header {
    let mut bytes = [0_u8; LENGTH];
    let mut ends = [
        (flow.mac, flow.device, flow.ports[0]),
        (CORE, flow.peer, flow.ports[1]),
    ];
    if reply {
        ends.reverse();
    }
    let [from, to] = ends;
    let receiver = router.map_or(to.0, |ports| ports[usize::from(reply)]);
    bytes[..6].copy_from_slice(&receiver);
    bytes[6..12].copy_from_slice(&from.0);
    bytes[12..14].copy_from_slice(&[0x08, 0x00]);
    let length = LENGTH - 14;
    bytes[14..24].copy_from_slice(&[
        0x45,
        0,
        0,
        u8::try_from(length).expect("short"),
        0,
        0,
        0x40,
        0,
        64,
        17,
    ]);
    bytes[26..30].copy_from_slice(&from.1.octets());
    bytes[30..34].copy_from_slice(&to.1.octets());
    let sum = checksum(&bytes[14..34]);
    bytes[24..26].copy_from_slice(&sum.to_be_bytes());
    bytes[34..36].copy_from_slice(&from.2.to_be_bytes());
    bytes[36..38].copy_from_slice(&to.2.to_be_bytes());
    bytes[38..40].copy_from_slice(&u16::try_from(length - 20).expect("short").to_be_bytes());
    let mut header = [0; 8];
    for (word, part) in header.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_ne_bytes(part.try_into().expect("eight bytes"));
    }
    header
}

/// Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).expect("folded")
}
