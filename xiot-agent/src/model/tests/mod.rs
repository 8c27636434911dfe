//! The language as a whole: files in, policies and messages out.

mod accept;
mod bad_devices;
mod bad_gateway;
mod bad_names;
mod bad_rules;
mod bad_shape;
mod bad_values;
mod bad_yaml;
mod calendars;
mod gates;
mod hostile;
mod include;
mod large;
mod metrics;
mod mud;
mod router;
mod times;

use std::{collections::BTreeSet, fmt::Write as _};

use crate::{
    diag::{Code, Report, Style},
    model::{Loaded, load_policy, policy::Policy},
    unit::{icmp::Family, protocol},
};

/// The policy of a text that has nothing wrong with it.
fn policy(text: &str) -> Policy {
    let Loaded { value, report, .. } = load_policy("policy.yaml", text);
    assert!(report.is_clean(), "{}", report.render(Style::Plain));
    value.unwrap()
}

/// Something wrong: a sentence that says what, the codes that must be found in the order of the file, the file.
type Case = (&'static str, &'static [Code], &'static str);

/// Loads every case, compares the codes, and returns the messages for a snapshot.
fn messages(cases: &[Case], load: impl Fn(&str) -> Report) -> String {
    let mut text = String::new();
    for (name, codes, file) in cases {
        let report = load(file);
        let found: Vec<Code> = report.diagnostics().iter().map(|one| one.code).collect();
        let shown = report.render(Style::Plain);
        assert_eq!(found, *codes, "{name}:\n{shown}");
        writeln!(text, "## {name}\n{}\n", shown.trim_end()).unwrap();
    }
    text
}

/// The report on a policy.
fn report(file: &str) -> Report {
    let loaded = load_policy("policy.yaml", file);
    assert_eq!(loaded.value.is_none(), loaded.report.errors() > 0);
    loaded.report
}

#[test]
fn every_code_has_a_case() {
    let tables: [&[Case]; 13] = [
        gates::CASES,
        bad_devices::CASES,
        bad_gateway::CASES,
        bad_names::CASES,
        bad_rules::CASES,
        bad_shape::CASES,
        bad_values::CASES,
        calendars::CASES,
        include::CASES,
        times::CASES,
        mud::CASES,
        bad_yaml::CASES,
        bad_gateway::PAIR_CASES,
    ];
    let tried: BTreeSet<Code> = tables
        .into_iter()
        .flatten()
        .flat_map(|(_, codes, _)| codes.iter().copied())
        .chain(hostile::CODES)
        .collect();
    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(tried, all);
}

/// The reference of the language.
const REFERENCE: &str = include_str!("../../../../docs/policy.md");

#[test]
fn every_code_is_in_the_reference() {
    for code in Code::ALL {
        let row = format!("| `{}` |", code.name());
        assert!(REFERENCE.contains(&row), "docs/policy.md has no row {row}");
    }
}

#[test]
fn every_name_of_protocols_and_messages_is_in_the_reference() {
    let messages = [Family::V4, Family::V6].into_iter().flat_map(Family::names);
    let protocols = protocol::NAMES.into_iter().map(|(name, _)| name);
    for name in messages
        .chain(protocols)
        .filter(|name| *name != "echo-reply")
    {
        assert!(REFERENCE.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn every_whole_policy_of_the_documents_loads() {
    let readme = include_str!("../../../../README.md");
    for (document, count) in [(REFERENCE, 3), (readme, 1)] {
        let policies: Vec<_> = document
            .split("```")
            .filter_map(|block| block.strip_prefix("yaml\n"))
            .filter(|block| block.starts_with("onboarding:"))
            .collect();
        assert_eq!(policies.len(), count);
        for text in policies {
            policy(text);
        }
    }
}

#[test]
fn a_gateway_has_as_many_wires_as_the_data_path_has_pairs_of_ports() {
    assert_eq!(
        super::limit::MAX_WIRES * 2,
        xiot_common::capacity::MAX_PORTS
    );
}
