//! JSON with places: each value knows where in its file it stands, and of a text
//! each byte does.

use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use lab_scenario::source::{SourceId, Span};
use lab_scenario::{Code, Diagnostic, Sink, suggest};

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Span,
}

/// What there is in JSON.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// As it is written.
    Number(String),
    Text(Text),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(Text, Node)>),
    /// `null`, `true` or `false`.
    Word,
}

/// A text of a file.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) value: String,
    /// All of it, with its quotes.
    pub(crate) span: Span,
    /// For each byte of the value, and its end, how far from the beginning of
    /// the span it stands.
    offsets: Vec<usize>,
}

/// Reads a file; what is wrong with it, which can be one thing only, goes to the
/// sink.
pub(crate) fn parse(text: &str, source: SourceId, sink: &mut Sink) -> Option<Node> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shift = text.len() - body.len();
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let reader = Reader { body, shift, source };
    match parse_to_ast(body, &CollectOptions::default(), &options) {
        Ok(parsed) => match parsed.value {
            Some(value) => Some(reader.node(&value)),
            None => {
                sink.report(Diagnostic::new(
                    Code::Empty,
                    reader.span(0..body.len()),
                    "the file is empty",
                ));
                None
            }
        },
        Err(error) => {
            let range = error.range();
            let mut message = error.kind().to_string();
            if let Some(first) = message.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            sink.report(
                Diagnostic::new(
                    Code::Json,
                    reader.span(range.start..range.end),
                    "this is not JSON",
                )
                .label(message),
            );
            None
        }
    }
}

/// What a place in the parsed text is in the file.
struct Reader<'t> {
    body: &'t str,
    shift: usize,
    source: SourceId,
}

impl Reader<'_> {
    fn span(&self, range: Range<usize>) -> Span {
        Span { source: self.source, start: range.start + self.shift, end: range.end + self.shift }
    }

    fn node(&self, value: &ast::Value<'_>) -> Node {
        let (value, range) = match value {
            ast::Value::StringLit(text) => (Value::Text(self.text(text)), text.range),
            ast::Value::NumberLit(number) => (Value::Number(number.value.to_owned()), number.range),
            ast::Value::Array(list) => (
                Value::List(list.elements.iter().map(|item| self.node(item)).collect()),
                list.range,
            ),
            ast::Value::Object(map) => (
                Value::Map(map.properties.iter().map(|entry| self.entry(entry)).collect()),
                map.range,
            ),
            ast::Value::BooleanLit(word) => (Value::Word, word.range),
            ast::Value::NullKeyword(word) => (Value::Word, word.range),
        };
        Node { value, span: self.span(range.start..range.end) }
    }

    fn entry(&self, entry: &ast::ObjectProp<'_>) -> (Text, Node) {
        let name = match &entry.name {
            ast::ObjectPropName::String(text) => self.text(text),
            ast::ObjectPropName::Word(word) => {
                let span = self.span(word.range.start..word.range.end);
                Text { value: word.value.to_owned(), span, offsets: Vec::new() }
            }
        };
        (name, self.node(&entry.value))
    }

    fn text(&self, text: &ast::StringLit<'_>) -> Text {
        let range = text.range.start..text.range.end;
        let written = self.body.get(range.clone()).unwrap_or_default();
        let offsets = offsets(&text.value, written);
        Text { value: text.value.clone().into_owned(), span: self.span(range), offsets }
    }
}

/// Where each byte of a text stands in what is written for it, quotes included.
fn offsets(value: &str, written: &str) -> Vec<usize> {
    let mut offsets = Vec::with_capacity(value.len() + 1);
    let mut at = '"'.len_utf8();
    for c in value.chars() {
        offsets.extend(std::iter::repeat_n(at, c.len_utf8()));
        at += match written.as_bytes().get(at..) {
            Some([b'\\', b'u', ..]) => r"\u0000".len() * c.len_utf16(),
            Some([b'\\', ..]) => r"\n".len(),
            _ => c.len_utf8(),
        };
    }
    offsets.push(at);
    offsets
}

impl Text {
    /// Where a range of bytes of the value stands in the file.
    pub(crate) fn span_of(&self, range: Range<usize>) -> Span {
        let place = |at: usize| self.offsets.get(at).map(|offset| self.span.start + offset);
        match (place(range.start), place(range.end)) {
            (Some(start), Some(end)) => Span { start, end, ..self.span },
            _ => self.span,
        }
    }
}

impl Node {
    /// Its entries; anything else, and a key that stands twice, is reported.
    pub(crate) fn map(&self, what: &str, sink: &mut Sink) -> Option<&[(Text, Node)]> {
        let Value::Map(entries) = &self.value else { return self.is_not(what, "an object", sink) };
        for (at, (key, _)) in entries.iter().enumerate() {
            if let Some((first, _)) =
                entries[..at].iter().find(|(other, _)| other.value == key.value)
            {
                sink.report(
                    Diagnostic::new(
                        Code::DuplicateKey,
                        key.span,
                        format!("`{}` stands twice", key.value),
                    )
                    .secondary(first.span, "for the first time here"),
                );
            }
        }
        Some(entries)
    }

    /// Its items; anything else is reported.
    pub(crate) fn list(&self, what: &str, sink: &mut Sink) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => self.is_not(what, "a list", sink),
        }
    }

    /// Its text; anything else is reported.
    pub(crate) fn text(&self, what: &str, sink: &mut Sink) -> Option<&Text> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => self.is_not(what, "a text", sink),
        }
    }

    /// Its number; anything else is reported.
    pub(crate) fn id(&self, what: &str, sink: &mut Sink) -> Option<u32> {
        match &self.value {
            Value::Number(digits) => match digits.parse() {
                Ok(id) => Some(id),
                Err(_) => self.is_not(what, "a whole number from 0 to 4294967295", sink),
            },
            _ => self.is_not(what, "a number", sink),
        }
    }

    fn is_not<T>(&self, what: &str, wanted: &str, sink: &mut Sink) -> Option<T> {
        let message = format!("{what} is {wanted}");
        sink.report(Diagnostic::new(Code::WrongType, self.span, message).label("this is not"));
        None
    }
}

/// Reports a key that is none of those known.
pub(crate) fn unknown_key(key: &Text, known: &[&str], owner: &str, sink: &mut Sink) {
    let message = format!("{owner} has no `{}`", key.value);
    sink.report(Diagnostic::new(Code::UnknownKey, key.span, message).maybe_help(suggest::help(
        &key.value,
        known.iter().copied(),
        "keys",
    )));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(file: &str) -> Text {
        let mut sink = Sink::default();
        let node = parse(file, SourceId::default(), &mut sink).unwrap();
        node.text("it", &mut sink).unwrap().clone()
    }

    #[test]
    fn every_byte_of_a_text_has_a_place() {
        let file = "\u{feff} \"a\\\"ü\\u00fc\\ud834\\udd1e\\nz\"";
        let text = text_of(file);
        assert_eq!(text.value, "a\"üü𝄞\nz");
        let written = |part: &str| {
            let at = text.value.find(part).unwrap();
            let span = text.span_of(at..at + part.len());
            &file[span.start..span.end]
        };
        assert_eq!(written("a"), "a");
        assert_eq!(written("\""), "\\\"");
        assert_eq!(written("üü"), "ü\\u00fc");
        assert_eq!(written("𝄞"), "\\ud834\\udd1e");
        assert_eq!(written("z"), "z");
    }

    #[test]
    fn only_json_is_json() {
        for file in
            ["{", "{a: 1}", "[1,]", "// x\n1", "'x'", "[1 2]", "\"\\ud834\"", &"[".repeat(9999)]
        {
            let mut sink = Sink::default();
            assert!(parse(file, SourceId::default(), &mut sink).is_none(), "{file:.20}");
            assert!(sink.has_errors(), "{file:.20}");
        }
    }
}
