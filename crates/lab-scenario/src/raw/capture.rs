//! Captures: packets that pass by a host.

use crate::decode::{Decode, record};
use crate::diagnostic::Sink;
use crate::schema::{self, Definitions};
use crate::text::Text;
use crate::yaml::{Node, Value};

/// A capture: the name of a host, or a mapping with more about it.
#[derive(Debug, Clone)]
pub(crate) struct RawCapture {
    pub(crate) host: Option<Text>,
    pub(crate) interface: Option<Text>,
}

impl Decode for RawCapture {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        if let Value::Map(_) = &node.value {
            let parts = RawCaptureParts::decode(node, sink)?;
            return Some(Self { host: parts.host, interface: parts.interface });
        }
        Some(Self { host: Some(Text::decode(node, sink)?), interface: None })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let host = Text::schema(definitions);
        schema::any_of([host, RawCaptureParts::schema(definitions)])
    }
}

record! {
    /// Where packets are recorded; a host alone may stand for it.
    struct RawCaptureParts as "a capture" {
        /// The host by which the packets pass.
        host: Text = required "host",
        /// Only this interface of it; all but the loopback if not given.
        interface: Text = "interface",
    }
}
