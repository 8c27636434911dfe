//! Section 3: RSTs, half-open flows, and flows that policy denies.

use xiot_common::reason::Reason::*;

use super::{
    super::{Limits, State},
    world::{
        ACK, FIN, RST, SYN, Ward, allowed, by_flow, by_would_drop_flow, denied, policy, tcp_back,
        tcp_out, udp_back, udp_out, wires, would_drop,
    },
};
use crate::model::policy::{Clause, Mode};

/// A conversation that both sides have acknowledged: the device 500, its peer 100.
fn connect(ward: &mut Ward<'_>, port: u16) {
    assert_eq!(
        ward.out(&tcp_out(port, SYN, (99, 0))),
        allowed(AllowedRule, 1)
    );
    assert_eq!(
        ward.back(&tcp_back(port, SYN | ACK, (499, 100))),
        by_flow(1)
    );
    assert_eq!(ward.out(&tcp_out(port, ACK, (100, 500))), by_flow(1));
}

#[test]
fn a_rst_closes_if_it_knows_the_number() {
    let table = [
        (true, 100, State::Closing),
        (true, 99, State::Established),
        (true, 101, State::Established),
        (true, 500, State::Established),
        (false, 500, State::Closing),
        (false, 501, State::Established),
        (false, 0, State::Established),
    ];
    for (by_device, sequence, expected) in table {
        let (policy, wires) = (policy(Mode::Enforce), wires());
        let mut ward = Ward::new(&policy, &wires);
        connect(&mut ward, 4000);
        let said = if by_device {
            ward.out(&tcp_out(4000, RST, (sequence, 0)))
        } else {
            ward.back(&tcp_back(4000, RST | ACK, (sequence, 7)))
        };
        assert_eq!(said, by_flow(1));
        let flow = ward.only_flow();
        assert_eq!(flow.state, expected, "{by_device} {sequence}");
        assert_eq!(flow.doubtful, expected == State::Established);
        // What a RST acknowledges is not noted.
        assert_eq!(flow.acknowledged, (Some(500), Some(100)));
    }
}

#[test]
fn any_rst_ends_a_handshake() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let _syn = ward.out(&tcp_out(4000, SYN, (99, 0)));
    assert_eq!(ward.back(&tcp_back(4000, RST | ACK, (0, 1))), by_flow(1));
    assert_eq!(ward.only_flow().state, State::Closing);
    assert!(ward.only_flow().half_open, "a RST is no answer");
}

#[test]
fn a_frame_without_rst_ends_the_doubt() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    connect(&mut ward, 4000);
    let _blind = ward.back(&tcp_back(4000, RST, (1, 0)));
    assert!(ward.only_flow().doubtful);
    let _data = ward.out(&tcp_out(4000, ACK, (100, 500)));
    assert!(!ward.only_flow().doubtful);
    let _fin = ward.out(&tcp_out(4000, FIN | ACK, (100, 500)));
    assert_eq!(ward.only_flow().state, State::InitiatorDone);
}

#[test]
fn doubtful_flows_make_room_after_the_closing_timeout() {
    for (silence, expected) in [(30, denied(FlowTableFull)), (31, by_flow(1))] {
        let (policy, wires) = (policy(Mode::Enforce), wires());
        let limits = Limits {
            flows: 1,
            ..Limits::default()
        };
        let mut ward = Ward::limited(&policy, &wires, limits);
        connect(&mut ward, 4000);
        let _blind = ward.back(&tcp_back(4000, RST, (1, 0)));
        ward.now += silence;
        let _syn = ward.out(&tcp_out(4001, SYN, (99, 0)));
        let said = ward.back(&tcp_back(4001, SYN | ACK, (499, 100)));
        assert_eq!(said, expected, "{silence} s");
    }
}

#[test]
fn room_is_looked_for_once_in_ten_seconds_where_little_is_found() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let limits = Limits {
        flows: 1,
        ..Limits::default()
    };
    let mut ward = Ward::limited(&policy, &wires, limits);
    // Over after 30 seconds.
    let _syn = ward.out(&tcp_out(4000, SYN, (99, 0)));
    let _answer = ward.back(&tcp_back(4000, SYN | ACK, (499, 100)));
    let _rst = ward.out(&tcp_out(4000, RST, (100, 0)));
    for (seconds, port, expected) in [
        (30, 4001, denied(FlowTableFull)),
        (9, 4002, denied(FlowTableFull)),
        (1, 4003, by_flow(1)),
    ] {
        ward.now += seconds;
        let _syn = ward.out(&tcp_out(port, SYN, (99, 0)));
        let said = ward.back(&tcp_back(port, SYN | ACK, (499, 100)));
        assert_eq!(said, expected, "{port}");
    }
}

#[test]
fn a_full_table_refuses_the_answer_and_changes_nothing() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let limits = Limits {
        flows: 1,
        ..Limits::default()
    };
    let mut ward = Ward::limited(&policy, &wires, limits);
    connect(&mut ward, 4000);
    let _syn = ward.out(&tcp_out(4001, SYN, (99, 0)));
    assert_eq!(
        ward.back(&tcp_back(4001, SYN | ACK, (1, 100))),
        denied(FlowTableFull)
    );
    // Still a handshake: the retransmission passes, an ACK does not.
    assert_eq!(ward.out(&tcp_out(4001, SYN, (99, 0))), by_flow(1));
    assert_eq!(ward.out(&tcp_out(4001, ACK, (100, 2))), denied(TcpBadState));
    assert_eq!(ward.out(&tcp_out(4000, ACK, (100, 500))), by_flow(1));
    // Half-open flows need no room, however many, also if they go on.
    for port in 5000..5100 {
        assert_eq!(ward.out(&udp_out(port)), allowed(AllowedRule, 2));
        assert_eq!(ward.back(&udp_back(port)), denied(FlowTableFull));
    }
    ward.now += 1;
    assert_eq!(ward.out(&udp_out(5000)), by_flow(2));
    assert_eq!(ward.back(&udp_back(5000)), denied(FlowTableFull));
}

#[test]
fn what_is_not_tcp_is_half_open_until_an_answer_or_a_later_second() {
    let (policy, wires) = (policy(Mode::Enforce), wires());
    let mut ward = Ward::new(&policy, &wires);
    let _open = ward.out(&udp_out(4000));
    let _again = ward.out(&udp_out(4000));
    assert!(ward.only_flow().half_open, "all in one second");
    let _answer = ward.back(&udp_back(4000));
    assert!(!ward.only_flow().half_open);
    let mut ward = Ward::new(&policy, &wires);
    let _open = ward.out(&udp_out(4000));
    ward.now += 1;
    let _later = ward.out(&udp_out(4000));
    assert!(!ward.only_flow().half_open, "one-way, but it goes on");
    assert_eq!(ward.only_flow().state, State::Unreplied);
    // Not TCP: whoever repeats a SYN only has not heard an answer.
    let mut ward = Ward::new(&policy, &wires);
    let _syn = ward.out(&tcp_out(4000, SYN, (99, 0)));
    ward.now += 1;
    let _again = ward.out(&tcp_out(4000, SYN, (99, 0)));
    assert!(ward.only_flow().half_open);
}

#[test]
fn a_would_drop_flow_is_over_after_5_minutes() {
    for (silence, expected) in [
        (300, by_would_drop_flow(NoPort)),
        (301, would_drop(TcpNoFlow)),
    ] {
        let mut policy = policy(Mode::Monitor);
        policy.profiles[0].rules[0].clauses = vec![Clause::Tcp(vec![443..=443])];
        let wires = wires();
        let mut ward = Ward::new(&policy, &wires);
        assert_eq!(ward.out(&tcp_out(4000, SYN, (99, 0))), would_drop(NoPort));
        let said = ward.back(&tcp_back(4000, SYN | ACK, (499, 100)));
        assert_eq!(said, by_would_drop_flow(NoPort));
        assert_eq!(ward.only_flow().idle_timeout.as_secs(), 300);
        ward.now += silence;
        assert_eq!(
            ward.out(&tcp_out(4000, ACK, (100, 500))),
            expected,
            "{silence}"
        );
    }
}

#[test]
fn a_would_drop_flow_needs_no_room() {
    let mut policy = policy(Mode::Learn);
    policy.profiles[0].rules.clear();
    let wires = wires();
    let limits = Limits {
        flows: 0,
        ..Limits::default()
    };
    let mut ward = Ward::limited(&policy, &wires, limits);
    assert_eq!(ward.out(&tcp_out(4000, SYN, (99, 0))), would_drop(NoPeer));
    let said = ward.back(&tcp_back(4000, SYN | ACK, (499, 100)));
    assert_eq!(said, by_would_drop_flow(NoPeer));
    assert!(ward.only_flow().half_open);
    assert_eq!(ward.only_flow().state, State::Established);
}
