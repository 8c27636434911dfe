//! Decisions and times: a device in quarantine, and a rule that ends under a conversation.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use xiot_common::reason::Reason;
use xiot_tests::{
    frame::{Frame, Mac, flag::SYN, frame},
    until::until,
};

use crate::{
    attempt::Attempt,
    bystander::ARCHIVE,
    frames::{
        OPEN, PUMP, PUMP4, PUMP6, SERVED, SERVER, SERVER4, SERVER6, arp, datagram, pump, server,
    },
    ground::{Deed, POLICY, by_device, by_uplink, perform},
};

#[test]
fn quarantine() {
    perform("decisions::quarantine", QUARANTINE);
}

const QUARANTINE: &[Deed] = &[
    by_device("quarantine-conversation", conversation),
    by_device("quarantine-all", everything),
    by_device("quarantine-fragments", fragments),
    by_device("quarantine-tagged", tagged),
    by_uplink("quarantine-in", from_the_core),
    by_device("quarantine-over", over),
];

#[track_caller]
fn decide(a: &Attempt<'_>, arguments: &[&str]) {
    let output = a.ground.gateway.command(arguments);
    assert!(output.status.success(), "{output:?}");
}

/// A conversation that is allowed, until it is not.
fn conversation(a: &mut Attempt<'_>) {
    let syn = pump().tcp(53_000, OPEN, SYN);
    a.through(&syn);
    a.answered(&syn.reply().flags(SYN | 0x10));
    a.through(pump().tcp(53_000, OPEN, 0x10));
    a.settle();
    decide(a, &["quarantine", "pump"]);
    // The first frame finds its conversation gone.
    a.refused(Reason::Revoked, pump().tcp(53_000, OPEN, 0x10));
    a.refused(Reason::Quarantined, pump().tcp(53_000, OPEN, 0x18));
    a.refused(Reason::Quarantined, pump().tcp(53_000, OPEN, 0x11));
    a.refused(Reason::Quarantined, pump().tcp(53_000, OPEN, 0x04));
    a.refused(Reason::Quarantined, syn);
}

/// Whatever a device may say.
fn all(link: [Mac; 2], ends: [&str; 2], six: [&str; 2]) -> Vec<Frame> {
    let four = || frame(link[0], link[1]).ip(ends[0], ends[1]);
    let six = || frame(link[0], link[1]).ip(six[0], six[1]);
    vec![
        four().tcp(53_001, OPEN, SYN),
        four().udp(53_001, OPEN),
        four().icmp(8, 0, 1),
        four().icmp(0, 0, 1),
        four().icmp(3, 1, 0),
        four().protocol(50, &[1; 32]),
        six().tcp(53_001, OPEN, SYN),
        six().udp(53_001, OPEN),
        six().icmp(128, 0, 1),
        six().hop_limit(255).icmp(136, 0, 0),
        frame(link[0], link[1]).other(0x88cc, &[0; 46]),
        frame(link[0], link[1]).other(38, &[0x42; 46]),
    ]
}

fn everything(a: &mut Attempt<'_>) {
    for each in all([PUMP, SERVER], [PUMP4, SERVER4], [PUMP6, SERVER6]) {
        a.lost(each);
    }
    // What every host needs: ARP, leases, neighbours, routers.
    a.lost(frame(PUMP, [0xff; 6]).arp([10, 30, 1, 12].into(), [10, 30, 1, 1].into()));
    a.lost(arp([PUMP, SERVER], 2, (PUMP, PUMP4), SERVER4));
    a.lost(
        frame(PUMP, [0xff; 6])
            .ip("0.0.0.0", "255.255.255.255")
            .udp(68, 67),
    );
    for kind in [133, 135, 136] {
        let all = frame(PUMP, [0x33, 0x33, 0, 0, 0, 1]).ip("fe80::c", "ff02::1");
        a.lost(all.hop_limit(255).icmp(kind, 0, 0));
    }
    // From other addresses, and to other devices.
    a.lost(
        frame(PUMP, SERVER)
            .ip("10.30.1.99", SERVER4)
            .udp(53_001, OPEN),
    );
    a.lost(
        frame(PUMP, ARCHIVE)
            .ip(PUMP4, "10.30.1.2")
            .tcp(53_001, 104, SYN),
    );
}

fn fragments(a: &mut Attempt<'_>) {
    let first = datagram(53_002, OPEN, 600, 512);
    a.lost(pump().fragment(0, true).protocol(17, &first));
    a.lost(pump().fragment(64, false).protocol(17, &[7; 88]));
    let six = || frame(PUMP, SERVER).ip(PUMP6, SERVER6);
    a.lost(six().fragment(0, true).protocol(17, &first));
    a.lost(six().fragment(64, false).protocol(17, &[7; 88]));
}

fn tagged(a: &mut Attempt<'_>) {
    for id in [0, 1, 20] {
        a.refused(
            Reason::Quarantined,
            frame(PUMP, SERVER)
                .tagged(id)
                .ip(PUMP4, SERVER4)
                .udp(53_003, OPEN),
        );
        let tagged = frame(PUMP, [0xff; 6]).tagged(id);
        a.refused(
            Reason::Quarantined,
            tagged.arp([10, 30, 1, 12].into(), [10, 30, 1, 1].into()),
        );
    }
    // Two tags make it one that nobody has listed: a decision on any VLAN holds all the same.
    let twice = frame(PUMP, SERVER).service_tagged(30).tagged(20);
    a.refused(
        Reason::Quarantined,
        twice.ip(PUMP4, SERVER4).udp(53_003, OPEN),
    );
}

fn from_the_core(a: &mut Attempt<'_>) {
    for each in all([SERVER, PUMP], [SERVER4, PUMP4], [SERVER6, PUMP6]) {
        a.lost(each);
    }
    a.lost(server().tcp(53_004, SERVED, SYN));
    a.lost(frame(SERVER, PUMP).arp([10, 30, 1, 1].into(), [10, 30, 1, 12].into()));
    a.lost(server().udp(67, 68));
    a.lost(server().fragment(64, false).protocol(17, &[7; 88]));
}

fn over(a: &mut Attempt<'_>) {
    a.refused(Reason::Quarantined, pump().udp(53_005, OPEN));
    a.settle();
    decide(a, &["release", "pump"]);
    // Nothing of before comes back; what is allowed begins anew.
    a.refused(Reason::TcpNoFlow, pump().tcp(53_000, OPEN, 0x10));
    a.through(pump().udp(53_005, OPEN));
}

#[test]
fn times() {
    perform("decisions::times", TIMES);
}

const TIMES: &[Deed] = &[
    by_device("time-end", end),
    by_uplink("time-end-in", end_in),
    by_device("time-after", after),
];

/// Time until the rule ends: enough for a reload and a session.
const LASTS: u64 = 3;

/// Seconds that the wall clock shows.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// Gives the device's rules an end that is near, and gives that back.
fn end_rules(a: &Attempt<'_>) -> u64 {
    let end = now() + LASTS;
    let moment = jiff::Timestamp::from_second(end.cast_signed()).unwrap();
    let mut policy = POLICY.to_owned();
    for rule in ["icmpv6: echo-request", "udp: 8000"] {
        policy = policy.replace(rule, &format!("{rule}, expires: {moment}"));
    }
    fs::write(a.ground.rig.file("policy.yaml"), policy).unwrap();
    decide(a, &["reload"]);
    end
}

fn wait_until(end: u64) {
    until("the end of the rules", || (now() >= end).then_some(()));
}

fn end(a: &mut Attempt<'_>) {
    let end = end_rules(a);
    let syn = pump().tcp(54_000, OPEN, SYN);
    let datagram = pump().udp(54_000, OPEN);
    a.through(&syn);
    a.answered(&syn.reply().flags(SYN | 0x10));
    a.through(pump().tcp(54_000, OPEN, 0x10));
    a.through(&datagram);
    a.answered(&datagram.reply());
    a.settle();
    wait_until(end);
    for gone in [pump().tcp(54_000, OPEN, 0x18), datagram] {
        a.refused(Reason::Revoked, gone);
    }
    a.refused(Reason::TcpNoFlow, pump().tcp(54_000, OPEN, 0x10));
    a.refused(Reason::RuleNotInForce, syn);
    a.refused(Reason::RuleNotInForce, pump().udp(54_000, OPEN));
}

fn end_in(a: &mut Attempt<'_>) {
    let end = end_rules(a);
    let syn = server().tcp(54_001, SERVED, SYN);
    a.through(&syn);
    a.answered(&syn.reply().flags(SYN | 0x10));
    a.through(server().tcp(54_001, SERVED, 0x10));
    // The device's own conversation, in which the other side speaks on.
    let asked = pump().udp(54_001, OPEN);
    a.answered(&asked);
    a.through(asked.reply());
    a.settle();
    wait_until(end);
    a.refused(Reason::Revoked, server().tcp(54_001, SERVED, 0x18));
    a.refused(Reason::Revoked, asked.reply());
    a.refused(Reason::RuleNotInForce, syn);
}

fn after(a: &mut Attempt<'_>) {
    for kind in [0x10, 0x18, 0x04, 0x11, SYN | 0x10] {
        a.refused(Reason::TcpNoFlow, pump().tcp(54_000, OPEN, kind));
    }
    for port in [OPEN, 54_002] {
        a.refused(Reason::RuleNotInForce, pump().udp(port, OPEN));
        a.refused(Reason::RuleNotInForce, pump().tcp(port, OPEN, SYN));
    }
    a.refused(Reason::RuleNotInForce, pump().icmp(8, 0, 1));
    // An error about the conversation that was cut.
    let quoted = server().udp(OPEN, 54_000).build();
    let message = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &quoted[14..]].concat();
    a.refused(Reason::IcmpErrorUnrelated, pump().protocol(1, &message));
}
