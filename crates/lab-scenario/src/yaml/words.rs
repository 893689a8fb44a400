//! What the parser finds wrong, in our words.

use granit_parser::ErrorKind;

use super::MAX_DEPTH;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

pub(super) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("values are nested more than {MAX_DEPTH} deep");
    Diagnostic::new(Code::TooComplex, span, message)
}

/// The parser's words made into ours where people meet them often.
pub(super) fn syntax_error(kind: &ErrorKind, span: Span) -> Diagnostic {
    let (message, help) = match kind {
        ErrorKind::RecursionLimitExceeded => return too_deep(span),
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation => (
            "a tab cannot indent".to_owned(),
            "use spaces; most editors can be told to do so for `.yaml` files",
        ),
        ErrorKind::UnclosedFlowCollection { open } => {
            (format!("this `{open}` is never closed"), "")
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{close}` cannot close `{open}`"), "")
        }
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("a text cannot begin with `{character}`"), "put the text into quotes")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "this stands after the end of a text in quotes".to_owned(),
            "put the whole text into quotes; in single quotes, `''` stands for `'`",
        ),
        ErrorKind::BlockEntryInFlowCollection => {
            ("a `-` begins no item inside brackets: commas separate them there".to_owned(), "")
        }
        ErrorKind::BlockSequenceEntryNotAllowed => (
            "a `-` that begins no item here".to_owned(),
            "begin each item on a line of its own, indented like the others",
        ),
        ErrorKind::InvalidBlockEntryWhitespace => {
            ("`-` begins an item only before a blank".to_owned(), "write `- `")
        }
        ErrorKind::InvalidMappingValueWhitespace => {
            ("`:` ends a key only before a blank".to_owned(), "write `: `")
        }
        ErrorKind::MisplacedFlowCollectionEnd => (
            "this bracket closes nothing".to_owned(),
            "put a text that has brackets in it into quotes",
        ),
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidFlowScalarIndent => (
            "this line is not indented as it should be".to_owned(),
            "compare it with the lines before it",
        ),
        ErrorKind::UnexpectedEof
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            ("the file ends here, but a bracket is still open".to_owned(), "")
        }
        ErrorKind::UnknownAnchor => (
            "there is no anchor of this name before here".to_owned(),
            "if `*` is meant as a character, put the text into quotes",
        ),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => (
            "a `:` that makes no key here".to_owned(),
            "put a text that has `: ` in it into quotes, and check the indentation",
        ),
        ErrorKind::ExpectedFlowMappingSeparator => (
            "expected `,` or `}` here".to_owned(),
            "inside `{…}`, a text that has `: `, `,`, `{`, `}`, `[` or `]` in it needs quotes",
        ),
        ErrorKind::ExpectedFlowSequenceSeparator => (
            "expected `,` or `]` here".to_owned(),
            "inside `[…]`, a text that has `,`, `{`, `}`, `[` or `]` in it needs quotes",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::ExpectedBlockMappingKey => (
            "a key and `:` are wanted here".to_owned(),
            "check the indentation of this line and of those before it",
        ),
        ErrorKind::UnclosedQuotedScalar => ("these quotes are never closed".to_owned(), ""),
        ErrorKind::InvalidQuotedScalarIndent => (
            "the text in quotes goes on here, but is not indented".to_owned(),
            "are the quotes closed?",
        ),
        ErrorKind::UnknownQuotedScalarEscape => (
            "no such escape in a text in double quotes".to_owned(),
            "use single quotes for texts with backslashes, such as regular expressions",
        ),
        other => (other.to_string(), ""),
    };
    let diagnostic = Diagnostic::new(Code::Syntax, span, message);
    if help.is_empty() { diagnostic } else { diagnostic.help(help) }
}
