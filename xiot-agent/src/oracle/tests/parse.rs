//! Section 1.4 and the TCP flags.

use xiot_common::reason::Reason::{self, *};

use super::world::{
    ACK, FIN, OWN, OWN6, PEER, PEER6, PSH, RST, SYN, Ward, cut, datagram, ip, policy, tcp_out,
    wires,
};
use crate::model::policy::Mode;

/// What a fragment alone is called: offset, more, protocol, payload bytes.
fn fragment(v6: bool, offset: u16, more: bool, protocol: u8, length: usize) -> Reason {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let (own, peer) = if v6 { (OWN6, PEER6) } else { (OWN, PEER) };
    let mut payload = datagram((4000, 514), 65_000);
    payload.truncate(length);
    let packet = ip(own, peer, protocol, cut(offset, more), &payload);
    Ward::new(&policy, &wires).out(&packet).0
}

#[test]
fn fragments_have_lengths_that_can_be() {
    let table = [
        // IPv4: first, tiny, ragged.
        (false, 0, true, 17, 48, AllowedRule),
        (false, 0, true, 17, 40, FragmentTiny),
        (false, 0, true, 17, 47, FragmentBadLength),
        (false, 0, true, 17, 49, FragmentBadLength),
        (false, 0, true, 17, 0, FragmentTiny),
        // Later: nothing, one byte, tiny where it is not the last.
        (false, 6, false, 17, 0, FragmentBadLength),
        (false, 6, false, 17, 1, FragmentUntracked),
        (false, 6, true, 17, 48, FragmentUntracked),
        (false, 6, true, 17, 40, FragmentTiny),
        (false, 6, true, 17, 44, FragmentBadLength),
        // The last byte of the largest payload is number 65,535.
        (false, 8191, false, 17, 7, FragmentUntracked),
        (false, 8191, false, 17, 8, FragmentBadLength),
        (false, 8184, true, 17, 56, FragmentUntracked),
        (false, 8185, true, 17, 56, FragmentBadLength),
        // Offset one is for TCP alone, and comes before tiny.
        (false, 1, false, 6, 8, FragmentOffsetOne),
        (false, 1, true, 6, 8, FragmentOffsetOne),
        (false, 1, true, 6, 9, FragmentBadLength),
        (false, 1, false, 17, 8, FragmentUntracked),
        (false, 2, false, 6, 8, FragmentUntracked),
        // IPv6 wants more.
        (true, 0, true, 17, 512, AllowedRule),
        (true, 0, true, 17, 504, FragmentTiny),
        (true, 0, true, 17, 513, FragmentBadLength),
        (true, 64, true, 17, 504, FragmentTiny),
        (true, 64, false, 17, 1, FragmentUntracked),
        (true, 1, false, 6, 8, FragmentOffsetOne),
        (true, 8191, false, 17, 8, FragmentBadLength),
    ];
    for (v6, offset, more, protocol, length, expected) in table {
        let said = fragment(v6, offset, more, protocol, length);
        assert_eq!(
            said, expected,
            "v6 {v6}, {offset}, {more}, {protocol}, {length}"
        );
    }
}

/// A later IPv6 fragment of TCP behind another extension header does not say that it is TCP.
#[test]
fn offset_one_goes_by_the_fragment_header() {
    assert_eq!(fragment(true, 1, false, 60, 8), FragmentUntracked);
}

/// A first fragment that is too short for its header is tiny before that.
#[test]
fn tiny_comes_before_the_transport_header() {
    assert_eq!(fragment(false, 0, true, 6, 8), FragmentTiny);
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut segment = super::world::segment((4000, 80), SYN, (1, 0));
    segment[12] = 0xf0;
    segment.resize(48, 0);
    let packet = ip(OWN, PEER, 6, cut(0, true), &segment);
    assert_eq!(
        Ward::new(&policy, &wires).out(&packet).0,
        FragmentHeaderIncomplete
    );
}

#[test]
fn tcp_needs_syn_rst_or_ack() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    for flags in 0..=0x3f_u8 {
        let (syn, rst, fin) = (flags & SYN != 0, flags & RST != 0, flags & FIN != 0);
        let expected = if flags & (SYN | RST | ACK) == 0 || syn && (rst || fin) {
            BadTcpFlags
        } else if syn && flags & ACK == 0 {
            AllowedRule
        } else {
            TcpNoFlow
        };
        let said = Ward::new(&policy, &wires).out(&tcp_out(4000, flags, (1, 0)));
        assert_eq!(said.0, expected, "{flags:#x}");
    }
    assert_eq!(PSH, 8, "among them what was let through once: PSH alone");
}
