//! Documents that are made from code say what the code says.

use super::{Violation, files::Files};
use crate::docs::{self, Page};

pub(super) fn check(files: &Files) -> Vec<Violation> {
    match docs::pages() {
        Ok(pages) => pages.iter().filter_map(|page| stale(files, page)).collect(),
        Err(error) => vec![Violation {
            path: "xtask/src/docs/mod.rs".to_owned(),
            line: 1,
            message: format!("no documents can be made: {error:#}"),
        }],
    }
}

fn stale(files: &Files, page: &Page) -> Option<Violation> {
    let stands = files.get(page.path).map_or("", |file| &file.text);
    if page.text == stands {
        return None;
    }
    let made = page.text.lines().zip(stands.lines());
    let same = made.take_while(|(made, stands)| made == stands).count();
    Some(Violation {
        path: page.path.to_owned(),
        line: same + 1,
        message: "not what the code says; `cargo xtask docs` writes it anew".to_owned(),
    })
}
