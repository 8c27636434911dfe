//! Floods: they cost their sender, and nobody else.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use xiot_tests::{
    frame::{flag::SYN, frame},
    net::traffic::EchoServer,
    until::is_slow,
};

use crate::{
    attempt::{Attempt, tool},
    frames::{OPEN, PUMP4, SERVED, SERVER, SERVER4, datagram, destination_port, pump},
    ground::{Deed, POLICY, SITE, Site, by_device, by_uplink, perform_on_at},
    scans::rig,
};

#[test]
fn floods() {
    let rig = rig();
    let _servers = [
        EchoServer::start(&rig.uplink, rig.uplink.v4.into(), OPEN),
        EchoServer::start(&rig.device, rig.device.v4.into(), SERVED),
    ];
    // It answers late to fragments that never became whole, and they are of no row here.
    for threshold in ["low", "high"] {
        let setting = format!("ipv4/ipfrag_{threshold}_thresh");
        rig.uplink.namespace.set(&setting, "0").unwrap();
    }
    let policy = policy();
    let site = Site {
        policy: &policy,
        ..SITE
    };
    perform_on_at(&rig, &site, "floods::floods", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("flood-syn", syn),
    by_device("flood-udp", udp),
    by_device("flood-ports", ports),
    by_device("flood-sources", sources),
    by_device("flood-macs", macs),
    by_device("flood-fragments", fragments),
    by_uplink("flood-syn-in", syn_in),
    by_device("flood-echo", echo),
];

/// New conversations a second that the pump's profile grants: what it grants where it does not say, or less than a slow machine
/// sends.
fn budget() -> u64 {
    if is_slow() { 20 } else { 500 }
}

fn policy() -> String {
    if is_slow() {
        let limits = format!("infusion-pump:\n    limits: {{new-flows: {}}}", budget());
        POLICY.replacen("infusion-pump:", &limits, 1)
    } else {
        POLICY.to_owned()
    }
}

/// Fragmented datagrams that it grants.
const FRAGMENTS: u64 = 512;
/// Between two conversations of the other device, which has a budget too.
const PACE: Duration = Duration::from_millis(20);

/// Between two frames of hping3: many times what the budgets grant, and no more than a slow machine's wire takes.
fn interval() -> &'static str {
    if is_slow() { "u1000" } else { "u100" }
}

/// Runs hping3 while another device opens conversations; gives back how long it took.
#[track_caller]
fn hping(a: &mut Attempt<'_>, how: &str) -> Duration {
    let begun = Instant::now();
    let (attacker, target) = (a.attacker(), a.victim().v4);
    let (ended, end) = mpsc::channel();
    std::thread::scope(|scope| {
        let flood = scope.spawn(move || {
            let how = format!("-n -q -i {} {how} {target}", interval());
            let said = tool(attacker, "hping3", &how);
            ended.send(said).unwrap();
        });
        let said = loop {
            a.ground.bystander.opens_another();
            // A socket has room for so many frames that nobody takes.
            a.look();
            if let Ok(said) = end.recv_timeout(PACE) {
                break said;
            }
        };
        flood.join().unwrap();
        assert!(said.contains("packets transmitted"), "{said}");
    });
    begun.elapsed()
}

/// No more openings arrived than the budget of each second.
#[track_caller]
fn within_budget(a: &mut Attempt<'_>, took: Duration, budget: u64, opens: impl Fn(&[u8]) -> bool) {
    a.settle();
    let opened = a.arrived.iter().filter(|frame| opens(frame)).count() as u64;
    let seconds = took.as_secs() + 2;
    assert!(opened <= seconds * budget, "{opened} in {took:?}");
}

fn is_syn(frame: &[u8]) -> bool {
    frame.get(47) == Some(&SYN)
}

fn syn(a: &mut Attempt<'_>) {
    a.permit(|frame| destination_port(frame) == Some(OPEN));
    let took = hping(a, &format!("-S -p {OPEN} -c 4000"));
    within_budget(a, took, budget(), is_syn);
}

fn udp(a: &mut Attempt<'_>) {
    a.permit(|frame| destination_port(frame) == Some(OPEN));
    let took = hping(a, &format!("-2 -p {OPEN} -c 4000"));
    within_budget(a, took, budget(), |_| true);
}

fn ports(a: &mut Attempt<'_>) {
    hping(a, "-2 -p ++1 -c 3000");
}

fn sources(a: &mut Attempt<'_>) {
    hping(a, &format!("-S --rand-source -p {OPEN} -c 3000"));
}

fn macs(a: &mut Attempt<'_>) {
    for number in 0..3000_u16 {
        let [high, low] = number.to_be_bytes();
        let mac = [0x02, 0, 0, 0x77, high, low];
        a.lost(frame(mac, SERVER).ip(PUMP4, SERVER4).udp(49_000, OPEN));
    }
    a.ground.bystander.opens_another();
}

fn fragments(a: &mut Attempt<'_>) {
    let begun = Instant::now();
    for id in 0..2000 {
        let first = pump().identification(id).fragment(0, true);
        a.maybe(first.protocol(17, &datagram(49_001, OPEN, 1500, 64)));
    }
    let took = begun.elapsed();
    within_budget(a, took, FRAGMENTS, |_| true);
    a.ground.bystander.opens_another();
}

fn syn_in(a: &mut Attempt<'_>) {
    a.permit(|frame| destination_port(frame) == Some(SERVED));
    let took = hping(a, &format!("-S -p {SERVED} -c 4000"));
    within_budget(a, took, budget(), is_syn);
}

fn echo(a: &mut Attempt<'_>) {
    a.permit(|frame| frame.get(23) == Some(&1));
    hping(a, "-1 -c 2000");
}
