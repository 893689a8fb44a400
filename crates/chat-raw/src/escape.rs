//! Bytes as text on one line, both ways.

use bstr::ByteSlice as _;

/// Why a text stands for no bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadEscape {
    /// The escape, as it was written.
    pub(crate) escape: String,
}

/// The bytes that a text stands for.
pub(crate) fn unescape(text: &[u8]) -> Result<Vec<u8>, BadEscape> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        if first != b'\\' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let length = if after.first() == Some(&b'x') { 3 } else { 1 };
        let escape = &after[..after.len().min(length)];
        let byte = match escape {
            b"n" => Some(b'\n'),
            b"r" => Some(b'\r'),
            b"t" => Some(b'\t'),
            b"0" => Some(0),
            b"\\" => Some(b'\\'),
            [b'x', digits @ ..] if digits.len() == 2 => hex(digits),
            _ => None,
        };
        let bad = || BadEscape { escape: format!("\\{}", escape.as_bstr()) };
        bytes.push(byte.ok_or_else(bad)?);
        rest = &after[escape.len()..];
    }
    Ok(bytes)
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    digits
        .iter()
        .map(digit)
        .try_fold(0, |value, digit| u8::try_from(u32::from(value) * 16 + digit?).ok())
}

/// A text that stands for these bytes: one line of UTF-8, without control
/// characters.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                '\\' => text.push_str("\\\\"),
                other if other.is_control() => push_hex(&mut text, other.to_string().as_bytes()),
                other => text.push(other),
            }
        }
        push_hex(&mut text, chunk.invalid());
    }
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    use std::fmt::Write as _;
    for byte in bytes {
        let _ = write!(text, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(unescape(br"5:alice").unwrap(), b"5:alice");
        assert_eq!(unescape(br"a\n\r\t\0\\\xffz").unwrap(), b"a\n\r\t\0\\\xffz");
        for bad in [r"\", r"\q", r"\x", r"\x1", r"\x1g", r"\x+1"] {
            assert_eq!(unescape(bad.as_bytes()), Err(BadEscape { escape: bad.to_owned() }));
        }
        assert_eq!(escape(b"a\x1b[2J\xff\n"), r"a\x1b[2J\xff\n");
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(bytes: Vec<u8>) {
            let text = escape(&bytes);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert_eq!(unescape(text.as_bytes()).unwrap(), bytes);
        }
    }
}
