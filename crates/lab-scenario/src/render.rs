//! Diagnostics as text, in the manner of rustc, and as data for editors.

use annotate_snippets::{AnnotationKind, Element, Level, Renderer, Snippet};
use serde::Serialize;

use crate::diagnostic::{Diagnostic, Label};
use crate::source::{Lines, Sources, Span};

/// Lines shown before and after those that a diagnostic is about.
const AROUND: usize = 0;

/// A diagnostic with lines, the lines themselves and a caret.
pub(crate) fn render(sources: &Sources, diagnostic: &Diagnostic, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let level = if diagnostic.code.is_warning() { Level::WARNING } else { Level::ERROR };
    let mut group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .elements(snippets(sources, diagnostic));
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// One snippet for each file and each stretch of lines: places far apart are
/// cut out one by one, so that the work does not grow with the file.
fn snippets<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
    let primary = &diagnostic.primary;
    let (near, far): (Vec<_>, Vec<_>) =
        diagnostic.secondary.iter().partition(|label| label.span.source == primary.span.source);
    let mut elements = vec![snippet(sources, Some(primary), &near)];
    for label in far {
        elements.push(snippet(sources, None, &[label]));
    }
    elements
}

fn snippet<'a>(
    sources: &'a Sources,
    primary: Option<&'a Label>,
    secondary: &[&'a Label],
) -> Element<'a> {
    let all = primary.into_iter().chain(secondary.iter().copied());
    let spans: Vec<Span> = all.map(|label| label.span).collect();
    let start = spans.iter().map(|span| span.start).min().unwrap_or(0);
    let end = spans.iter().map(|span| span.end).max().unwrap_or(0);
    let source = sources.get(spans.first().map(|span| span.source).unwrap_or_default());
    let (from, until, line) = Lines::new(&source.text).window(start, end, AROUND);
    let annotate = |kind: AnnotationKind, label: &'a Label| {
        let place = Lines::new(&source.text).place(label.span.start, label.span.end);
        let text = Some(label.text.as_str()).filter(|text| !text.is_empty());
        kind.span(place.start - from..place.end - from).label(text)
    };
    let kind = |is_primary| {
        if is_primary { AnnotationKind::Primary } else { AnnotationKind::Context }
    };
    Snippet::source(&source.text[from..until])
        .line_start(line)
        .path(source.path.to_string_lossy())
        .annotations(primary.map(|label| annotate(kind(true), label)))
        .annotations(secondary.iter().map(|label| annotate(kind(primary.is_none()), label)))
        .into()
}

/// A diagnostic as an editor reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Such as `E0105`.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// One sentence.
    pub message: String,
    /// Where.
    pub primary: ReportedLabel,
    /// Other places that have to do with it.
    pub secondary: Vec<ReportedLabel>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// A place and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedLabel {
    /// The file.
    pub file: String,
    /// Its first character.
    pub start: Position,
    /// One past its last character.
    pub end: Position,
    /// A few words; may be empty.
    pub text: String,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// In bytes from the beginning of the file.
    pub byte: usize,
}

pub(crate) fn report(sources: &Sources, diagnostic: &Diagnostic) -> Report {
    let label = |label: &Label| {
        let source = sources.get(label.span.source);
        let lines = Lines::new(&source.text);
        let position = |byte| {
            let place = lines.place(byte, byte);
            Position { line: place.line, column: place.column, byte: place.start }
        };
        ReportedLabel {
            file: source.path.to_string_lossy().into_owned(),
            start: position(label.span.start),
            end: position(label.span.end),
            text: label.text.clone(),
        }
    };
    Report {
        code: diagnostic.code.as_str(),
        severity: if diagnostic.code.is_warning() { "warning" } else { "error" },
        message: diagnostic.message.clone(),
        primary: label(&diagnostic.primary),
        secondary: diagnostic.secondary.iter().map(label).collect(),
        help: diagnostic.help.clone(),
    }
}
