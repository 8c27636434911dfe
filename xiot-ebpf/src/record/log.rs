//! One line per verdict that was not answered from the flow table, through aya-log. For debugging: a build without
//! the feature `log` has nothing of it.

use core::net::Ipv6Addr;

use aya_log_ebpf::info;
use xiot_common::reason::Reason;

use crate::{
    packet::{Kind, mac},
    scratch,
};

/// Room for the longest name of a reason.
const WIDTH: usize = 26;

/// One for each byte: to the verifier a reason, which comes out of a table, may be any.
const NUMBERS: usize = u8::MAX as usize + 1;

/// Names by number, padded with spaces: the object's data can hold bytes, but no pointers to text.
static NAMES: [[u8; WIDTH]; NUMBERS] = names();

const fn names() -> [[u8; WIDTH]; NUMBERS] {
    let mut names = [[b' '; WIDTH]; NUMBERS];
    let mut reason = 0;
    while reason < Reason::ALL.len() {
        let name = Reason::ALL[reason].name().as_bytes();
        let mut at = 0;
        while at < name.len() {
            names[Reason::ALL[reason] as usize][at] = name[at];
            at += 1;
        }
        reason += 1;
    }
    names
}

/// Writes the frame and its verdict.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn xiot_log() -> u32 {
    let Some(scratch) = scratch::get() else {
        return 0;
    };
    let packet = &scratch.packet;
    let verdict = scratch.verdict();
    let Some(name) = NAMES.get(verdict.reason as usize) else {
        return 0;
    };
    // SAFETY: names of reasons are ASCII.
    let name = unsafe { core::str::from_utf8_unchecked(name) };
    let effect = if verdict.dropped {
        "dropped"
    } else {
        "forward"
    };
    if matches!(packet.kind, Kind::Ipv4 | Kind::Ipv6) {
        info!(
            (),
            "{} {} port {} {:mac} > {:mac} {:i} {} > {:i} {} protocol {} device {} rule {}",
            name,
            effect,
            packet.port.index,
            mac(packet.src_mac).0,
            mac(packet.dst_mac).0,
            Ipv6Addr::from(packet.src().bytes()),
            packet.src_port,
            Ipv6Addr::from(packet.dst().bytes()),
            packet.dst_port,
            packet.protocol,
            verdict.device,
            verdict.rule
        );
    } else {
        info!(
            (),
            "{} {} port {} {:mac} > {:mac} ethertype {:x} device {}",
            name,
            effect,
            packet.port.index,
            mac(packet.src_mac).0,
            mac(packet.dst_mac).0,
            packet.ethertype,
            verdict.device
        );
    }
    0
}
