//! The `room` dialect: everybody hears everybody, in plain lines over TCP.
//!
//! What a client sends are lines of UTF-8 that end in `\n`. What it hears:
//!
//! | when | bytes |
//! |---|---|
//! | somebody else wrote LINE | `\n[IP:PORT] LINE\n` |
//! | it wrote LINE itself | `LINE\n`, after LINE went out to the others |
//! | somebody entered | `\n> New user IP:PORT entered.( N users online)\n` |
//! | somebody left | `\n< The user IP:PORT left(N users left)\n` |
//! | it is sent away | `\n< REASON\n`, and the end of the stream |
//!
//! So an empty line announces that the next line is the server's, and every other line
//! is an echo. Lines are passed on byte for byte, with whatever they hold: it is for those
//! who show them to make control characters harmless.
//!
//! [`Session`] is the server's side of one connection, [`Room`] who is there and who
//! hears what, [`Client`] the client's side.

mod client;
mod lines;
mod members;
mod session;

pub use crate::client::{ClientAction, ClientEvent, Outcome};
pub use client::Client;
pub use lines::{LineError, Lines};
pub use members::{Happening, Order, Room};
pub use session::{Action, Ending, Event, Note, Session};

use bytes::Bytes;
use std::net::SocketAddr;

/// The default TCP port.
pub const DEFAULT_PORT: u16 = 7777;

/// What a client shows when it is connected.
pub const CONNECTED: &str = "> Connected to the chat server";

/// What a client shows when it no longer is.
pub const DISCONNECTED: &str = "< You have been disconnected.";

/// What a client shows before the line being typed.
pub const PROMPT: &str = "[You] ";

/// By how much a line can grow between the one who wrote it and those who read it: the
/// longest `[IP:PORT] ` is that of an IPv6 address with a zone.
pub const MAX_GROWTH: usize = 80;

/// The server's last word to a connection that is sent away, as in
/// `farewell("The server is full.")`.
#[must_use]
pub fn farewell(reason: &str) -> Bytes {
    format!("\n< {reason}\n").into()
}

fn entered(who: SocketAddr, online: usize) -> Bytes {
    format!("\n> New user {who} entered.( {online} users online)\n").into()
}

fn left(who: SocketAddr, online: usize) -> Bytes {
    format!("\n< The user {who} left({online} users left)\n").into()
}
