//! Which names users may have.

use std::borrow::Cow;
use thiserror::Error;

/// The longest user name, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// Why a name is refused. Each text is one line that says which name and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// No character at all.
    #[error("the name is empty.")]
    Empty,
    /// More than [`MAX_NAME_CHARS`] characters.
    #[error("{shown:?}... has {chars} characters, the limit is {MAX_NAME_CHARS}.")]
    TooLong {
        /// The name's length in characters.
        chars: usize,
        /// How it begins.
        shown: String,
    },
    /// It holds a character that separates names, or one that acts on a terminal.
    #[error("{0:?} holds a blank, a ':', a '|', a '&' or a control character.")]
    Character(String),
    /// It would pass for the registry.
    #[error("{0:?} is the registry's own name.")]
    Reserved(String),
    /// Somebody else has it.
    #[error("{0:?} is already in use.")]
    InUse(String),
}

/// Refuses names that could not be typed in a command, would break a frame's fields,
/// or could pass for something else in what is shown.
pub(super) fn check(name: &str) -> Result<(), NameError> {
    let chars = name.chars().count();
    let unfit = |c: char| c.is_whitespace() || matches!(c, ':' | '|' | '&');
    if chars == 0 {
        Err(NameError::Empty)
    } else if chars > MAX_NAME_CHARS {
        Err(NameError::TooLong { chars, shown: name.chars().take(16).collect() })
    } else if name.contains(unfit) || matches!(crate::text::for_one_line(name), Cow::Owned(_)) {
        Err(NameError::Character(name.to_owned()))
    } else if name == super::NOBODY {
        Err(NameError::Reserved(name.to_owned()))
    } else {
        Ok(())
    }
}

/// A name that somebody asked for, which may be anything, short enough for an answer.
pub(super) fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_NAME_CHARS) {
        None => Cow::Borrowed(name),
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for name in ["ali", "OK", "\u{e9}\u{20ac}\u{1f600}", "a-b_c.d", &"x".repeat(64)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in [
            "",
            "a b",
            "a:",
            "a|b",
            "&&OK&&",
            "a\n",
            "\x1b[2J",
            "\u{202e}x",
            "server",
            &"x".repeat(65),
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(shortened("bob"), "bob");
        assert_eq!(shortened(&"\u{20ac}".repeat(70)), format!("{}…", "\u{20ac}".repeat(64)));
    }
}
