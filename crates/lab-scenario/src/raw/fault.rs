//! Steps that change the network or the machines on it.

use crate::decode::{Decode, entries, record};
use crate::diagnostic::Sink;
use crate::schema::Definitions;
use crate::text::Text;
use crate::yaml::Node;

/// The value of a verb that says everything itself: nothing, or `{}`.
#[derive(Debug, Clone)]
pub(crate) struct RawNothing;

impl Decode for RawNothing {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        let rest = entries(node, "nothing", sink)?;
        for entry in rest {
            crate::decode::unknown_key(&entry.key, "this step", &[], sink);
        }
        Some(Self)
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        serde_json::json!({"type": ["object", "null"], "maxProperties": 0})
    }
}

record! {
    /// `link`.
    struct RawLinkChange as "a `link` step" {
        /// The nodes at its ends.
        between: Vec<Text> = required "between",
        /// `up` or `down`.
        state: Text = "state",
        /// Bandwidth in Mbit/s from now on.
        bw: Text = "bw",
        /// Time added to each packet from now on.
        delay: Text = "delay",
        /// How far that varies.
        jitter: Text = "jitter",
        /// Packets lost from now on, in percent.
        loss: Text = "loss",
        /// Packets that may wait from now on.
        max_queue_size: Text = "max_queue_size",
        /// How long the change may take.
        within: Text = "within",
    }

    /// `host`.
    struct RawHostChange as "a `host` step" {
        /// Which.
        name: Text = required "name",
        /// `up` or `down`.
        state: Text = required "state",
        /// How long the change may take.
        within: Text = "within",
    }
}
