//! Frames that hping3 makes.

use xiot_agent::netns::link::Mac;
use xiot_tests::net::rig::HOST_PORT;

use crate::{
    attempt::{Attempt, tool},
    bystander::MONITOR,
    frames::{OPEN, destination_port},
    ground::{Deed, by_device, by_uplink, perform_on},
    scans::rig,
};

#[test]
fn crafted() {
    perform_on(&rig(), "crafted::crafted", DEEDS);
}

const DEEDS: &[Deed] = &[
    by_device("hping-scan", scan),
    by_device("hping-land", land),
    by_device("hping-spoof", spoof),
    by_device("hping-flags", flags),
    by_device("hping-no-session", no_session),
    by_device("hping-offset", offset),
    by_device("hping-fragments", fragments),
    by_device("hping-source-route", source_route),
    by_device("hping-protocols", protocols),
    by_device("hping-icmp", icmp),
    by_uplink("hping-icmp-in", icmp),
    by_uplink("hping-flags-in", flags),
    by_uplink("hping-reset", reset),
];

/// Runs hping3 against the other side in all these ways at once: it waits a second for answers that never come.
#[track_caller]
fn hping(a: &Attempt<'_>, ways: &[&str]) {
    let target = a.victim().v4;
    let attacker = a.attacker();
    std::thread::scope(|scope| {
        for way in ways {
            scope.spawn(move || {
                let said = tool(
                    attacker,
                    "hping3",
                    &format!("-n -q -c 3 -i u1000 {way} {target}"),
                );
                assert!(said.contains("3 packets transmitted"), "{way}: {said}");
            });
        }
    });
}

fn scan(a: &mut Attempt<'_>) {
    a.permit(|frame| destination_port(frame) == Some(OPEN));
    let said = a.tool(
        "hping3",
        &format!("-n --scan 20-25,{OPEN} -S {}", a.victim().v4),
    );
    assert!(said.contains("Not responding ports"), "{said}");
}

fn land(a: &mut Attempt<'_>) {
    let own = a.victim().v4;
    hping(a, &[&format!("-S -a {own} -k -s {OPEN} -p {OPEN}")]);
}

fn spoof(a: &mut Attempt<'_>) {
    let to = format!("-p {OPEN}");
    let ways = ["10.30.1.13", "10.30.1.99", "8.8.8.8"];
    let ways = ways.map(|source| format!("-S -a {source} {to}"));
    let ways: Vec<_> = ways.iter().map(String::as_str).collect();
    hping(a, &[ways, vec!["-S --rand-source -p 3613"]].concat());
}

fn flags(a: &mut Attempt<'_>) {
    let ways = ["", "-F", "-F -P -U", "-S -F", "-S -R", "-X -Y"];
    let ways = ways.map(|flags| format!("{flags} -p {OPEN}"));
    let ways: Vec<_> = ways.iter().map(String::as_str).collect();
    hping(a, &ways);
}

fn no_session(a: &mut Attempt<'_>) {
    let ways = ["-A", "-R", "-S -A", "-F -A"].map(|flags| format!("{flags} -p {OPEN}"));
    let ways: Vec<_> = ways.iter().map(String::as_str).collect();
    hping(a, &ways);
}

fn offset(a: &mut Attempt<'_>) {
    hping(a, &["-S -p 3613 -O 4", "-S -p 3613 -O 15"]);
}

fn fragments(a: &mut Attempt<'_>) {
    // Fragments of 16 bytes, one before more that never come, one at offset 1, one without its first.
    let ways = ["-f -d 44", "-x -d 5", "-g 8", "-g 64"].map(|way| format!("-S -p 3613 {way}"));
    let ways: Vec<_> = ways.iter().map(String::as_str).collect();
    hping(a, &ways);
}

fn source_route(a: &mut Attempt<'_>) {
    hping(
        a,
        &["-S -p 3613 --lsrr 10.30.1.9", "-S -p 3613 --ssrr 10.30.1.9"],
    );
}

fn protocols(a: &mut Attempt<'_>) {
    let ways = [4, 41, 47, 50, 89, 103, 112, 132].map(|protocol| format!("-0 -H {protocol} -d 40"));
    let ways: Vec<_> = ways.iter().map(String::as_str).collect();
    hping(a, &ways);
}

fn icmp(a: &mut Attempt<'_>) {
    // Echo reply, unreachable, redirect, time exceeded, timestamp, mask.
    let ways = ["0", "3 -K 1", "5 -K 1", "11", "13", "17"].map(|kind| format!("-1 -C {kind}"));
    let ways: Vec<_> = ways.iter().map(String::as_str).collect();
    hping(a, &ways);
}

fn reset(a: &mut Attempt<'_>) {
    let port = a.ground.bystander.port;
    a.attacker().ip(&format!(
        "neigh replace 10.30.1.13 lladdr {} dev {HOST_PORT} nud permanent",
        Mac(MONITOR)
    ));
    a.permit(move |frame| destination_port(frame) == Some(port));
    let how = format!("-n -q -c 30 -i u1000 -R -a 10.30.1.2 -k -s 104 -p {port} 10.30.1.13");
    let said = a.tool("hping3", &how);
    assert!(said.contains("30 packets transmitted"), "{said}");
    a.ground.bystander.goes_on();
}
