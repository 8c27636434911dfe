//! What one device alone does: a profile of its own, with a name that a policy may have.

use super::*;

#[test]
fn what_one_device_alone_does_stays_its_own() {
    let common = (to("10.20.8.11", 6, 3614), 24, 0..20);
    let all = [
        learned(&[common.clone(), (to("10.20.9.1", 6, 443), 2, 0..20)]),
        learned(std::slice::from_ref(&common)),
        learned(&[common.clone(), (to("10.20.4.3", 6, 104), 2, 0..20)]),
    ];
    let proposal = proposed(POLICY, &all, &[]).unwrap();
    let lines = added(POLICY, &proposal);
    let at = lines
        .iter()
        .position(|line| line == "+pump.pump-1:")
        .unwrap();
    assert_eq!(
        lines[at..at + 6],
        [
            "+pump.pump-1:",
            "+include: pump",
            "+allow:",
            "+# Only pump-1 does this, none of the other 2",
            "+# 40 times in 40 hours, 2026-11-02 to 2026-11-21, by pump-1",
            "+- {to: 10.20.9.1, tcp: 443}",
        ]
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("name: pump-1") && line.contains("profile: pump.pump-1,"))
    );
    let part = &proposal.profiles[0];
    assert_eq!(part.exceptions, BTreeMap::from([("pump-1".to_owned(), 1)]));
    // What it does is allowed for it, and for no other.
    let loaded =
        model::load_policy_at("policy.yaml", proposal.text.as_str(), Timestamp::UNIX_EPOCH);
    let policy = loaded.value.unwrap();
    let allows = |device: &str, conversation| {
        let device = policy.devices.iter().find(|it| it.name == device).unwrap();
        Allowed::of(&policy.profiles[device.profile]).allows(&conversation)
    };
    for (device, mine, other) in [
        ("pump-1", true, true),
        ("pump-2", false, true),
        ("pump-3", false, true),
    ] {
        assert_eq!(allows(device, to("10.20.9.1", 6, 443)), mine, "{device}");
        assert_eq!(allows(device, to("10.20.8.11", 6, 3614)), other, "{device}");
    }
    // Nothing is left to propose.
    assert_eq!(
        proposed(&proposal.text, &all[1..2], &[]).unwrap().text,
        proposal.text
    );
}

#[test]
fn an_exception_of_long_names_is_proposed_all_the_same() {
    let profile = "infusion-pump-of-the-intensive-care-unit-on-the-second-floor";
    let device = "pump-1-with-a-name-of-sixty-three-characters-as-it-is-permitted";
    let text = POLICY
        .replace("  pump:\n", &format!("  {profile}:\n"))
        .replace("profile: pump,", &format!("profile: {profile},"))
        .replace("name: pump-1,", &format!("name: {device},"));
    let common = (to("10.20.8.11", 6, 3614), 24, 0..20);
    let all = [
        learned(&[common.clone(), (to("10.20.9.1", 6, 443), 2, 0..20)]),
        learned(&[common]),
    ];
    let members = [device, "pump-2"];
    let proposal = proposed_for(&text, profile, &members, &all, &[]).unwrap();
    assert_eq!(
        proposal.profiles[0].exceptions,
        BTreeMap::from([(device.to_owned(), 1)])
    );
}
