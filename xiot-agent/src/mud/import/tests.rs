//! Profiles out of files: names, order, what a site has already.

use super::*;
use crate::{
    diag::Style,
    model::load_policy,
    mud::{meaning::meaning, published},
};

/// A policy around a piece of one, with every set filled.
pub(in crate::mud) fn filled(imported: &Imported) -> String {
    let mut text = format!(
        "onboarding: learn\ndefaults: {{profile: {}}}\n",
        imported.profile
    );
    for (number, line) in imported.fragment().lines().enumerate() {
        let addresses = format!("[10.9.{number}.1, \"fd00:9::{number}\"]");
        let line = if line.contains("# to be filled in") {
            line.replacen("[]", &addresses, 1)
        } else {
            line.to_owned()
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn profiles_of_published_files_pass_the_check() {
    for (path, file) in published::read() {
        let meaning = meaning(&file).unwrap();
        let profile = profile_name(&file.mud.url);
        let imported = import(&meaning, &file.mud.url, &profile, &Site::default()).unwrap();
        let text = filled(&imported);
        let loaded = load_policy("policy.yaml", text.clone());
        let report = loaded.report.render(Style::Plain);
        assert!(loaded.report.is_clean(), "{path}:\n{text}\n{report}");
    }
}
