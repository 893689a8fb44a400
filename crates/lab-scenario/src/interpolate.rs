//! Texts with `${…}` as they are written: found, named, resolved to what they
//! refer to, but not yet filled in.

use std::fmt;
use std::ops::Range;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::scope::Scope;
use crate::source::Span;
use crate::text::Text;

/// A text and what is to be filled in.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// All of it.
    pub(crate) span: Span,
    pub(crate) pieces: Vec<Piece>,
}

/// A part of a draft.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) content: Content,
    /// Where it stands in the file.
    pub(crate) span: Span,
    /// Where it stands in the value of the scalar.
    pub(crate) range: Range<usize>,
}

/// What a part of a draft is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Literal(String),
    Name(Name),
}

/// What a `${…}` refers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    /// A variable, or a key of the matrix.
    Variable(String),
    /// Something about a host.
    Host(String, Attribute),
    /// The command that plays a role.
    Program(String),
    /// The folder of the run's results.
    RunDir,
    /// Which repetition it is.
    Repetition,
    /// The run's seed.
    Seed,
    /// The number of a member of a group, or of a turn of a `repeat`.
    Number(String),
    /// What a step before has saved.
    Saved(String),
}

/// What of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Attribute {
    Ip,
    Broadcast,
    Mac,
    Interface,
}

impl Attribute {
    pub(crate) const NAMES: [&str; 4] = ["ip", "broadcast", "mac", "interface"];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ip" => Self::Ip,
            "broadcast" => Self::Broadcast,
            "mac" => Self::Mac,
            "interface" => Self::Interface,
            _ => return None,
        })
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ip => "ip",
            Self::Broadcast => "broadcast",
            Self::Mac => "mac",
            Self::Interface => "interface",
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) | Self::Number(name) | Self::Saved(name) => f.write_str(name),
            Self::Host(host, attribute) => write!(f, "{host}.{attribute}"),
            Self::Program(role) => write!(f, "program.{role}"),
            Self::RunDir => f.write_str("run.dir"),
            Self::Repetition => f.write_str("run.repetition"),
            Self::Seed => f.write_str("seed"),
        }
    }
}

impl Draft {
    /// Finds the `${…}` of a text, reporting those that are not well formed or
    /// that `scope` does not know.
    pub(crate) fn read(text: &Text, scope: &Scope<'_>, sink: &mut Sink) -> Self {
        Self::read_part(text, 0..text.value.len(), scope, sink)
    }

    /// [`Draft::read`] of a part of a text: a line of a dialogue.
    pub(crate) fn read_part(
        text: &Text,
        part: Range<usize>,
        scope: &Scope<'_>,
        sink: &mut Sink,
    ) -> Self {
        let mut pieces = Vec::new();
        for (token, range) in tokens(&text.value[part.clone()]) {
            let range = part.start + range.start..part.start + range.end;
            let span = text.span_of(range.clone());
            let content = match token {
                Token::Literal(literal) => Content::Literal(literal.to_owned()),
                Token::Name(name) => match scope.resolve(name, span) {
                    Ok(name) => Content::Name(name),
                    Err(diagnostic) => {
                        // It keeps its place, lest a command seem to have no
                        // program because that is misspelt.
                        sink.report(*diagnostic);
                        Content::Name(Name::Variable(name.to_owned()))
                    }
                },
                Token::Unclosed => {
                    sink.report(
                        Diagnostic::new(Code::Template, span, "this `${` is never closed")
                            .help("write `$${` for the characters `${` themselves"),
                    );
                    continue;
                }
            };
            pieces.push(Piece { content, span, range });
        }
        Self { span: text.span_of(part), pieces }
    }

    /// Several drafts as the lines of one.
    pub(crate) fn lines(drafts: Vec<Self>) -> Self {
        let mut all: Option<Self> = None;
        for draft in drafts {
            match &mut all {
                None => all = Some(draft),
                Some(all) => {
                    let end = all.pieces.last().map_or(0, |piece| piece.range.end);
                    all.pieces.push(Piece {
                        content: Content::Literal("\n".to_owned()),
                        span: draft.span,
                        range: end..end,
                    });
                    all.pieces.extend(draft.pieces);
                    all.span = all.span.to(draft.span);
                }
            }
        }
        all.unwrap_or_else(|| Self { span: Span::default(), pieces: Vec::new() })
    }

    /// The text, if nothing is to be filled in.
    pub(crate) fn known(&self) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match &piece.content {
                Content::Literal(text) => Some(text.as_str()),
                Content::Name(_) => None,
            })
            .collect()
    }

    /// Whether it is the empty text, whatever is filled in.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces
            .iter()
            .all(|piece| matches!(&piece.content, Content::Literal(text) if text.is_empty()))
    }

    /// What it refers to, with places.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&Name, Span)> {
        self.pieces.iter().filter_map(|piece| match &piece.content {
            Content::Name(name) => Some((name, piece.span)),
            Content::Literal(_) => None,
        })
    }
}

/// As it is written.
impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match &piece.content {
                Content::Literal(text) => f.write_str(text)?,
                Content::Name(name) => write!(f, "${{{name}}}")?,
            }
        }
        Ok(())
    }
}

/// A part of a text that may have `${…}` in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Literal(&'t str),
    /// What stands between `${` and `}`.
    Name(&'t str),
    /// A `${` without `}`, up to the end of the line.
    Unclosed,
}

/// Cuts a text into tokens, with the range of bytes of each.
fn tokens(text: &str) -> Vec<(Token<'_>, Range<usize>)> {
    let mut tokens = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    let flush = |from: usize, to: usize, tokens: &mut Vec<_>| {
        if from < to {
            tokens.push((Token::Literal(&text[from..to]), from..to));
        }
    };
    while let Some(found) = text[at..].find('$') {
        let dollar = at + found;
        let rest = &text[dollar..];
        if rest.starts_with("$${") {
            // The first dollar sign says that the second begins no name.
            flush(literal, dollar, &mut tokens);
            literal = dollar + 1;
            at = dollar + 3;
        } else if rest.starts_with("${") {
            flush(literal, dollar, &mut tokens);
            let line = rest.find('\n').unwrap_or(rest.len());
            let (token, end) = match rest[..line].find('}') {
                Some(close) => (Token::Name(&rest[2..close]), dollar + close + 1),
                None => (Token::Unclosed, dollar + line),
            };
            tokens.push((token, dollar..end));
            (literal, at) = (end, end);
        } else {
            at = dollar + 1;
        }
    }
    flush(literal, text.len(), &mut tokens);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<Token<'_>> {
        tokens(text).into_iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn tokens_of_texts() {
        use Token::{Literal, Name, Unclosed};
        assert_eq!(cut("a ${b}${c.d} e"), [Literal("a "), Name("b"), Name("c.d"), Literal(" e")]);
        assert_eq!(cut("costs $5, $${x} $"), [Literal("costs $5, "), Literal("${x} $")]);
        assert_eq!(cut("$$${x}"), [Literal("$"), Literal("${x}")]);
        assert_eq!(cut("${x\n}"), [Unclosed, Literal("\n}")]);
        assert_eq!(cut(""), []);
    }

    proptest::proptest! {
        #[test]
        fn tokens_are_in_order_and_inside(text in r"[a$\{\}\n ü]{0,40}") {
            let mut last = 0;
            for (_, range) in tokens(&text) {
                assert!(range.start >= last && range.start < range.end);
                assert!(text.get(range.clone()).is_some());
                last = range.end;
            }
            assert!(last <= text.len());
        }
    }
}
