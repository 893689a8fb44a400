//! A scalar of a file: its text, and where in the file each byte of it stands.
//!
//! YAML folds lines, strips indentation and knows escapes; a message about the
//! seventh character of a value must still point at the right character of the
//! file. The parser tells only where a scalar begins and ends, so the two texts
//! are aligned here. Where that fails (it does not for anything people write),
//! the whole scalar stands for its parts.

use std::ops::Range;

use crate::source::Span;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `text`
    Plain,
    /// `'text'`
    Single,
    /// `"text"`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A scalar.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) value: String,
    /// All of it, with its quotes.
    pub(crate) span: Span,
    pub(crate) style: Style,
    runs: Vec<Run>,
}

/// A stretch of the value that stands in the file byte for byte.
#[derive(Debug, Clone, Copy)]
struct Run {
    value: usize,
    source: usize,
}

impl Text {
    /// A scalar with that value at `span` of `source`.
    pub(crate) fn new(value: String, span: Span, style: Style, source: &str) -> Self {
        let runs = align(&value, span, style, source).unwrap_or_default();
        Self { value, span, style, runs }
    }

    /// Where a range of bytes of the value stands in the file.
    pub(crate) fn span_of(&self, range: Range<usize>) -> Span {
        if self.value.is_empty() {
            return self.span;
        }
        let (Some(start), Some(end)) = (self.offset(range.start), self.offset(range.end)) else {
            return self.span;
        };
        // The end is found from the last byte inside, lest a range that ends
        // with a line takes in the indentation of the next.
        let end = match range.end.checked_sub(1).filter(|last| *last >= range.start) {
            Some(last) => {
                self.offset(last).map_or(end, |last| end.min(last + self.width(range.end)))
            }
            None => start,
        };
        Span { start, end: end.max(start), ..self.span }
    }

    fn offset(&self, value: usize) -> Option<usize> {
        let run = self.runs[..self.runs.partition_point(|run| run.value <= value)].last()?;
        Some(run.source + (value - run.value))
    }

    /// Bytes between the last byte before `end` and the end of what it stands
    /// for in the file: one, but for escapes.
    fn width(&self, end: usize) -> usize {
        let at = self.runs.partition_point(|run| run.value < end);
        match (self.runs.get(at), self.style) {
            (Some(run), Style::Double | Style::Single) if run.value == end => {
                self.offset(end - 1).map_or(1, |last| run.source.saturating_sub(last).max(1))
            }
            _ => 1,
        }
    }
}

/// Runs that cover the whole value and its end.
fn align(value: &str, span: Span, style: Style, source: &str) -> Option<Vec<Run>> {
    let mut runs = vec![];
    match style {
        Style::Literal => align_lines(value, span, source, &mut runs)?,
        Style::Plain | Style::Folded => align_folded(value, span, style, source, &mut runs)?,
        Style::Single | Style::Double => {
            let inner = Span { start: span.start + 1, end: span.end.checked_sub(1)?, ..span };
            align_folded(value, inner, style, source, &mut runs)?;
        }
    }
    Some(runs)
}

fn push(runs: &mut Vec<Run>, value: usize, source: usize) {
    let follows = runs
        .last()
        .is_some_and(|run: &Run| source.checked_sub(value) == run.source.checked_sub(run.value));
    if !follows {
        runs.push(Run { value, source });
    }
}

/// A literal block: each line without its indentation, which is that of the
/// first line with text.
fn align_lines(value: &str, span: Span, source: &str, runs: &mut Vec<Run>) -> Option<()> {
    let line_start = source.get(..span.start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let mut indent = span.start - line_start;
    // The span begins at the text; empty lines may stand before it, and the
    // text itself may begin with blanks.
    let mut at = line_start;
    let mut lines = value.split_inclusive('\n').peekable();
    let mut value_at = 0;
    while let Some(line) = lines.next_if(|line| *line == "\n") {
        push(runs, value_at, at);
        value_at += line.len();
    }
    if let Some(first) = lines.peek() {
        let end = source[at..].find('\n').map_or(source.len(), |newline| at + newline);
        let written = source.get(at..end)?.trim_end_matches('\r');
        let text = first.trim_end_matches('\n');
        indent = indent.min(written.len().checked_sub(text.len())?);
    }
    for line in lines {
        let end = source.get(at..)?.find('\n').map_or(source.len(), |newline| at + newline);
        let written = source.get(at..end)?.trim_end_matches('\r');
        let text = line.trim_end_matches('\n');
        let skipped = indent.min(written.len());
        if written.get(skipped..)? != text {
            return None;
        }
        push(runs, value_at, at + skipped);
        if line.ends_with('\n') {
            push(runs, value_at + text.len(), at + written.len());
        }
        value_at += line.len();
        at = (end + 1).min(source.len());
    }
    push(runs, value_at, at.min(span.end.max(span.start)));
    Some(())
}

/// Everything else: blanks and line ends are matched as the folding rules may
/// have changed them, escapes are followed, all else must be the same.
fn align_folded(
    value: &str,
    span: Span,
    style: Style,
    source: &str,
    runs: &mut Vec<Run>,
) -> Option<()> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let text = source.get(span.start..span.end)?;
    let mut at = 0;
    for (value_at, c) in value.char_indices() {
        loop {
            let next = text[at..].chars().next()?;
            if next == '\\' && style == Style::Double {
                let (length, stands_for) = escape(&text[at..])?;
                let Some(meant) = stands_for else {
                    at += length; // an escaped line end stands for nothing
                    continue;
                };
                if meant != c {
                    return None;
                }
                push(runs, value_at, span.start + at);
                at += length;
            } else if next == c {
                push(runs, value_at, span.start + at);
                at += next.len_utf8();
                if next == '\'' && style == Style::Single {
                    at += 1; // it is written twice
                }
            } else if blank(next) && blank(c) {
                push(runs, value_at, span.start + at);
                at += text[at..].len() - text[at..].trim_start_matches(blank).len();
            } else if blank(next) {
                at += 1;
                continue;
            } else {
                return None;
            }
            break;
        }
    }
    push(runs, value.len(), span.start + at);
    Some(())
}

/// The length of an escape sequence, and what it stands for.
fn escape(text: &str) -> Option<(usize, Option<char>)> {
    let hex = |from: usize, digits: usize| {
        let code = u32::from_str_radix(text.get(from..from + digits)?, 16).ok()?;
        Some((from + digits, code))
    };
    let kind = text.chars().nth(1)?;
    let simple = match kind {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        ' ' | '"' | '/' | '\\' => kind,
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        '\n' => return Some((2, None)),
        '\r' => return Some((if text[2..].starts_with('\n') { 3 } else { 2 }, None)),
        'x' => {
            let (length, code) = hex(2, 2)?;
            return Some((length, Some(char::from_u32(code)?)));
        }
        'u' => {
            let (length, high) = hex(2, 4)?;
            if !(0xd800..0xdc00).contains(&high) {
                return Some((length, Some(char::from_u32(high)?)));
            }
            // A pair of surrogates, as JSON writes them.
            let (length, low) = hex(8, 4)?;
            let low = low.checked_sub(0xdc00)?;
            return Some((length, Some(char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)?)));
        }
        'U' => {
            let (length, code) = hex(2, 8)?;
            return Some((length, Some(char::from_u32(code)?)));
        }
        _ => return None,
    };
    Some((2, Some(simple)))
}
