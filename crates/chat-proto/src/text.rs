//! Text of strangers, made fit to be shown.
//!
//! A message may hold anything, also the escape codes that clear a screen, rename
//! a window or answer a prompt. These functions replace such characters by
//! something visible and leave all ordinary text alone.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for a character that could act on a terminal or turn the order of text
/// around: control characters, and the bidirectional and invisible formatting ones.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// For a terminal: line breaks and tabs stay, every other active character is
/// written as `\xNN` or `\u{NNNN}`.
#[must_use]
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    neutral(text, |c| is_active(c) && c != '\n' && c != '\t')
}

/// For one line of a log or an error: line breaks and tabs are replaced too.
#[must_use]
pub fn for_one_line(text: &str) -> Cow<'_, str> {
    neutral(text, is_active)
}

/// For programs of others, which may show it as it is: control characters other than
/// line breaks and tabs are replaced, and nothing else is.
#[must_use]
pub fn for_strangers(text: &str) -> Cow<'_, str> {
    neutral(text, |c| c.is_control() && c != '\n' && c != '\t')
}

fn neutral(text: &str, unwanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&unwanted) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        let code = u32::from(c);
        // Writing to a String cannot fail.
        let _ = match c {
            c if !unwanted(c) => clean.write_char(c),
            '\n' => clean.write_str("\\n"),
            '\t' => clean.write_str("\\t"),
            '\r' => clean.write_str("\\r"),
            _ if code < 0x100 => write!(clean, "\\x{code:02x}"),
            _ => write!(clean, "\\u{{{code:04x}}}"),
        };
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "",
            "hello From alice",
            "zwei\nZeilen\tund \u{20ac} \u{1f600}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        ] {
            assert!(matches!(for_terminal(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn what_would_act_is_made_visible() {
        assert_eq!(
            for_terminal("a\x1b[2Jb\r\x07\u{9b}\u{202e}\n"),
            "a\\x1b[2Jb\\r\\x07\\x9b\\u{202e}\n"
        );
        assert_eq!(for_one_line("a\nb\tc\x7f"), "a\\nb\\tc\\x7f");
        assert_eq!(for_strangers("\x1b[2J\u{9b}\t\u{200d}"), "\\x1b[2J\\x9b\t\u{200d}");
    }
}
