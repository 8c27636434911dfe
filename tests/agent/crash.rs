//! Killed in the middle of a reload: the kernel has the old policy or the new one, whole.

use std::{
    collections::HashSet,
    fmt::Write as _,
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use aya::maps::{Array, Map, MapData};
use xiot_agent::compile::digest::digest;
use xiot_common::{
    abi::SLOT_MAGIC,
    image::Line,
    map,
    slot::{Active, SlotHeader},
};
use xiot_tests::net::{
    rig::Rig,
    traffic::{EchoServer, connect, exchange},
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
};

/// Agents that are killed.
const ROUNDS: u32 = 8;

/// A policy that takes some milliseconds to write, and another one like it.
fn large(other: bool) -> String {
    let mut policy = POLICY.to_owned();
    let at = policy.find("devices:").unwrap();
    let mut rules = String::from("  large:\n    allow:\n");
    for n in 0..4_000_u32 {
        let [_, a, b, c] = (n + u32::from(other) * 100_000).to_be_bytes();
        writeln!(rules, "      - {{to: 10.{a}.{b}.{c}, tcp: 443}}").unwrap();
    }
    policy.insert_str(at, &rules);
    policy
}

/// The header in force and the digest of the lines that are really there.
fn in_force(pins: &Path) -> (SlotHeader, [u8; 32]) {
    let open = |name| MapData::from_pin(pins.join(name)).unwrap();
    let active: Array<_, Active> = Map::from_map_data(open(map::ACTIVE))
        .unwrap()
        .try_into()
        .unwrap();
    let slots: Array<_, SlotHeader> = Map::from_map_data(open(map::SLOTS))
        .unwrap()
        .try_into()
        .unwrap();
    let image: Array<_, Line> = Map::from_map_data(open(map::IMAGE))
        .unwrap()
        .try_into()
        .unwrap();
    let active = active.get(&0, 0).unwrap();
    let header = slots.get(&active.slot, 0).unwrap();
    let first = active.slot * (image.len() / 2);
    let lines: Vec<Line> = (first..first + header.lines)
        .map(|line| image.get(&line, 0).unwrap())
        .collect();
    (header, digest(&lines))
}

#[test]
fn a_crash_in_the_middle_of_a_reload_leaves_one_policy_whole() {
    let rig = Rig::new();
    let pins = rig.scratch.bpf().join("xiot");
    let server = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 3613);
    let [old, new] = [false, true].map(large);
    let mut seen = HashSet::new();
    let (mut took, mut window) = (Duration::ZERO, Duration::ZERO);
    for round in 0..=ROUNDS {
        let mut agent = Agent::start(&rig, &gateway(&rig, ""), &old);
        let before = in_force(&pins);
        fs::write(rig.file("policy.yaml"), &new).unwrap();
        let start = Instant::now();
        if round == 0 {
            // How long a whole one takes.
            let reload = agent.json(&["reload"]);
            let ms = |key: &str| Duration::from_secs_f64(reload[key].as_f64().unwrap() / 1e3);
            took = start.elapsed();
            // Around the end, where something is written.
            window = (ms("write_ms") + ms("flip_ms")).max(took / 10) * 2;
            assert_ne!(in_force(&pins).1, before.1);
            agent.stop();
            continue;
        }
        let mut client = agent.client(&["reload"]);
        let mut client = client
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Later from round to round, until beyond the end.
        let moment = took.saturating_sub(window) + window * 2 * round / ROUNDS;
        while start.elapsed() < moment {
            std::thread::yield_now();
        }
        let child = agent.running().child();
        child.kill().unwrap();
        child.wait().unwrap();
        client.wait().unwrap();

        let (header, lines) = in_force(&pins);
        assert_eq!(header.magic, SLOT_MAGIC);
        assert_eq!(header.digest, lines, "round {round}: a torn policy");
        let later = header.revision - before.0.revision;
        seen.insert(later);
        assert!(later <= 1, "{header:?}");
        assert_eq!(later == 0, lines == before.1);
        // It is enforced, without an agent.
        exchange(&mut connect(&rig.device, server.address()), 1_000);
    }
    println!(
        "revisions found after crashes, from the one before: {seen:?}, a reload took {took:?}, {window:?} of it were tried"
    );
}
