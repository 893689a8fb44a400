//! Dialogues: several lines of typing and expecting in one text.
//!
//! ```text
//! alice> To bob:hello          # typed, with Enter
//! bob<   hello From alice      # must come out
//! alice< /Format error.*/      # a regular expression
//! alice>                       # Enter alone
//! ```
//! Blanks around the text of a line do not count. A line that begins with `#`
//! is a comment, and so is what follows two or more blanks and `# `.

use std::ops::Range;

/// A line that says something. Ranges are of bytes of the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// All of it but blanks around it and comments.
    pub(crate) all: Range<usize>,
    pub(crate) content: Result<Speech, LineError>,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Speech {
    /// The process.
    pub(crate) who: Range<usize>,
    pub(crate) direction: Direction,
    /// What is typed, or must come out.
    pub(crate) text: Range<usize>,
}

/// Whether something is typed or must come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `>`
    Send,
    /// `<`
    Expect,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineError {
    /// Neither `>` nor `<`.
    NoMarker,
    /// Nobody before it.
    Nobody,
}

/// Reads a dialogue.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = without_comment(line);
        let trimmed = content.trim();
        if !trimmed.is_empty() {
            let from = start + (content.len() - content.trim_start().len());
            let all = from..from + trimmed.len();
            lines.push(Line { content: speech(trimmed, from), all });
        }
        start += line.len();
    }
    lines
}

fn speech(line: &str, start: usize) -> Result<Speech, LineError> {
    let marker = line.find(['>', '<']).ok_or(LineError::NoMarker)?;
    let direction = match line.as_bytes()[marker] {
        b'>' => Direction::Send,
        _ => Direction::Expect,
    };
    let who = line[..marker].trim_end();
    if who.is_empty() {
        return Err(LineError::Nobody);
    }
    if who.contains(char::is_whitespace) {
        return Err(LineError::NoMarker);
    }
    let after = &line[marker + 1..];
    let from = start + line.len() - after.trim_start().len();
    Ok(Speech { who: start..start + who.len(), direction, text: from..start + line.len() })
}

/// A line without the comment at its end, or all of it.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    let blank = |byte: u8| byte == b' ' || byte == b'\t';
    let bytes = line.trim_end().as_bytes();
    for at in 2..bytes.len() {
        let ends = bytes.get(at + 1).is_none_or(|next| blank(*next));
        if bytes[at] == b'#' && ends && blank(bytes[at - 1]) && blank(bytes[at - 2]) {
            return &line[..at];
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as `who>text` or `who<text`.
    fn read(text: &str) -> Vec<String> {
        let show = |line: &Line| match &line.content {
            Ok(speech) => {
                let marker = if speech.direction == Direction::Send { '>' } else { '<' };
                format!("{}{marker}{}", &text[speech.who.clone()], &text[speech.text.clone()])
            }
            Err(error) => format!("{error:?}: {}", &text[line.all.clone()]),
        };
        lines(text).iter().map(show).collect()
    }

    #[test]
    fn lines_of_all_kinds() {
        let table = [
            (
                "alice> To bob:hello\nbob<   hello From alice\n",
                vec!["alice>To bob:hello", "bob<hello From alice"],
            ),
            ("a< /x.*/     # /…/ is one\n", vec!["a</x.*/"]),
            (
                "a> tag #1\na> two  #3\na> c # d\na> e  #\n",
                vec!["a>tag #1", "a>two  #3", "a>c # d", "a>e"],
            ),
            ("# comment\n\n   # another\n", vec![]),
            ("a>\nb >\t x > y <  \n", vec!["a>", "b>x > y <"]),
            ("a<b> c\n", vec!["a<b> c"]),
            (
                "hello\n> x\nto bob> y\n",
                vec!["NoMarker: hello", "Nobody: > x", "NoMarker: to bob> y"],
            ),
            ("a> last", vec!["a>last"]),
            ("a> x\r\nb< ü\r\n", vec!["a>x", "b<ü"]),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ranges_are_inside_and_in_order(text in r"[ab<># \t\né]{0,60}") {
            let mut last = 0;
            for line in lines(&text) {
                assert!(line.all.start >= last && !line.all.is_empty());
                last = line.all.end;
                if let Ok(speech) = line.content {
                    assert!(line.all.start == speech.who.start && line.all.end == speech.text.end);
                    assert!(speech.who.end < speech.text.end || speech.text.is_empty());
                    assert_eq!(text[speech.text.clone()].trim(), &text[speech.text]);
                }
            }
        }
    }
}
