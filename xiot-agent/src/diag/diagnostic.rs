//! One thing that is wrong.

use super::{Code, Span};

/// Whether the file can be used all the same.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is used; someone should look.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnostic {
    /// What kind of thing.
    pub code: Code,
    /// Where.
    pub span: Span,
    /// What, in one sentence without a full stop: names what was written.
    pub message: String,
    /// Short text at the caret; empty: the caret alone.
    pub label: String,
    /// Other places that belong to it.
    pub notes: Vec<Note>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Another place that belongs to a diagnostic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Note {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

impl Diagnostic {
    /// A diagnostic without label, notes and hint.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            label: String::new(),
            notes: Vec::new(),
            hint: None,
        }
    }

    /// With a text at the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With another place.
    #[must_use]
    pub fn note(mut self, span: Span, text: impl Into<String>) -> Self {
        self.notes.push(Note {
            span,
            text: text.into(),
        });
        self
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With advice, if there is none yet.
    #[must_use]
    pub fn hint_if_none(self, hint: impl Into<String>) -> Self {
        if self.hint.is_some() {
            self
        } else {
            self.hint(hint)
        }
    }

    /// With "did you mean", if there is a candidate and no hint yet.
    #[must_use]
    pub fn suggest(self, candidate: Option<&str>) -> Self {
        match candidate {
            Some(name) if self.hint.is_none() => self.hint(format!("did you mean `{name}`?")),
            Some(_) | None => self,
        }
    }

    /// Whether the file can be used all the same.
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }
}
