//! What two policies differ in, and whose conversations that concerns.

use std::{fs, time::Duration};

use xiot_common::flow::{FlowEntry, FlowKey, FlowTail};

use super::{
    DeviceChange, Kind, RuleChange, devices,
    flows::{Concerned, criticalities, is_live},
    rules, settings,
};
use crate::{
    collect,
    compile::{Fresh, FreshNumbers, Stamp},
    service::{
        files::{self, Files, Paths},
        sample,
        state::{Criticality, Flow, Stage},
    },
};

const GATEWAY: &str = "wires:\n  - {name: a, device: eth1, uplink: eth2}\n  - {name: b, device: eth3, uplink: eth4}\n";

/// The pump may be reached and the camera may not; each of its own profile.
const POLICY: &str = r#"onboarding: learn
peer_sets:
  server: [10.20.8.11]
profiles:
  pump:
    criticality: life-sustaining
    allow:
      - {to: server, tcp: 3613}
      - {to: server, udp: 123}
  camera:
    criticality: low
    allow:
      - {to: server, tcp: 554}
devices:
  - {name: pump-1, mac: "02:00:00:00:30:01", ip: 10.30.1.1, profile: pump, mode: enforce}
  - {name: pump-2, mac: "02:00:00:00:30:02", ip: 10.30.1.2, profile: pump, mode: enforce}
  - {name: camera-1, mac: "02:00:00:00:30:03", ip: 10.30.1.3, profile: camera, mode: enforce}
"#;

/// [`POLICY`], and what follows it with these words in the place of those.
fn both(changes: &[(&str, &str)]) -> (Files, Files, Fresh) {
    let directory = tempfile::tempdir().unwrap();
    let paths = Paths {
        gateway: directory.path().join("gateway.yaml"),
        policy: directory.path().join("policy.yaml"),
    };
    fs::write(&paths.gateway, GATEWAY).unwrap();
    fs::write(&paths.policy, POLICY).unwrap();
    let old = files::check(&paths.gateway, &paths.policy, 0).unwrap();
    let old = old.into_files().unwrap();
    let mut policy = POLICY.to_owned();
    for (words, others) in changes {
        assert!(policy.contains(words), "{words}");
        policy = policy.replace(words, others);
    }
    fs::write(&paths.policy, policy).unwrap();
    let stamp = Stamp {
        revision: 2,
        compiled_at: 0,
    };
    let (new, fresh) = files::read_both(&paths).unwrap().beside(&old, stamp);
    (old, new.into_files().unwrap(), fresh)
}

/// A line of a list of devices, in `POLICY`.
fn line(name: &str) -> &'static str {
    let mut lines = POLICY.lines();
    lines
        .find(|line| line.contains(&format!("name: {name},")))
        .unwrap()
}

fn changed_devices(changes: &[(&str, &str)]) -> Vec<DeviceChange> {
    let (old, new, fresh) = both(changes);
    devices::changes(&old, &new, &fresh.devices)
}

fn change(device: &str, kind: Kind, criticality: Criticality, what: &[&str]) -> DeviceChange {
    DeviceChange {
        device: device.to_owned(),
        kind,
        criticality: Some(criticality),
        what: what.iter().map(|&what| what.to_owned()).collect(),
    }
}

#[test]
fn devices_that_come_go_and_change_are_named_with_what_differs() {
    assert_eq!(changed_devices(&[]), []);
    for (words, others, what) in [
        (
            "profile: camera, mode: enforce",
            "profile: camera, mode: monitor",
            "mode enforce -> monitor",
        ),
        ("02:00:00:00:30:03", "02:00:00:00:30:04", "MAC"),
        ("ip: 10.30.1.3", "ip: 10.30.1.4", "addresses"),
        (
            "profile: camera, mode",
            "vlan: 7, profile: camera, mode",
            "VLAN",
        ),
        (
            "profile: camera, mode",
            "wire: b, profile: camera, mode",
            "wire",
        ),
        ("tcp: 554", "tcp: 555", "what profile camera allows"),
    ] {
        let expected = change("camera-1", Kind::Changed, Criticality::Low, &[what]);
        assert_eq!(changed_devices(&[(words, others)]), [expected], "{what}");
    }
}

#[test]
fn those_that_lives_depend_on_come_first_and_count_as_what_they_were() {
    let to_camera = line("pump-2").replace("profile: pump", "profile: camera");
    let new = line("pump-1").replace("pump-1", "pump-3");
    let new = new.replace("30:01", "30:05").replace("1.1,", "1.5,");
    let changes = changed_devices(&[
        (line("pump-1"), ""),
        (line("pump-2"), &to_camera),
        (line("camera-1"), &new),
    ]);
    let lives = Criticality::LifeSustaining;
    assert_eq!(
        changes,
        [
            change("pump-1", Kind::Removed, lives, &[]),
            change("pump-2", Kind::Changed, lives, &["profile pump -> camera"]),
            change("pump-3", Kind::Added, lives, &[]),
            change("camera-1", Kind::Removed, Criticality::Low, &[]),
        ]
    );
}

#[test]
fn a_number_that_goes_to_another_device_is_two_changes() {
    let (old, new, _) = both(&[]);
    let fresh = FreshNumbers {
        free: Vec::new(),
        taken_over: vec![old.ids.devices()[2]],
    };
    let [removed, added] =
        [Kind::Removed, Kind::Added].map(|kind| change("camera-1", kind, Criticality::Low, &[]));
    assert_eq!(devices::changes(&old, &new, &fresh), [removed, added]);
}

#[test]
fn rules_that_go_and_come_are_named_with_their_place() {
    let changed = |changes: &[(&str, &str)]| {
        let (old, new, _) = both(changes);
        rules::changes(&old, &new)
    };
    assert_eq!(changed(&[]), []);
    // Other lines are no other rules.
    assert_eq!(
        changed(&[("onboarding: learn", "# a line\nonboarding: learn")]),
        []
    );
    let rule = |profile: &str, label: &str, line, added| RuleChange {
        profile: profile.to_owned(),
        label: label.to_owned(),
        line,
        added,
    };
    assert_eq!(
        changed(&[
            ("      - {to: server, udp: 123}\n", ""),
            ("tcp: 3613", "tcp: 3614"),
            ("tcp: 554", "tcp: 555")
        ]),
        [
            rule("camera", "to server tcp 554", 13, false),
            rule("camera", "to server tcp 555", 12, true),
            rule("pump", "to server tcp 3613", 8, false),
            rule("pump", "to server udp 123", 9, false),
            rule("pump", "to server tcp 3614", 8, true),
        ]
    );
}

#[test]
fn what_goes_on_is_live_and_nothing_else() {
    let flow = sample::flow();
    assert!(is_live(&flow));
    for other in [
        Flow {
            half_open: true,
            ..flow.clone()
        },
        Flow {
            stage: Stage::Closing,
            ..flow.clone()
        },
        Flow {
            idle: flow.timeout + Duration::from_secs(1),
            ..flow.clone()
        },
    ] {
        assert!(!is_live(&other), "{other:?}");
    }
    let just = Flow {
        idle: flow.timeout,
        ..flow
    };
    assert!(is_live(&just));
}

/// A conversation of the device with this number.
fn of(device: u32) -> collect::Flow {
    collect::Flow {
        key: FlowKey::default(),
        entry: FlowEntry {
            device,
            ..FlowEntry::default()
        },
        tail: FlowTail::default(),
        half_open: false,
    }
}

#[test]
fn a_change_concerns_whom_it_touches_and_whom_nobody_listed() {
    let (old, new, _) = both(&[("tcp: 554", "tcp: 555")]);
    let (pump, camera) = (old.ids.devices()[0], old.ids.devices()[2]);
    let concerned = |guards_differ| {
        let concerned = Concerned::by(&old, &new, guards_differ);
        [pump, camera, 0].map(|device| concerned.has(&of(device)))
    };
    assert_eq!(concerned(false), [false, true, true]);
    assert_eq!(concerned(true), [true; 3]);
}

#[test]
fn a_device_whose_criticality_changes_has_the_higher_one() {
    let same = Some(Criticality::LifeSustaining);
    for [before, after] in [["life-sustaining", "low"], ["low", "life-sustaining"]] {
        let (old, new, _) = both(&[(
            "criticality: life-sustaining",
            &format!("criticality: {after}"),
        )]);
        let (old, new) = if before == "low" {
            (new, old)
        } else {
            (old, new)
        };
        assert_eq!(criticalities(&old, &new)["pump-1"], same, "{before}");
    }
}

#[test]
fn what_no_rule_and_no_device_tells_of_is_told() {
    let with = |more: &str| format!("onboarding: learn\n{more}");
    let changed = |before: &str, after: &str| {
        let policies = [before, after].map(|more| {
            let (_, new, _) = both(&[("onboarding: learn\n", &with(more))]);
            new
        });
        settings::changes(&policies[0].policy, &policies[1].policy)
    };
    let zone = "time_zone: Europe/Berlin\n";
    let visits = |from: &str| format!("{zone}calendars: {{visits: mon-fri {from}-18:00}}\n");
    assert_eq!(changed(&visits("14:00"), &visits("14:00")), [""; 0]);
    // Where it stands makes no difference.
    let moved = format!("holidays: []\n{}", visits("14:00"));
    assert_eq!(changed(&visits("14:00"), &moved), [""; 0]);
    let days = |last: u8| {
        let days: Vec<_> = (1..=last).map(|day| format!("2099-12-{day:02}")).collect();
        format!("{zone}holidays: [{}]\n", days.join(", "))
    };
    for (before, after, lines) in [
        (
            visits("14:00"),
            visits("15:00"),
            &["calendar visits: other times"][..],
        ),
        (
            zone.to_owned(),
            visits("14:00"),
            &["calendar visits: added"],
        ),
        (
            visits("14:00"),
            "time_zone: UTC\n".to_owned(),
            &[
                "time zone: Europe/Berlin -> UTC",
                "calendar visits: removed",
            ],
        ),
        (
            String::new(),
            zone.to_owned(),
            &["time zone: none -> Europe/Berlin"],
        ),
        (days(1), days(2), &["holidays: + 2099-12-02"]),
        (
            days(8),
            days(1),
            &[
                "holidays: - 2099-12-02, - 2099-12-03, - 2099-12-04, - 2099-12-05, - 2099-12-06, 2 more",
            ],
        ),
        (
            "mud: {models: {\"https://a.example/m\": server}}\n".to_owned(),
            "mud: {local-networks: server}\n".to_owned(),
            &[
                "mud local-networks: none -> server",
                "mud models https://a.example/m: server -> none",
            ],
        ),
        (
            String::new(),
            "defaults: {profile: camera}\nservices: {ntp: {servers: server}}\n".to_owned(),
            &[
                "default profile: none -> camera",
                "services: other servers of ntp",
            ],
        ),
    ] {
        assert_eq!(changed(&before, &after), lines, "{before}{after}");
    }
    let (old, new, _) = both(&[("onboarding: learn", "onboarding: enforce")]);
    assert_eq!(
        settings::changes(&old.policy, &new.policy),
        ["onboarding: learn -> enforce"]
    );
}
