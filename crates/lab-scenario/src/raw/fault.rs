//! Steps that change the network or the machines on it.

use std::time::Duration;

use crate::decode::{Decode, entries, record};
use crate::diagnostic::Sink;
use crate::plan::LinkState;
use crate::schema::Definitions;
use crate::text::Text;
use crate::typed::{Fixed, Open};
use crate::values::{Bandwidth, Percent, QueueSize};
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
    /// Cuts, mends or changes a link. What it does not limit then has no limit.
    struct RawLinkChange as "a `link` step" {
        /// The two nodes at its ends.
        between: Vec<Text> = required "between",
        /// Whether packets pass.
        state: Fixed<LinkState> = "state",
        /// Bandwidth from now on.
        bw: Open<Bandwidth> = "bw",
        /// Time added to each packet from now on.
        delay: Open<Duration> = "delay",
        /// How far that varies.
        jitter: Open<Duration> = "jitter",
        /// Packets lost from now on, of a hundred.
        loss: Open<Percent> = "loss",
        /// How many packets may wait from now on.
        max_queue_size: Open<QueueSize> = "max_queue_size",
        /// How long the change may take.
        within: Open<Duration> = "within",
    }

    /// Takes the power from a host, or gives it back.
    struct RawHostChange as "a `host` step" {
        /// Which host.
        name: Text = required "name",
        /// `down`: its links are cut, then its processes killed, so that nobody hears of it.
        /// `up`: its links are mended.
        state: Fixed<LinkState> = required "state",
        /// How long the change may take.
        within: Open<Duration> = "within",
    }
}
