//! Command lines split into words, as a shell would, but without one: blanks
//! separate; single quotes keep everything, double quotes and backslashes work
//! as in `sh`. What is filled in for a `${…}` never separates words, whatever
//! it is; only the program of a role is split in its turn.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::interpolate::{Content, Draft, Name, Piece};
use crate::source::Span;
use crate::text::Text;

/// What can be wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WordsError {
    /// Quotes that are not closed, and where they begin.
    Unclosed(char, Span),
    /// A backslash at the end.
    Backslash(Span),
    /// The program of a role together with other text in one word.
    RoleInWord(String, Span),
}

impl WordsError {
    /// As it is reported.
    pub(crate) fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Unclosed(quote, span) => {
                Diagnostic::new(Code::Words, *span, format!("this `{quote}` is never closed"))
                    .help("put a backslash before a quote that is meant as a character")
            }
            Self::Backslash(span) => {
                Diagnostic::new(Code::Words, *span, "a backslash with nothing after it")
            }
            Self::RoleInWord(role, span) => {
                let message = format!("`${{program.{role}}}` must be a word of its own");
                Diagnostic::new(Code::Words, *span, message)
                    .help("it stands for a program and its arguments: put blanks around it")
            }
        }
    }
}

/// Splits a command line. `text` is what `draft` was read from.
pub(crate) fn split(draft: &Draft, text: &Text) -> Result<Vec<Draft>, WordsError> {
    let mut splitter = Splitter { text, words: Vec::new(), word: None };
    let mut state = State::Blank;
    for piece in &draft.pieces {
        let literal = match &piece.content {
            Content::Literal(literal) => literal,
            Content::Name(_) => {
                splitter.name(piece);
                if state == State::Blank {
                    state = State::Word;
                }
                continue;
            }
        };
        for (at, c) in literal.char_indices() {
            let at = piece.range.start + at;
            state = splitter.step(state, c, at);
        }
    }
    match state {
        State::Single(at) => Err(WordsError::Unclosed('\'', text.span_of(at..at + 1))),
        State::Double(at) | State::DoubleEscape(at) => {
            Err(WordsError::Unclosed('"', text.span_of(at..at + 1)))
        }
        State::Escape(at) => Err(WordsError::Backslash(text.span_of(at..at + 1))),
        State::Blank | State::Word => {
            splitter.end_word();
            roles_alone(splitter.words)
        }
    }
}

/// Splits a command line without `${…}`: the program of a role.
pub(crate) fn split_plain(line: &str) -> Result<Vec<String>, &'static str> {
    shell_words::split(line).map_err(|_| "quotes in it are never closed")
}

/// The program of a role becomes several words, so it cannot be part of one.
fn roles_alone(words: Vec<Draft>) -> Result<Vec<Draft>, WordsError> {
    for word in &words {
        for (name, span) in word.names() {
            if let Name::Program(role) = name
                && word.pieces.len() > 1
            {
                return Err(WordsError::RoleInWord(role.clone(), span));
            }
        }
    }
    Ok(words)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between words.
    Blank,
    /// In a word, outside quotes.
    Word,
    /// After a backslash there; the place of the backslash.
    Escape(usize),
    /// In single quotes; the place of the first.
    Single(usize),
    /// In double quotes, likewise.
    Double(usize),
    /// After a backslash there; the place of the quotes.
    DoubleEscape(usize),
}

struct Splitter<'t> {
    text: &'t Text,
    words: Vec<Draft>,
    word: Option<Draft>,
}

impl Splitter<'_> {
    fn step(&mut self, state: State, c: char, at: usize) -> State {
        match (state, c) {
            (State::Blank | State::Word, ' ' | '\t' | '\n' | '\r') => {
                self.end_word();
                State::Blank
            }
            (State::Blank | State::Word, '\'') => {
                self.begin_word(at);
                State::Single(at)
            }
            (State::Blank | State::Word, '"') => {
                self.begin_word(at);
                State::Double(at)
            }
            (State::Blank | State::Word, '\\') => {
                self.begin_word(at);
                State::Escape(at)
            }
            (State::Escape(_), '\n') => State::Word,
            (State::Blank | State::Word | State::Escape(_), c) => {
                self.character(c, at);
                State::Word
            }
            (State::Single(_), '\'') | (State::Double(_), '"') => State::Word,
            (State::Double(quote), '\\') => State::DoubleEscape(quote),
            (State::DoubleEscape(quote), c) => {
                // In double quotes a backslash is itself but before these.
                if !matches!(c, '"' | '\\' | '$' | '`' | '\n') {
                    self.character('\\', at);
                }
                if c != '\n' {
                    self.character(c, at);
                }
                State::Double(quote)
            }
            (State::Single(_) | State::Double(_), c) => {
                self.character(c, at);
                state
            }
        }
    }

    fn begin_word(&mut self, at: usize) -> &mut Draft {
        let span = self.text.span_of(at..at + 1);
        self.word.get_or_insert_with(|| Draft { span, pieces: Vec::new() })
    }

    fn character(&mut self, c: char, at: usize) {
        let span = self.text.span_of(at..at + c.len_utf8());
        let word = self.begin_word(at);
        word.span = word.span.to(span);
        if let Some(Piece { content: Content::Literal(text), range, span: whole }) =
            word.pieces.last_mut()
        {
            text.push(c);
            range.end = at + c.len_utf8();
            *whole = whole.to(span);
            return;
        }
        let range = at..at + c.len_utf8();
        word.pieces.push(Piece { content: Content::Literal(c.to_string()), span, range });
    }

    fn name(&mut self, piece: &Piece) {
        let word = self.begin_word(piece.range.start);
        word.span = word.span.to(piece.span);
        word.pieces.push(piece.clone());
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sink;
    use crate::scope::Scope;
    use crate::text::Style;

    fn words(line: &str) -> Result<Vec<String>, WordsError> {
        let text = Text::new(
            line.to_owned(),
            Span { end: line.len(), ..Span::default() },
            Style::Plain,
            line,
        );
        let scope = Scope {
            variables: [("port".to_owned(), Span::default())].into(),
            roles: Some(vec!["server"]),
            ..Scope::default()
        };
        let mut sink = Sink::default();
        let draft = Draft::read(&text, &scope, &mut sink);
        assert!(!sink.has_errors());
        Ok(split(&draft, &text)?.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn splits_as_a_shell_does() {
        let table: [(&str, &[&str]); 9] = [
            ("a b  c", &["a", "b", "c"]),
            ("  a\tb\n", &["a", "b"]),
            ("a 'b c' \"d e\"", &["a", "b c", "d e"]),
            ("a'b'\"c\"d", &["abcd"]),
            ("a '' \"\"", &["a", "", ""]),
            (r#"a\ b "c\"d" "e\f" 'g\h'"#, &["a b", "c\"d", "e\\f", "g\\h"]),
            ("x:${port} '${port}'", &["x:${port}", "${port}"]),
            ("${program.server} --x", &["${program.server}", "--x"]),
            ("", &[]),
        ];
        for (line, expected) in table {
            assert_eq!(words(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn says_where_it_is_wrong() {
        let at = |start, end| Span { start, end, ..Span::default() };
        assert_eq!(words("a 'b"), Err(WordsError::Unclosed('\'', at(2, 3))));
        assert_eq!(words("a b\"c d"), Err(WordsError::Unclosed('"', at(3, 4))));
        assert_eq!(words("a \\"), Err(WordsError::Backslash(at(2, 3))));
        let role = words("./${program.server}");
        assert_eq!(role, Err(WordsError::RoleInWord("server".into(), at(2, 19))));
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_shell_words(line in r#"[ab \t'"\\é]{0,24}"#) {
            match (words(&line), shell_words::split(&line)) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs),
                (Err(WordsError::Backslash(_)), _) | (Err(_), Err(_)) => {}
                (ours, theirs) => panic!("{line:?}: {ours:?} against {theirs:?}"),
            }
        }
    }
}
