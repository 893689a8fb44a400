//! Words of people as words of the scenario language, on one line.

/// A word, in quotes only where it needs them.
pub(super) fn plain(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '%' | '/');
    let is_word =
        word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(is_plain);
    if is_word && word != "null" { word.to_owned() } else { quoted(word) }
}

/// A text in double quotes: YAML takes JSON's.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `key: {a: …, b: …}` of values that are written already.
pub(super) fn mapping(key: &str, parts: &[(&str, String)]) -> String {
    let parts: Vec<String> =
        parts.iter().map(|(key, value)| format!("{}: {value}", plain(key))).collect();
    format!("{key}: {{{}}}", parts.join(", "))
}

/// One word, or a list of them.
pub(super) fn sequence(words: &[&str]) -> String {
    match words {
        [one] => plain(one),
        _ => format!("[{}]", words.iter().map(|word| plain(word)).collect::<Vec<_>>().join(", ")),
    }
}
