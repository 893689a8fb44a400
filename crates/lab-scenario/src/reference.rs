//! The reference of the language: every key of every file, as Markdown.
//!
//! It is made of what the schemas are made of ([`crate::schema`]): the types that
//! read the files, and their doc comments. A section for each mapping, whose heading
//! other pages can link to.

use std::fmt::Write as _;

use serde_json::Value;

use crate::decode::Decode as _;
use crate::raw::{RawLab, RawScenario};
use crate::schema::{Definitions, Form, Key, Object, VARIABLE};

/// What to know before the first table.
const LEGEND: &str = "\
A key in **bold** must be given. *Text* is any scalar; a *duration* is a number \
with `us`, `ms`, `s`, `m` or `h`, such as `300ms` or `1.5s`. Where `${…}` stands beside a kind of value, variables may give it, as in most \
texts. A step's `within`, and a process's `stdio`, `stop` and `grace`, are those of \
[`defaults`](#defaults) if not given.
";

/// All keys of scenarios, topologies and `lab.yaml`: a section of the third level for
/// each mapping.
#[must_use]
pub fn reference() -> String {
    let mut definitions = Definitions::default();
    RawScenario::schema(&mut definitions);
    RawLab::schema(&mut definitions);
    let mut page = LEGEND.to_owned();
    for (_, object) in definitions.objects() {
        page.push_str(&section(object, &definitions));
    }
    page
}

fn section(object: &Object, definitions: &Definitions) -> String {
    let mut text = format!("\n### {}\n\n{}\n", heading(object), cell(&object.description));
    let one = match object.form {
        Form::Record => "key",
        Form::Choice => "one of",
    };
    let _ = write!(text, "\n| {one} | value | |\n|---|---|---|\n");
    for key in &object.keys {
        let _ = writeln!(text, "{}", row(key, definitions));
    }
    text
}

fn row(key: &Key, definitions: &Definitions) -> String {
    let name = match key.required {
        true => format!("**`{}`**", key.name),
        false => format!("`{}`", key.name),
    };
    let mut meaning = cell(&key.description);
    if let Some(default) = &key.default {
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        let _ = write!(meaning, " Default: `{default}`.");
    }
    format!("| {name} | {} | {meaning} |", kind(&key.value, definitions).replace('|', r"\|"))
}

/// What people call a mapping, without its article: `process`, `` `send` ``.
fn heading(object: &Object) -> &str {
    let bare = object.what.strip_prefix("a ").or_else(|| object.what.strip_prefix("an "));
    bare.unwrap_or(object.what)
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// One line, for a table.
fn cell(prose: &str) -> String {
    prose.replace("\n\n", " ").replace('|', r"\|")
}

/// A kind of value in words.
fn kind(value: &Value, definitions: &Definitions) -> String {
    if let Some(title) = value["title"].as_str() {
        return title.to_owned();
    }
    if let Some(name) = value["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or(name);
        let heading = definitions.get(name).map_or(name, heading);
        return format!("[{heading}](#{})", anchor(heading));
    }
    if let Some(words) = value["enum"].as_array() {
        let words: Vec<String> = words.iter().filter_map(Value::as_str).map(code).collect();
        return words.join(" or ");
    }
    if let Some(choices) = value["anyOf"].as_array() {
        let mut kinds: Vec<String> = Vec::new();
        for choice in choices.iter().filter(|choice| choice["type"] != "null") {
            let kind = match choice["pattern"] == VARIABLE {
                true => code("${…}"),
                false => kind(choice, definitions),
            };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        return kinds.join(" or ");
    }
    if value["type"] == "array" {
        let items = plural(&kind(&value["items"], definitions));
        return match items.contains(" or ") {
            true => format!("list of ({items})"),
            false => format!("list of {items}"),
        };
    }
    if value["maxProperties"] == 0 {
        return "nothing".to_owned();
    }
    match &value["additionalProperties"] {
        Value::Object(_) => {
            let values = kind(&value["additionalProperties"], definitions);
            format!("{} by name", plural(&values))
        }
        _ if value["type"].is_array() => "text".to_owned(),
        _ => "anything".to_owned(),
    }
}

fn code(word: &str) -> String {
    format!("`{word}`")
}

/// Of words that are told of many; links and code stay as they are.
fn plural(kind: &str) -> String {
    match kind {
        "text" | "duration" => format!("{kind}s"),
        kind => match kind.strip_prefix("list of ") {
            Some(items) => format!("lists of {items}"),
            None => kind.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_are_told_in_words() {
        let definitions = Definitions::default();
        let text = json!({"type": ["string", "number", "boolean"]});
        let open =
            json!({"anyOf": [{"title": "duration"}, {"type": "string", "pattern": VARIABLE}]});
        let table = [
            (text.clone(), "text"),
            (json!({"anyOf": [text, {"type": "array", "items": text}]}), "text or list of texts"),
            (open, "duration or `${…}`"),
            (json!({"enum": ["pty", "pipe"]}), "`pty` or `pipe`"),
            (
                json!({"type": "array", "items": {"type": "array", "items": text}}),
                "list of lists of texts",
            ),
            (json!({"type": ["object", "null"], "additionalProperties": text}), "texts by name"),
            (json!({"type": ["object", "null"], "maxProperties": 0}), "nothing"),
            (json!({}), "anything"),
        ];
        for (schema, words) in table {
            assert_eq!(kind(&schema, &definitions), words, "{schema}");
        }
    }

    #[test]
    fn every_link_has_its_section() {
        let page = reference();
        let headings: Vec<String> =
            page.lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect();
        let unique: std::collections::BTreeSet<_> = headings.iter().collect();
        assert_eq!(unique.len(), headings.len(), "two sections with one anchor: {headings:?}");
        let links: Vec<&str> =
            page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(links.len() > 30, "{links:?}");
        for link in links {
            assert!(headings.iter().any(|heading| heading == link), "{link}");
        }
    }
}
