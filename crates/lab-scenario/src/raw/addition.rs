//! What is added to a scenario while it is played.

use super::{RawProcess, RawStep};
use crate::decode::{Decode, Named, record};
use crate::diagnostic::Sink;
use crate::schema::{self, Definitions};
use crate::yaml::{Node, Value};

/// A step, a list of steps, or a mapping with `processes` and `steps`, as in a
/// scenario.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawAddition {
    pub(crate) processes: Option<Named<RawProcess>>,
    pub(crate) steps: Vec<RawStep>,
}

record! {
    /// Processes and steps.
    struct RawAdditionParts as "what is added" {
        /// The programs, by name. They are started first, unless a step does that.
        processes: Named<RawProcess> = "processes",
        /// What happens, in order.
        steps: Vec<RawStep> = "steps",
    }
}

impl Decode for RawAddition {
    fn decode(node: &Node, sink: &mut Sink) -> Option<Self> {
        match &node.value {
            Value::List(_) => {
                Vec::decode(node, sink).map(|steps| Self { steps, ..Self::default() })
            }
            Value::Map(entries)
                if entries.iter().any(|e| matches!(&*e.key.value, "processes" | "steps")) =>
            {
                let parts = RawAdditionParts::decode(node, sink)?;
                Some(Self { processes: parts.processes, steps: parts.steps.unwrap_or_default() })
            }
            _ => RawStep::decode(node, sink)
                .map(|step| Self { steps: vec![step], ..Self::default() }),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let steps = Vec::<RawStep>::schema(definitions);
        let parts = RawAdditionParts::schema(definitions);
        schema::any_of([RawStep::schema(definitions), steps, parts])
    }
}
