//! From the bytes a terminal sends to keys.

/// One key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Enter,
    Backspace,
    Delete,
    Left,
    Right,
    Home,
    End,
    Up,
    Down,
    WordLeft,
    WordRight,
    KillToStart,
    KillToEnd,
    KillWord,
    ClearScreen,
    /// Ctrl-D: end of input on an empty line, else deletes.
    EndOfInput,
}

/// Keeps the bytes of an unfinished key between reads.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pending: Vec<u8>,
}

/// What one look at the pending bytes finds: how many belong together, and the key.
enum Step {
    Key(usize, Key),
    Skip(usize),
    Wait,
}

impl Keys {
    /// Takes bytes and gives all keys that are complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut start = 0;
        while start < self.pending.len() {
            match step(&self.pending[start..]) {
                Step::Key(length, key) => {
                    keys.push(key);
                    start += length;
                }
                Step::Skip(length) => start += length,
                Step::Wait => break,
            }
        }
        self.pending.drain(..start);
        keys
    }
}

fn step(bytes: &[u8]) -> Step {
    let key = match bytes[0] {
        b'\n' | b'\r' => Key::Enter,
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x04 => Key::EndOfInput,
        0x05 => Key::End,
        0x06 => Key::Right,
        0x08 | 0x7f => Key::Backspace,
        b'\t' => Key::Char('\t'),
        0x0b => Key::KillToEnd,
        0x0c => Key::ClearScreen,
        0x0e => Key::Down,
        0x10 => Key::Up,
        0x15 => Key::KillToStart,
        0x17 => Key::KillWord,
        0x1b => return escape(bytes),
        0x00..0x20 => return Step::Skip(1),
        _ => return character(bytes),
    };
    Step::Key(1, key)
}

fn character(bytes: &[u8]) -> Step {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(error) => return error.error_len().map_or(Step::Wait, Step::Skip),
    };
    match valid.chars().next() {
        // C1 controls mean nothing here.
        Some(c) if c.is_control() => Step::Skip(c.len_utf8()),
        Some(c) => Step::Key(c.len_utf8(), Key::Char(c)),
        None => Step::Skip(1),
    }
}

/// `ESC [ … letter`, `ESC O letter`, or `ESC letter` (Alt). A lone Escape waits for
/// the next key and is dropped with it unless that is known.
fn escape(bytes: &[u8]) -> Step {
    match bytes.get(1) {
        None => Step::Wait,
        Some(b'[' | b'O') => {
            let Some(length) = bytes.iter().skip(2).position(|byte| (0x40..=0x7e).contains(byte))
            else {
                // Nothing that a terminal sends is that long.
                return if bytes.len() > 32 { Step::Skip(bytes.len()) } else { Step::Wait };
            };
            let sequence = &bytes[2..2 + length + 1];
            let key = match sequence {
                b"A" => Key::Up,
                b"B" => Key::Down,
                b"C" => Key::Right,
                b"D" => Key::Left,
                b"H" | b"1~" | b"7~" => Key::Home,
                b"F" | b"4~" | b"8~" => Key::End,
                b"3~" => Key::Delete,
                b"1;5C" | b"1;3C" => Key::WordRight,
                b"1;5D" | b"1;3D" => Key::WordLeft,
                _ => return Step::Skip(2 + sequence.len()),
            };
            Step::Key(2 + sequence.len(), key)
        }
        Some(b'b') => Step::Key(2, Key::WordLeft),
        Some(b'f') => Step::Key(2, Key::WordRight),
        Some(0x7f) => Step::Key(2, Key::KillWord),
        Some(0x1b) => Step::Skip(1),
        Some(_) => Step::Skip(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_arrive_whole_however_the_bytes_are_cut() {
        let bytes =
            "a\u{e9}\u{1f600}\x1b[D\x1bOH\x1b[1;5C\x1b[3~\x1b[200~\x00\x7f\x1bb\r".as_bytes();
        let expected = [
            Key::Char('a'),
            Key::Char('\u{e9}'),
            Key::Char('\u{1f600}'),
            Key::Left,
            Key::Home,
            Key::WordRight,
            Key::Delete,
            Key::Backspace,
            Key::WordLeft,
            Key::Enter,
        ];
        for size in 1..=bytes.len() {
            let mut keys = Keys::default();
            let found: Vec<Key> = bytes.chunks(size).flat_map(|piece| keys.feed(piece)).collect();
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn rubbish_is_skipped() {
        assert_eq!(
            Keys::default().feed(b"\xff\xc3(\x80a\xc2\x9bb"),
            [Key::Char('('), Key::Char('a'), Key::Char('b')]
        );
    }
}
