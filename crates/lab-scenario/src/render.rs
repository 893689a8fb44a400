//! Diagnostics as text, in the manner of rustc, and as data for editors.

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use crate::diagnostic::{Diagnostic, Label};
use crate::source::{Lines, SourceId, Sources, Span};

/// Lines between two places from which on they are shown apart: what is between
/// them is not shown anyway, and would have to be read for nothing.
const FAR: usize = 20;

/// Draws diagnostics: the lines they are about with carets under them.
pub(crate) struct Pictures<'a> {
    sources: &'a Sources,
    lines: Vec<Lines<'a>>,
    renderer: Renderer,
}

impl<'a> Pictures<'a> {
    pub(crate) fn new(sources: &'a Sources, colour: bool) -> Self {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        Self { sources, lines: lines_of(sources), renderer }
    }

    pub(crate) fn render(&self, diagnostic: &Diagnostic) -> String {
        let level = if diagnostic.code.is_warning() { Level::WARNING } else { Level::ERROR };
        let mut group = level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code.as_str())
            .elements(self.snippets(diagnostic));
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        self.renderer.render(&[group])
    }

    /// One snippet with the primary place and those near it, and one for each
    /// that is far away or in another file.
    fn snippets(&self, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
        let primary = &diagnostic.primary;
        let line = |span: Span| self.lines[span.source.0].place(span.start, span.start).line;
        let is_near = |label: &&Label| {
            label.span.source == primary.span.source
                && line(label.span).abs_diff(line(primary.span)) < FAR
        };
        let (near, far): (Vec<_>, Vec<_>) = diagnostic.secondary.iter().partition(is_near);
        let mut elements = vec![self.snippet(Some(primary), &near)];
        elements.extend(far.into_iter().map(|label| self.snippet(None, &[label])));
        elements
    }

    fn snippet(&self, primary: Option<&'a Label>, secondary: &[&'a Label]) -> Element<'a> {
        let spans = || primary.into_iter().chain(secondary.iter().copied()).map(|label| label.span);
        let id = spans().next().map(|span| span.source).unwrap_or_default();
        let source = self.sources.get(id);
        let path = source.path.to_string_lossy();
        if source.text.is_empty() {
            return Origin::path(path).line(1).char_column(1).into();
        }
        let start = spans().map(|span| span.start).min().unwrap_or_default();
        let end = spans().map(|span| span.end).max().unwrap_or_default();
        let lines = &self.lines[id.0];
        let (from, until, line) = lines.window(start, end);
        let annotate = |kind: AnnotationKind, label: &'a Label| {
            let place = lines.place(label.span.start, label.span.end);
            let text = Some(label.text.as_str()).filter(|text| !text.is_empty());
            let within = |at: usize| at.saturating_sub(from);
            kind.span(within(place.start)..within(place.end)).label(text)
        };
        // Alone in its snippet, a secondary place is what that one is about.
        let beside = match primary {
            Some(_) => AnnotationKind::Context,
            None => AnnotationKind::Primary,
        };
        Snippet::source(&source.text[from..until])
            .line_start(line)
            .path(path)
            .annotations(primary.map(|label| annotate(AnnotationKind::Primary, label)))
            .annotations(secondary.iter().map(|label| annotate(beside, label)))
            .into()
    }
}

fn lines_of(sources: &Sources) -> Vec<Lines<'_>> {
    sources.iter().map(|source| Lines::new(&source.text)).collect()
}

/// A diagnostic as an editor reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The file it is about, as the user named it or would.
    pub file: String,
    /// Such as `E0105`.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// One sentence.
    pub message: String,
    /// Where.
    pub span: Range,
    /// A few words about that place; may be empty.
    pub label: String,
    /// Other places that have to do with it.
    pub labels: Vec<ReportedLabel>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// A place and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedLabel {
    /// The file.
    pub file: String,
    /// Where in it.
    pub span: Range,
    /// A few words; may be empty.
    pub text: String,
}

/// A range of characters of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Its first character.
    pub start: Position,
    /// One past its last character.
    pub end: Position,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// In bytes from the beginning of the file, counted from 0.
    pub byte: usize,
}

pub(crate) fn reports(sources: &Sources, diagnostics: &[Diagnostic]) -> Vec<Report> {
    let lines = lines_of(sources);
    let file = |span: Span| sources.get(span.source).path.to_string_lossy().into_owned();
    let position = |SourceId(source): SourceId, byte| {
        let place = lines[source].place(byte, byte);
        Position { line: place.line, column: place.column, byte: place.start }
    };
    let range = |span: Span| Range {
        start: position(span.source, span.start),
        end: position(span.source, span.end),
    };
    let label = |label: &Label| ReportedLabel {
        file: file(label.span),
        span: range(label.span),
        text: label.text.clone(),
    };
    let report = |diagnostic: &Diagnostic| Report {
        file: file(diagnostic.primary.span),
        code: diagnostic.code.as_str(),
        severity: if diagnostic.code.is_warning() { "warning" } else { "error" },
        message: diagnostic.message.clone(),
        span: range(diagnostic.primary.span),
        label: diagnostic.primary.text.clone(),
        labels: diagnostic.secondary.iter().map(label).collect(),
        help: diagnostic.help.clone(),
    };
    diagnostics.iter().map(report).collect()
}
