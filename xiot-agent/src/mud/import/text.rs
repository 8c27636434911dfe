//! A profile out of a MUD file as a piece of `policy.yaml`: to be put into one, with the empty sets filled.

use std::fmt::Write as _;

use super::{Imported, words::quoted};

/// An error that writing to a text never has.
const NEVER: &str = "texts take what is written to them";

impl Imported {
    /// The piece, without remarks on where it comes from.
    pub fn fragment(&self) -> String {
        let mut text = String::new();
        self.write_mud(&mut text);
        if !self.missing_servers.is_empty() {
            text.push_str("services:\n");
            for service in &self.missing_servers {
                writeln!(text, "  {service}: {{servers: []}} # to be filled in").expect(NEVER);
            }
        }
        if !self.sets.is_empty() {
            text.push_str("peer_sets:\n");
            for set in &self.sets {
                writeln!(text, "  {}: [] # to be filled in: {}", set.name, set.holds).expect(NEVER);
            }
        }
        text.push_str("profiles:\n");
        text.push_str(&self.profile_text());
        text
    }

    /// The profile alone.
    pub fn profile_text(&self) -> String {
        let mut text = format!(
            "  {}:\n    mud-url: {}\n    services: [{}]\n",
            self.profile,
            quoted(&self.url),
            self.services.join(", ")
        );
        if !self.rules.is_empty() {
            text.push_str("    allow:\n");
        }
        for rule in &self.rules {
            writeln!(text, "      - {rule}").expect(NEVER);
        }
        text
    }

    fn write_mud(&self, text: &mut String) {
        let mud = &self.mapping;
        let single = [
            ("local-networks", &mud.local_networks),
            ("local-broadcast", &mud.local_broadcast),
        ];
        let maps = [
            ("controllers", &mud.controllers),
            ("my-controllers", &mud.my_controllers),
            ("manufacturers", &mud.manufacturers),
            ("models", &mud.models),
        ];
        let mut lines = String::new();
        for (key, set) in single {
            if let Some(set) = set {
                writeln!(lines, "  {key}: {set}").expect(NEVER);
            }
        }
        for (key, map) in maps {
            if !map.is_empty() {
                writeln!(lines, "  {key}:").expect(NEVER);
            }
            for (word, set) in map {
                writeln!(lines, "    {}: {set}", quoted(word)).expect(NEVER);
            }
        }
        if !lines.is_empty() {
            text.push_str("mud:\n");
            text.push_str(&lines);
        }
    }
}
