//! What the clients of several dialects have in common: what happens to them, what they want
//! done, and how they end.

use bytes::Bytes;
use std::time::Instant;

/// What happens to a client that has one connection, to its server.
#[derive(Debug, Clone, Copy)]
pub enum ClientEvent<'a> {
    /// The connection stands.
    Connected,
    /// A line was typed (without its line end). The first one is the user's name, in a dialect
    /// with names, if none is set.
    Line(&'a str),
    /// The input is at its end.
    InputEnded,
    /// Bytes arrived from the server.
    Received(&'a [u8]),
    /// The server closed, or the connection was lost.
    Closed,
    /// The deadline that was asked for has come.
    Deadline,
}

/// What such a client wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAction {
    /// Send these bytes.
    Send(Bytes),
    /// Show this to the user, on its own line.
    Show(String),
    /// This line of the user's has gone out to all: show it, unless it stands there already.
    Confirm(String),
    /// Tell the user, apart from what others say, that something is wrong.
    Complain(String),
    /// Close the sending side once everything is sent.
    Finish,
    /// Wake the client with [`ClientEvent::Deadline`] then, and not at an earlier one.
    Deadline(Instant),
    /// The client is done.
    Over(Outcome),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The user left.
    Left,
    /// The server refused the user: the name or the id.
    Refused,
    /// The server closed or vanished although the user wanted to stay.
    ServerGone,
    /// The server sent something that is not of the dialect.
    Garbled,
}

/// What to complain about when something of `length` bytes is too long to be sent, if it is.
pub(crate) fn too_long(length: usize, limit: usize) -> Option<String> {
    (length > limit).then(|| format!("not sent: {length} bytes are more than the limit of {limit}"))
}
