//! YAML to a tree of values, each with its place in the file.
//!
//! This module alone knows the YAML parser. It reads events, not types: with
//! serde only the first thing that is wrong with a file would be found, keys
//! would have no place and doubled ones only one. What a value must be is said
//! in [`crate::decode`], which goes through the tree and reports everything.
//!
//! Values are not typed here: `1.10`, `yes` and `0x1f` are texts until somebody
//! wants a number or a boolean of them. Aliases are copied in; how much there
//! may be of everything is bounded, so that no file takes long.

mod words;

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, options};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::source::{SourceId, Span};
use crate::text::{Style, Text};
use words::{syntax_error, too_deep};

/// Values that a file may hold, copies by aliases included.
const MAX_NODES: usize = 20_000;
/// Bytes that all its scalars may have together, likewise.
const MAX_BYTES: usize = 4 << 20;
/// How deep they may be nested.
const MAX_DEPTH: usize = 64;

/// A value of a file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// All of it.
    pub(crate) span: Span,
    /// Its first line: what a message shows of a long value.
    pub(crate) head: Span,
    /// Whether nothing was dropped from it.
    pub(crate) is_whole: bool,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    Scalar(Text),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Text,
    pub(crate) node: Node,
}

impl Node {
    /// What it is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Scalar(text) if text.style == Style::Plain => plain_kind(&text.value),
            Value::Scalar(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

fn plain_kind(text: &str) -> &'static str {
    match text {
        "true" | "false" => "a boolean",
        _ if text.parse::<f64>().is_ok() => "a number",
        _ => "a text",
    }
}

/// Reads a file. Whatever is wrong with it is reported to `sink`; there is a
/// tree unless the file breaks YAML's own rules or has nothing in it.
///
/// `hint` says what to write into a file that is empty.
pub(crate) fn parse(text: &str, source: SourceId, hint: &str, sink: &mut Sink) -> Option<Node> {
    let options: Options = options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut reader = Reader {
        text,
        source,
        sink,
        stack: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        bytes: 0,
        root: None,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let diagnostic = reader.syntax_error(&error);
                let open = reader.still_open(error.kind(), diagnostic.primary.span);
                reader.sink.report(match open {
                    Some(open) => {
                        let help = vec!["is its end missing?".to_owned()];
                        Diagnostic { help, ..diagnostic }.secondary(open, "this is still open")
                    }
                    None => diagnostic,
                });
                return None;
            }
        };
        if let Err(diagnostic) = reader.event(event, span) {
            reader.sink.report(*diagnostic);
            return None;
        }
    }
    if reader.root.is_none() {
        let span = Span { source, ..Span::default() };
        let diagnostic = Diagnostic::new(Code::Empty, span, "the file is empty").help(hint);
        reader.sink.report(diagnostic);
    }
    reader.root
}

/// A list or mapping that is still open.
struct Open {
    span: Span,
    anchor: usize,
    nodes_before: usize,
    bytes_before: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: HashMap<String, Span>, key: Option<Key>, is_whole: bool },
}

/// A key whose value is still to come.
struct Key {
    text: Text,
    /// It is not the first of its name, or cannot be one: the value is dropped.
    refused: bool,
}

/// A finished value that an alias may stand for, and how much it is.
struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
}

struct Reader<'a> {
    text: &'a str,
    source: SourceId,
    sink: &'a mut Sink,
    stack: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    bytes: usize,
    root: Option<Node>,
}

type Fatal = Box<Diagnostic>;

impl Reader<'_> {
    fn span(&self, span: granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or_default();
        Span { source: self.source, start: range.start, end: range.end }
    }

    /// Takes an event at its place, which is that of its tag if it has one that
    /// is refused.
    fn event(&mut self, event: Event<'_>, at: granit_parser::Span) -> Result<(), Fatal> {
        let span = self.span(at);
        let tag_span = at.tag_span().map_or(span, |tag| self.span(tag));
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let forced = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                if let Some(tag) = tag.filter(|_| !forced) {
                    self.refuse_tag(&tag.original(), tag_span);
                }
                self.count(1, value.len(), span)?;
                let node = self.scalar(value.into_owned(), style, forced, span);
                self.close(node, anchor, 1)
            }
            Event::SequenceStart(_, anchor, tag) => {
                if let Some(tag) = tag {
                    self.refuse_tag(&tag.original(), tag_span);
                }
                self.open(Content::List(Vec::new()), anchor, span)
            }
            Event::MappingStart(_, anchor, tag) => {
                let content = Content::Map {
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: None,
                    is_whole: true,
                };
                if let Some(tag) = tag {
                    self.refuse_tag(&tag.original(), tag_span);
                }
                self.open(content, anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.stack.pop() else { return Ok(()) };
                let (nodes, anchor) = (self.nodes - open.nodes_before, open.anchor);
                let bytes = self.bytes - open.bytes_before;
                let node = self.collection(open, span);
                self.finish(node, anchor, nodes, bytes)
            }
            Event::Alias(anchor) => {
                let Some(anchored) = self.anchors.get(&anchor) else {
                    let message = "a value cannot be part of itself";
                    return Err(Box::new(Diagnostic::new(Code::TooComplex, span, message)));
                };
                let (nodes, bytes) = (anchored.nodes, anchored.bytes);
                self.count(nodes, bytes, span)?;
                // Counted before it is copied: that is what stops a bomb.
                let node = self.anchors.get(&anchor).map(|anchored| anchored.node.clone());
                node.map_or(Ok(()), |node| self.finish(node, 0, nodes, bytes))
            }
            Event::DocumentStart(..) if self.root.is_some() => {
                let message = "a second document begins here";
                // `---`, or the first line of a document without it.
                let span = self.head(Span { end: self.text.len(), ..span });
                Err(Box::new(
                    Diagnostic::new(Code::SeveralDocuments, span, message)
                        .help("put each document into a file of its own"),
                ))
            }
            _ => Ok(()),
        }
    }

    fn scalar(&self, value: String, style: ScalarStyle, forced: bool, span: Span) -> Node {
        let style = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
            _ => Style::Plain,
        };
        let is_null = style == Style::Plain && !forced && {
            // An absent value comes as `~` of no length.
            span.start == span.end || matches!(value.as_str(), "" | "~" | "null")
        };
        let shown = Span { end: span.start + self.slice(span).trim_end().len(), ..span };
        let value = match is_null {
            true => Value::Null,
            false => Value::Scalar(Text::new(value, shown, style, self.text)),
        };
        Node { value, span: shown, head: self.head(shown), is_whole: true }
    }

    fn collection(&self, open: Open, end: Span) -> Node {
        let (value, is_whole) = match open.content {
            Content::List(items) => (Value::List(items), true),
            Content::Map { entries, is_whole, .. } => (Value::Map(entries), is_whole),
        };
        let mut span = open.span.to(end);
        span.end = span.start + self.slice(span).trim_end().len();
        Node { value, span, head: self.head(span), is_whole }
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn head(&self, span: Span) -> Span {
        let first = self.slice(span).lines().next().unwrap_or_default().trim_end();
        Span { end: span.start + first.len(), ..span }
    }

    fn open(&mut self, content: Content, anchor: usize, span: Span) -> Result<(), Fatal> {
        let (nodes_before, bytes_before) = (self.nodes, self.bytes);
        self.count(1, 0, span)?;
        if self.stack.len() >= MAX_DEPTH {
            return Err(Box::new(too_deep(span)));
        }
        self.stack.push(Open { span, anchor, nodes_before, bytes_before, content });
        Ok(())
    }

    fn close(&mut self, node: Node, anchor: usize, nodes: usize) -> Result<(), Fatal> {
        let bytes = match &node.value {
            Value::Scalar(text) => text.value.len(),
            _ => 0,
        };
        self.finish(node, anchor, nodes, bytes)
    }

    /// A value is complete: it goes to where it belongs.
    fn finish(
        &mut self,
        node: Node,
        anchor: usize,
        nodes: usize,
        bytes: usize,
    ) -> Result<(), Fatal> {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, bytes });
        }
        let Some(open) = self.stack.last_mut() else {
            let is_nothing = matches!(node.value, Value::Null);
            self.root = Some(node).filter(|_| !is_nothing);
            return Ok(());
        };
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, seen, key, is_whole } => match key.take() {
                None => *key = Some(read_key(node, seen, self.sink)),
                Some(Key { refused: true, .. }) => *is_whole = false,
                Some(Key { text, .. }) => entries.push(Entry { key: text, node }),
            },
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, bytes: usize, span: Span) -> Result<(), Fatal> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.nodes <= MAX_NODES && self.bytes <= MAX_BYTES {
            return Ok(());
        }
        let diagnostic = Diagnostic::new(Code::TooComplex, span, "the file holds too many values")
            .label("the limit is reached here")
            .help(format!("a file may hold {MAX_NODES} values, counting each use of an alias"));
        Err(Box::new(diagnostic))
    }

    fn refuse_tag(&mut self, tag: &str, span: Span) {
        let message = format!("the tag `{tag}` is not used here");
        self.sink.report(
            Diagnostic::new(Code::NotSupported, span, message)
                .help("leave it out; a value in quotes is always a text"),
        );
    }

    /// What was opened on an earlier line and not closed by the place of an
    /// error: it was probably meant to be.
    fn still_open(&self, kind: &ErrorKind, at: Span) -> Option<Span> {
        let one = |start| Span { source: self.source, start, end: start + 1 };
        match kind {
            ErrorKind::InvalidQuotedScalarIndent => return self.open_quote(at.start).map(one),
            // The place is that of the quotes themselves.
            ErrorKind::UnclosedQuotedScalar => return None,
            _ => {}
        }
        let start = self.stack.last()?.span.start;
        let inside = self.text.get(start..at.start)?;
        (inside.starts_with(['{', '[']) && inside.contains('\n')).then(|| one(start))
    }

    /// Where the quotes probably begin inside which a place is: the last ones that
    /// stand where a text may begin, and are not closed on their line.
    fn open_quote(&self, at: usize) -> Option<usize> {
        let before = self.text.get(..at)?;
        let mut quotes = before.rmatch_indices(['"', '\'']);
        let is_open = |(start, quote): &(usize, &str)| {
            let line = before[*start..].lines().next().unwrap_or_default();
            let begins = before[..*start].chars().next_back();
            begins.is_none_or(|c| c.is_whitespace() || matches!(c, '{' | '[' | ',' | ':'))
                && !line[1..].contains(*quote)
        };
        quotes.find(is_open).map(|(start, _)| start)
    }

    /// The word before a `{` or `[` that belongs to no key, in the line of a place: the `send` of
    /// `- send {to: a, line: x}`.
    fn without_colon(&self, kind: &ErrorKind, at: usize) -> Option<Span> {
        if !matches!(kind, ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement) {
            return None;
        }
        let begin = self.text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
        let line = &self.text[begin..at];
        let start = begin + line.len() - line.trim_start_matches([' ', '-']).len();
        let behind = &self.text[start..at];
        let length =
            behind.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'))?;
        let rest = behind[length..].trim_start_matches(' ');
        (length > 0 && rest.starts_with(['{', '['])).then_some(Span {
            source: self.source,
            start,
            end: start + length,
        })
    }

    /// The parser tells a point; what is shown is the character there.
    fn syntax_error(&self, error: &ScanError) -> Diagnostic {
        let mut at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let before = |at: usize, c: char| self.text.get(..at).is_some_and(|text| text.ends_with(c));
        let is_tab = matches!(
            error.kind(),
            ErrorKind::TabInBlockIndentation
                | ErrorKind::TabNotAllowed
                | ErrorKind::TabInIndentation
        );
        let rest = |at: usize| self.text.get(at..).unwrap_or_default();
        let in_flow = matches!(
            error.kind(),
            ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator
        );
        if in_flow && before(at, '$') && rest(at).starts_with('{') {
            let end = rest(at).find('}').map_or(at + 1, |close| at + close + 1);
            let span = Span { source: self.source, start: at - 1, end };
            let written = self.slice(span);
            let message = "`${…}` inside `{…}` or `[…]` must be in quotes";
            return Diagnostic::new(Code::Syntax, span, message)
                .help(format!("write `\"{written}\"`"));
        }
        if let Some(word) = self.without_colon(error.kind(), at) {
            let message = format!("a colon is missing after `{}`", self.slice(word));
            let help = format!("write `{}: {{…}}`", self.slice(word));
            return Diagnostic::new(Code::Syntax, word, message).help(help);
        }
        if is_tab && !rest(at).starts_with('\t') && before(at, '\t') {
            at -= 1;
        }
        let first = rest(at).chars().next().filter(|c| !matches!(c, '\n' | '\r'));
        let end = at + first.map_or(0, char::len_utf8);
        syntax_error(error.kind(), Span { source: self.source, start: at, end })
    }
}

/// A key must be a text, and the first of its name.
fn read_key(node: Node, seen: &mut HashMap<String, Span>, sink: &mut Sink) -> Key {
    let head = node.head;
    let kind = node.kind();
    let Value::Scalar(text) = node.value else {
        let message = format!("a key must be a text, not {kind}");
        let diagnostic = Diagnostic::new(Code::WrongType, head, message)
            .help("a text that begins with `{`, `[` or `*` needs quotes, and so does `${…}` at the beginning of a key");
        sink.report(diagnostic);
        let nothing = Text::new(String::new(), head, Style::Plain, "");
        return Key { text: nothing, refused: true };
    };
    if text.value == "<<" && text.style == Style::Plain {
        let message = "merge keys are not used here";
        sink.report(
            Diagnostic::new(Code::NotSupported, text.span, message)
                .help("write the keys out; an alias can stand for a whole value"),
        );
        return Key { text, refused: true };
    }
    let refused = match seen.get(&text.value) {
        Some(first) => {
            let message = format!("the key `{}` is given twice", text.value);
            sink.report(
                Diagnostic::new(Code::DuplicateKey, text.span, message)
                    .label("given again here")
                    .secondary(*first, "first given here"),
            );
            true
        }
        None => {
            seen.insert(text.value.clone(), text.span);
            false
        }
    };
    Key { text, refused }
}
