//! Documents that are made from code say what the code says.

use super::{Violation, files::Files};
use crate::docs;

pub(super) fn check(files: &Files) -> Vec<Violation> {
    let made = docs::reasons();
    let stands = files.get(docs::REASONS).map_or("", |file| &file.text);
    if made == stands {
        return Vec::new();
    }
    let differing = made
        .lines()
        .zip(stands.lines())
        .take_while(|(made, stands)| made == stands)
        .count();
    vec![Violation {
        path: docs::REASONS.to_owned(),
        line: differing + 1,
        message: "not what the code says; `cargo xtask docs` writes it anew".to_owned(),
    }]
}
