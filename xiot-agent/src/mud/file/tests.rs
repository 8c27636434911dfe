//! Files of makers and test suites, where they are at hand; and what is not understood.

use super::*;
use crate::mud::published;

/// Keys that nobody knows, with where they are.
fn unknown(file: &File) -> Vec<String> {
    let mut found: Vec<&Unknown> = vec![&file.unknown, &file.mud.unknown];
    for acl in &file.acls.acl {
        found.push(&acl.unknown);
        for ace in &acl.aces.ace {
            let matches = &ace.matches;
            found.extend([&ace.unknown, &ace.actions.unknown, &matches.unknown]);
            found.extend(matches.eth.iter().map(|it| &it.unknown));
            found.extend(
                [&matches.ipv4, &matches.ipv6]
                    .into_iter()
                    .flatten()
                    .map(|it| &it.unknown),
            );
            found.extend(
                [&matches.tcp, &matches.udp]
                    .into_iter()
                    .flatten()
                    .map(|it| &it.unknown),
            );
            found.extend(matches.icmp.iter().map(|it| &it.unknown));
            found.extend(matches.mud.iter().map(|it| &it.unknown));
        }
    }
    found
        .into_iter()
        .flat_map(BTreeMap::keys)
        .cloned()
        .collect()
}

#[test]
fn what_makers_published_is_read_and_written_again() {
    for (path, text) in published::files() {
        let file: File =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let extensions = [
            "nist-mud:quarantined-device-policy",
            "ietf-mud-reporter-extension:reporter",
        ];
        for key in unknown(&file) {
            assert!(extensions.contains(&key.as_str()), "{path}: {key}");
        }
        let written = serde_json::to_string(&file).unwrap();
        let again: File = serde_json::from_str(&written).unwrap();
        assert_eq!(again, file, "{path}");
    }
}
