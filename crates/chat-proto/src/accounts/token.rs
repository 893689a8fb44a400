//! The secret of a session with receipts.

use std::fmt;
use std::sync::Arc;

/// How many digits it has.
const DIGITS: usize = 32;

/// A session's secret as our servers make it: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    /// The token that is this number, which nobody must be able to guess.
    #[must_use]
    pub fn new(secret: u128) -> Self {
        Self(format!("{secret:0DIGITS$x}").into())
    }

    /// Reads one. `None` for anything that [`Token::new`] does not make.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == DIGITS && text.bytes().all(is_digit)).then(|| Self(text.into()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if `given` is this one. Compares all of both, so that the time it takes tells nothing.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        let differences = self.0.bytes().zip(given.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
        self.0.len() == given.len() && differences == 0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_read_and_nothing_else() {
        for secret in [0, 0xabc, u128::MAX] {
            let token = Token::new(secret);
            assert_eq!(Token::parse(token.as_str()), Some(token.clone()));
            assert!(token.is(token.as_str()));
        }
        let good = "0123456789abcdef0123456789abcdef";
        let token = Token::parse(good).unwrap();
        for text in [
            "",
            "0f",
            &good[1..],
            &format!("{good}0"),
            &good.to_uppercase(),
            &good.replace('0', " "),
        ] {
            assert_eq!(Token::parse(text), None, "{text:?}");
            assert!(!token.is(text));
        }
        assert!(!token.is(&good.replace('f', "e")));
    }
}
