//! Values that hold others: lists, mappings from names, and what may be left empty.

use super::{Decode, entries, wrong_type};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::schema::{self, Definitions};
use crate::source::Span;
use crate::text::Text;
use crate::yaml::{Node, Value};

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        let Value::List(items) = &node.value else {
            return wrong_type(node, "a list", sink);
        };
        // Nobody reads a thousand messages, and each takes its time.
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            if sink.is_full() {
                break;
            }
            values.extend(T::decode(item, sink));
        }
        Some(values)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        schema::list(&T::schema(definitions))
    }
}

/// A list with something in it: a step or a check about nobody would vanish. It has less than
/// was written only where that was reported.
#[derive(Debug, Clone)]
pub(crate) struct NonEmpty<T>(pub(crate) Vec<T>);

impl<T: Decode> Decode for NonEmpty<T> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        refuse_empty(node, sink)?;
        Vec::decode(node, sink).map(Self)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        Vec::<T>::schema(definitions)
    }
}

fn refuse_empty(node: &Node, sink: &mut Sink) -> Option<()> {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        sink.report(
            Diagnostic::new(Code::EmptyValue, node.head, "a list with nothing in it")
                .help("name at least one, or leave the key out"),
        );
        return None;
    }
    Some(())
}

/// One value, or a list of such, or of none where that says something.
#[derive(Debug, Clone)]
pub(crate) struct AnyNumber<T>(pub(crate) Vec<T>);

impl<T: Decode> Decode for AnyNumber<T> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            Value::List(_) => Vec::decode(node, sink).map(Self),
            _ => T::decode(node, sink).map(|one| Self(vec![one])),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let one = T::schema(definitions);
        let several = schema::list(&one);
        schema::any_of([one, several])
    }
}

/// One value, or a list of such: `alice` or `[alice, bob]`.
#[derive(Debug, Clone)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T: Decode> Decode for OneOrMany<T> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        refuse_empty(node, sink)?;
        AnyNumber::decode(node, sink).map(|AnyNumber(values)| Self(values))
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        AnyNumber::<T>::schema(definitions)
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    /// Its first line.
    pub(crate) head: Span,
}

impl<T: Decode> Decode for Placed<T> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        T::decode(node, sink).map(|value| Self { value, head: node.head })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        T::schema(definitions)
    }
}

/// A mapping whose keys are names that the author chose.
#[derive(Debug, Clone)]
pub(crate) struct Named<T>(pub(crate) Vec<(Text, Option<T>)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A name is kept even if its value is wrong, so that it is still known to
/// whatever refers to it.
impl<T: Decode> Decode for Named<T> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        let entries = entries(node, "a mapping from names", sink)?;
        let mut named = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = if sink.is_full() { None } else { T::decode(&entry.node, sink) };
            named.push((entry.key.clone(), value));
        }
        Some(Self(named))
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        schema::named(&T::schema(definitions))
    }
}

/// What may be left empty: a host without anything special, for example.
#[derive(Debug, Clone)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<T: Decode> Decode for Maybe<T> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            Value::Null => Some(Self(None)),
            _ => T::decode(node, sink).map(|value| Self(Some(value))),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        schema::any_of([T::schema(definitions), serde_json::json!({"type": "null"})])
    }
}
