//! Scans by nmap: what they find, and what of them arrives.

use xiot_tests::net::rig::{HOST_PORT, Rig};

use crate::{
    attempt::Attempt,
    bystander::know,
    frames::{OPEN, destination_port},
    ground::{Deed, by_device, perform_on},
};

#[test]
fn of_the_core() {
    let rig = rig();
    perform_on(&rig, "scans::of_the_core", OF_THE_CORE);
}

/// Hosts that have IPv4 and know each other.
fn rig() -> Rig {
    let rig = Rig::new();
    for (host, other) in [(&rig.device, &rig.uplink), (&rig.uplink, &rig.device)] {
        host.namespace.silence(HOST_PORT).unwrap();
        know(host, other);
    }
    rig
}

const OF_THE_CORE: &[Deed] = &[by_device("syn", syn)];

/// Runs nmap against the other side and gives back its states of ports: (port, state).
fn nmap(a: &Attempt<'_>, how: &str) -> Vec<(u16, String)> {
    let target = a.victim().v4;
    let said = a.tool(
        "nmap",
        &format!("-Pn -n -T5 --max-retries 0 -oG - -e {HOST_PORT} {how} {target}"),
    );
    assert!(said.contains("1 host up"), "{said}");
    let ports = said.lines().find_map(|line| line.split_once("Ports: "));
    let ports = ports.map_or("", |(_, rest)| rest.split('\t').next().unwrap_or_default());
    let state = |entry: &str| {
        let (port, rest) = entry.trim().split_once('/')?;
        let (state, _) = rest.split_once('/')?;
        Some((port.parse().ok()?, state.to_owned()))
    };
    ports.split(',').filter_map(state).collect()
}

fn syn(a: &mut Attempt<'_>) {
    a.permit(|frame| destination_port(frame) == Some(OPEN));
    let found = nmap(a, "-sS -p 20-25,3613");
    println!("{found:?}");
}
