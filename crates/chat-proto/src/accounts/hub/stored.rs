//! What outlives the server.

use crate::accounts::Token;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

/// What the store knows of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The user's name.
    pub name: String,
    /// The password's hash, a PHC string.
    pub hash: String,
    /// Whom the user has blocked.
    pub blocked: Vec<String>,
    /// Wrong passwords in a row.
    pub tries: u32,
    /// Locked out until then.
    pub locked_until: Option<SystemTime>,
    /// The session, if the user was online.
    pub session: Option<SessionRecord>,
    /// Letters not yet delivered, in order.
    pub letters: Vec<Letter>,
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Where it logged in from.
    pub source: IpAddr,
    /// Where it listens.
    pub push: SocketAddr,
    /// Its secret, if it understands receipts.
    pub token: Option<Token>,
}

/// A message that waits for its recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Letters are delivered in this order.
    pub seq: u64,
    /// A number that was drawn when the server that took it was started.
    pub nonce: u64,
    /// Who wrote it.
    pub from: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// What is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A letter for `to`.
    Add {
        /// The recipient.
        to: Arc<str>,
        /// The letter.
        letter: Letter,
    },
    /// A letter has arrived.
    Remove {
        /// The recipient.
        to: Arc<str>,
        /// Which letter.
        seq: u64,
    },
    /// `user` has blocked or unblocked `target`.
    Block {
        /// Who.
        user: Arc<str>,
        /// Whom.
        target: Arc<str>,
        /// Blocked, or no longer.
        blocked: bool,
    },
    /// Wrong passwords.
    Tries {
        /// Whose.
        user: Arc<str>,
        /// In a row.
        tries: u32,
        /// Locked out until then.
        locked_until: Option<SystemTime>,
    },
    /// A user came or went.
    Session {
        /// Who.
        user: Arc<str>,
        /// None: went.
        session: Option<SessionRecord>,
    },
}

impl Change {
    /// True if nothing is lost when a crash undoes it: a letter is pushed again, and a
    /// client with receipts knows it already.
    #[must_use]
    pub fn may_wait(&self) -> bool {
        matches!(self, Self::Remove { .. })
    }
}
