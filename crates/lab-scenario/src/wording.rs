//! Steps in one line, as near to the author's words as one line can be.

use crate::yaml::{Node, Value};

/// Longer ones are cut.
const LONGEST: usize = 160;

/// A step in one line: as it stands in the file if that is one line, else
/// rewritten in flow style.
pub(crate) fn step(node: &Node, source: &str) -> String {
    let written = source.get(node.span.start..node.span.end).unwrap_or_default();
    let mut text = if written.contains('\n') || written.is_empty() {
        let mut text = String::new();
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    text.push_str(&entry.key.value);
                    text.push_str(": ");
                    flow(&entry.node, &mut text);
                }
            }
            _ => flow(node, &mut text),
        }
        text
    } else {
        written.to_owned()
    };
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
        text.push('…');
    }
    text
}

fn flow(node: &Node, text: &mut String) {
    match &node.value {
        Value::Null => text.push('~'),
        Value::Scalar(scalar) => {
            let plain = !scalar.value.is_empty()
                && !scalar.value.contains(['\n', ',', '{', '}', '[', ']', '"', '#'])
                && !scalar.value.contains(": ");
            if plain {
                text.push_str(&scalar.value);
            } else {
                text.push_str(&format!("{:?}", scalar.value));
            }
        }
        Value::List(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                flow(item, text);
            }
            text.push(']');
        }
        Value::Map(entries) => {
            text.push('{');
            for (at, entry) in entries.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                text.push_str(&entry.key.value);
                text.push_str(": ");
                flow(&entry.node, text);
            }
            text.push('}');
        }
    }
}
