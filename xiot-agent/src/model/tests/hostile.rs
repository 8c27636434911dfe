//! Files made to exhaust whoever reads them.

use std::fmt::Write as _;

use proptest::{prelude::*, sample::Index};

use super::report;
use crate::{
    diag::{Code, Style},
    model::{load_gateway, load_policy, read_policy},
};

/// Codes that are tried here, or beside the code with smaller limits.
pub(super) const CODES: [Code; 8] = [
    Code::TooLarge,
    Code::TooDeep,
    Code::TooManyValues,
    Code::TooManyAliases,
    Code::TooManyPeers,
    Code::TooManyWires,
    Code::TooLong,
    Code::CheckLimited,
];

fn only_code(text: &str) -> Code {
    let report = report(text);
    assert_eq!(report.errors(), 1, "{}", report.render(Style::Plain));
    report.diagnostics()[0].code
}

#[test]
fn a_file_beyond_the_limit_is_refused_unread() {
    let policy = load_policy("policy.yaml", vec![b'#'; (64 << 20) + 1]);
    let gateway = load_gateway("gateway.yaml", vec![b'#'; (1 << 20) + 1]);
    insta::assert_snapshot!(format!(
        "{}{}",
        policy.report.render(Style::Plain),
        gateway.report.render(Style::Plain)
    ));
}

#[test]
fn an_endless_file_is_read_no_further_than_the_limit() {
    let loaded = read_policy(std::path::Path::new("/dev/zero")).unwrap();
    assert_eq!(loaded.report.diagnostics()[0].code, Code::TooLarge);
}

#[test]
fn ten_megabytes_of_garbage_give_a_short_answer() {
    const LENGTH: usize = 10 << 20;
    for (text, code) in [
        ("x".repeat(LENGTH), Code::WrongType),
        ("[".repeat(LENGTH), Code::TooDeep),
        ("- ".repeat(LENGTH / 2), Code::TooDeep),
        ("{a: \n".repeat(LENGTH / 5), Code::TooDeep),
    ] {
        let report = report(&text);
        assert_eq!((report.errors(), report.diagnostics()[0].code), (1, code));
        let shown = report.render(Style::Plain);
        assert!(shown.len() < 1_000, "{} bytes", shown.len());
    }
    let bytes: Vec<u8> = (0..LENGTH)
        .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 13 & 0xff).unwrap())
        .collect();
    let loaded = load_policy("policy.yaml", bytes);
    assert_eq!(loaded.report.diagnostics()[0].code, Code::NotText);
}

#[test]
fn many_faults_are_counted_and_twenty_are_shown() {
    let mut text = "onboarding: learn\npeer_sets:\n".to_owned();
    for n in 0..10_000 {
        writeln!(text, "  s{n}: [10.0.0.1/8]").unwrap();
    }
    let report = report(&text);
    assert_eq!((report.errors(), report.warnings()), (10_000, 0));
    let shown = report.render(Style::Plain);
    assert_eq!(shown.matches("error[").count(), 20);
    assert!(shown.contains("... and 9980 more in policy.yaml"));
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..10 {
        let before = format!("*a{}, ", n - 1).repeat(10);
        writeln!(text, "a{n}: &a{n} [{before}]").unwrap();
    }
    assert_eq!(only_code(&text), Code::TooManyAliases);
    insta::assert_snapshot!(report(&text).render(Style::Plain));
}

#[test]
fn aliases_cannot_nest_without_bound() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for n in 1..100 {
        writeln!(text, "a{n}: &a{n} [*a{}]", n - 1).unwrap();
    }
    assert_eq!(only_code(&text), Code::TooDeep);
}

#[test]
fn deep_nesting_is_refused_in_both_notations() {
    assert_eq!(
        only_code(&format!("a: {}{}", "[".repeat(30), "]".repeat(30))),
        Code::TooDeep
    );
    let keys: Vec<_> = (0..30).map(|n| format!("{}k:", " ".repeat(n))).collect();
    let block = keys.join("\n");
    assert_eq!(only_code(&block), Code::TooDeep);
    insta::assert_snapshot!(report(&block).render(Style::Plain));
}

#[test]
fn sets_of_sets_do_not_multiply_without_bound() {
    // Every set is ten others of its level below: ten to the power of eight addresses if spelt out blindly.
    let mut text = "onboarding: learn\ndefaults: {profile: p}\npeer_sets:\n".to_owned();
    for set in 0..10 {
        let ips: Vec<String> = (0..250).map(|n| format!("10.0.{set}.{n}")).collect();
        writeln!(text, "  s0-{set}: [{}]", ips.join(", ")).unwrap();
    }
    for level in 1..8 {
        for set in 0..10 {
            let below: Vec<String> = (0..10).map(|n| format!("s{}-{n}", level - 1)).collect();
            writeln!(text, "  s{level}-{set}: [{}]", below.join(", ")).unwrap();
        }
    }
    text.push_str("profiles:\n  p:\n    allow:\n      - {to: s7-0, tcp: 80}\n");
    let report = report(&text);
    assert_eq!(report.errors(), 0, "{}", report.render(Style::Plain));
}

#[test]
fn a_policy_with_more_peers_than_any_gateway_holds_is_refused() {
    let mut text = "onboarding: learn\ndefaults: {profile: p}\npeer_sets:\n  s:\n".to_owned();
    for n in 0..10_000 {
        writeln!(text, "    - 10.0.{}.{}", n >> 8, n & 0xff).unwrap();
    }
    text.push_str("profiles:\n  p:\n    allow:\n");
    for n in 1..500 {
        writeln!(text, "      - {{to: s, tcp: {n}}}").unwrap();
    }
    let report = report(&text);
    assert!(
        report
            .diagnostics()
            .iter()
            .all(|one| one.code == Code::TooManyPeers)
    );
    assert!(report.errors() > 0);
}

#[test]
fn a_policy_with_more_dns_names_than_any_gateway_holds_is_refused() {
    let mut text = "onboarding: learn\ndefaults: {profile: p}\nservices: {dns: {servers: 10.0.0.53}}\nprofiles:\n  p:\n    services: [dns]\n    allow:\n".to_owned();
    for n in 0..16_384 {
        writeln!(text, "      - {{to: {{dns: host{n}.example}}, tcp: 443}}").unwrap();
    }
    assert!(report(&text).is_clean());
    text.push_str("      - {to: {dns: one-more.example}, tcp: 443}\n");
    assert_eq!(only_code(&text), Code::TooManyPeers);
}

#[test]
fn sets_chained_very_deep_do_not_exhaust_the_stack() {
    let mut text = "onboarding: learn\ndefaults: {profile: p}\npeer_sets:\n".to_owned();
    for n in 0..50_000 {
        writeln!(text, "  s{n}: [s{}]", n + 1).unwrap();
    }
    text.push_str("  s50000: [10.0.0.1]\nprofiles:\n  p:\n    allow:\n      - {to: s0, tcp: 80}\n");
    assert!(report(&text).is_clean());
}

const EXAMPLE: &str = include_str!("../../../../deploy/examples/policy.yaml");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Cuts, doubles and garbles parts of a policy: whatever comes out is refused or accepted, never a panic, and
    /// every message can be shown.
    #[test]
    fn no_mutilated_policy_panics(
        edits in proptest::collection::vec(
            (any::<Index>(), 0..40_usize, "[ -~äß\\n\\t]{0,6}"),
            1..6,
        ),
    ) {
        let mut chars: Vec<char> = EXAMPLE.chars().collect();
        for (at, length, insert) in edits {
            let start = at.index(chars.len());
            let end = (start + length).min(chars.len());
            chars.splice(start..end, insert.chars());
        }
        let text: String = chars.into_iter().collect();
        let report = report(&text);
        let shown = report.render(Style::Plain);
        prop_assert_eq!(shown.is_empty(), report.is_clean());
        prop_assert_eq!(report.findings().len(), report.errors() + report.warnings());
        for finding in report.findings() {
            let lines = text.lines().count() + 1;
            prop_assert!(usize::try_from(finding.line).unwrap() <= lines, "{:?}", finding);
        }
    }
}
