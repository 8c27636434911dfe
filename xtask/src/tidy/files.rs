//! The workspace's text files.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::shell;

/// A file of the project.
#[derive(Debug)]
pub(crate) struct File {
    /// From the workspace's directory, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// All text files of the project.
#[derive(Debug, Default)]
pub(crate) struct Files(pub(crate) Vec<File>);

/// Entries that hold nothing that was written by hand; in a linked work tree `.git` is a file.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

impl Files {
    /// Reads what is in the workspace now, committed or not. Files that are not text are left out.
    pub(crate) fn of_the_workspace() -> Result<Self> {
        let mut files = Self::default();
        files.collect(shell::root(), "")?;
        files.0.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The Rust sources.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.0.iter().filter(|file| has_extension(&file.path, "rs"))
    }

    /// A file by its path.
    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.0.iter().find(|file| file.path == path)
    }

    fn collect(&mut self, dir: &Path, prefix: &str) -> Result<()> {
        let entries =
            fs::read_dir(dir).with_context(|| format!("could not list {}", dir.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("could not list {}", dir.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry
                .file_type()
                .with_context(|| format!("could not look at {path}"))?;
            if SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if kind.is_dir() {
                self.collect(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() {
                let bytes =
                    fs::read(entry.path()).with_context(|| format!("could not read {path}"))?;
                if let Ok(text) = String::from_utf8(bytes) {
                    self.0.push(File { path, text });
                }
            }
        }
        Ok(())
    }
}

/// Whether the path ends with `.extension`.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == extension)
}

#[cfg(test)]
pub(crate) fn made(files: &[(&str, &str)]) -> Files {
    let file = |(path, text): &(&str, &str)| File {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    };
    Files(files.iter().map(file).collect())
}
