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
        "definitions": definitions.described(),
    })
}

/// The named parts of a schema: mappings with known keys, each described once.
/// In the order in which they are met. One that is being described is not there yet.
#[derive(Debug, Default)]
pub(crate) struct Definitions(Vec<(String, Option<Object>)>);

impl Definitions {
    /// Refers to the part of that Rust type, describing it when it is first met:
    /// parts may hold themselves.
    pub(crate) fn refer(
        &mut self,
        type_name: &str,
        describe: impl FnOnce(&mut Self) -> Object,
    ) -> Value {
        let name = type_name.strip_prefix("Raw").unwrap_or(type_name);
        if !self.0.iter().any(|(known, _)| known == name) {
            let at = self.0.len();
            self.0.push((name.to_owned(), None));
            self.0[at].1 = Some(describe(self));
        }
        json!({"$ref": format!("#/definitions/{name}")})
    }

    /// All of them, with their names.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&str, &Object)> {
        self.0.iter().filter_map(|(name, object)| Some((name.as_str(), object.as_ref()?)))
    }

    /// One by its name.
    pub(crate) fn get(&self, name: &str) -> Option<&Object> {
        self.objects().find(|(known, _)| *known == name).map(|(_, object)| object)
    }

    fn described(&self) -> Map<String, Value> {
        self.objects().map(|(name, object)| (name.to_owned(), object.described())).collect()
    }
}

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// What people call one: `a process`.
    pub(crate) what: &'static str,
    pub(crate) description: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) form: Form,
}

/// A key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) description: String,
    /// The schema of its value.
    pub(crate) value: Value,
    /// Whether it must be given.
    pub(crate) required: bool,
    /// What holds if it is not.
    pub(crate) default: Option<Value>,
}

/// How many keys of a mapping are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any of them together.
    Record,
    /// Exactly one.
    Choice,
}

impl Object {
    /// Without keys. `doc` is what the doc comment of the type says.
    pub(crate) fn new(form: Form, what: &'static str, doc: &str) -> Self {
        Self { what, description: prose(doc), keys: Vec::new(), form }
    }

    /// Adds a key with the schema of its value.
    pub(crate) fn key(&mut self, name: &'static str, doc: &str, value: Value) -> &mut Key {
        let description = prose(doc);
        let key = Key { name, description, value, required: false, default: None };
        self.keys.push(key);
        let last = self.keys.len() - 1;
        &mut self.keys[last]
    }

    fn described(&self) -> Value {
        let properties: Map<String, Value> =
            self.keys.iter().map(|key| (key.name.to_owned(), key.described())).collect();
        let required: Vec<_> =
            self.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        match self.form {
            // A mapping without entries may be left empty, unless keys are missing then.
            Form::Record => json!({
                "type": if required.is_empty() { json!(["object", "null"]) } else { json!("object") },
                "description": self.description,
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            }),
            Form::Choice => json!({
                "type": "object",
                "description": self.description,
                "properties": properties,
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            }),
        }
    }
}

impl Key {
    /// Says that it must be given.
    pub(crate) fn required(&mut self) -> &mut Self {
        self.required = true;
        self
    }

    /// Says what holds if it is not given.
    pub(crate) fn default(&mut self, value: &impl Written) -> &mut Self {
        self.default = Some(value.written());
        self
    }

    fn described(&self) -> Value {
        let mut value = self.value.clone();
        if let Some(value) = value.as_object_mut() {
            value.insert("description".to_owned(), self.description.as_str().into());
            value
                .extend(self.default.iter().map(|default| ("default".to_owned(), default.clone())));
        }
        value
    }
}

/// A value that can be shown as a file would have it.
pub(crate) trait Written {
    /// As a scalar of JSON.
    fn written(&self) -> Value;
}

/// What texts that hold a variable match.
pub(crate) const VARIABLE: &str = r"\$\{";

/// Says what people call such a value.
pub(crate) fn called(what: impl Into<String>, mut value: Value) -> Value {
    if let Some(value) = value.as_object_mut() {
        value.insert("title".to_owned(), what.into().into());
    }
    value
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
            let tree = definitions.refer("RawTree", |_| panic!("it is being described"));
            let mut object = Object::new(Form::Record, "a tree", "Grows.");
            object.key("branches", "Trees.", list(&tree));
            object
        });
        assert_eq!(tree, json!({"$ref": "#/definitions/Tree"}));
        let branches = &definitions.get("Tree").unwrap().keys[0];
        assert_eq!(branches.value, list(&tree));
    }
}
