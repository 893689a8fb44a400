//! How the course's runner splits a command into words: at blanks and commas that
//! are not within quotes. Quotes stay part of their word.

use std::ops::Range;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Where it stands in the command, in bytes.
    pub(super) range: Range<usize>,
}

/// Why a command cannot be split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SplitError {
    pub(super) range: Range<usize>,
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

/// Splits a command.
pub(super) fn split(command: &str) -> Result<Vec<Word>, SplitError> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < command.len() {
        let rest = &command[at..];
        let blanks = rest.len() - rest.trim_start().len();
        if blanks > 0 {
            at += blanks;
            continue;
        }
        let end = at + word(rest, at)?;
        words.push(Word { text: command[at..end].to_owned(), range: at..end });
        at = end;
    }
    Ok(words)
}

/// The length of the word that a text begins with; the text stands at `start`.
fn word(text: &str, start: usize) -> Result<usize, SplitError> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' => match quoted(&text[at..]) {
                Some(length) => at += length,
                None => {
                    return Err(SplitError {
                        range: start + at..start + text.len(),
                        message: "a quote is opened and never closed",
                        help: "write `\\\"` at its end, too",
                    });
                }
            },
            ',' => {
                return Err(SplitError {
                    range: start + at..start + at + c.len_utf8(),
                    message: "a comma outside quotes",
                    help: "the course's runner takes it for a blank: put the text in quotes, \
                           or write a blank",
                });
            }
            c if c.is_whitespace() => break,
            c => at += c.len_utf8(),
        }
    }
    Ok(at)
}

/// The length of a quoted text, quotes included. A backslash takes away the
/// meaning of what follows it, unless nothing would end the text then.
fn quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return Some(at + c.len_utf8()),
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.rfind('"').filter(|at| *at > 0).map(|at| at + '"'.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &str) -> Vec<String> {
        split(command).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn quotes_keep_words_together_and_stay() {
        let table: [(&str, &[&str]); 7] = [
            ("", &[]),
            ("  WAIT   0.25 ", &["WAIT", "0.25"]),
            (r#"MESSAGE 1 "hello, you""#, &["MESSAGE", "1", r#""hello, you""#]),
            (r#"--info="a b" x"#, &[r#"--info="a b""#, "x"]),
            (r#""a \" b" c"#, &[r#""a \" b""#, "c"]),
            (r#""a\" c"#, &[r#""a\""#, "c"]),
            (r#""ü""é" z"#, &[r#""ü""é""#, "z"]),
        ];
        for (command, expected) in table {
            assert_eq!(words(command), expected, "{command}");
        }
    }

    #[test]
    fn what_cannot_be_split_is_said() {
        assert_eq!(split("a b,c").unwrap_err().range, 3..4);
        assert_eq!(split("a \"b c").unwrap_err().range, 2..6);
    }

    #[test]
    fn words_stand_where_they_say() {
        let command = "QUIT  \"ü b\" x";
        for word in split(command).unwrap() {
            assert_eq!(&command[word.range], word.text);
        }
    }
}
