//! Proposals by host names: those that the device asked for.

use super::*;

#[test]
fn what_has_a_name_is_proposed_by_it() {
    let habits = [
        (to("192.0.2.7", 6, 443), 2, 0..20),
        (to("192.0.2.9", 6, 443), 2, 0..20),
        (to("192.0.2.30", 6, 443), 2, 0..20),
        (to("10.20.4.3", 6, 11112), 2, 0..20),
    ];
    let names = [
        ("192.0.2.7", "cloud.vendor.example"),
        ("192.0.2.9", "cloud.vendor.example"),
        ("192.0.2.30", "time.vendor.example"),
        ("10.20.4.3", "pacs.hospital.example"),
    ];
    let proposal = proposed(POLICY, &[learned(&habits)], &names).unwrap();
    let lines: Vec<_> = added(POLICY, &proposal)
        .into_iter()
        .filter(|line| !line.contains(" hours"))
        .collect();
    assert_eq!(
        lines,
        [
            "-services: [arp, dhcp]",
            // Names are of use to those who may ask.
            "+services: [arp, dhcp, dns]",
            "+- {to: [{dns: cloud.vendor.example}, {dns: time.vendor.example}], tcp: 443}",
            "+- {to: {dns: pacs.hospital.example}, tcp: 11112}",
        ]
    );
    let again = proposed(&proposal.text, &[learned(&habits)], &names).unwrap();
    assert_eq!(again.text, proposal.text);
    // Of another name of the same domain the first stays, one of another domain has the address stand for itself.
    for (name, is_named) in [("edge.vendor.example", true), ("evil.test", false)] {
        let more = [&names[..], &[("192.0.2.30", name)]].concat();
        let proposal = proposed(POLICY, &[learned(&habits)], &more).unwrap();
        assert_eq!(
            proposal.text.contains("{dns: time.vendor.example}"),
            is_named,
            "{name}"
        );
        assert!(!proposal.text.contains("evil.test"));
    }
    // Where nobody can ask, there are only addresses.
    let without = POLICY.replace("  dns: {servers: 10.0.0.53}\n", "");
    let proposal = proposed(&without, &[learned(&habits)], &names).unwrap();
    assert!(!proposal.text.contains("dns:"), "{}", proposal.text);
    assert!(proposal.text.contains("192.0.2.30"));
}

#[test]
fn all_names_of_an_address_are_proposed_and_what_is_done_with_it_counts_once() {
    let habits = [
        (to("192.0.2.7", 6, 443), 2, 0..20),
        (to("192.0.2.9", 6, 443), 2, 0..20),
    ];
    // Whoever asks for one of them is told of no other, and may ask for either first.
    let names = [
        ("192.0.2.7", "edge.vendor.example"),
        ("192.0.2.7", "cloud.vendor.example"),
        ("192.0.2.9", "cloud.vendor.example"),
    ];
    let rule = "- {to: [{dns: cloud.vendor.example}, {dns: edge.vendor.example}], tcp: 443}";
    let devices = [learned(&habits)];
    let proposal = proposed(POLICY, &devices, &names).unwrap();
    let lines = added(POLICY, &proposal);
    let place = lines.iter().position(|line| line == &format!("+{rule}"));
    let evidence = &lines[place.unwrap_or_else(|| panic!("{lines:#?}")) - 1];
    assert!(
        evidence.starts_with("+# 80 times in 40 hours"),
        "{evidence}"
    );
    // A policy that has one of them lacks the other.
    let one = proposal.text.replace(", {dns: edge.vendor.example}]", "]");
    let again = proposed(&one, &devices, &names).unwrap();
    assert_eq!(again.profiles[0].allowed, 1, "{}", again.text);
    let more = "+- {to: {dns: edge.vendor.example}, tcp: 443}".to_owned();
    assert!(added(&one, &again).contains(&more), "{}", again.text);
    let both = proposed(&proposal.text, &devices, &names).unwrap();
    assert_eq!((both.text, both.profiles[0].allowed), (proposal.text, 2));

    let withheld = [(to("192.0.2.7", 6, 23), 2, 0..20)];
    let proposal = proposed(POLICY, &[learned(&withheld)], &names).unwrap();
    assert_eq!(proposal.profiles[0].withheld, 1, "{}", proposal.text);
}

#[test]
fn dhcp_with_one_server_needs_that_server_in_the_policy() {
    let habits = [
        (to("255.255.255.255", 17, 67), 1, 0..20),
        (from("10.0.0.5", 17, 68), 1, 0..20),
        (to("10.0.0.5", 17, 67), 1, 0..20),
    ];
    let devices = [learned(&habits)];
    // The service lets devices speak to listed servers alone, and to everybody.
    let proposal = proposed(POLICY, &devices, &[]).unwrap();
    assert_eq!(proposal.profiles[0].withheld, 1);
    assert!(
        proposal.text.contains("#- {to: 10.0.0.5, udp: 67}"),
        "{}",
        proposal.text
    );
    assert!(
        proposal
            .text
            .contains("WITHHELD, not a server of this site")
    );
    let listed = POLICY.replace(
        "services:\n  dns:",
        "services:\n  dhcp: {servers: 10.0.0.5}\n  dns:",
    );
    let proposal = proposed(&listed, &devices, &[]).unwrap();
    assert_eq!(proposal.text, listed);
}
