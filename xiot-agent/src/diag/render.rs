//! Diagnostics as text, with the lines they are about and a caret.

use std::{fmt::Write as _, ops::Range};

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle,
};

use super::{Diagnostic, Report, Severity, Span, report::MAX_PRINTED};

/// How diagnostics look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Style {
    /// Without colour.
    #[default]
    Plain,
    /// With ANSI colours.
    Colour,
}

/// Bytes of a line shown before and behind the place in question. A generated file may be one line of megabytes.
const WINDOW: usize = 100;

/// Places of one diagnostic that are shown.
const MAX_NOTES: usize = 4;

pub(super) fn render(report: &Report, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colour => Renderer::styled().hyperlink(false),
    }
    .decor_style(DecorStyle::Ascii);
    let diagnostics = report.diagnostics();
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(MAX_PRINTED) {
        text.push_str(&renderer.render(&[group(report, diagnostic)]));
        text.push_str("\n\n");
    }
    let total = report.errors() + report.warnings();
    if let Some(more) = total.checked_sub(MAX_PRINTED).filter(|more| *more > 0) {
        // Writing to a String does not fail.
        write!(text, "... and {more} more in {}\n\n", report.path()).unwrap_or_default();
    }
    text
}

fn group<'r>(report: &'r Report, diagnostic: &'r Diagnostic) -> Group<'r> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.name());
    let mut group = if diagnostic.span.is_file() {
        title.element(Origin::path(report.path()))
    } else {
        excerpts(report, diagnostic)
            .into_iter()
            .fold(Group::with_title(title), Group::element)
    };
    let hidden = diagnostic.notes.len().saturating_sub(MAX_NOTES);
    if hidden > 0 {
        group = group.element(Level::NOTE.message(format!("and {hidden} more places")));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    group
}

/// A place to show, with what is written under it.
struct Place<'r> {
    span: Span,
    kind: AnnotationKind,
    text: &'r str,
}

/// One snippet for each neighbourhood: lines that lie close together are shown together.
fn excerpts<'r>(
    report: &'r Report,
    diagnostic: &'r Diagnostic,
) -> Vec<Snippet<'r, Annotation<'r>>> {
    let primary = Place {
        span: diagnostic.span,
        kind: AnnotationKind::Primary,
        text: &diagnostic.label,
    };
    let notes = diagnostic.notes.iter().take(MAX_NOTES).map(|note| Place {
        span: note.span,
        kind: AnnotationKind::Context,
        text: &note.text,
    });
    let mut snippets = Vec::new();
    let mut same_line = vec![primary];
    for place in notes {
        if place.span.line == diagnostic.span.line {
            same_line.push(place);
        } else {
            snippets.push(vec![place]);
        }
    }
    snippets.insert(0, same_line);
    snippets
        .into_iter()
        .map(|places| snippet(report, &places))
        .collect()
}

/// The line of these places, cut to what lies around them.
fn snippet<'r>(report: &'r Report, places: &[Place<'r>]) -> Snippet<'r, Annotation<'r>> {
    let text = report.text();
    let spans = || places.iter().map(|place| line_part(text, place.span));
    let first = spans().map(|range| range.start).min().unwrap_or_default();
    let last = spans().map(|range| range.end).max().unwrap_or_default();
    let window = window(text, first, last);
    let line = places.first().map_or(1, |place| place.span.line);
    Snippet::source(text.get(window.clone()).unwrap_or_default())
        .line_start(usize::try_from(line).unwrap_or(1))
        .path(report.path())
        .annotations(places.iter().map(|place| {
            let part = line_part(text, place.span);
            let start = part.start.saturating_sub(window.start);
            let end = part.end.saturating_sub(window.start);
            place
                .kind
                .span(start..end.max(start))
                .label(Some(place.text).filter(|text| !text.is_empty()))
        }))
}

/// The bytes of `span` that lie on its first line.
fn line_part(text: &str, span: Span) -> Range<usize> {
    let start = usize::try_from(span.start)
        .unwrap_or(usize::MAX)
        .min(text.len());
    let end = usize::try_from(span.end)
        .unwrap_or(usize::MAX)
        .min(text.len());
    let part = text.get(start..end).unwrap_or_default();
    let length = part.find(['\n', '\r']).unwrap_or(part.len());
    start..start + length
}

/// The line around `first..last`, at most [`WINDOW`] bytes to either side.
fn window(text: &str, first: usize, last: usize) -> Range<usize> {
    let before = text.get(..first).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let behind = text.get(last..).unwrap_or_default();
    let end = last + behind.find(['\n', '\r']).unwrap_or(behind.len());
    let start = text.ceil_char_boundary(start.max(first.saturating_sub(WINDOW)));
    let end = text.floor_char_boundary(end.min(last.saturating_add(WINDOW)));
    start..end.max(start)
}
