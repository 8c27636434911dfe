//! Policies made by hand, so that these tests need no compiler.

use xiot_agent::{
    compile::{digest::digest, image::Image},
    datapath::{Capacity, Options},
};
use xiot_common::{
    abi::{ABI_VERSION, SLOT_MAGIC},
    device::Mode,
    image::Line,
    slot::SlotHeader,
};

/// Small maps, with trace.
pub(crate) fn small() -> Options {
    Options {
        capacity: Capacity {
            slot_lines: 64,
            flows: 256,
            half_open: 1024,
            devices: 16,
            rules: 16,
            observed: 256,
            event_ring: 4096,
        },
        trace: true,
        ..Options::default()
    }
}

/// A policy that lists no device: every frame is of an unknown one, in this mode.
pub(crate) fn nobody_listed(mode: Mode, revision: u64) -> Image {
    // Tables of one empty bucket each; the last line makes digests of revisions differ.
    let mut lines = vec![Line::default(); 4];
    lines[3].0[0] = revision;
    Image {
        header: SlotHeader {
            magic: SLOT_MAGIC,
            abi: ABI_VERSION,
            revision,
            digest: digest(&lines),
            lines: 4,
            device_records: 1,
            profiles: 1,
            rule_lines: 1,
            unknown_mode: mode as u8,
            ..SlotHeader::default()
        },
        lines: lines.into(),
    }
}

/// An Ethernet frame with an IPv4 UDP datagram from a device to a peer.
pub(crate) fn udp() -> Vec<u8> {
    let mut frame = vec![
        0x02, 0, 0, 0, 0, 0x99, 0x00, 0x03, 0xb1, 0, 0, 0x12, 0x08, 0x00,
    ];
    frame.extend([
        0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 10, 30, 1, 12, 10, 20, 8, 11,
    ]);
    frame.extend([0x30, 0x39, 0x00, 0x35, 0, 12, 0, 0, 1, 2, 3, 4]);
    frame
}
