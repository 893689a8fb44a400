//! The place of a failure in its scenario, in the manner of rustc.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use lab_runner::event::Failure;
use lab_scenario::plan::Plan;
use lab_scenario::source::Place;

use crate::clean::clean_line;

/// Lines shown before the one that a failure is about: in a dialogue they say
/// what was answered.
const LINES_BEFORE: usize = 2;

/// Largest scenario that is read again. The parser takes no larger one.
const MAX_SOURCE: u64 = 1 << 20;

/// Draws the failure's message with the line of the scenario that it is about.
pub(super) fn draw(plan: &Plan, failure: &Failure, coloured: bool, width: usize) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    let path = plan.identity.file.to_string_lossy();
    let detail = failure.detail.as_deref().map(clean_line);
    let mut report = Group::with_title(Level::ERROR.primary_title(clean_line(&failure.summary)));
    let source = failure.place.and_then(|place| excerpt(&plan.identity.file, place));
    match (&source, failure.place) {
        (Some(excerpt), _) => {
            let marked = AnnotationKind::Primary.span(excerpt.marked.clone());
            let snippet = Snippet::source(&excerpt.lines)
                .path(&*path)
                .line_start(excerpt.first_line)
                .fold(false)
                .annotation(marked.label(detail.as_deref()));
            report = report.element(snippet);
        }
        (None, place) => {
            let mut origin = Origin::path(&*path);
            if let Some(place) = place {
                origin = origin.line(place.line).char_column(place.column);
            }
            report = report.element(origin);
            if let Some(detail) = &detail {
                report = report.element(Level::NOTE.message(detail));
            }
        }
    }
    let help = failure.help.as_deref().map(clean_line);
    if let Some(help) = &help {
        report = report.element(Level::HELP.message(help));
    }
    let mut text = renderer.term_width(width.max(40)).render(&[report]);
    text.push('\n');
    text
}

/// Some lines of a scenario.
struct Excerpt {
    lines: String,
    /// Number of the first of them.
    first_line: usize,
    /// What is marked, in bytes of `lines`.
    marked: std::ops::Range<usize>,
}

/// The lines around a place; `None` if the file is not there any more or too
/// short, as it may have changed since the run began.
fn excerpt(file: &Path, place: Place) -> Option<Excerpt> {
    let mut text = String::new();
    File::open(file).ok()?.take(MAX_SOURCE).read_to_string(&mut text).ok()?;
    let before = text.get(..place.start)?;
    if before.matches('\n').count() + 1 != place.line {
        return None;
    }
    let mut from = before.rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[place.start..].find('\n').map_or(text.len(), |newline| place.start + newline);
    let mut first_line = place.line;
    for _ in 0..LINES_BEFORE.min(place.line - 1) {
        from = text[..from - 1].rfind('\n').map_or(0, |newline| newline + 1);
        first_line -= 1;
    }
    // A step over several lines is marked on its first.
    let until = place.end.min(end).max(place.start);
    let marked = text[place.start..until].trim_end().len();
    Some(Excerpt {
        lines: text[from..end].to_owned(),
        first_line,
        marked: place.start - from..place.start - from + marked,
    })
}
