//! What an expectation looks for: a literal text or a regular expression.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::Hir;
use serde::{Deserialize, Serialize};

use crate::template::{Reference, Template};

/// Bytes that a compiled regular expression may take: a bound against
/// patterns such as `(a{1000}){1000}`.
const REGEX_SIZE_LIMIT: usize = 4 << 20;

/// A pattern, parts of which may have to be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatternTemplate {
    /// This text, byte for byte.
    Literal(Template),
    /// Written `/…/`. Values filled in stand for themselves, never for syntax.
    Regex(Template),
}

/// A pattern that can be looked for.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// These bytes.
    Literal(Vec<u8>),
    /// This expression, on bytes; `^` and `$` match at line ends.
    Regex(Regex),
}

/// Why there is no pattern.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PatternError {
    /// Something it refers to is not known.
    #[error("nothing is known of `${{{0}}}`")]
    Unknown(Reference),
    /// Not a regular expression.
    #[error("{0}")]
    Regex(#[from] regex::Error),
}

impl PatternTemplate {
    /// As it is written, parts of it perhaps still open.
    #[must_use]
    pub fn template(&self) -> &Template {
        match self {
            Self::Literal(template) | Self::Regex(template) => template,
        }
    }

    /// Fills in what was left, and compiles.
    ///
    /// # Errors
    /// A reference that `lookup` does not know; a regular expression that is
    /// none, or too large.
    pub fn compile(
        &self,
        lookup: impl Fn(&Reference) -> Option<String>,
    ) -> Result<Pattern, PatternError> {
        match self {
            Self::Literal(template) => template
                .render(lookup)
                .map(|text| Pattern::Literal(text.into_bytes()))
                .map_err(PatternError::Unknown),
            Self::Regex(template) => {
                let text =
                    template.render_with(lookup, regex::escape).map_err(PatternError::Unknown)?;
                Ok(Pattern::Regex(compile_regex(&text)?))
            }
        }
    }
}

/// As it is written in the scenario.
impl fmt::Display for PatternTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(template) => template.fmt(f),
            Self::Regex(template) => write!(f, "/{template}/"),
        }
    }
}

/// Compiles as labrun means regular expressions: on bytes, `^` and `$` at line
/// ends (also before `\r\n`), bounded in size.
///
/// # Errors
/// What is wrong with it.
pub fn compile_regex(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).multi_line(true).crlf(true).size_limit(REGEX_SIZE_LIMIT).build()
}

/// An expression as [`compile_regex`] reads it; none if it is wrong.
#[must_use]
pub fn parse_regex(text: &str) -> Option<Hir> {
    parser().parse(text).ok()
}

/// What reads expressions, with the same flags as [`compile_regex`].
pub(crate) fn parser() -> regex_syntax::Parser {
    regex_syntax::ParserBuilder::new().utf8(false).multi_line(true).crlf(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Part;

    #[test]
    fn values_in_a_regex_are_literal() {
        let template = Template::from_parts(vec![
            Part::Text("^from ".into()),
            Part::Value("10.0.0.1".into()),
            Part::Text("$".into()),
        ]);
        let Pattern::Regex(regex) = PatternTemplate::Regex(template).compile(|_| None).unwrap()
        else {
            panic!("not a regex");
        };
        assert!(regex.is_match(b"hm\r\nfrom 10.0.0.1\r\n"));
        assert!(!regex.is_match(b"from 10a0.0.1\n"));
    }

    #[test]
    fn a_huge_regex_is_refused() {
        assert!(matches!(
            compile_regex("((a{1000}){1000}){1000}"),
            Err(regex::Error::CompiledTooBig(_))
        ));
    }

    #[test]
    fn bytes_that_are_not_utf8() {
        assert!(compile_regex(r"(?-u)\xff").unwrap().is_match(b"a\xffb"));
        assert!(compile_regex("a.*b").unwrap().is_match("aüb".as_bytes()));
    }
}
