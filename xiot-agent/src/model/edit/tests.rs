//! What is added stands where it belongs, and nothing else changes.

use proptest::prelude::*;

use super::*;

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

const POLICY: &str = "\
onboarding: learn   # day one

profiles:
  # of the vendor
  pump:
    services: [arp, dhcp]  # no DNS
    allow:
      - {to: 10.0.0.1, tcp: 1}   # first
      - to: 10.0.0.2
        tcp: 2
      # the last
      #- {to: 10.0.0.9, tcp: 9}

  monitor: {services: [arp], allow: [{to: 10.0.0.3, udp: 3}, {from: 10.0.0.4, tcp: [4, 5]}]}  # braces
  scanner:
    allow:
    - {to: 10.0.0.5, tcp: 5}
  bare:
    services:
      - arp

# devices
devices:
  - {name: p1, mac: \"00:03:b1:00:00:01\", profile: pump, mode: monitor}
  - name: p2
    mac: \"00:03:b1:00:00:02\"
    profile: pump
    groups: [a,
      b]
  # a spare one
  - {name: p3, mac: \"00:03:b1:00:00:03\", profile: pump}
";

/// The lines that came and those that went.
fn difference(before: &str, after: &str) -> Vec<String> {
    let changes = similar::TextDiff::from_lines(before, after);
    let changes = changes.iter_all_changes();
    changes
        .filter(|change| change.tag() != similar::ChangeTag::Equal)
        .map(|change| format!("{}{}", change.tag(), change.value().trim_end_matches('\n')))
        .collect()
}

#[test]
fn rules_are_added_at_the_end_of_a_block_behind_its_comments() {
    let new = lines(&["# seen", "- {to: 10.0.0.7, tcp: 7}"]);
    let after = add_rules(POLICY, "pump", &new).unwrap();
    assert_eq!(
        difference(POLICY, &after),
        ["+      # seen", "+      - {to: 10.0.0.7, tcp: 7}"]
    );
    let place = after.find("- {to: 10.0.0.7").unwrap();
    assert!(after.find("#- {to: 10.0.0.9").unwrap() < place);
    assert!(after.find("\n\n  monitor").unwrap() > place);
    let after = add_rules(POLICY, "scanner", &new).unwrap();
    assert_eq!(
        difference(POLICY, &after),
        ["+    # seen", "+    - {to: 10.0.0.7, tcp: 7}"]
    );
}

#[test]
fn what_is_in_braces_becomes_a_block_first() {
    let new = lines(&["- {to: 10.0.0.7, tcp: 7}"]);
    let after = add_rules(POLICY, "monitor", &new).unwrap();
    assert_eq!(
        difference(POLICY, &after),
        [
            "-  monitor: {services: [arp], allow: [{to: 10.0.0.3, udp: 3}, {from: 10.0.0.4, tcp: [4, 5]}]}  # braces",
            "+  monitor:  # braces",
            "+    services: [arp]",
            "+    allow:",
            "+      - {to: 10.0.0.3, udp: 3}",
            "+      - {from: 10.0.0.4, tcp: [4, 5]}",
            "+      - {to: 10.0.0.7, tcp: 7}",
        ]
    );
}

#[test]
fn a_profile_without_rules_gets_some() {
    let after = add_rules(POLICY, "bare", &lines(&["- {to: 10.0.0.7, tcp: 7}"])).unwrap();
    assert_eq!(
        difference(POLICY, &after),
        ["+    allow:", "+      - {to: 10.0.0.7, tcp: 7}"]
    );
    assert!(after.find("      - arp").unwrap() < after.find("10.0.0.7").unwrap());
}

#[test]
fn services_are_added_in_the_style_that_is_there() {
    let add = |profile| add_service(POLICY, profile, "dns", &["arp", "nd", "dhcp"]).unwrap();
    assert_eq!(
        difference(POLICY, &add("pump")),
        [
            "-    services: [arp, dhcp]  # no DNS",
            "+    services: [arp, dhcp, dns]  # no DNS"
        ]
    );
    assert_eq!(difference(POLICY, &add("bare")), ["+      - dns"]);
    assert_eq!(
        difference(POLICY, &add("scanner")),
        ["+    services: [arp, nd, dhcp, dns]"]
    );
}

#[test]
fn profiles_and_devices_come_at_the_end_of_theirs() {
    let after = add_profile(POLICY, "p2-only", &lines(&["include: pump", "allow:"])).unwrap();
    assert_eq!(
        difference(POLICY, &after),
        ["+  p2-only:", "+    include: pump", "+    allow:"]
    );
    assert!(after.find("p2-only").unwrap() < after.find("\n# devices").unwrap());
    let device = "{name: p4, mac: \"00:03:b1:00:00:04\", profile: pump}";
    let after = add_device(POLICY, "p4", device).unwrap();
    assert_eq!(difference(POLICY, &after), [format!("+  - {device}")]);
    let after = add_device("onboarding: learn", "p4", device).unwrap();
    assert_eq!(
        after,
        format!("onboarding: learn\n\ndevices:\n  - {device}\n")
    );
}

#[test]
fn a_device_gets_another_mode_in_its_own_style() {
    let set = |device| set_modes(POLICY, &[(device, Mode::Enforce)]).unwrap();
    assert_eq!(
        difference(POLICY, &set("p1")),
        [
            "-  - {name: p1, mac: \"00:03:b1:00:00:01\", profile: pump, mode: monitor}",
            "+  - {name: p1, mac: \"00:03:b1:00:00:01\", profile: pump, mode: enforce}"
        ]
    );
    assert_eq!(difference(POLICY, &set("p2")), ["+    mode: enforce"]);
    assert!(set("p2").contains("      b]\n    mode: enforce\n  # a spare one"));
    assert_eq!(
        difference(POLICY, &set("p3")),
        [
            "-  - {name: p3, mac: \"00:03:b1:00:00:03\", profile: pump}",
            "+  - {name: p3, mac: \"00:03:b1:00:00:03\", profile: pump, mode: enforce}"
        ]
    );
    let all = [
        ("p3", Mode::Learn),
        ("p1", Mode::Enforce),
        ("p2", Mode::Monitor),
    ];
    assert_eq!(
        set_modes(POLICY, &all).unwrap(),
        all.iter()
            .fold(POLICY.to_owned(), |text, one| set_modes(&text, &[*one])
                .unwrap())
    );
    let after = set_profiles(POLICY, &[("p3", "p3-only")]).unwrap();
    assert!(after.contains("00:03\", profile: p3-only}"));
}

#[test]
fn what_is_not_there_or_there_twice_is_said() {
    let rule = lines(&["- {to: 10.0.0.7, tcp: 7}"]);
    assert_eq!(
        add_rules(POLICY, "pumpe", &rule).unwrap_err().to_string(),
        "the policy has no profile `pumpe`"
    );
    assert_eq!(
        set_modes(POLICY, &[("p1", Mode::Learn), ("p9", Mode::Learn)])
            .unwrap_err()
            .to_string(),
        "the policy has no device `p9`"
    );
    assert_eq!(
        add_profile(POLICY, "scanner", &rule)
            .unwrap_err()
            .to_string(),
        "the policy has a profile `scanner` already, in line 15"
    );
    assert!(matches!(
        add_device(POLICY, "p2", "{name: p2}"),
        Err(EditError::Exists { line: 25, .. })
    ));
    assert!(matches!(
        add_rules("a: [", "x", &rule),
        Err(EditError::Unreadable(_))
    ));
}

#[test]
fn what_would_change_something_else_is_refused() {
    let rule = lines(&["- {to: 10.0.0.7, tcp: 7}"]);
    for policy in [
        "profiles:\n  a:\n    allow: &rules\n      - {to: 10.0.0.1, tcp: 1}\n  b:\n    allow: *rules\n",
        "profiles:\n  b:\n    allow: [{to: 10.0.0.1,\n      tcp: 1}]\n",
        "profiles:\n  b: {allow: [{to: 10.0.0.1,\n      tcp: 1}]}\n",
        "profiles: {b: {allow: [{to: 10.0.0.1, tcp: 1}]}}\n",
    ] {
        let error = add_rules(policy, "b", &rule);
        assert!(
            matches!(error, Err(EditError::Style { .. })),
            "{policy}{error:?}"
        );
    }
    let shared = "x: &m monitor\ndevices:\n  - {name: a, mode: *m}\n";
    assert!(matches!(
        set_modes(shared, &[("a", Mode::Enforce)]),
        Err(EditError::Style { line: 3, .. })
    ));
}

/// A file in one of many styles, with profiles `a` and `b`.
fn file() -> impl Strategy<Value = String> {
    let rules = prop_oneof![
        Just("    allow: [{to: 10.0.0.1, tcp: 1}, {to: 10.0.0.2, udp: [1, 2]}]\n"),
        Just(
            "    allow:\n    - {to: 10.0.0.1, tcp: 1}\n    # c\n    - to: 10.0.0.2\n      udp: 2\n"
        ),
        Just("    allow:\n      -   {to: 10.0.0.1, tcp: 1}   # c\n\n"),
        Just("    services: [arp]   # ä\n"),
        Just(
            "    allow:\n        - to: [10.0.0.1,\n             10.0.0.2]\n          tcp: 1\n        # tail\n"
        ),
    ];
    let gap = prop_oneof![
        Just(""),
        Just("\n"),
        Just("  # between\n"),
        Just("# left\n\n")
    ];
    let end = prop_oneof![Just(""), Just("devices: []\n"), Just("# end")];
    (rules.clone(), gap.clone(), rules, gap, end).prop_map(|(a, gap, b, last, end)| {
        format!("onboarding: learn\nprofiles:\n  a:\n{a}{gap}  b:\n{b}{last}{end}")
    })
}

proptest! {
    #[test]
    fn a_rule_that_is_added_is_there_and_all_others_too(text in file(), first in any::<bool>()) {
        let profile = if first { "a" } else { "b" };
        let rules = |text: &str| {
            let root = yaml::parse(text).unwrap();
            let profiles = pairs(top(&root, "profiles").unwrap()).unwrap();
            profiles
                .iter()
                .map(|(_, profile)| {
                    let rules = pairs(profile).unwrap().iter().find(|(key, _)| is(key, "allow"));
                    let rules = rules.map(|(_, rules)| match &rules.value {
                        Value::Seq(items) => items.iter().map(bare).collect::<Vec<_>>(),
                        other @ (Value::Null | Value::Scalar(_) | Value::Map(_)) => panic!("{other:?}"),
                    });
                    rules.unwrap_or_default()
                })
                .collect::<Vec<_>>()
        };
        let after = add_rules(&text, profile, &lines(&["# x", "- {to: 10.9.9.9, tcp: 9}"])).unwrap();
        let mut expected = rules(&text);
        expected[usize::from(!first)].push("{to:10.9.9.9,tcp:9,}".to_owned());
        prop_assert_eq!(rules(&after), expected);
        for line in text.lines().filter(|line| line.contains('#')) {
            let comment = line.split_once('#').unwrap().1;
            prop_assert!(after.contains(comment), "{}", after);
        }
    }
}

/// What a node says, without its place and style.
fn bare(node: &Node<'_>) -> String {
    match &node.value {
        Value::Null => "~".to_owned(),
        Value::Scalar(text) => text.to_string(),
        Value::Seq(items) => format!("[{}]", items.iter().map(bare).collect::<Vec<_>>().join(",")),
        Value::Map(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(key, value)| format!("{}:{},", bare(key), bare(value)));
            format!("{{{}}}", pairs.collect::<String>())
        }
    }
}
