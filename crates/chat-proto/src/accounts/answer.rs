//! What the server answers, word for word.

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

/// True for the answer that a login succeeded; the token behind it, if there is one.
#[must_use]
pub fn is_logged_in(answer: &str) -> Option<Option<&str>> {
    let rest = answer.strip_prefix(answers::LOGGED_IN)?.trim();
    Some((!rest.is_empty()).then_some(rest))
}
