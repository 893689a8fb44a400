//! Dialogues: several lines of typing and expecting in one text.
//!
//! ```text
//! alice> To bob:hello          # typed, with Enter
//! bob<   hello From alice      # must come out
//! alice< /Format error.*/      # a regular expression
//! alice>                       # Enter alone
//! alice> ^C                    # a key, without Enter
//! bob!<  error                 # must not come out before the next line of bob
//! alice> first line
//!      > second line           # more of the line above
//! ```
//! Blanks around the text of a line do not count. A line that begins with `#`
//! is a comment, and so is what follows two or more blanks and `# `.

use std::ops::Range;

/// A line that says something, with those that go on with it. Ranges are of
/// bytes of the whole text.
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
    /// What is typed, or must come out: a range for each line. Never empty.
    pub(crate) text: Vec<Range<usize>>,
}

/// Whether something is typed or must come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `>`
    Send,
    /// `<`
    Expect,
    /// `!<`
    Never,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineError {
    /// Neither `>` nor `<`.
    NoMarker,
    /// Nobody before it, and nothing above that it could go on with.
    Nobody,
}

/// Reads a dialogue.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut start = 0;
    let mut lines: Vec<Line> = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = without_comment(line);
        let trimmed = content.trim();
        if !trimmed.is_empty() {
            let from = start + (content.len() - content.trim_start().len());
            let all = from..from + trimmed.len();
            match speech(trimmed, from) {
                Ok(more) if more.who.is_empty() => go_on(&mut lines, all, more),
                content => lines.push(Line { all, content }),
            }
        }
        start += line.len();
    }
    lines
}

/// A line without a name goes on with the one above, if that goes the same way.
fn go_on(lines: &mut Vec<Line>, all: Range<usize>, more: Speech) {
    if let Some(Line { all: above, content: Ok(speech) }) = lines.last_mut()
        && speech.direction == more.direction
    {
        above.end = all.end;
        speech.text.extend(more.text);
        return;
    }
    lines.push(Line { all, content: Err(LineError::Nobody) });
}

fn speech(line: &str, start: usize) -> Result<Speech, LineError> {
    let marker = line.find(['>', '<']).ok_or(LineError::NoMarker)?;
    let before = &line[..marker];
    let (before, direction) = match (line.as_bytes()[marker], before.strip_suffix('!')) {
        (b'>', _) => (before, Direction::Send),
        (_, Some(before)) => (before, Direction::Never),
        (_, None) => (before, Direction::Expect),
    };
    let who = before.trim_end();
    if who.contains(char::is_whitespace) {
        return Err(LineError::NoMarker);
    }
    if who.is_empty() && direction == Direction::Never {
        return Err(LineError::Nobody);
    }
    let after = &line[marker + 1..];
    let from = start + line.len() - after.trim_start().len();
    let end = start + line.len();
    Ok(Speech {
        who: start..start + who.len(),
        direction,
        text: std::iter::once(from..end).collect(),
    })
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
                let marker = match speech.direction {
                    Direction::Send => ">",
                    Direction::Expect => "<",
                    Direction::Never => "!<",
                };
                let lines: Vec<_> = speech.text.iter().map(|part| &text[part.clone()]).collect();
                format!("{}{marker}{}", &text[speech.who.clone()], lines.join("|"))
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
            ("a!< error\na ! < x\na!> b", vec!["a!<error", "NoMarker: a ! < x", "a!>b"]),
            ("a> one\n # between\n > two\n >\nb< x\n < y\n", vec!["a>one|two|", "b<x|y"]),
            ("a> one\n < two\n", vec!["a>one", "Nobody: < two"]),
            ("a> last", vec!["a>last"]),
            ("a> x\r\nb< ü\r\n", vec!["a>x", "b<ü"]),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ranges_are_inside_and_in_order(text in r"[ab<>!# \t\né]{0,60}") {
            let mut last = 0;
            for line in lines(&text) {
                assert!(line.all.start >= last && !line.all.is_empty());
                last = line.all.end;
                if let Ok(speech) = line.content {
                    let last = speech.text.last().unwrap();
                    assert!(line.all.start == speech.who.start && line.all.end == last.end);
                    for part in speech.text {
                        assert!(speech.who.end < part.end || part.is_empty());
                        assert_eq!(text[part.clone()].trim(), &text[part]);
                    }
                }
            }
        }
    }
}
