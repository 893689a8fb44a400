//! What stands on the lines of a terminal: a program's output as a person saw it, line by
//! line, with what it drew over and over in one line seen once.
//!
//! Shells mark where commands begin and end (`OSC 133`, `OSC 633;E`); those marks come out
//! in between.

use vte::{Params, Parser, Perform};

/// Longest line that is kept, in characters.
const MAX_LINE: usize = 4096;

/// Something that came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// A line, whole.
    Line(String),
    /// The shell asks for a command.
    Prompt,
    /// This command line was given to the shell.
    Command(String),
    /// It begins.
    Begin,
    /// It has ended with that code.
    End(i32),
}

/// Reads output that comes in pieces.
pub(super) struct Screen {
    parser: Parser,
    line: Line,
}

#[derive(Default)]
struct Line {
    cells: Vec<char>,
    cursor: usize,
    shown: Vec<Shown>,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { parser: Parser::new(), line: Line::default() }
    }

    /// What a piece brings.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Shown> {
        self.parser.advance(&mut self.line, bytes);
        std::mem::take(&mut self.line.shown)
    }

    /// What stands in the line that has not ended.
    pub(super) fn partial(&self) -> String {
        self.line.text()
    }
}

impl Line {
    fn text(&self) -> String {
        self.cells.iter().collect::<String>().trim_end().to_owned()
    }

    fn end(&mut self) {
        let text = self.text();
        self.shown.push(Shown::Line(text));
        self.cells.clear();
        self.cursor = 0;
    }
}

impl Perform for Line {
    fn print(&mut self, c: char) {
        if self.cursor >= MAX_LINE {
            return;
        }
        if self.cells.len() <= self.cursor {
            self.cells.resize(self.cursor + 1, ' ');
        }
        self.cells[self.cursor] = c;
        self.cursor += 1;
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => self.end(),
            b'\r' => self.cursor = 0,
            8 => self.cursor = self.cursor.saturating_sub(1),
            b'\t' => self.cursor = (self.cursor / 8 + 1) * 8,
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, _: &[u8], _: bool, action: char) {
        let first = params.iter().next().and_then(|param| param.first()).copied().unwrap_or(0);
        let count = usize::from(first.max(1));
        match (action, first) {
            ('K', 0) | ('J', 0) => self.cells.truncate(self.cursor),
            ('K', 2) | ('J', 2) => self.cells.clear(),
            ('K', _) => {
                let until = self.cursor.min(self.cells.len());
                self.cells[..until].fill(' ');
            }
            ('C', _) => self.cursor = (self.cursor + count).min(MAX_LINE),
            ('D', _) => self.cursor = self.cursor.saturating_sub(count),
            ('G', _) => self.cursor = (count - 1).min(MAX_LINE),
            ('P', _) => {
                let from = self.cursor.min(self.cells.len());
                let until = (from + count).min(self.cells.len());
                self.cells.drain(from..until);
            }
            ('@', _) => {
                let from = self.cursor.min(self.cells.len());
                let blanks = std::iter::repeat_n(' ', count.min(MAX_LINE));
                self.cells.splice(from..from, blanks);
                self.cells.truncate(MAX_LINE);
            }
            _ => {}
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _: bool) {
        match params {
            [b"133", b"A", ..] => {
                self.cells.clear();
                self.cursor = 0;
                self.shown.push(Shown::Prompt);
            }
            [b"133", b"C", ..] => {
                self.cells.clear();
                self.cursor = 0;
                self.shown.push(Shown::Begin);
            }
            [b"133", b"D", code, ..] => {
                let code = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok());
                if !self.text().is_empty() {
                    self.end();
                }
                self.shown.push(Shown::End(code.unwrap_or(0)));
            }
            [b"633", b"E", line, ..] => {
                let line = unescape(&String::from_utf8_lossy(line));
                self.shown.push(Shown::Command(line));
            }
            _ => {}
        }
    }
}

/// Undoes what the shell does to a command line, so that it stands in such a sequence.
fn unescape(text: &str) -> String {
    text.replace("\\x3b", ";").replace("\\x0a", "\n").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> (Vec<Shown>, String) {
        let mut screen = Screen::new();
        // One at a time: pieces may be cut anywhere.
        let shown = bytes.iter().flat_map(|byte| screen.push(&[*byte])).collect();
        (shown, screen.partial())
    }

    fn line(text: &str) -> Shown {
        Shown::Line(text.to_owned())
    }

    #[test]
    fn what_is_drawn_over_is_seen_once() {
        let drawn = "> hel\r\x1b[K\x1b[32mhi From bob\x1b[0m\r\n> hello\x08\x08\x1b[K";
        let (shown, partial) = lines(drawn.as_bytes());
        assert_eq!(shown, [line("hi From bob")]);
        assert_eq!(partial, "> hel");
        assert_eq!(lines("gr\u{fc}\tx\r\n".as_bytes()).0, [line("gr\u{fc}     x")]);
    }

    #[test]
    fn marks_of_the_shell() {
        let drawn = b"\x1b]133;A\x07h1:~$ a\\\r\n\x1b]633;E;echo a\\x3b b\\\\\x07\x1b]133;C\x07a\r\nhalf\x1b]133;D;7\x07";
        let shown = lines(drawn).0;
        let expected = [
            Shown::Prompt,
            line("h1:~$ a\\"),
            Shown::Command("echo a; b\\".into()),
            Shown::Begin,
            line("a"),
            line("half"),
            Shown::End(7),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn nonsense_is_harmless() {
        for bytes in [&b"\x1b[99999C\x1b[9999@\x1b[9999Px\n"[..], b"\x1b[2J\x1b[1K\x08\x08\n"] {
            lines(bytes);
        }
    }
}
