//! What happens to a client, and what it wants done.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// What happens to a client. `C` is what the program around it calls a connection
/// that brought a push.
#[derive(Debug, Clone, Copy)]
pub enum ClientEvent<'a, C> {
    /// The program runs.
    Started,
    /// A line was typed (without its line end).
    Line(&'a str),
    /// There will be no more lines.
    InputEnded,
    /// A request was answered, perhaps by nothing, or came to nothing for this reason.
    Answered(Exchange, Result<&'a str, &'a str>),
    /// Somebody connected and said this.
    Heard {
        /// The connection.
        conn: C,
        /// Who.
        from: IpAddr,
        /// What.
        line: &'a str,
    },
    /// A heartbeat is due.
    Heartbeat,
    /// The time to leave has come.
    Leave,
}

/// Exchanges that can be under way, one of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// What the user asked for.
    Request,
    /// A heartbeat.
    Heartbeat,
    /// A private message to another client.
    Private,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAction<C> {
    /// Send the line (its line feed is in it) to the server over a new connection.
    Request(Exchange, String),
    /// Send the line to another client, as [`Exchange::Private`].
    Private {
        /// Where.
        to: SocketAddr,
        /// The line, without a line feed: the end of the stream ends it.
        line: String,
    },
    /// Send a receipt, if there is one, and close the connection of a push; without one, only
    /// if nothing more can come over it.
    Receipt(C, Option<String>),
    /// Show this on a line of its own.
    Show(String),
    /// Tell the user, apart from the contents, that something is wrong.
    Complain(String),
    /// Wake the client with [`ClientEvent::Heartbeat`] then.
    HeartbeatAt(Option<Instant>),
    /// Wake the client with [`ClientEvent::Leave`] then.
    LeaveAt(Instant),
    /// The client is done.
    Over(Outcome),
}

/// What the user is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// A user's name.
    Name,
    /// A password, which nobody may see.
    Password,
    /// Whatever the user wants.
    Command,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The user left.
    Left,
    /// The server cannot be reached, so nobody can log in.
    Unreachable,
}
