//! The page about attacks.

use anyhow::{Context as _, Result};
use xiot_common::reason::{Class, Reason};

use super::line;
use crate::attacks::{self, Attack, Catalogue, Family};

/// What stands in it.
pub(super) fn page() -> Result<String> {
    let all = attacks::read().context("the list of attacks")?;
    Ok(render(&all))
}

fn render(all: &Catalogue) -> String {
    let (guarded, others): (Vec<_>, Vec<_>) = all
        .families
        .iter()
        .partition(|family| family.wire.is_some());
    let mut page = String::from(INTRODUCTION);
    for family in &others {
        let (title, about) = (&family.title, &family.about);
        line(&mut page, format_args!("- **{title}.** {about}"));
    }
    page.push('\n');
    page.push_str(HEAD);
    rows(&mut page, &others);
    page.push_str(GUARDS);
    for family in &guarded {
        let (title, about) = (&family.title, &family.about);
        let wire = family.wire.as_deref().unwrap_or_default();
        line(
            &mut page,
            format_args!("- **{title}** (`{wire}`)**.** {about}"),
        );
    }
    page.push('\n');
    page.push_str(HEAD_OF_GUARDS);
    rows(&mut page, &guarded);
    page
}

fn rows(page: &mut String, families: &[&Family]) {
    for family in families {
        for attack in &family.attacks {
            row(page, family, attack);
        }
    }
}

fn row(page: &mut String, family: &Family, attack: &Attack) {
    let (id, does, test) = (&attack.id, &attack.does, &family.test);
    let tool = attack.tool.as_ref();
    let tool = tool.map_or_else(|| "own frames".to_owned(), |tool| format!("`{tool}`"));
    let arrives = attack.arrives.as_deref().unwrap_or("nothing");
    let [passes, drops] = [true, false].map(|allowed| names(attack, allowed).join(", "));
    let begun = format!("| {id} | {does} | {tool} | {arrives} | {passes} |");
    if family.wire.is_some() {
        let watched: Vec<_> = attack.watched.iter().map(|it| quoted(it.0)).collect();
        let (watched, after) = (
            watched.join(", "),
            attack.after.as_deref().unwrap_or_default(),
        );
        line(
            page,
            format_args!("{begun} {watched} | {drops} | {after} | `{test}` |"),
        );
    } else {
        line(page, format_args!("{begun} {drops} | `{test}` |"));
    }
}

/// Names of the reasons of frames that get through, or of those that do not.
fn names(attack: &Attack, allowed: bool) -> Vec<String> {
    let reasons = attack.reasons.iter().map(|named| named.0);
    reasons
        .filter(|reason| (reason.class() == Class::Allowed) == allowed)
        .map(quoted)
        .collect()
}

fn quoted(reason: Reason) -> String {
    format!("`{}`", reason.name())
}

const INTRODUCTION: &str = "\
# Attacks

What attackers on both sides of a wire try, and what comes of it: each row is performed by a test, in network namespaces, against the real agent and native
XDP, with the device in mode `enforce` and guards that watch. The tests read this table's own source. They assert of each row that

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

const GUARDS: &str = "
## The link itself: guards

The same is asserted of these rows, at the levels that are given. Here the attacker is in mode `learn`, where nothing says otherwise: what its guards let pass arrives, so that
nothing but a guard stops what is stopped. What stands under *watched as* arrives and is counted as a would-be drop. *Afterwards* is what a real Linux host that was
attacked believes, or whether a real client got its address.

";

const HEAD_OF_GUARDS: &str = "\
| attack | what the attacker does | tool | arrives | passes as | watched as | dropped as | afterwards | test |
|---|---|---|---|---|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_attack_has_one_row_of_its_table() {
        let all = attacks::read().unwrap();
        let page = render(&all);
        for attack in all.families.iter().flat_map(|family| &family.attacks) {
            assert_eq!(page.matches(&format!("| {} | ", attack.id)).count(), 1);
        }
        let (plain, guards) = page.split_once(GUARDS).unwrap();
        for (table, cells) in [(plain, 7), (guards, 9)] {
            for row in table.lines().filter(|line| line.starts_with('|')) {
                assert_eq!(row.matches('|').count(), cells + 1, "{row}");
            }
        }
    }

    #[test]
    fn what_only_the_table_of_guards_shows_stands_nowhere_else() {
        let all = attacks::read().unwrap();
        for family in all.families.iter().filter(|family| family.wire.is_none()) {
            for attack in &family.attacks {
                let plain = attack.watched.is_empty() && attack.after.is_none();
                assert!(plain, "{}", attack.id);
            }
        }
    }

    #[test]
    fn what_passes_has_a_reason_and_what_does_not_too() {
        let all = attacks::read().unwrap();
        for attack in all.families.iter().flat_map(|family| &family.attacks) {
            let named = attack.reasons.len() + attack.watched.len();
            assert!(named > 0, "{}", attack.id);
            let passes = !names(attack, true).is_empty() || !attack.watched.is_empty();
            assert_eq!(passes, attack.arrives.is_some(), "{}", attack.id);
            let different: BTreeSet<_> = attack.reasons.iter().map(|named| named.0).collect();
            assert_eq!(different.len(), attack.reasons.len(), "{}", attack.id);
        }
    }
}
