//! What happens to the hub, and what it wants done.

use super::Change;
use crate::accounts::Delivered;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// What happens.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a, K> {
    /// A connection brought its line.
    Line {
        /// The connection.
        from: K,
        /// Its other end.
        peer: IpAddr,
        /// This end: how the peer calls this machine.
        local: IpAddr,
        /// The line.
        line: &'a str,
    },
    /// A password was checked.
    Checked {
        /// As in [`Action::Check`].
        ticket: u64,
        /// It is the right one.
        matches: bool,
        /// A number nobody can guess, drawn for this event.
        secret: u128,
    },
    /// A push is over, or was taken by a client from which no more may come.
    Pushed {
        /// As in [`Action::Push`].
        ticket: u64,
        /// What became of it.
        delivered: Delivered,
    },
    /// A timer has come.
    Timer {
        /// As in [`Action::Timer`].
        id: u64,
    },
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<K> {
    /// Send this and close the connection.
    Answer {
        /// The connection.
        to: K,
        /// Perhaps empty.
        text: String,
    },
    /// Store this.
    Store(Change),
    /// Check a password.
    Check {
        /// The answer's.
        ticket: u64,
        /// A PHC string.
        hash: Arc<str>,
        /// The password.
        password: String,
    },
    /// Connect and say this.
    Push {
        /// The answer's.
        ticket: u64,
        /// Where.
        to: SocketAddr,
        /// The line; with its line feed if there is an `id`.
        line: String,
        /// The receipt to wait for, if the client gives any.
        id: Option<String>,
    },
    /// Give up a push if nothing of it can have arrived yet.
    Cancel {
        /// Which.
        ticket: u64,
    },
    /// Set, move or clear a timer.
    Timer {
        /// Which.
        id: u64,
        /// None: never.
        at: Option<Instant>,
    },
    /// Something worth a line in the log.
    Note(Note),
}

/// What the log should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what it means")]
pub enum Note {
    LoggedIn {
        user: Arc<str>,
        peer: IpAddr,
        push: SocketAddr,
        receipts: bool,
        waiting: usize,
    },
    LoggedInElsewhere {
        user: Arc<str>,
        before: SocketAddr,
    },
    LoggedOut {
        user: Arc<str>,
    },
    Silent {
        user: Arc<str>,
    },
    NoSuchUser {
        name: String,
        peer: IpAddr,
    },
    WrongPassword {
        user: Arc<str>,
        peer: IpAddr,
        tries: u32,
    },
    LockedOut {
        user: Arc<str>,
        peer: IpAddr,
    },
    StillLockedOut {
        user: Arc<str>,
        peer: IpAddr,
    },
    /// Too many passwords wait to be checked.
    Busy {
        user: Arc<str>,
        peer: IpAddr,
    },
    /// A request in the name of a user whose session it does not come from.
    NotTheirs {
        name: String,
        peer: IpAddr,
    },
    WrongFormat {
        peer: IpAddr,
    },
    Message {
        from: Arc<str>,
        to: Arc<str>,
        seq: u64,
    },
    /// A text that is too long once its control characters are harmless.
    TooLong {
        from: Arc<str>,
        bytes: usize,
    },
    MailboxFull {
        to: Arc<str>,
    },
    Delivered {
        to: Arc<str>,
        seq: u64,
    },
    NotDelivered {
        to: Arc<str>,
        at: SocketAddr,
        failures: u32,
    },
    /// A client with receipts refuses this again and again; from now on it comes after all else.
    SetAside {
        to: Arc<str>,
        seq: u64,
    },
    /// An old client breaks every connection; what was sent to it counts as read.
    GivenUp {
        to: Arc<str>,
        seq: u64,
    },
    Blocked {
        user: Arc<str>,
        target: Arc<str>,
        blocked: bool,
    },
    Asked {
        asker: Arc<str>,
        target: Arc<str>,
    },
    Answered {
        asker: Arc<str>,
        target: Arc<str>,
        agreed: bool,
    },
}
