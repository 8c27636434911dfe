//! Everything that is wrong with one file.

use std::{collections::HashSet, sync::Arc};

use super::{Code, Diagnostic, Severity, Span, Style, render};

/// Diagnostics kept; more are only counted. Nobody reads that many, and a garbled file has millions.
const MAX_KEPT: usize = 1_000;

/// Diagnostics printed by [`Report::render`].
pub(super) const MAX_PRINTED: usize = 20;

/// Everything that is wrong with one file, with the text that it quotes.
#[derive(Clone, Debug)]
pub struct Report {
    path: String,
    text: Arc<str>,
    kept: Vec<Diagnostic>,
    seen: HashSet<(Code, Span, String)>,
    errors: usize,
    warnings: usize,
}

/// A diagnostic in plain words, for machines.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Finding {
    /// Path of the file, as given.
    pub file: String,
    /// Line, from 1; 0: the file as a whole.
    pub line: u32,
    /// Column in characters, from 1; 0: the file as a whole.
    pub column: u32,
    /// Stable name of the kind.
    pub code: &'static str,
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Report {
    /// Nothing wrong so far with the file of this path and text.
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            kept: Vec::new(),
            seen: HashSet::new(),
            errors: 0,
            warnings: 0,
        }
    }

    /// Path of the file, as given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Text of the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Text of the file, to read while diagnostics are added.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Adds a diagnostic. The same one at the same place says nothing new and is dropped: YAML aliases make one
    /// mistake stand in many places.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let key = (diagnostic.code, diagnostic.span, diagnostic.message.clone());
        if self.kept.len() < MAX_KEPT && !self.seen.insert(key) {
            return;
        }
        match diagnostic.severity() {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        if self.kept.len() < MAX_KEPT {
            self.kept.push(diagnostic);
        }
    }

    /// Number of errors.
    pub const fn errors(&self) -> usize {
        self.errors
    }

    /// Number of warnings.
    pub const fn warnings(&self) -> usize {
        self.warnings
    }

    /// Whether nothing at all is wrong.
    pub const fn is_clean(&self) -> bool {
        self.errors == 0 && self.warnings == 0
    }

    /// The diagnostics in the order of the file; the first thousand if there are more.
    pub fn diagnostics(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<_> = self.kept.iter().collect();
        sorted.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.severity()));
        sorted
    }

    /// The diagnostics in plain words.
    pub fn findings(&self) -> Vec<Finding> {
        self.diagnostics()
            .into_iter()
            .map(|diagnostic| Finding {
                file: self.path.clone(),
                line: diagnostic.span.line,
                column: diagnostic.span.column,
                code: diagnostic.code.name(),
                severity: diagnostic.severity(),
                message: diagnostic.message.clone(),
                hint: diagnostic.hint.clone(),
            })
            .collect()
    }

    /// The first twenty diagnostics with the lines they are about, and how many more there are. Empty if
    /// nothing is wrong.
    pub fn render(&self, style: Style) -> String {
        render::render(self, style)
    }
}
