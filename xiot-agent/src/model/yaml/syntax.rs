//! What the parser has to say about a broken file, in words of people who write policies.

use granit_parser::{ErrorKind, Marker, ScanError};

use crate::diag::{Code, Diagnostic, Span};

/// The parser's error as a diagnostic.
pub(super) fn diagnostic(text: &str, error: &ScanError) -> Diagnostic {
    let (code, message, hint) = describe(error.kind());
    let diagnostic = Diagnostic::new(code, span(text, error.marker()), message);
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// The character at a marker; nothing at the end of the file.
fn span(text: &str, marker: &Marker) -> Span {
    let offset = marker.byte_offset().unwrap_or_default().min(text.len());
    let rest = text.get(offset..).unwrap_or_default();
    let length = rest
        .chars()
        .next()
        .filter(|c| !matches!(c, '\n' | '\r'))
        .map_or(0, char::len_utf8);
    // An error at the very end of the file stands behind its last line, where there is nothing to show.
    let shown = if rest.is_empty() {
        text.trim_end().len()
    } else {
        offset
    };
    Span::locate(text.as_bytes(), shown, length)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser's list of errors is open and has its own words for the rest"
)]
fn describe(kind: &ErrorKind) -> (Code, String, Option<&'static str>) {
    let (code, message, hint) = match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => (
            Code::Tab,
            "a tab stands where YAML wants spaces",
            "indent with spaces",
        ),
        ErrorKind::RecursionLimitExceeded => (
            Code::TooDeep,
            "lists and maps are nested too deep",
            "close those that are complete; no value needs more than a few levels",
        ),
        ErrorKind::UnclosedFlowCollection { open: '[' }
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::UnexpectedEofFlowSequence => (
            Code::Syntax,
            "this list is not closed",
            "close it with `]`, and put a comma between its entries",
        ),
        ErrorKind::UnclosedFlowCollection { open: _ }
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => (
            Code::Syntax,
            "this map is not closed",
            "close it with `}`, and put a comma between its entries",
        ),
        ErrorKind::UnclosedQuotedScalar => (
            Code::Syntax,
            "the quotes are not closed",
            "text in quotes ends with the same quote that it begins with",
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            Code::Syntax,
            "a `:` stands where no key can be",
            "put text that contains `: ` in quotes, and check the indentation",
        ),
        ErrorKind::SimpleKeyExpected => (
            Code::Syntax,
            "a key and a `:` are expected here",
            "write `key: value`",
        ),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry => (
            Code::Syntax,
            "this does not continue any list or map above",
            "indent the entries of one list or map alike, and put a space behind `:` and `-`",
        ),
        ErrorKind::DirectiveDisallowed => (
            Code::Syntax,
            "YAML directives have no meaning here",
            "remove the line",
        ),
        ErrorKind::UnexpectedCharacter { character: _ } => (
            Code::Syntax,
            "a value cannot begin with this character",
            "put the value in quotes",
        ),
        ErrorKind::UnknownAnchor => (
            Code::Syntax,
            "there is no anchor of this name above",
            "an alias `*name` needs an anchor `&name` before it; put text that begins with `*` in quotes",
        ),
        other => return (Code::Syntax, format!("this is not YAML: {other}"), None),
    };
    (code, message.to_owned(), Some(hint))
}
