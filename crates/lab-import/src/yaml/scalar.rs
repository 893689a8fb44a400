//! How single texts are written: quoted only where they must be.

/// Where a scalar stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// After `key: `, to the end of the line.
    Block,
    /// Between `{…}` or `[…]`.
    Flow,
}

/// A text as YAML: plain if a reader of YAML takes it for that same text.
pub(super) fn scalar(text: &str, context: Context) -> String {
    if is_plain(text, context) {
        return text.to_owned();
    }
    if !text.chars().any(needs_escape) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if needs_escape(c) => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character cannot stand in a line of YAML as itself.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn is_plain(text: &str, context: Context) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let begins = text.starts_with(|c: char| c.is_alphabetic())
        || context == Context::Block && text.starts_with("${");
    let keeps = |c: char| {
        let everywhere = c.is_alphanumeric() || " _-./:+=()!?;'\"\\$@*%&|^~<>#".contains(c);
        everywhere || context == Context::Block && "{}[],".contains(c)
    };
    begins
        && text.chars().all(keeps)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        // In flow style a colon before `,` or `]` would make a key.
        && !(context == Context::Flow && text.contains(':'))
}

/// A text without variables, for where `${…}` would be filled in.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// A word of a command line, quoted for the splitting of `run` where it must be.
pub(super) fn argument(word: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_-./:=+".contains(c);
    // A variable that is filled in keeps its braces out of quotes.
    let bare = match word.strip_prefix("${").and_then(|rest| rest.split_once('}')) {
        Some((name, rest)) if name.chars().all(is_safe) => rest,
        _ => word,
    };
    if !word.is_empty() && bare.chars().all(is_safe) {
        return word.to_owned();
    }
    shell_words::quote(word).into_owned()
}

/// A text as (part of) a comment: on one line, of things that can be seen.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|c| if needs_escape(c) { '\u{fffd}' } else { c }).collect()
}

/// Whether a dialogue's line would be read as just this text.
pub(super) fn fits_dialogue(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['/', '^'])
        && !text.contains("  #")
        && !text.contains("\t#")
        && !text.contains(" \t#")
        && !text.chars().any(needs_escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_only_where_they_must_be() {
        let table = [
            ("hello", Context::Flow, "hello"),
            ("a, b", Context::Flow, "'a, b'"),
            ("a, b", Context::Block, "a, b"),
            ("a: b", Context::Block, "'a: b'"),
            ("it's", Context::Flow, "it's"),
            ("\"it's\"", Context::Flow, "'\"it''s\"'"),
            ("12", Context::Flow, "'12'"),
            ("No", Context::Flow, "'No'"),
            ("a #b", Context::Block, "'a #b'"),
            ("", Context::Block, "''"),
            ("a\nb\u{7}", Context::Block, "\"a\\nb\\U00000007\""),
            ("${x} --y", Context::Block, "${x} --y"),
            ("${x}", Context::Flow, "'${x}'"),
        ];
        for (text, context, expected) in table {
            assert_eq!(scalar(text, context), expected, "{text:?}");
        }
    }

    #[test]
    fn arguments_are_quoted_for_run() {
        assert_eq!(argument("${a-b.ip}:34301"), "${a-b.ip}:34301");
        assert_eq!(argument("--id"), "--id");
        assert_eq!(argument("$HOME"), "'$HOME'");
        assert_eq!(argument("\"Home\""), "'\"Home\"'");
        assert_eq!(argument(""), "''");
    }
}
