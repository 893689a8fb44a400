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

/// A stretch of the value and the stretch of the file that it stands for. Of the
/// same length, they are the same bytes; else the one is written as the other:
/// an escape, or the end of a folded line.
#[derive(Debug, Clone)]
struct Run {
    value: Range<usize>,
    source: Range<usize>,
}

impl Text {
    /// A scalar with that value at `span` of `source`.
    pub(crate) fn new(value: String, span: Span, style: Style, source: &str) -> Self {
        let runs = align(&value, span, style, source).unwrap_or_default();
        Self { value, span, style, runs }
    }

    /// Where a range of bytes of the value stands in the file.
    pub(crate) fn span_of(&self, range: Range<usize>) -> Span {
        let Some(start) = self.place(range.start) else { return self.span };
        // The end is that of the last byte inside, not the beginning of the
        // next: the indentation of a next line does not belong to it.
        let last = range.end.checked_sub(1).filter(|last| *last >= range.start);
        let end = last.and_then(|last| self.place(last)).map_or(start.start, |last| last.end);
        Span { start: start.start, end: end.max(start.start), ..self.span }
    }

    /// Where a byte of the value stands in the file; after the last one, the
    /// place after all.
    fn place(&self, at: usize) -> Option<Range<usize>> {
        let index = self.runs.partition_point(|run| run.value.end <= at);
        let Some(run) = self.runs.get(index) else {
            let end = self.runs.last()?.source.end;
            return Some(end..end);
        };
        if run.value.len() != run.source.len() {
            return Some(run.source.clone());
        }
        let start = run.source.start + (at - run.value.start);
        Some(start..start + 1)
    }
}

/// Runs that cover the whole value.
fn align(value: &str, span: Span, style: Style, source: &str) -> Option<Vec<Run>> {
    let mut runs = Vec::new();
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

/// Adds a run, or lengthens the last one if it goes on.
fn push(runs: &mut Vec<Run>, value: Range<usize>, source: Range<usize>) {
    let is_same = |value: &Range<usize>, source: &Range<usize>| value.len() == source.len();
    if let Some(last) = runs.last_mut()
        && is_same(&last.value, &last.source)
        && is_same(&value, &source)
        && last.source.end == source.start
    {
        last.value.end = value.end;
        last.source.end = source.end;
    } else if !value.is_empty() {
        runs.push(Run { value, source });
    }
}

/// A literal block: each line without its indentation, which is that of the
/// first line with text.
fn align_lines(value: &str, span: Span, source: &str, runs: &mut Vec<Run>) -> Option<()> {
    let mut at = source.get(..span.start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = |at: usize| {
        let rest = source.get(at..)?;
        Some(rest.find('\n').map_or(source.len(), |newline| at + newline))
    };
    // The span begins at the text. Empty lines may stand before it, and blanks
    // before it may belong to the text.
    let first = value.trim_start_matches('\n');
    let mut value_at = value.len() - first.len();
    push(runs, 0..value_at, at..at);
    let first = first.lines().next().unwrap_or_default();
    let written = source.get(at..line_end(at)?)?.trim_end_matches('\r');
    let indent = (span.start - at).min(written.len().checked_sub(first.len())?);
    for line in value[value_at..].split_inclusive('\n') {
        let end = line_end(at)?;
        let written = source.get(at..end)?.trim_end_matches('\r');
        let text = line.trim_end_matches('\n');
        let from = at + indent.min(written.len());
        if source.get(from..at + written.len())? != text {
            return None;
        }
        let value_end = value_at + text.len();
        push(runs, value_at..value_end, from..from + text.len());
        if line.ends_with('\n') {
            // The line end of the last line is outside the span.
            let here = from + text.len();
            push(runs, value_end..value_end + 1, here..(end + 1).min(span.end.max(here)));
        }
        value_at += line.len();
        at = (end + 1).min(source.len());
    }
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
        let length = loop {
            let rest = &text[at..];
            let Some(next) = rest.chars().next() else {
                // The line end of a block's last line is outside its span.
                if c != '\n' {
                    return None;
                }
                break 0;
            };
            if next == '\\' && style == Style::Double {
                match escape(rest)? {
                    // An escaped line end stands for nothing.
                    (length, None) => at += length,
                    (length, Some(meant)) if meant == c => break length,
                    _ => return None,
                }
            } else if next == '\'' && c == next && style == Style::Single {
                break 2; // it is written twice
            } else if next == c {
                break c.len_utf8();
            } else if blank(next) && blank(c) {
                break rest.len() - rest.trim_start_matches(blank).len();
            } else if blank(next) {
                at += 1;
            } else {
                return None;
            }
        };
        let from = span.start + at;
        push(runs, value_at..value_at + c.len_utf8(), from..from + length);
        at += length;
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sink;
    use crate::source::SourceId;
    use crate::yaml::{self, Value};

    /// The value of the key `a`.
    fn scalar(file: &str) -> Text {
        let node = yaml::parse(file, SourceId::default(), "", &mut Sink::default());
        let Some(Value::Map(mut entries)) = node.map(|node| node.value) else {
            panic!("no mapping: {file:?}")
        };
        match entries.remove(0).node.value {
            Value::Scalar(text) => text,
            other => panic!("no scalar: {other:?}"),
        }
    }

    /// The file's characters that a part of the value stands for.
    fn written<'f>(file: &'f str, text: &Text, part: &str) -> &'f str {
        let at = text.value.find(part).unwrap();
        let span = text.span_of(at..at + part.len());
        &file[span.start..span.end]
    }

    #[test]
    fn parts_of_values_are_found_in_the_file() {
        let table = [
            ("a: one two\n", "two", "two"),
            ("a: one\n  two\n", "two", "two"),
            ("a: one\n\n  two\n", "two", "two"),
            ("a: one\n  two\n", "one two", "one\n  two"),
            ("a: 'it''s two'\n", "'", "''"),
            ("a: 'it''s two'\n", "two", "two"),
            ("a: \"t\\two \\u00e9t\\x21\"\n", "wo", "wo"),
            ("a: \"t\\two \\u00e9t\\x21\"\n", "\t", "\\t"),
            ("a: \"t\\two \\u00e9t\\x21\"\n", "é", "\\u00e9"),
            ("a: \"t\\two \\u00e9t\\x21\"\n", "!", "\\x21"),
            ("a: \"\\ud834\\udd1e x\"\n", "x", "x"),
            ("a: \"one\\\n   two\"\n", "two", "two"),
            ("a: \"one\n   two\"\n", "two", "two"),
            ("a: |\n  one\n\n    two\n  three\n", "  two", "  two"),
            ("a: |\n  one\n\n    two\n  three\n", "three", "three"),
            ("a: |\n\n  one\n", "one", "one"),
            ("a: |2\n    one\n  two\n", "  one", "  one"),
            ("a: |2\n    one\n  two\n", "two", "two"),
            ("a: |-\r\n  one\r\n  two\r\n", "two", "two"),
            ("a: >\n  one\n  two\n\n  three\n", "two", "two"),
            ("a: >\n  one\n  two\n\n  three\n", "three", "three"),
            ("a: &x one two\n", "two", "two"),
            ("a: !!str one two\n", "two", "two"),
            ("a: 日本 語\n", "語", "語"),
        ];
        for (file, part, expected) in table {
            let text = scalar(file);
            assert_eq!(written(file, &text, part), expected, "{part:?} of {file:?}");
        }
    }

    proptest::proptest! {
        /// Of a literal block each character stands in the file as it is.
        #[test]
        fn literal_blocks(lines in proptest::collection::vec("[ab #ü:>]{0,6}", 1..6)) {
            let block: String = lines.iter().map(|line| format!("  x{line}\n")).collect();
            let file = format!("a: |\n{block}b: c\n");
            let text = scalar(&file);
            for (at, c) in text.value.char_indices().filter(|(_, c)| *c != '\n') {
                let span = text.span_of(at..at + c.len_utf8());
                assert_eq!(&file[span.start..span.end], c.to_string(), "{file:?} at {at}");
            }
        }

        /// Whatever the value, it is found whole between its quotes.
        #[test]
        fn double_quotes(value in "[a\"\\\\ \t\n\u{e9}\u{1d11e}]{1,12}") {
            let file = format!("a: {}\n", serde_json::to_string(&value).unwrap());
            let text = scalar(&file);
            assert_eq!(text.value, value);
            let span = text.span_of(0..value.len());
            assert_eq!(&file[span.start..span.end], &file[4..file.len() - 2]);
        }
    }
}
