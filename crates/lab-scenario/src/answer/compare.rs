//! Compares a line of JSON with what is claimed of it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::{Claim, Wanted};

/// Items that are named of a list; the rest are counted.
const MOST_NAMED: usize = 8;
/// Characters of a value that are shown.
const MOST_SHOWN: usize = 60;
/// Pairs of objects that are compared to find which goes with which.
const MOST_PAIRS: usize = 1 << 20;

/// In words, each way in which an answer differs from what is claimed of it; none
/// if all of it holds.
#[must_use]
pub fn differences(claims: &[Claim<String>], answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for claim in claims {
        let at = claim.path.join(".");
        match follow(answer, &claim.path) {
            Ok(value) => differ(&claim.wanted, &value, &at, &mut found),
            Err(why) => found.push(format!("{at}: {why}")),
        }
    }
    found
}

/// What stands at the end of a path.
fn follow<'v>(value: &'v Value, path: &[String]) -> Result<Cow<'v, Value>, String> {
    let mut value = value;
    for (at, key) in path.iter().enumerate() {
        if key == "*" {
            let Value::Array(items) = value else {
                return Err(format!("`{}` is no list", path[..at].join(".")));
            };
            let rest = &path[at + 1..];
            let several = rest.iter().any(|key| key == "*");
            let mut all = Vec::with_capacity(items.len());
            for item in items {
                match follow(item, rest)?.into_owned() {
                    Value::Array(more) if several => all.extend(more),
                    one => all.push(one),
                }
            }
            return Ok(Cow::Owned(Value::Array(all)));
        }
        value = value.get(key).ok_or_else(|| format!("there is no `{key}`"))?;
    }
    Ok(Cow::Borrowed(value))
}

fn differ(wanted: &Wanted<String>, value: &Value, at: &str, found: &mut Vec<String>) {
    match (wanted, value) {
        (Wanted::List(items), Value::Array(there)) => differ_lists(items, there, true, at, found),
        (Wanted::Contains(items), Value::Array(there)) => {
            differ_lists(items, there, false, at, found);
        }
        (Wanted::List(_) | Wanted::Contains(_), _) => {
            found.push(format!("{at} is {}, no list", shown(value)));
        }
        (Wanted::Map(entries), Value::Object(there)) => {
            for (key, wanted) in entries {
                let at = format!("{at}.{key}");
                match there.get(key) {
                    Some(value) => differ(wanted, value, &at, found),
                    None => found.push(format!("there is no {at}")),
                }
            }
        }
        (Wanted::Map(_), _) => found.push(format!("{at} is {}, no object", shown(value))),
        _ if holds(wanted, value) => {}
        _ => found.push(format!("{at} is {}, not {}", shown(value), shown(&sample(wanted)))),
    }
}

/// Which items have no partner in the other list.
fn differ_lists(
    wanted: &[Wanted<String>],
    there: &[Value],
    exact: bool,
    at: &str,
    found: &mut Vec<String>,
) {
    let Some((missing, extra)) = unpaired(wanted, there) else {
        found.push(format!("{at}: the lists are too long to be compared"));
        return;
    };
    let mut parts = Vec::new();
    if !missing.is_empty() {
        let samples = missing.iter().map(|item| shown(&sample(item)));
        parts.push(format!("missing {}", named(samples)));
    }
    if exact && !extra.is_empty() {
        parts.push(format!("too many: {}", named(extra.iter().map(|item| shown(item)))));
    }
    if !parts.is_empty() {
        found.push(format!("{at}: {}", parts.join("; ")));
    }
}

/// The wanted items that are not there, and those there that nobody wants, when
/// as many as can be go together.
type Unpaired<'a> = (Vec<&'a Wanted<String>>, Vec<&'a Value>);

fn unpaired<'a>(wanted: &'a [Wanted<String>], there: &'a [Value]) -> Option<Unpaired<'a>> {
    // Numbers and texts are counted; there may be very many.
    let mut counts: HashMap<String, usize> = HashMap::new();
    for value in there.iter().filter(|value| is_scalar(value)) {
        *counts.entry(value.to_string()).or_default() += 1;
    }
    let mut missing = Vec::new();
    let mut collections = Vec::new();
    for item in wanted {
        match item {
            Wanted::List(_) | Wanted::Contains(_) | Wanted::Map(_) => collections.push(item),
            _ => match counts.get_mut(&sample(item).to_string()).filter(|count| **count > 0) {
                Some(count) => *count -= 1,
                None => missing.push(item),
            },
        }
    }
    let mut extra: Vec<&Value> = Vec::new();
    for value in there.iter().filter(|value| is_scalar(value)) {
        if let Some(count) = counts.get_mut(&value.to_string()).filter(|count| **count > 0) {
            *count -= 1;
            extra.push(value);
        }
    }
    let others: Vec<&Value> = there.iter().filter(|value| !is_scalar(value)).collect();
    if collections.len().saturating_mul(others.len()) > MOST_PAIRS {
        return None;
    }
    let partners = pair(&collections, &others);
    let is_paired = |item: usize| partners.contains(&Some(item));
    missing
        .extend((0..collections.len()).filter(|item| !is_paired(*item)).map(|at| collections[at]));
    extra.extend(others.iter().zip(&partners).filter(|(_, item)| item.is_none()).map(|(v, _)| *v));
    Some((missing, extra))
}

/// For each value the wanted item that it goes with, as many as can be: an item
/// that says little must not take the only value that another one could have
/// (a maximum matching by augmenting paths).
fn pair(wanted: &[&Wanted<String>], there: &[&Value]) -> Vec<Option<usize>> {
    let fits: Vec<Vec<usize>> = wanted
        .iter()
        .map(|item| (0..there.len()).filter(|at| holds(item, there[*at])).collect())
        .collect();
    let mut partners = vec![None; there.len()];
    for item in 0..wanted.len() {
        let mut came_from: HashMap<usize, usize> = HashMap::new();
        let mut waiting = vec![item];
        let mut free = None;
        'search: while let Some(one) = waiting.pop() {
            for &at in &fits[one] {
                if came_from.contains_key(&at) {
                    continue;
                }
                came_from.insert(at, one);
                match partners[at] {
                    None => {
                        free = Some(at);
                        break 'search;
                    }
                    Some(other) => waiting.push(other),
                }
            }
        }
        // Along the way back each item takes the value that it led to.
        while let Some(at) = free {
            let one = came_from[&at];
            free = partners.iter().position(|partner| *partner == Some(one));
            partners[at] = Some(one);
        }
    }
    partners
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Whether a value is as wanted.
fn holds(wanted: &Wanted<String>, value: &Value) -> bool {
    match (wanted, value) {
        (Wanted::List(items), Value::Array(there)) => {
            items.len() == there.len()
                && unpaired(items, there)
                    .is_some_and(|(missing, extra)| missing.is_empty() && extra.is_empty())
        }
        (Wanted::Contains(items), Value::Array(there)) => {
            unpaired(items, there).is_some_and(|(missing, _)| missing.is_empty())
        }
        (Wanted::Map(entries), Value::Object(there)) => entries
            .iter()
            .all(|(key, wanted)| there.get(key).is_some_and(|value| holds(wanted, value))),
        (Wanted::List(_) | Wanted::Contains(_) | Wanted::Map(_), _) => false,
        (scalar, value) => sample(scalar) == *value,
    }
}

/// A value that is as wanted.
fn sample(wanted: &Wanted<String>) -> Value {
    match wanted {
        Wanted::Null => Value::Null,
        Wanted::Text(text) => Value::String(text.clone()),
        Wanted::Plain(text) => plain(text),
        Wanted::List(items) | Wanted::Contains(items) => items.iter().map(sample).collect(),
        Wanted::Map(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), sample(value))).collect()
        }
    }
}

/// What a text without quotes is.
fn plain(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// A value for a message.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn named(items: impl ExactSizeIterator<Item = String>) -> String {
    let count = items.len();
    let mut text = items.take(MOST_NAMED).collect::<Vec<_>>().join(", ");
    if let Some(more) = count.checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is wanted, written as JSON: an object `{"contains": […]}` as in YAML,
    /// texts with quotes.
    fn wanted(value: &Value) -> Wanted<String> {
        let all = |items: &[Value]| items.iter().map(wanted).collect();
        match value {
            Value::Null => Wanted::Null,
            Value::String(text) => Wanted::Text(text.clone()),
            Value::Array(items) => Wanted::List(all(items)),
            Value::Object(map) => match map.get("contains") {
                Some(Value::Array(items)) => Wanted::Contains(all(items)),
                _ => Wanted::Map(map.iter().map(|(k, v)| (k.clone(), wanted(v))).collect()),
            },
            other => Wanted::Plain(other.to_string()),
        }
    }

    fn compare(path: &str, want: &Value, answer: &Value) -> String {
        let path = path.split('.').map(str::to_owned).collect();
        differences(&[Claim { path, wanted: wanted(want) }], answer).join(" | ")
    }

    #[test]
    fn what_holds_and_what_does_not() {
        let answer = json!({
            "id": 7, "name": "kiel", "up": true, "none": null, "log": ["b", "a", "b"],
            "hosts": [
                {"id": 2, "kind": "server", "tags": [1, 2]},
                {"id": 101, "kind": "client", "tags": []},
            ],
        });
        let table = [
            ("id", json!(7), ""),
            ("id", json!("7"), "id is 7, not \"7\""),
            ("id", json!([7]), "id is 7, no list"),
            ("name", json!("kiel"), ""),
            ("up", json!(true), ""),
            ("none", json!(null), ""),
            ("none", json!(0), "none is null, not 0"),
            ("log", json!(["a", "b", "b"]), ""),
            ("log", json!(["a", "b"]), "log: too many: \"b\""),
            ("log", json!(["a", "a", "b"]), "log: missing \"a\"; too many: \"b\""),
            ("log", json!({"contains": ["b"]}), ""),
            ("log", json!({"contains": ["c"]}), "log: missing \"c\""),
            ("hosts.*.id", json!([101, 2]), ""),
            ("hosts.*.id", json!([2, 3]), "hosts.*.id: missing 3; too many: 101"),
            ("hosts.*.tags", json!([[2, 1], []]), ""),
            ("hosts.*.tags.*", json!([2, 1]), ""),
            ("hosts.*.name", json!([]), "hosts.*.name: there is no `name`"),
            ("log.*.id", json!([]), "log.*.id: there is no `id`"),
            ("id.*", json!([]), "id.*: `id` is no list"),
            ("users", json!([]), "users: there is no `users`"),
            ("hosts", json!({"contains": [{"id": 2, "kind": "server"}]}), ""),
            (
                "hosts",
                json!({"contains": [{"id": 2, "kind": "client"}]}),
                "hosts: missing {\"id\":2,\"kind\":\"client\"}",
            ),
            ("hosts", json!([{"kind": "client"}, {"tags": {"contains": [1]}}]), ""),
        ];
        for (path, want, expected) in table {
            assert_eq!(compare(path, &want, &answer), expected, "{path}: {want}");
        }
    }

    #[test]
    fn an_item_that_says_little_leaves_the_others_theirs() {
        let answer = json!({"l": [{"a": 1, "b": 2}, {"a": 1}, {"a": 1, "c": 3}]});
        let want = json!([{"a": 1}, {"a": 1, "c": 3}, {"a": 1, "b": 2}]);
        assert_eq!(compare("l", &want, &answer), "");
        let want = json!([{"a": 1, "c": 3}, {"a": 1, "c": 3}, {"a": 1}]);
        assert_eq!(
            compare("l", &want, &answer),
            "l: missing {\"a\":1,\"c\":3}; too many: {\"a\":1}"
        );
    }

    #[test]
    fn long_lists_are_cut_short() {
        let answer = json!({"l": (0..100_000).collect::<Vec<_>>()});
        let said = compare("l", &json!([]), &answer);
        assert_eq!(said, "l: too many: 0, 1, 2, 3, 4, 5, 6, 7 and 99992 more");
        let answer = json!({"l": vec![json!({}); 2000]});
        let want = Value::Array(vec![json!({"x": 1}); 2000]);
        assert_eq!(compare("l", &want, &answer), "l: the lists are too long to be compared");
    }
}
