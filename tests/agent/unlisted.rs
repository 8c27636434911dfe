//! Devices that the policy does not list: seen when they send something, whatever becomes of it.

use serde_json::Value;
use xiot_tests::{
    frame::{Mac, frame},
    net::rig::Rig,
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
    metrics::page,
};

const STRANGER: Mac = [0x02, 0, 0, 0, 0x66, 0x01];
/// Speaks nothing but ARP.
const SHY: Mac = [0x02, 0, 0, 0, 0x66, 0x02];
/// Is not there at all; somebody on the uplink asks for it.
const NOBODY: Mac = [0x02, 0, 0, 0, 0x66, 0x03];

/// An agent with both hosts silent, after one frame of each: of the stranger, the shy one, and one for nobody.
fn after_traffic<'r>(rig: &'r Rig, policy: &str) -> Agent<'r> {
    let agent = Agent::start(rig, &gateway(rig, ""), policy);
    rig.quiet();
    let stranger = frame(STRANGER, rig.uplink.mac).ip("10.30.1.66", "10.30.1.1");
    let shy = frame(SHY, [0xff; 6]).arp([10, 30, 1, 67].into(), rig.uplink.v4);
    let nobody = frame(rig.uplink.mac, NOBODY).ip("10.30.1.1", "10.30.1.68");
    // The last one goes first: when the others are known, it was judged too.
    rig.uplink
        .packets()
        .send(&nobody.udp(1, 161).build())
        .unwrap();
    let frames = |verdict: &str| -> u64 {
        let status = agent.json(&["status"]);
        let rows = status["frames"].as_array().unwrap().clone();
        rows.iter()
            .filter(|row| row["verdict"] == verdict && row["side"] == "uplink")
            .filter_map(|row| row["frames"].as_u64())
            .sum()
    };
    until("the frame for nobody to be judged", || {
        (frames("dropped") + frames("would_drop") >= 1).then_some(())
    });
    rig.device
        .packets()
        .send(&stranger.udp(1, 53).build())
        .unwrap();
    rig.device.packets().send(&shy.build()).unwrap();
    agent
}

/// Those of the three that are shown as not listed, once the first two are.
fn unlisted(agent: &Agent<'_>) -> Vec<Value> {
    until("the stranger and the shy one", || {
        let all = agent.json(&["devices", "--unlisted"]);
        let ours: Vec<_> = all
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["mac"].as_str().unwrap().starts_with("02:00:00:00:66"))
            .cloned()
            .collect();
        (ours.len() >= 2).then_some(ours)
    })
}

#[track_caller]
fn check(rig: &Rig, policy: &str, mode: &str, others: u64) {
    let agent = after_traffic(rig, policy);
    let seen = unlisted(&agent);
    let [stranger, shy] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(stranger["mac"], "02:00:00:00:66:01");
    assert_eq!(stranger["addresses"], serde_json::json!(["10.30.1.66"]));
    assert_eq!(shy["mac"], "02:00:00:00:66:02");
    assert_eq!(shy["addresses"], serde_json::json!([]));
    for row in &seen {
        assert_eq!(
            (&row["mode"], &row["wire"]),
            (&mode.into(), &"ward-3".into())
        );
        assert!(row["last_seen"].is_string(), "{row}");
    }
    let count = 2 + others;
    let status = agent.json(&["status"]);
    assert_eq!(status["unlisted_devices"], count);
    assert_eq!(status["unlisted_devices_forgotten"], 0);
    assert!(
        agent
            .say(&["status"])
            .contains(&format!("; {count} not listed"))
    );
    let page = page(rig, "127.0.0.1:9469");
    for line in [
        format!("xiot_unlisted_devices {count}"),
        "xiot_unlisted_devices_forgotten_total 0".to_owned(),
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn who_is_dropped_in_enforce_is_seen() {
    let rig = Rig::new();
    let policy = POLICY.replace("onboarding: learn", "onboarding: enforce");
    check(&rig, &policy, "enforce", 0);
}

#[test]
fn who_speaks_only_arp_is_seen_while_learning_and_who_is_only_asked_for_is_not() {
    let rig = Rig::new();
    check(&rig, POLICY, "learn", 0);
}
