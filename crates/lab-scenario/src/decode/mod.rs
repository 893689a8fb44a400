//! From the tree of a file to the raw types: which keys there are, which must
//! be given, what kind of value each has.
//!
//! Nothing stops at a mistake: a value that is not what it should be is
//! reported and counts as not given, and everything around it is still read.
//! So every field of a raw type is an [`Option`].
//!
//! The same types say what may be read, for editors: see [`crate::schema`].

mod containers;

pub(crate) use containers::{AnyNumber, Maybe, Named, NonEmpty, OneOrMany, Placed};

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::schema::{self, Definitions};
use crate::source::Span;
use crate::suggest;
use crate::text::Text;
use crate::yaml::{Entry, Node, Value};

/// What can be read from a value of a file.
pub(crate) trait Decode: Sized {
    /// Reads it, reporting what is wrong.
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self>;

    /// The JSON Schema of what can be read, with its named parts put into
    /// `definitions`. It refuses nothing that [`Decode::decode`] takes.
    fn schema(definitions: &mut Definitions) -> serde_json::Value;
}

/// Reports a value of the wrong kind.
pub(crate) fn wrong_type<T>(node: &Node, expected: &str, sink: &mut Sink) -> Option<T> {
    let message = format!("expected {expected}, found {}", node.kind());
    sink.report(Diagnostic::new(Code::WrongType, node.head, message));
    None
}

/// The value itself, for a second look.
impl Decode for Node {
    fn decode(node: &Node, _: &mut Sink) -> Option<Self> {
        Some(node.clone())
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        serde_json::json!({})
    }
}

/// Any scalar: what it means is found out by whoever wants a number.
impl Decode for Text {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            Value::Scalar(text) => Some(text.clone()),
            _ => wrong_type(node, "a text", sink),
        }
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::scalar()
    }
}

/// The entries of a mapping; nothing at all is an empty one.
pub(crate) fn entries<'n>(node: &'n Node, expected: &str, sink: &mut Sink) -> Option<&'n [Entry]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Null => Some(&[]),
        _ => wrong_type(node, expected, sink),
    }
}

/// Reports a key that is not known.
pub(crate) fn unknown_key(key: &Text, what: &str, known: &[&str], sink: &mut Sink) {
    let message = format!("unknown key `{}` in {what}", key.value);
    let help = suggest::help(&key.value, known.iter().copied(), "keys");
    sink.report(Diagnostic::new(Code::UnknownKey, key.span, message).maybe_help(help));
}

/// A mapping with known keys.
pub(crate) trait Record {
    /// Its first line: what a message shows that is about all of it.
    fn head(&self) -> Span;

    /// Whether nothing in it was reported: then what is not given was left out,
    /// and not misspelt.
    fn is_whole(&self) -> bool;
}

/// A raw type: a mapping with known keys.
///
/// ```text
/// record! {
///     /// What a `wait` is.
///     struct RawWait as "a `wait`" {
///         /// How long.
///         lasting: Text = required "for",
///         /// For what.
///         reason: Text = "reason",
///         /// How often.
///         times: Open<Times> = "times" or 1_u32,
///     }
/// }
/// ```
/// makes a struct with an `Option` for each field, its [`Decode`] and its
/// [`Record`]. The doc comments are for people, too: editors and the reference show them.
/// `or` tells them what holds if the key is not given.
macro_rules! record {
    ($(
        $(#[doc = $doc:literal])*
        struct $name:ident as $what:literal {
            $(
                $(#[doc = $field_doc:literal])*
                $field:ident: $type:ty = $($required:ident)? $key:literal $(or $default:expr)?,
            )*
        }
    )*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name {
            head: $crate::source::Span,
            is_whole: bool,
            $($(#[doc = $field_doc])* pub(crate) $field: Option<$type>,)*
        }

        impl $crate::decode::Record for $name {
            fn head(&self) -> $crate::source::Span {
                self.head
            }

            fn is_whole(&self) -> bool {
                self.is_whole
            }
        }

        impl $crate::decode::Decode for $name {
            fn decode(
                node: &$crate::yaml::Node,
                sink: &mut $crate::diagnostic::Sink,
            ) -> Option<Self> {
                const KEYS: &[&str] = &[$($key),*];
                const WHAT: &str = $what;
                let entries = $crate::decode::entries(
                    node,
                    concat!("a mapping for ", $what),
                    sink,
                )?;
                let mut record = Self { head: node.head, is_whole: node.is_whole, $($field: None),* };
                for entry in entries {
                    match entry.key.value.as_str() {
                        $($key => {
                            record.$field = $crate::decode::Decode::decode(&entry.node, sink);
                            record.is_whole &= record.$field.is_some();
                        })*
                        _ => {
                            $crate::decode::unknown_key(&entry.key, WHAT, KEYS, sink);
                            record.is_whole = false;
                        }
                    }
                }
                $($(
                    record.is_whole &=
                        $crate::decode::$required(entries, node, WHAT, $key, KEYS, sink);
                )?)*
                Some(record)
            }

            fn schema(definitions: &mut $crate::schema::Definitions) -> serde_json::Value {
                definitions.refer(stringify!($name), |definitions| {
                    let form = $crate::schema::Form::Record;
                    let mut object =
                        $crate::schema::Object::new(form, $what, concat!($($doc, "\n"),*));
                    $(
                        let value = <$type as $crate::decode::Decode>::schema(definitions);
                        object
                            .key($key, concat!($($field_doc, "\n"),*), value)
                            $(.$required())?
                            $(.default(&$default))?;
                    )*
                    object
                })
            }
        }
    )*};
}
pub(crate) use record;

/// Whether a required key is among the entries. If not, that is reported,
/// unless a key that was reported already is probably meant for it.
pub(crate) fn required(
    entries: &[Entry],
    node: &Node,
    what: &str,
    key: &str,
    known: &[&str],
    sink: &mut Sink,
) -> bool {
    let is_it = |entry: &Entry| entry.key.value == key;
    let is_meant = |entry: &Entry| {
        let word = entry.key.value.as_str();
        !known.contains(&word) && suggest::nearest(word, known.iter().copied()) == Some(key)
    };
    if !node.is_whole || entries.iter().any(|entry| is_it(entry) || is_meant(entry)) {
        return true;
    }
    let message = format!("`{key}` is missing in {what}");
    sink.report(Diagnostic::new(Code::MissingKey, node.head, message));
    false
}

/// A raw type that is one of several: a mapping with exactly one key.
///
/// `choice! { enum RawStep as "a step" { Send(RawSend) = "send", … } }`
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        enum $name:ident as $what:literal {
            $($(#[doc = $variant_doc:literal])* $variant:ident($type:ty) = $key:literal,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        pub(crate) enum $name {
            $($(#[doc = $variant_doc])* $variant($type),)*
        }

        impl $crate::decode::Decode for $name {
            fn decode(
                node: &$crate::yaml::Node,
                sink: &mut $crate::diagnostic::Sink,
            ) -> Option<Self> {
                const KEYS: &[&str] = &[$($key),*];
                let entry = $crate::decode::single(node, $what, KEYS, sink)?;
                match entry.key.value.as_str() {
                    $($key => {
                        $crate::decode::Decode::decode(&entry.node, sink).map(Self::$variant)
                    })*
                    _ => None,
                }
            }

            fn schema(definitions: &mut $crate::schema::Definitions) -> serde_json::Value {
                definitions.refer(stringify!($name), |definitions| {
                    let form = $crate::schema::Form::Choice;
                    let mut object =
                        $crate::schema::Object::new(form, $what, concat!($($doc, "\n"),*));
                    $(
                        let value = <$type as $crate::decode::Decode>::schema(definitions);
                        object.key($key, concat!($($variant_doc, "\n"),*), value);
                    )*
                    object
                })
            }
        }
    };
}
pub(crate) use choice;

/// The one entry of a mapping that must have exactly one, of a known key.
pub(crate) fn single<'n>(
    node: &'n Node,
    what: &str,
    known: &[&str],
    sink: &mut Sink,
) -> Option<&'n Entry> {
    let Value::Map(entries) = &node.value else {
        let message = format!("expected {what}, found {}", node.kind());
        let mut diagnostic = Diagnostic::new(Code::WrongType, node.head, message);
        if let Value::Scalar(text) = &node.value
            && let Some(verb) =
                known.iter().find(|verb| text.value.split(' ').next() == Some(**verb))
        {
            diagnostic = diagnostic.help(format!("write `{verb}: …`, with a colon"));
        }
        sink.report(diagnostic);
        return None;
    };
    let is_known = |entry: &&Entry| known.contains(&entry.key.value.as_str());
    let verbs: Vec<&Entry> = entries.iter().filter(is_known).collect();
    match verbs.as_slice() {
        [] => {
            match entries.first() {
                None => sink.report(Diagnostic::new(
                    Code::OneVerb,
                    node.head,
                    format!("{what} without a verb"),
                )),
                Some(first) => {
                    let written = first.key.value.as_str();
                    let message = format!("`{written}` is not a verb of {what}");
                    let verb =
                        written.split([' ', '{', '[']).next().filter(|word| known.contains(word));
                    let help = verb.map(|verb| format!("write `{verb}: …`, with a colon"));
                    let help =
                        help.or_else(|| suggest::help(written, known.iter().copied(), "verbs"));
                    sink.report(
                        Diagnostic::new(Code::OneVerb, first.key.span, message).maybe_help(help),
                    );
                }
            }
            None
        }
        [verb] if entries.len() == 1 => Some(verb),
        [verb, more @ ..] => {
            let stray = more.first().copied().or_else(|| entries.iter().find(|e| !is_known(e)))?;
            let name = &verb.key.value;
            let diagnostic = if more.is_empty() {
                let message =
                    format!("`{}` stands beside `{name}` instead of in it", stray.key.value);
                Diagnostic::new(Code::OneVerb, stray.key.span, message).help(format!(
                    "indent it below `{name}:`, or write `{name}: {{…, {}: …}}`",
                    stray.key.value
                ))
            } else {
                let message = format!("{what} has exactly one verb, this one has {}", verbs.len());
                Diagnostic::new(Code::OneVerb, stray.key.span, message)
                    .help(format!("begin a new item with `- {}:`", stray.key.value))
            };
            sink.report(diagnostic.secondary(verb.key.span, "the verb"));
            (more.is_empty() && !matches!(verb.node.value, Value::Null)).then_some(*verb)
        }
    }
}
