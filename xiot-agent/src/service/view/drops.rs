//! Drops, from the event ring.

use xiot_common::event::Event;

use super::{address, mode, vlans};
use crate::service::{
    clock::Now,
    names::{Names, wire_and_side},
    state::{Drop, Endpoint, Reason},
};

/// One event; none if its reason is of another version than this agent's.
pub fn drop(names: &Names, now: Now, sequence: u64, event: &Event) -> Option<Drop> {
    let (wire, side) = wire_and_side(event.port);
    // Frames that were not parsed as far as their addresses carry zeroes.
    let has_addresses = !(event.src.is_unspecified() && event.dst.is_unspecified());
    let end = |addr, port| {
        has_addresses.then(|| Endpoint {
            address: address(addr),
            port,
        })
    };
    Some(Drop {
        sequence,
        time: now.at_nanos(event.time),
        wire: names.wire(wire),
        side,
        dropped: event.dropped != 0,
        mode: mode(event.mode),
        reason: Reason::from_u8(event.reason)?,
        device: names.device_name(event.device),
        src_mac: event.src_mac.0,
        dst_mac: event.dst_mac.0,
        vlans: vlans(event.vlans),
        ethertype: event.ethertype,
        protocol: event.protocol,
        src: end(event.src, event.src_port),
        dst: end(event.dst, event.dst_port),
        tcp_flags: event.tcp_flags,
        length: event.length,
        rule: names.rule(event.rule),
        suppressed: event.suppressed,
    })
}
