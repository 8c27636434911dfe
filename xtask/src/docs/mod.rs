//! Documents that are made from code: what they say is true because it is written only once.

mod attacks;
mod reasons;

use std::fs;

use anyhow::{Context as _, Result};

use crate::shell;

/// A document that is made from code.
#[derive(Debug)]
pub(crate) struct Page {
    /// Where it stands, from the workspace's directory.
    pub(crate) path: &'static str,
    /// What stands in it.
    pub(crate) text: String,
}

/// All of them.
pub(crate) fn pages() -> Result<[Page; 2]> {
    Ok([
        Page {
            path: "docs/attacks.md",
            text: attacks::page()?,
        },
        Page {
            path: "docs/reasons.md",
            text: reasons::page(),
        },
    ])
}

/// Writes all of them.
pub(crate) fn write() -> Result<()> {
    for page in pages()? {
        let path = shell::root().join(page.path);
        fs::write(&path, page.text)
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(())
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.push_str(&text.to_string());
    page.push('\n');
}
