//! The page about attacks.

use anyhow::{Context as _, Result};
use xiot_common::reason::Class;

use super::line;
use crate::attacks::{self, Attack, Catalogue, Family};

/// What stands in it.
pub(super) fn page() -> Result<String> {
    let all = attacks::read().context("the list of attacks")?;
    Ok(render(&all))
}

fn render(all: &Catalogue) -> String {
    let mut page = String::from(INTRODUCTION);
    for family in &all.families {
        let (title, about) = (&family.title, &family.about);
        line(&mut page, format_args!("- **{title}.** {about}"));
    }
    page.push('\n');
    page.push_str(HEAD);
    for family in &all.families {
        for attack in &family.attacks {
            row(&mut page, family, attack);
        }
    }
    page
}

fn row(page: &mut String, family: &Family, attack: &Attack) {
    let (id, does, test) = (&attack.id, &attack.does, &family.test);
    let tool = attack.tool.as_ref();
    let tool = tool.map_or_else(|| "own frames".to_owned(), |tool| format!("`{tool}`"));
    let arrives = attack.arrives.as_deref().unwrap_or("nothing");
    let [passes, drops] = [true, false].map(|allowed| names(attack, allowed).join(", "));
    line(
        page,
        format_args!("| {id} | {does} | {tool} | {arrives} | {passes} | {drops} | `{test}` |"),
    );
}

/// Names of the reasons of frames that get through, or of those that do not.
fn names(attack: &Attack, allowed: bool) -> Vec<String> {
    let reasons = attack.reasons.iter().map(|named| named.0);
    reasons
        .filter(|reason| (reason.class() == Class::Allowed) == allowed)
        .map(|reason| format!("`{}`", reason.name()))
        .collect()
}

const INTRODUCTION: &str = "\
# Attacks

What attackers on both sides of a wire try, and what comes of it: each row is performed by a test, in network namespaces, against the real agent and native
XDP, with the device in mode `enforce`. The tests read this table's own source. They assert of each row that

- exactly what stands under *arrives* comes out on the other side, seen by a capture there, byte for byte where the frames are the test's own;
- the frames that do not are counted under exactly the reasons that stand here, none more and none fewer than were sent;
- a TCP session of another device on the same wire goes on meanwhile, and not one of its frames is lost.

`cargo xtask test --filter 'binary(attack)'` runs them. What each reason means: [reasons.md](reasons.md).

<!-- Made from tests/attack/attacks.toml by `cargo xtask docs`. -->

The device is on the device side unless a row says that the attack comes from the core:

";

const HEAD: &str = "\
| attack | what the attacker does | tool | arrives | passes as | dropped as | test |
|---|---|---|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_attack_has_one_row_of_seven_cells() {
        let all = attacks::read().unwrap();
        let page = render(&all);
        for attack in all.families.iter().flat_map(|family| &family.attacks) {
            assert_eq!(page.matches(&format!("| {} | ", attack.id)).count(), 1);
        }
        for row in page.lines().filter(|line| line.starts_with('|')) {
            assert_eq!(row.matches('|').count(), 8, "{row}");
        }
    }

    #[test]
    fn what_passes_has_a_reason_and_what_does_not_too() {
        let all = attacks::read().unwrap();
        for attack in all.families.iter().flat_map(|family| &family.attacks) {
            assert!(!attack.reasons.is_empty(), "{}", attack.id);
            let passes = !names(attack, true).is_empty();
            assert_eq!(passes, attack.arrives.is_some(), "{}", attack.id);
            let different: BTreeSet<_> = attack.reasons.iter().map(|named| named.0).collect();
            assert_eq!(different.len(), attack.reasons.len(), "{}", attack.id);
        }
    }
}
