//! MUD files that makers and test suites published, where they are at hand. `XIOT_MUD_FILES` names another place.

use std::{env, fs, path::PathBuf};

use super::file::File;

/// Files by path below their common directory, in order; none, and a word about it, where they are not at hand.
pub(super) fn files() -> Vec<(String, String)> {
    let root = env::var_os("XIOT_MUD_FILES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/mud"),
        PathBuf::from,
    );
    let mut files = Vec::new();
    for directory in ["nist-tests", "other", "unsw", "with-pcap"] {
        let Ok(entries) = fs::read_dir(root.join(directory)) else {
            println!(
                "skipped: no published MUD files at {}; XIOT_MUD_FILES names another place",
                root.display()
            );
            return Vec::new();
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let text = fs::read_to_string(&path).unwrap();
            if text.contains("\"ietf-mud:mud\"") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                files.push((format!("{directory}/{name}"), text));
            }
        }
    }
    files.sort();
    assert!(files.len() >= 45, "{}", files.len());
    files
}

/// The same, read.
pub(super) fn read() -> Vec<(String, File)> {
    files()
        .into_iter()
        .map(|(path, text)| {
            let file = serde_json::from_str(&text);
            let file = file.unwrap_or_else(|error| panic!("{path}: {error}"));
            (path, file)
        })
        .collect()
}
