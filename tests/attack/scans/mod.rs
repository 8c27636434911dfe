//! Scans by nmap: what they find, and what of them arrives.

mod in_ipv6;
mod of_devices;
mod of_the_core;

use std::collections::BTreeMap;

use xiot_tests::net::rig::{HOST_PORT, Rig};

use crate::{attempt::Attempt, bystander::know};

/// States of ports as nmap names them.
type Found = BTreeMap<u16, String>;

/// Hosts that have IPv4 and know each other.
pub(crate) fn rig() -> Rig {
    let rig = Rig::new();
    for (host, other) in [(&rig.device, &rig.uplink), (&rig.uplink, &rig.device)] {
        host.namespace.silence(HOST_PORT).unwrap();
        know(host, other);
    }
    rig
}

/// Runs nmap against the other side.
#[track_caller]
fn nmap(a: &Attempt<'_>, how: &str) -> Found {
    let target = a.victim().v4;
    found(&run(a, &format!("{how} {target}")))
}

#[track_caller]
fn run(a: &Attempt<'_>, how: &str) -> String {
    let said = a.tool(
        "nmap",
        &format!("-Pn -n -T5 --max-retries 0 -oG - --send-ip {how}"),
    );
    assert!(said.contains("Nmap done"), "{said}");
    said
}

fn found(said: &str) -> Found {
    let list = |title| said.split_once(title).map(|(_, rest)| rest);
    let list = list("Ports: ").or_else(|| list("Protocols: "));
    let end = ['\t', '\n'];
    let list = list.map_or("", |rest| rest.split(end).next().unwrap_or_default());
    let state = |entry: &str| {
        let (port, rest) = entry.trim().split_once('/')?;
        let (state, _) = rest.split_once('/')?;
        Some((port.parse().ok()?, state.to_owned()))
    };
    list.split(',').filter_map(state).collect()
}

/// These ports are open, and of no other anything is known.
#[track_caller]
fn only(found: &Found, open: &[u16]) {
    let known = found
        .iter()
        .filter(|(_, state)| !["filtered", "open|filtered"].contains(&&***state))
        .map(|(port, state)| (*port, &**state));
    let expected = open.iter().map(|port| (*port, "open"));
    assert!(known.eq(expected), "{found:?}");
}
