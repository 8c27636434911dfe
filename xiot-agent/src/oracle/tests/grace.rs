//! Section 6.2: the grace period.

use xiot_common::reason::Reason::*;

use super::{
    super::{Limits, State},
    world::{
        ACK, FIN, OWN, PEER, PSH, RST, SYN, WHOLE, Ward, allowed, by_flow, datagram, denied, ip,
        policy, segment, tcp_back, tcp_out, udp_back, wires,
    },
};
use crate::model::policy::Mode;

const UNTIL: u64 = 1100;

fn limits() -> Limits {
    Limits {
        grace_until: UNTIL,
        ..Limits::default()
    }
}

#[test]
fn conversations_are_picked_up_as_the_rules_allow() {
    let tcp = |from, to, ports| ip(from, to, 6, WHOLE, &segment(ports, ACK, (5, 6)));
    let udp = |from, to, ports| ip(from, to, 17, WHOLE, &datagram(ports, 4));
    // Sent by the device or its peer; then the rule, and whether the peer opened it.
    let table = [
        (true, tcp(OWN, PEER, (4000, 80)), Some((1, false))),
        (false, tcp(PEER, OWN, (80, 4000)), Some((1, false))),
        (false, tcp(PEER, OWN, (4000, 22)), Some((4, true))),
        (true, tcp(OWN, PEER, (22, 4000)), Some((4, true))),
        (true, tcp(OWN, PEER, (4000, 81)), None),
        (true, tcp(OWN, PEER, (80, 4000)), None),
        (false, tcp(PEER, OWN, (22, 4000)), None),
        (false, udp(PEER, OWN, (514, 4000)), Some((2, false))),
        (true, udp(OWN, PEER, (161, 4000)), Some((5, true))),
        (false, udp(PEER, OWN, (515, 4000)), None),
    ];
    for (by_device, packet, expected) in table {
        let (policy, wires) = (policy(Mode::Enforce), wires());
        let mut ward = Ward::limited(&policy, &wires, limits());
        let said = if by_device {
            ward.out(&packet)
        } else {
            ward.back(&packet)
        };
        let Some((rule, peer_initiated)) = expected else {
            assert!(said.1, "{packet:?}");
            assert_eq!(ward.oracle.flows().count(), 0);
            continue;
        };
        assert_eq!(said, allowed(AllowedGrace, rule));
        let flow = ward.only_flow();
        assert_eq!(flow.peer_initiated, peer_initiated);
        assert!(flow.half_open);
        let state = if packet[9] == 6 {
            State::Established
        } else {
            State::Replied
        };
        assert_eq!(flow.state, state);
    }
}

#[test]
fn only_plain_segments_are_picked_up() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    for flags in [ACK, ACK | PSH] {
        let mut ward = Ward::limited(&policy, &wires, limits());
        assert_eq!(
            ward.out(&tcp_out(4000, flags, (5, 6))),
            allowed(AllowedGrace, 1)
        );
        assert_eq!(ward.back(&tcp_back(4000, FIN | ACK, (6, 6))), by_flow(1));
        assert!(!ward.only_flow().half_open);
    }
    for flags in [SYN | ACK, FIN | ACK, RST | ACK, RST] {
        let mut ward = Ward::limited(&policy, &wires, limits());
        assert_eq!(ward.out(&tcp_out(4000, flags, (5, 6))), denied(TcpNoFlow));
    }
    let mut ward = Ward::limited(&policy, &wires, limits());
    let reply = ip(PEER, OWN, 1, WHOLE, &[0, 0, 0, 0, 0, 5, 0, 1]);
    assert_eq!(ward.back(&reply), denied(IcmpNoFlow));
}

#[test]
fn it_ends() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    for (now, expected) in [
        (UNTIL - 1, allowed(AllowedGrace, 2)),
        (UNTIL, denied(WrongDirection)),
    ] {
        let mut ward = Ward::limited(&policy, &wires, limits());
        ward.now = now;
        assert_eq!(ward.back(&udp_back(4000)), expected);
    }
}
