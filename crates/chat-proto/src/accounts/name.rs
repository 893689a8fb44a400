//! What user names and passwords may be.

use super::{MAX_NAME_CHARS, MAX_PASSWORD};
use crate::text::for_one_line;
use thiserror::Error;

/// Why a name or a password will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// No character at all.
    #[error("it is empty")]
    Empty,
    /// A name of more than [`MAX_NAME_CHARS`] characters.
    #[error("it has more than {MAX_NAME_CHARS} characters")]
    LongName,
    /// A password of more than [`MAX_PASSWORD`] bytes.
    #[error("it has more than {MAX_PASSWORD} bytes")]
    LongPassword,
    /// A word of a request ends at a blank.
    #[error("it holds a blank")]
    Blank,
    /// It could act on a terminal, or cannot be seen.
    #[error("it holds a control character or one that cannot be seen")]
    Active,
    /// A list of names, or a message, would be ambiguous.
    #[error("it holds a `,` or a `:`")]
    Separator,
}

/// Checks the name of a new account.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), NameError> {
    check_word(name)?;
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(NameError::LongName);
    }
    if name.contains([',', ':']) {
        return Err(NameError::Separator);
    }
    Ok(())
}

/// Checks a new password.
///
/// # Errors
/// What is wrong with it.
pub fn check_password_text(password: &str) -> Result<(), NameError> {
    check_word(password)?;
    if password.len() > MAX_PASSWORD {
        return Err(NameError::LongPassword);
    }
    Ok(())
}

fn check_word(word: &str) -> Result<(), NameError> {
    if word.is_empty() {
        return Err(NameError::Empty);
    }
    if word.contains(char::is_whitespace) {
        return Err(NameError::Blank);
    }
    // What would be shown differently acts on terminals.
    if for_one_line(word) != word {
        return Err(NameError::Active);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let long = "x".repeat(65);
        for (name, expected) in [
            ("columbia", Ok(())),
            ("J\u{f6}rg_2", Ok(())),
            ("", Err(NameError::Empty)),
            ("a b", Err(NameError::Blank)),
            ("a\u{a0}b", Err(NameError::Blank)),
            ("a\x1b[2J", Err(NameError::Active)),
            ("a\u{200b}", Err(NameError::Active)),
            ("a,b", Err(NameError::Separator)),
            ("a:", Err(NameError::Separator)),
            (&long, Err(NameError::LongName)),
        ] {
            assert_eq!(check_name(name), expected, "{name:?}");
        }
        assert_eq!(check_password_text("a,b:\u{20ac}"), Ok(()));
        assert_eq!(check_password_text("a b"), Err(NameError::Blank));
        assert_eq!(check_password_text(&"x".repeat(1025)), Err(NameError::LongPassword));
    }
}
