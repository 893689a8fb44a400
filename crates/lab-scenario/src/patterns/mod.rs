//! Patterns as they are written: `/…/` is a regular expression, all else a
//! literal text.

mod flags;

use std::fmt;
use std::ops::Range;

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::interpolate::{Content, Draft};
use crate::pattern::{compile_regex, parse_regex, parser};
use crate::scope::Scope;
use crate::source::Span;
use crate::text::Text;

/// A pattern, not yet filled in.
#[derive(Debug, Clone)]
pub(crate) enum PatternDraft {
    Literal(Draft),
    Regex(Draft),
}

/// As it is written.
impl fmt::Display for PatternDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(draft) => write!(f, "`{draft}`"),
            Self::Regex(draft) => write!(f, "/{draft}/"),
        }
    }
}

/// Reads a pattern, reporting an empty one and a regular expression that is
/// none.
pub(crate) fn read(text: &Text, scope: &Scope<'_>, sink: &mut Sink) -> Option<PatternDraft> {
    read_part(text, 0..text.value.len(), scope, sink)
}

/// [`read`] of a part of a text: what stands after `who<`.
pub(crate) fn read_part(
    text: &Text,
    part: Range<usize>,
    scope: &Scope<'_>,
    sink: &mut Sink,
) -> Option<PatternDraft> {
    let written = &text.value[part.clone()];
    let inner = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    if written.is_empty() || inner.is_some_and(str::is_empty) {
        let span = text.span_of(part);
        sink.report(
            Diagnostic::new(Code::EmptyPattern, span, "an empty pattern is found everywhere")
                .help("write what must come out; `/./` stands for anything at all"),
        );
        return None;
    }
    if inner.is_none() {
        flags::refuse(text, part.clone(), sink);
        return Some(PatternDraft::Literal(Draft::read_part(text, part, scope, sink)));
    }
    let draft = Draft::read_part(text, part.start + 1..part.end - 1, scope, sink);
    check_regex(&draft, text, scope, sink);
    Some(PatternDraft::Regex(draft))
}

/// Several lines as one literal text.
pub(crate) fn read_lines(
    text: &Text,
    parts: &[Range<usize>],
    scope: &Scope<'_>,
    sink: &mut Sink,
) -> PatternDraft {
    let lines = parts.iter().map(|part| Draft::read_part(text, part.clone(), scope, sink));
    PatternDraft::Literal(Draft::lines(lines.collect()))
}

/// How many groups an expression has that capture something; `None` for a
/// literal text.
pub(crate) fn groups(pattern: &PatternDraft) -> Option<usize> {
    let PatternDraft::Regex(draft) = pattern else { return None };
    let text: String = draft
        .pieces
        .iter()
        .map(|piece| match &piece.content {
            Content::Literal(literal) => literal.as_str(),
            Content::Name(_) => PLACEHOLDER,
        })
        .collect();
    compile_regex(&text).ok().map(|regex| regex.captures_len() - 1)
}

/// What takes the place of a value while it is not known: a digit may stand
/// anywhere, even in `{…}`.
const PLACEHOLDER: &str = "1";

/// Values stand for themselves in a regular expression, so whether it is one
/// does not depend on them: [`PLACEHOLDER`] takes their place here.
fn check_regex(draft: &Draft, text: &Text, scope: &Scope<'_>, sink: &mut Sink) {
    let mut expression = String::new();
    // Where each piece begins, in the expression and in the scalar.
    let mut starts = Vec::new();
    for piece in &draft.pieces {
        starts.push((expression.len(), piece));
        match &piece.content {
            Content::Literal(literal) => expression.push_str(literal),
            Content::Name(_) => expression.push_str(PLACEHOLDER),
        }
    }
    let place = |start: usize, end: usize| -> Span {
        let find = |at: usize| {
            let index = starts.partition_point(|(start, _)| *start <= at).checked_sub(1)?;
            let (start, piece) = starts[index];
            Some((piece.range.start + (at - start)).min(piece.range.end))
        };
        match (find(start), find(end)) {
            (Some(start), Some(end)) if start <= end => text.span_of(start..end),
            _ => draft.span,
        }
    };
    let (message, span) = match parser().parse(&expression) {
        Err(regex_syntax::Error::Parse(error)) => {
            let span = error.span();
            (error.kind().to_string(), place(span.start.offset, span.end.offset))
        }
        Err(regex_syntax::Error::Translate(error)) => {
            let span = error.span();
            (error.kind().to_string(), place(span.start.offset, span.end.offset))
        }
        Err(_) => ("it cannot be read".to_owned(), draft.span),
        Ok(parsed) if is_too_large(&parsed, &expression, scope) => {
            ("it is too large when compiled".to_owned(), draft.span)
        }
        Ok(parsed) => {
            if matches_nothing(&parsed) {
                sink.report(finds_nothing(draft.span));
            }
            return;
        }
    };
    sink.report(Diagnostic::new(Code::Regex, span, "not a regular expression").label(message));
}

/// Whether an expression that was filled in matches nothing at all, and so everywhere.
pub(crate) fn is_found_everywhere(expression: &str) -> bool {
    parse_regex(expression).is_some_and(|parsed| matches_nothing(&parsed))
}

/// Whether an expression matches the empty text, whatever stands around that. `^$` does not:
/// it is found in empty lines only. The parser bounds how deep it is nested.
fn matches_nothing(parsed: &Hir) -> bool {
    match parsed.kind() {
        HirKind::Empty => true,
        HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        HirKind::Repetition(repetition) => repetition.min == 0 || matches_nothing(&repetition.sub),
        HirKind::Capture(capture) => matches_nothing(&capture.sub),
        HirKind::Concat(parts) => parts.iter().all(matches_nothing),
        HirKind::Alternation(parts) => parts.iter().any(matches_nothing),
    }
}

fn finds_nothing(span: Span) -> Diagnostic {
    let message = "this expression matches nothing at all, so it is found everywhere";
    Diagnostic::new(Code::EmptyPattern, span, message)
        .help("let it match one character at least: `/.+/` in place of `/.*/`")
}

/// Sizes, in the units of [`size`], below which an expression is surely small
/// enough for [`compile_regex`], and above which it is surely too large.
const DOUBTFUL: Range<u64> = 5_000..4_000_000;
/// How many expressions of a file are compiled where it is in doubt. The worst
/// take a tenth of a second; whoever has more of them finds out when the
/// scenario runs.
const MOST_COMPILED: u32 = 4;

/// Whether an expression is too large to be run.
fn is_too_large(parsed: &Hir, expression: &str, scope: &Scope<'_>) -> bool {
    let size = size(parsed);
    if !DOUBTFUL.contains(&size) {
        return size >= DOUBTFUL.end;
    }
    let compiled = scope.compiled.get();
    scope.compiled.set(compiled.saturating_add(1));
    compiled < MOST_COMPILED && compile_regex(expression).is_err()
}

/// About how many states an expression has. The parser bounds how deep it is
/// nested.
fn size(parsed: &Hir) -> u64 {
    match parsed.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Bytes(_)) => 1,
        HirKind::Class(Class::Unicode(class)) => 4 * class.ranges().len() as u64,
        HirKind::Repetition(repetition) => {
            let times = u64::from(repetition.max.unwrap_or(repetition.min).max(1));
            size(&repetition.sub).saturating_add(1).saturating_mul(times)
        }
        HirKind::Capture(capture) => size(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(size).fold(1, u64::saturating_add)
        }
    }
}
