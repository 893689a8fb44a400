//! The JSON Schemas of the files, for editors: which keys there are, what they
//! mean, what kind of value each has.
//!
//! They are made by the same types and macros that read the files
//! ([`crate::decode`]), descriptions included, so the two cannot differ. What
//! a schema cannot say (names that must be known, texts that must be patterns)
//! only `labrun check` finds.
//!
//! The dialect is draft 7: what editors understand best.

use serde_json::{Map, Value, json};

use crate::decode::Decode;
use crate::raw::{RawLab, RawScenario, RawTopology};

/// What kind of file is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A scenario.
    Scenario,
    /// `lab.yaml`.
    Lab,
    /// A topology in a file of its own.
    Topology,
}

/// The schema of a kind of file.
#[must_use]
pub fn schema(kind: FileKind) -> Value {
    let mut definitions = Definitions::default();
    let (title, root) = match kind {
        FileKind::Scenario => ("A labrun scenario", RawScenario::schema(&mut definitions)),
        FileKind::Lab => ("A lab.yaml of labrun", RawLab::schema(&mut definitions)),
        FileKind::Topology => ("A labrun topology", RawTopology::schema(&mut definitions)),
    };
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "allOf": [root],
        "definitions": definitions.0,
    })
}

/// The named parts of a schema: mappings with known keys, each described once.
#[derive(Debug, Default)]
pub(crate) struct Definitions(Map<String, Value>);

impl Definitions {
    /// Refers to the part of that Rust type, describing it when it is first met:
    /// parts may hold themselves.
    pub(crate) fn refer(
        &mut self,
        type_name: &str,
        describe: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let name = type_name.strip_prefix("Raw").unwrap_or(type_name);
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Value::Null);
            let described = describe(self);
            self.0.insert(name.to_owned(), described);
        }
        json!({"$ref": format!("#/definitions/{name}")})
    }
}

/// A mapping with known keys, as a schema in the making.
#[derive(Debug)]
pub(crate) struct Object {
    description: String,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
}

impl Object {
    /// `doc` is what the doc comment of the type says.
    pub(crate) fn new(doc: &str) -> Self {
        Self { description: prose(doc), properties: Map::new(), required: Vec::new() }
    }

    /// Adds a key with the schema of its value.
    pub(crate) fn property(&mut self, key: &str, doc: &str, mut value: Value) {
        if let Some(value) = value.as_object_mut() {
            value.insert("description".to_owned(), prose(doc).into());
        }
        self.properties.insert(key.to_owned(), value);
    }

    /// Says that a key must be given.
    pub(crate) fn required(&mut self, key: &'static str) {
        self.required.push(key);
    }

    /// All keys may be given together. A mapping without entries may be left
    /// empty, unless keys are missing then.
    pub(crate) fn record(self) -> Value {
        let types =
            if self.required.is_empty() { json!(["object", "null"]) } else { json!("object") };
        json!({
            "type": types,
            "description": self.description,
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }

    /// Exactly one key must be given.
    pub(crate) fn choice(self) -> Value {
        json!({
            "type": "object",
            "description": self.description,
            "properties": self.properties,
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        })
    }
}

/// Any scalar.
pub(crate) fn scalar() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

/// Any of several.
pub(crate) fn any_of(choices: impl Into<Vec<Value>>) -> Value {
    json!({"anyOf": choices.into()})
}

/// A list of such.
pub(crate) fn list(item: &Value) -> Value {
    json!({"type": "array", "items": item})
}

/// A mapping from names to such.
pub(crate) fn named(value: &Value) -> Value {
    json!({"type": ["object", "null"], "additionalProperties": value})
}

/// A doc comment as one text: its lines joined, paragraphs kept.
fn prose(doc: &str) -> String {
    let paragraphs = doc.split("\n\n").map(|lines| lines.split_whitespace().collect::<Vec<_>>());
    let paragraphs: Vec<String> = paragraphs.map(|words| words.join(" ")).collect();
    paragraphs.join("\n\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [FileKind; 3] = [FileKind::Scenario, FileKind::Lab, FileKind::Topology];

    #[test]
    fn everything_is_described() {
        for kind in KINDS {
            let schema = schema(kind);
            let definitions = schema["definitions"].as_object().unwrap();
            assert!(!definitions.is_empty());
            for (name, definition) in definitions {
                assert!(is_prose(definition), "{name}");
                for (key, value) in definition["properties"].as_object().unwrap() {
                    assert!(is_prose(value), "`{key}` of {name}");
                }
            }
        }
    }

    fn is_prose(value: &Value) -> bool {
        value["description"].as_str().is_some_and(|text| text.ends_with('.'))
    }

    #[test]
    fn doc_comments_become_prose() {
        assert_eq!(prose(" One\n two.\n\n Three.\n"), "One two.\n\nThree.");
        assert_eq!(prose(""), "");
    }

    #[test]
    fn a_part_may_hold_itself() {
        let mut definitions = Definitions::default();
        let tree = definitions.refer("RawTree", |definitions| {
            list(&definitions.refer("RawTree", |_| panic!("it is being described")))
        });
        assert_eq!(tree, json!({"$ref": "#/definitions/Tree"}));
        assert_eq!(definitions.0["Tree"], list(&tree));
    }
}
