//! Scalars that must be a value of some type. Only as that can the checks read
//! them, and as that the schemas describe them.

use std::marker::PhantomData;
use std::ops::Deref;

use serde_json::{Value, json};

use crate::decode::Decode;
use crate::diagnostic::Sink;
use crate::schema::{self, Definitions};
use crate::text::Text;
use crate::values::FromText;
use crate::yaml::Node;

/// A text that stands for a `T`. With `OPEN`, variables may give it, so that it
/// is known only when they are filled in.
#[derive(Debug)]
pub(crate) struct Typed<T, const OPEN: bool> {
    text: Text,
    kind: PhantomData<fn() -> T>,
}

/// The text is the value: no `${…}`.
pub(crate) type Fixed<T> = Typed<T, false>;

/// Variables may give the value.
pub(crate) type Open<T> = Typed<T, true>;

impl<T, const OPEN: bool> Clone for Typed<T, OPEN> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}

impl<T, const OPEN: bool> Deref for Typed<T, OPEN> {
    type Target = Text;

    fn deref(&self) -> &Text {
        &self.text
    }
}

/// Whether it is such a value is found out by whoever wants it.
impl<T: FromText, const OPEN: bool> Decode for Typed<T, OPEN> {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        Text::decode(node, sink).map(|text| Self { text, kind: PhantomData })
    }

    fn schema(_: &mut Definitions) -> Value {
        match OPEN {
            true => schema::any_of([
                T::schema(),
                json!({"type": "string", "pattern": schema::VARIABLE}),
            ]),
            false => T::schema(),
        }
    }
}
