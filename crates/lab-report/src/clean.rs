//! Makes the output of programs safe to show.
//!
//! What a program puts out may move the cursor, change the title of the
//! window, or make it look as if something else had been printed. None of that may
//! reach the terminal of whoever reads a report. What is left is text: escape
//! sequences (ECMA-48) are gone, other control characters are made visible
//! (`^G`), so are characters that reorder text (`\u{202e}`), and bytes that are
//! not UTF-8 are shown as `\xNN`.

/// Longest beginning of a character that can be cut off: 3 of 4 bytes.
type Cut = Vec<u8>;

/// Cleans a stream of bytes that comes in pieces.
#[derive(Debug, Default)]
pub struct Cleaner {
    state: State,
    cut: Cut,
    /// A carriage return came, and nothing since.
    returned: bool,
    /// Something stands in the line already.
    in_line: bool,
}

/// Where in an escape sequence the stream is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate byte: `ESC ( B`.
    Intermediate,
    /// After `ESC [`.
    Control,
    /// In a string for the terminal, such as the title of its window.
    Text,
    /// After ESC in such a string.
    TextEscape,
}

impl Cleaner {
    /// A cleaner at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cleans a piece and appends it to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut String) {
        if self.cut.is_empty() {
            self.push_whole(bytes, out);
        } else {
            let mut joined = std::mem::take(&mut self.cut);
            joined.extend_from_slice(bytes);
            self.push_whole(&joined, out);
        }
    }

    /// Appends what was held back because its end had not come.
    pub fn finish(&mut self, out: &mut String) {
        for byte in std::mem::take(&mut self.cut) {
            self.invalid(byte, out);
        }
    }

    fn push_whole(&mut self, bytes: &[u8], out: &mut String) {
        let mut rest = bytes;
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => return self.text(text, out),
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    self.text(std::str::from_utf8(valid).unwrap_or_default(), out);
                    let Some(length) = error.error_len() else {
                        self.cut = after.to_vec();
                        return;
                    };
                    for &byte in &after[..length] {
                        self.invalid(byte, out);
                    }
                    rest = &after[length..];
                }
            }
        }
    }

    fn text(&mut self, text: &str, out: &mut String) {
        for character in text.chars() {
            self.character(character, out);
        }
    }

    fn character(&mut self, character: char, out: &mut String) {
        self.state = match (self.state, character) {
            (State::Ground, '\x1b') => State::Escape,
            (State::Ground, _) => return self.show(character, out),
            (State::Escape, '[') => State::Control,
            (State::Escape, ']' | 'P' | 'X' | '^' | '_') => State::Text,
            (State::Escape | State::Intermediate, ' '..='/') => State::Intermediate,
            (State::Escape | State::Intermediate, '0'..='~') => State::Ground,
            (State::Control, ' '..='?') => State::Control,
            (State::Control, '@'..='~') => State::Ground,
            (State::Text, '\x07') | (State::TextEscape, '\\') => State::Ground,
            (State::Text, '\x1b') => State::TextEscape,
            // A terminal would swallow everything until the string ends, which
            // may be never; people should rather see the next line.
            (State::Text, character) if character != '\n' => State::Text,
            (State::TextEscape, _) => {
                self.state = State::Escape;
                return self.character(character, out);
            }
            // Not a sequence after all.
            _ => {
                self.state = State::Ground;
                return self.character(character, out);
            }
        };
    }

    fn show(&mut self, character: char, out: &mut String) {
        match character {
            '\r' => {
                self.returned = true;
                return;
            }
            '\n' => {
                out.push('\n');
                self.in_line = false;
                self.returned = false;
                return;
            }
            _ => {}
        }
        self.end_returned_line(out);
        self.in_line = true;
        match character {
            '\t' => out.push('\t'),
            '\0'..='\x1f' => out.extend(['^', char::from(character as u8 + b'@')]),
            '\x7f' => out.push_str("^?"),
            _ if is_deceptive(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }

    /// A program that goes back to the start of a line writes it anew: both
    /// versions are shown, one below the other.
    fn end_returned_line(&mut self, out: &mut String) {
        if std::mem::take(&mut self.returned) && self.in_line {
            out.push('\n');
        }
    }

    fn invalid(&mut self, byte: u8, out: &mut String) {
        use std::fmt::Write as _;
        if matches!(self.state, State::Text | State::TextEscape) {
            return;
        }
        self.state = State::Ground;
        self.end_returned_line(out);
        self.in_line = true;
        let _ = write!(out, "\\x{byte:02x}");
    }
}

/// Control characters of Latin-1, which some terminals obey, and characters
/// that reorder or break the text around them.
pub(crate) fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}'
        | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}')
}

/// Cleans a whole output.
#[must_use]
pub fn clean(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut cleaner = Cleaner::new();
    cleaner.push(bytes, &mut out);
    cleaner.finish(&mut out);
    out
}

/// Cleans a text that must stay on one line.
#[must_use]
pub fn clean_line(text: &str) -> String {
    clean(text.as_bytes()).trim_end().replace('\n', "⏎").replace('\t', " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_becomes_of_what() {
        let table: [(&[u8], &str); 20] = [
            (b"plain\n", "plain\n"),
            ("grüß\tgott".as_bytes(), "grüß\tgott"),
            (b"a\r\nb\r\n", "a\nb\n"),
            (b"10%\r20%\r\n", "10%\n20%\n"),
            (b"\r\x1b[K> hello", "> hello"),
            (b"\x1b[1;31mred\x1b[0m", "red"),
            (b"\x1b[?2004h$ ", "$ "),
            (b"\x1b(Bx\x1b7y", "xy"),
            (b"\x1b]0;title\x07x", "x"),
            (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            (b"\x1bP1$r\x1b\\x", "x"),
            (b"\x1b]never ended\nnext", "\nnext"),
            (b"\x1b[3\x01x", "^Ax"),
            (b"\x07\x00\x7f", "^G^@^?"),
            (b"a\xffb\xc3", "a\\xffb\\xc3"),
            (b"\x1b]0;\xff\x07x", "x"),
            ("\u{9b}2J".as_bytes(), "\\u{9b}2J"),
            ("\u{202e}evil".as_bytes(), "\\u{202e}evil"),
            (b"\x1b", ""),
            (b"\x1b\x1b[2Jx", "x"),
        ];
        for (bytes, text) in table {
            assert_eq!(clean(bytes), text, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(clean_line("a\x1b[0m\nb\t\x1b]0;c\x07\n"), "a⏎b");
    }

    proptest! {
        #[test]
        fn nothing_harmful_comes_out(bytes: Vec<u8>) {
            let text = clean(&bytes);
            prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
        }

        #[test]
        fn pieces_are_like_the_whole(
            bytes in prop::collection::vec(
                prop_oneof![Just(0x1b), Just(b'['), Just(b']'), Just(b'\r'), Just(0xc3), any::<u8>()],
                0..40,
            ),
            cut in 0usize..40,
        ) {
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let mut out = String::new();
            let mut cleaner = Cleaner::new();
            cleaner.push(head, &mut out);
            cleaner.push(tail, &mut out);
            cleaner.finish(&mut out);
            prop_assert_eq!(out, clean(&bytes));
        }
    }
}
