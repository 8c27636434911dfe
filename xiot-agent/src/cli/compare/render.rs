//! A comparison as people read it: how much all agree, and then what not all of them have.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::{
    api::wire::{ComparedProfile, Comparison, Disagreement, NotObservable, UnusedRule},
    cli::{
        output::{Align, table},
        words::{ago, count},
    },
};

/// An error that writing to a text never has.
const NEVER: &str = "texts take what is written to them";

/// Names of devices in a table.
const SHOWN: usize = 2;

pub(in crate::cli) fn render(comparison: &Comparison, now: Timestamp) -> String {
    let profiles = comparison.profiles.iter();
    let mut parts: Vec<_> = profiles.map(|of| profile(of, now)).collect();
    if parts.is_empty() {
        parts.push("the policy lists no devices: there is nothing to compare\n".to_owned());
    }
    if comparison.unknown > 0 {
        let unknown = count(comparison.unknown, "conversation");
        parts.push(format!("{unknown} could not be judged\n"));
    }
    parts.join("\n")
}

fn profile(of: &ComparedProfile, now: Timestamp) -> String {
    let mut text = head(of);
    text += &regions(of);
    let conversations = |title: &str, disclosed: Option<bool>| {
        let all = of.conversations.iter();
        let some: Vec<_> = all.filter(|it| it.disclosed == disclosed).collect();
        if some.is_empty() {
            return String::new();
        }
        format!("\n{title}\n{}", table_of(&some, now))
    };
    text += &conversations("Done, though the maker never said so:", Some(false));
    text += &conversations(
        "Denied, though the maker says so and it is done:",
        Some(true),
    );
    text += &conversations("Done, and denied:", None);
    let rules = |title: &str, column: &str, rules: &[UnusedRule]| {
        if rules.is_empty() {
            return String::new();
        }
        format!("\n{title}\n{}", table_of_rules(column, rules))
    };
    text += &rules(
        "Disclosed by the maker, and nobody uses it:",
        "ENFORCED",
        &of.unused,
    );
    text += &rules(
        "Enforced without evidence:",
        "DISCLOSED",
        &of.without_evidence,
    );
    text + &not_observable(&of.not_observable)
}

fn head(of: &ComparedProfile) -> String {
    let mut text = of.profile.clone();
    if let Some(criticality) = &of.criticality {
        write!(text, " ({criticality})").expect(NEVER);
    }
    let (observed, devices) = (of.devices_observed, count(of.devices, "device"));
    write!(text, ": something was learned of {observed} of {devices}; ").expect(NEVER);
    match &of.disclosed {
        Some(list) => writeln!(text, "what the maker discloses is profile {list}"),
        None => writeln!(
            text,
            "nothing is disclosed: see `disclosed` of profiles, --disclosed and --mud"
        ),
    }
    .expect(NEVER);
    text
}

/// How much of it each of the three has.
fn regions(of: &ComparedProfile) -> String {
    let regions = &of.regions;
    let is_disclosed = of.disclosed.is_some();
    let conversation = |number| count(number, "conversation");
    let rule = |number| count(number, "rule");
    let rows = [
        (
            "yes yes yes",
            conversation(regions.disclosed_learned_enforced),
            "all agree",
        ),
        (
            "yes yes no",
            conversation(regions.disclosed_learned),
            "denied, though the maker says so",
        ),
        (
            "no yes yes",
            conversation(regions.learned_enforced),
            "the maker never said so",
        ),
        (
            "no yes no",
            conversation(regions.learned),
            "the maker never said so, and it is denied",
        ),
        (
            "yes no yes",
            rule(regions.disclosed_enforced),
            "the maker says so, and nobody uses it",
        ),
        (
            "yes no no",
            rule(regions.disclosed),
            "the maker says so, nobody uses it, and not all of it is enforced",
        ),
        (
            "no no yes",
            rule(regions.enforced),
            "enforced, and nothing speaks for it",
        ),
    ];
    let rows = rows.into_iter().filter_map(|(who, number, what)| {
        let mut row: Vec<_> = who.split(' ').map(str::to_owned).collect();
        let mut what = what;
        if !is_disclosed {
            if who.starts_with("yes") {
                return None;
            }
            "-".clone_into(row.first_mut()?);
            what = match who {
                "no yes yes" => "done, and allowed",
                "no yes no" => "done, and denied",
                _ => "enforced without evidence",
            };
        }
        row.extend([number, what.to_owned()]);
        Some(row)
    });
    table(
        &[
            ("DISCLOSED", Align::Left),
            ("LEARNED", Align::Left),
            ("ENFORCED", Align::Left),
            ("", Align::Right),
            ("", Align::Left),
        ],
        rows,
    )
}

fn table_of(conversations: &[&Disagreement], now: Timestamp) -> String {
    let rows = conversations.iter().map(|it| {
        let arrow = match (it.initiator.as_str(), it.midstream) {
            ("peer", false) => "<-",
            ("peer", true) => "<-?",
            (_, false) => "->",
            (_, true) => "->?",
        };
        let peer = match &it.peer_name {
            Some(name) => format!("{name} ({})", it.peer),
            None => it.peer.to_string(),
        };
        let service = match (it.port, it.icmp) {
            (Some(port), _) => format!("{} {port}", it.protocol),
            (None, Some((kind, code))) => format!("{} {kind}/{code}", it.protocol),
            (None, None) => it.protocol.clone(),
        };
        let enforced = match (it.allowed, &it.rule) {
            (true, Some(rule)) => format!("allowed by {}:{} {}", rule.file, rule.line, rule.label),
            (true, None) => format!("allowed: {}", it.reason),
            (false, _) => format!("denied: {}", it.reason),
        };
        vec![
            arrow.to_owned(),
            peer,
            service,
            devices(it),
            it.times.to_string(),
            ago(now, it.first_seen),
            ago(now, it.last_seen),
            it.marks.join(", "),
            enforced,
        ]
    });
    table(
        &[
            ("", Align::Left),
            ("PEER", Align::Left),
            ("SERVICE", Align::Left),
            ("DEVICES", Align::Left),
            ("TIMES", Align::Right),
            ("FIRST SEEN", Align::Left),
            ("LAST SEEN", Align::Left),
            ("LOOK AT", Align::Left),
            ("ENFORCED", Align::Left),
        ],
        rows,
    )
}

/// A few of them by name.
fn devices(it: &Disagreement) -> String {
    let shown: Vec<_> = it.devices.iter().take(SHOWN).map(String::as_str).collect();
    let text = shown.join(", ");
    match it.device_count.saturating_sub(shown.len() as u64) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

fn table_of_rules(column: &str, rules: &[UnusedRule]) -> String {
    let rows = rules.iter().map(|it| {
        let other = match it.other.as_deref() {
            Some("all") => "yes",
            Some("part") => "in part",
            Some(_) => "no",
            None => "",
        };
        let rule = &it.rule;
        let place = match rule.line {
            // A MUD file has no lines that anybody reads.
            0 => rule.label.clone(),
            line => format!("{}:{line} {}", rule.file, rule.label),
        };
        vec![place, other.to_owned(), it.note.clone().unwrap_or_default()]
    });
    table(
        &[
            ("RULE", Align::Left),
            (column, Align::Left),
            ("NOTE", Align::Left),
        ],
        rows,
    )
}

fn not_observable(services: &[NotObservable]) -> String {
    if services.is_empty() {
        return String::new();
    }
    let services: Vec<_> = services
        .iter()
        .map(|it| match (it.disclosed, it.allowed) {
            (Some(false), _) => format!("{} (not disclosed)", it.service),
            (_, false) => format!("{} (not enforced)", it.service),
            (_, true) => it.service.clone(),
        })
        .collect();
    format!(
        "\nServices that make no conversations, so that nobody can tell whether they are used: {}\n",
        services.join(", ")
    )
}
