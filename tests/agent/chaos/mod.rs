//! Chaos: mixed traffic through a gateway whose agents are killed, restarted, replaced and given good and bad policies, in an order that
//! chance gives. No frame of an established conversation is lost, none that policy denies arrives, and nothing leaks.
//!
//! Two minutes, or `XIOT_HOURS`; `XIOT_SEED` repeats the order.

mod deeds;
mod frames;
mod holdings;
mod looks;
mod policy;
mod traffic;
mod ward;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::Value;
use xiot_tests::{
    effort::{Effort, seed},
    net::rig::Rig,
    until::until,
};

use self::{
    deeds::Deck,
    frames::Watch,
    holdings::{Holdings, Objects, names},
    traffic::{PORTS, Traffic},
    ward::Ward,
};
use crate::agent::{COLD, gateway};

/// Unless hours are asked for. With what follows two minutes.
const TIME: Duration = Duration::from_secs(80);

#[test]
fn nothing_is_lost_and_nothing_passes_whatever_becomes_of_agents() {
    let (seed, effort) = (seed(), Effort::asked_time(TIME));
    println!("XIOT_SEED={seed}");
    let rig = Rig::new();
    let (traffic, watch, objects) = (Traffic::new(), Watch::new(&rig), Objects::default());
    let (quiet, mut done) = (AtomicBool::new(false), BTreeMap::<_, usize>::new());
    let mut ward = Ward::new(&rig, &gateway(&rig, COLD), seed, (&traffic, &watch));
    // It is made once the agent looks at what was observed for the first time.
    until("what is learned has its file", || {
        rig.file("state/learned.redb").exists().then_some(())
    });
    let held = [names(&pins(&rig)), names(&rig.file("state"))];
    thread::scope(|scope| {
        let end = traffic.start(&rig, scope);
        scope.spawn(|| watch.offend(&rig, traffic.over()));
        scope.spawn(|| objects.collect(&rig.gateway.path(), traffic.over()));
        let looks = scope.spawn(|| looks::look(&rig, [traffic.over(), &quiet]));
        ward.is_well("a start");
        let mut deck = Deck::default();
        for deeds in 0.. {
            if deeds >= deeds::ALL && effort.is_spent(deeds) {
                break;
            }
            *done.entry(deck.next(&mut ward)).or_default() += 1;
        }
        quiet.store(true, Ordering::Release);
        looks.join().unwrap();
        let rounds = done.values().sum::<usize>() / 40;
        let held = plateau(&mut ward, rounds.max(12));
        drop(end);
        println!("{held}");
    });
    watch.nothing_denied_arrived("all of it");
    println!(
        "{}; {} frames that policy denies",
        traffic.summary(),
        watch.sent()
    );
    println!("{done:?}");
    counted(&ward, &traffic);
    let holds = [names(&pins(&rig)), names(&rig.file("state"))];
    assert_eq!(holds, held);
    end(ward, &rig);
    println!("{} objects of the kernel, all gone", objects.are_gone());
}

fn pins(rig: &Rig) -> PathBuf {
    rig.scratch.bpf().join("xiot")
}

/// One agent that does the same again and again comes to hold no more, the more rounds the finer. Returns what it held, in words.
fn plateau(ward: &mut Ward<'_>, rounds: usize) -> String {
    const SOME: usize = 8;
    const MORE_KIB: u64 = 4 << 10;
    let mut holds = |rounds| {
        let round = |_| {
            deeds::settled(ward);
            Holdings::of(ward.running().id())
        };
        (0..rounds).map(round).collect::<Vec<_>>()
    };
    let (before, after) = (holds(SOME), holds(rounds));
    let last = &after[after.len() - SOME / 2..];
    let most = |of: fn(&Holdings) -> u64| before.iter().map(of).max().unwrap();
    let least = |of: fn(&Holdings) -> u64| last.iter().map(of).min().unwrap();
    let kinds: [fn(&Holdings) -> u64; 3] = [|it| it.descriptors, |it| it.threads, |it| it.memory];
    let [had, has] = [kinds.map(most), kinds.map(least)];
    // Some is still filled then, as the list of recent drops.
    let limits = [had[0], had[1], had[2] + MORE_KIB];
    let is_less = has.iter().zip(limits).all(|(has, limit)| *has <= limit);
    assert!(is_less, "{before:?}, {after:?}");
    format!(
        "descriptors, threads and KiB of an agent: {had:?} at most, {rounds} rounds later {has:?}"
    )
}

/// Every question of both conversations is in the counters of their flows, through all programs.
fn counted(ward: &Ward<'_>, traffic: &Traffic) {
    let flows = ward.agent().flows();
    for (port, asked) in PORTS.into_iter().zip(traffic.asked()) {
        let flow = flows.iter().find(|flow| flow["device_port"] == port);
        assert_eq!(flow.unwrap()["from_frames"], asked, "{flow:?}");
        assert_eq!(flow.unwrap()["to_frames"], asked, "{flow:?}");
    }
}

/// The last agent leaves nothing behind.
fn end(mut ward: Ward<'_>, rig: &Rig) {
    if ward.decision.is_some() {
        ward.command(&["release", "scanner-1"], 0);
    }
    let status = ward.agent().json(&["status"]);
    assert_eq!(status["decisions"], Value::Array(Vec::new()));
    ward.stop();
    ward.clean_up();
    assert!(!pins(rig).exists());
}
