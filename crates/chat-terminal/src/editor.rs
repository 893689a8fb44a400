//! The line being typed: text, cursor, history. Pure: draws nothing.

use crate::keys::Key;
use chat_proto::text::for_one_line;
use unicode_width::UnicodeWidthStr;

/// Lines that can be called back.
const HISTORY: usize = 500;

/// What a key led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// The line may look different now.
    Changed,
    /// The line is complete.
    Line(String),
    /// No more input.
    Ended,
    /// Draw everything anew on an empty screen.
    ClearScreen,
}

#[derive(Debug, Default)]
pub(crate) struct Editor {
    text: Vec<char>,
    cursor: usize,
    history: Vec<String>,
    /// Which line of the history is shown, and what was typed before.
    recalled: Option<(usize, Vec<char>)>,
}

impl Editor {
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn press(&mut self, key: Key, remember: bool) -> Reaction {
        match key {
            Key::Char(c) => {
                self.text.insert(self.cursor, c);
                self.cursor += 1;
            }
            Key::Enter => {
                let line: String = std::mem::take(&mut self.text).into_iter().collect();
                self.cursor = 0;
                self.recalled = None;
                if remember && !line.is_empty() && self.history.last() != Some(&line) {
                    self.history.push(line.clone());
                    if self.history.len() > HISTORY {
                        self.history.remove(0);
                    }
                }
                return Reaction::Line(line);
            }
            Key::EndOfInput if self.text.is_empty() => return Reaction::Ended,
            Key::ClearScreen => return Reaction::ClearScreen,
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete | Key::EndOfInput if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::WordLeft => self.cursor = self.word_start(),
            Key::WordRight => {
                let rest = &self.text[self.cursor..];
                let word = rest.iter().position(|c| c.is_alphanumeric()).unwrap_or(rest.len());
                let end = rest[word..]
                    .iter()
                    .position(|c| !c.is_alphanumeric())
                    .unwrap_or(rest.len() - word);
                self.cursor += word + end;
            }
            Key::KillToStart => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::KillToEnd => self.text.truncate(self.cursor),
            Key::KillWord => {
                let start = self.text[..self.cursor]
                    .iter()
                    .rposition(|c| !c.is_whitespace())
                    .map_or(0, |last| {
                        self.text[..last]
                            .iter()
                            .rposition(|c| c.is_whitespace())
                            .map_or(0, |space| space + 1)
                    });
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            Key::Up => self.recall(-1),
            Key::Down => self.recall(1),
            Key::Backspace | Key::Delete | Key::EndOfInput => {}
        }
        Reaction::Changed
    }

    fn word_start(&self) -> usize {
        let before = &self.text[..self.cursor];
        let last = before.iter().rposition(|c| c.is_alphanumeric()).map_or(0, |at| at + 1);
        before[..last].iter().rposition(|c| !c.is_alphanumeric()).map_or(0, |at| at + 1)
    }

    fn recall(&mut self, step: isize) {
        let shown = self.recalled.as_ref().map_or(self.history.len(), |(at, _)| *at);
        let Some(wanted) =
            shown.checked_add_signed(step).filter(|wanted| *wanted <= self.history.len())
        else {
            return;
        };
        if wanted == shown {
            return;
        }
        let typed = self.recalled.take().map_or_else(|| self.text.clone(), |(_, typed)| typed);
        self.text = match self.history.get(wanted) {
            Some(line) => {
                self.recalled = Some((wanted, typed));
                line.chars().collect()
            }
            None => typed,
        };
        self.cursor = self.text.len();
    }

    /// The part of the line that fits into `columns`, around the cursor, and the
    /// column of the cursor in it. The line scrolls sideways rather than wrap.
    pub(crate) fn view(&self, columns: usize) -> (String, usize) {
        // One cell for the cursor behind the last character.
        let room = columns.saturating_sub(1).max(1);
        let cells: Vec<String> = self
            .text
            .iter()
            .map(|c| for_one_line(c.encode_utf8(&mut [0; 4])).into_owned())
            .collect();
        let width = |cell: &String| cell.as_str().width();
        let mut start = self.cursor;
        let mut cursor = 0;
        while start > 0 && cursor + width(&cells[start - 1]) <= room {
            start -= 1;
            cursor += width(&cells[start]);
        }
        let mut shown = String::new();
        let mut used = 0;
        for cell in &cells[start..] {
            used += width(cell);
            if used > room {
                break;
            }
            shown.push_str(cell);
        }
        (shown, cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;

    fn type_in(editor: &mut Editor, bytes: &str) -> Vec<Reaction> {
        let keys = Keys::default().feed(bytes.as_bytes());
        keys.into_iter()
            .map(|key| editor.press(key, true))
            .filter(|reaction| *reaction != Reaction::Changed)
            .collect()
    }

    #[test]
    fn editing() {
        for (typed, line) in [
            ("hello\r", "hello"),
            ("helo\x1b[Dl\r", "hello"),
            ("xhello\x01\x1b[3~\r", "hello"),
            ("hello world\x17\r", "hello "),
            ("hello world  \x17\r", "hello "),
            ("a b\x1bb\x0b\r", "a "),
            ("abc\x02\x15\r", "c"),
            ("abc\x7f\x7f\x7f\x7f\x7fd\r", "d"),
            ("\u{e9}\u{1f600}\x7f\r", "\u{e9}"),
            ("one two\x01\x1bf!\r", "one! two"),
            ("ab\x01\x04\r", "b"),
        ] {
            assert_eq!(
                type_in(&mut Editor::default(), typed),
                [Reaction::Line(line.into())],
                "{typed:?}"
            );
        }
        assert_eq!(type_in(&mut Editor::default(), "\x04"), [Reaction::Ended]);
    }

    #[test]
    fn history_comes_back_and_the_half_typed_line_too() {
        let mut editor = Editor::default();
        type_in(&mut editor, "one\rtwo\rthr");
        type_in(&mut editor, "\x1b[A\x1b[A\x1b[A");
        assert_eq!(editor.view(80).0, "one");
        type_in(&mut editor, "\x1b[B\x1b[B\x1b[B");
        assert_eq!(editor.view(80), ("thr".into(), 3));
    }

    #[test]
    fn a_long_line_scrolls_around_the_cursor() {
        let mut editor = Editor::default();
        type_in(&mut editor, "0123456789");
        assert_eq!(editor.view(5), ("6789".into(), 4));
        type_in(&mut editor, "\x01");
        assert_eq!(editor.view(5), ("0123".into(), 0));
        let mut wide = Editor::default();
        type_in(&mut wide, "\u{6f22}\u{5b57}\t");
        assert_eq!(wide.view(80), ("\u{6f22}\u{5b57}\\t".into(), 6));
        assert_eq!(wide.view(1).1, 0);
    }
}
