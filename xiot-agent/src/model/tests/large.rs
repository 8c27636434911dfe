//! Policies of the size of a large hospital, bounded by counts and not by time.

use std::fmt::Write as _;

use super::policy;

#[test]
fn a_hundred_thousand_devices_load() {
    let mut text = "onboarding: learn
defaults: {mode: enforce}
peer_sets:
  everyone: [{group: wards}]
profiles:
"
    .to_owned();
    for profile in 0..100 {
        writeln!(text, "  p{profile}:\n    allow:").unwrap();
        for rule in 0..20 {
            writeln!(
                text,
                "      - {{to: 10.{profile}.0.{rule}, tcp: [{}, 8000-8009], note: n}}",
                rule + 100
            )
            .unwrap();
        }
    }
    text.push_str("      - {from: everyone, icmp: echo-request}\ndevices:\n");
    for device in 0..100_000_u32 {
        let [_, a, b, c] = device.to_be_bytes();
        writeln!(
            text,
            "  - {{name: d{device}, mac: \"02:00:00:{a:02x}:{b:02x}:{c:02x}\", ip: 11.{a}.{b}.{c}, profile: p{}, groups: [wards]}}",
            device % 100
        )
        .unwrap();
    }
    let policy = policy(&text);
    assert_eq!(policy.devices.len(), 100_000);
    assert_eq!(
        policy.profiles.iter().map(|p| p.rules.len()).sum::<usize>(),
        2_001
    );
    assert_eq!(policy.peer_sets[0].networks.len(), 100_000);
    let last = policy.devices.iter().next_back().unwrap();
    assert_eq!((last.name.as_str(), last.at.line), ("d99999", 102_207));
}
