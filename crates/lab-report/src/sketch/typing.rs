//! What somebody has typed, key by key, as the lines that they meant.

/// Something typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// A line and Enter.
    Line(String),
    /// A key with Ctrl: `^C` is 3.
    Key(u8),
}

/// Reads what is typed in pieces.
#[derive(Debug, Default)]
pub(super) struct Typing {
    line: String,
    /// The beginning of a character, or of what a key sends, whose end has not come.
    cut: Vec<u8>,
}

impl Typing {
    /// What a piece completes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut bytes = [std::mem::take(&mut self.cut).as_slice(), bytes].concat();
        let whole = bytes.utf8_chunks().last().map_or(0, |chunk| chunk.invalid().len());
        let cut = bytes.len() - whole;
        if std::str::from_utf8(&bytes[cut..]).is_err_and(|error| error.error_len().is_none()) {
            self.cut = bytes.split_off(cut);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut typed = Vec::new();
        let mut keys = text.chars().peekable();
        while let Some(key) = keys.next() {
            match key {
                '\r' | '\n' => typed.push(Typed::Line(std::mem::take(&mut self.line))),
                '\u{8}' | '\u{7f}' => _ = self.line.pop(),
                // Ctrl-U and Ctrl-W, as every line editor has them.
                '\u{15}' => self.line.clear(),
                '\u{17}' => {
                    let kept = self.line.trim_end().rfind(' ').map_or(0, |at| at + 1);
                    self.line.truncate(kept);
                }
                // Arrows and their kin move the cursor; what was meant is in the echo only.
                '\u{1b}' => {
                    if keys.next_if(|next| matches!(next, '[' | 'O')).is_some() {
                        while keys.next_if(|next| !('@'..='~').contains(next)).is_some() {}
                        keys.next();
                    }
                }
                '\t' => self.line.push('\t'),
                key if (key as u32) < 32 => {
                    typed.push(Typed::Key(u8::try_from(key as u32).unwrap_or(0)));
                    if key != '\u{4}' {
                        self.line.clear();
                    }
                }
                key => self.line.push(key),
            }
        }
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pieces: &[&[u8]]) -> Vec<Typed> {
        let mut typing = Typing::default();
        pieces.iter().flat_map(|piece| typing.push(piece)).collect()
    }

    #[test]
    fn lines_as_they_were_meant() {
        let line = |text: &str| Typed::Line(text.to_owned());
        let table: [(&[&[u8]], Vec<Typed>); 6] = [
            (&[b"hel", b"lo\r"], vec![line("hello")]),
            (&[b"helx\x7flo\rbye\n"], vec![line("hello"), line("bye")]),
            (&[b"one two\x17three\r"], vec![line("one three")]),
            (&[b"wrong\x15right\x1b[D\x1b[C\r"], vec![line("right")]),
            (
                &["gr\u{fc}".as_bytes().split_at(3).0, &"\u{fc}".as_bytes()[1..], b"\r"],
                vec![line("gr\u{fc}")],
            ),
            (&[b"half\x03\x04"], vec![Typed::Key(3), Typed::Key(4)]),
        ];
        for (pieces, expected) in table {
            assert_eq!(typed(pieces), expected, "{pieces:?}");
        }
    }
}
