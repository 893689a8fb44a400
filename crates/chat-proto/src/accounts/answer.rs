//! What the server answers, word for word.

use super::Token;

/// The answers to requests.
#[expect(missing_docs, reason = "each says what it means")]
pub mod answers {
    pub const RIGHT_USERNAME: &str = "right username";
    pub const NO_SUCH_USER: &str = "error 1";
    pub const LOGGED_IN: &str = "successfully logged in!";
    pub const WRONG_PASSWORD: &str = "wrong password";
    /// Also for who asks while too many passwords wait to be checked.
    pub const STILL_BLOCKED: &str = "still blocked";
    pub const WRONG_TARGET: &str = "wrong target";
    pub const BLOCKED: &str = "blocked";
    pub const NOT_ONLINE: &str = "not online";
    pub const REQUEST_SENT: &str = "request sent";
    pub const USER_NOT_EXIST: &str = "user not exist";
    pub const NOT_BLOCKED_BEFORE: &str = "not blocked before";

    // Those below are ours: the reports have no words for them.
    pub const BLOCK_YOURSELF: &str = "You cannot block yourself.";
    pub const NOT_LOGGED_IN: &str = "not logged in";
    pub const NO_SUCH_REQUEST: &str = "nobody of that name has asked";
    pub const MAILBOX_FULL: &str = "mailbox full";
    pub const WRONG_FORMAT: &str = "wrong format";
    pub const SERVER_FULL: &str = "The server is full. Try again later.";
}

/// The answer that a login succeeded: the token behind it, if there is one. What else may
/// stand there, as some servers greet their users, is none.
#[must_use]
pub fn is_logged_in(answer: &str) -> Option<Option<Token>> {
    let rest = answer.strip_prefix(answers::LOGGED_IN)?;
    Some(rest.strip_prefix(' ').and_then(Token::parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let token = Token::new(0xabc);
        for (answer, expected) in [
            ("successfully logged in!", Some(None)),
            (&format!("successfully logged in! {token}"), Some(Some(token.clone()))),
            ("successfully logged in! Welcome, columbia", Some(None)),
            ("successfully logged in! 0abc", Some(None)),
            ("successfully logged in!\nprint seas: hi", Some(None)),
            (&format!("successfully logged in!  {token}"), Some(None)),
            (&format!("successfully logged in!\n{token}"), Some(None)),
            (&format!("successfully logged in! {token}\nprint seas: hi"), Some(None)),
            ("wrong password", None),
            ("", None),
        ] {
            assert_eq!(is_logged_in(answer), expected, "{answer:?}");
        }
    }
}
