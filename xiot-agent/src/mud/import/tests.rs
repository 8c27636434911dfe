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

/// A file whose device may speak to everything that has a word.
fn wordy() -> Meaning {
    let file = include_str!("../../../tests/cli/fixtures/mud/pump.json");
    meaning(&serde_json::from_str(file).unwrap()).unwrap()
}

const URL: &str = "https://vendor.example.com/mud/infusion-pump.json";

#[test]
fn a_set_that_has_the_name_already_is_left_alone() {
    let mut site = Site::default();
    for set in ["local-networks", "local-networks-2", "pump-controller"] {
        site.peer_sets.insert(set.to_owned());
    }
    let imported = import(&wordy(), URL, "pump", &site).unwrap();
    let mapping = &imported.mapping;
    assert_eq!(mapping.local_networks.as_deref(), Some("local-networks-3"));
    assert_eq!(mapping.my_controllers["pump"], "pump-controller-2");
    assert!(
        imported
            .rules
            .contains(&"{from: local-networks-3, tcp: 443}".to_owned())
    );
}

#[test]
fn a_profile_of_another_device_is_left_alone_and_one_of_the_same_is_made_anew() {
    let mut site = Site::default();
    site.profiles.insert("pump".to_owned());
    let taken = ProfileTaken("pump".to_owned());
    assert_eq!(import(&wordy(), URL, "pump", &site), Err(taken.clone()));
    let mut own = |url: &str| {
        site.mapping.urls.insert("pump".to_owned(), url.to_owned());
        import(&wordy(), URL, "pump", &site).map(|imported| imported.profile)
    };
    assert_eq!(own("https://vendor.example.com/other"), Err(taken));
    assert_eq!(own(URL), Ok("pump".to_owned()));
}

#[test]
fn profiles_are_named_after_their_urls() {
    for (url, name) in [
        (URL, "infusion-pump"),
        ("https://vendor.example.com", "vendor.example.com"),
        ("https://vendor.example.com/a/b/?x=1#y", "b"),
        ("https://vendor.example.com/10.1", "host-10.1"),
    ] {
        assert_eq!(profile_name(url), name);
    }
}
