//! The `relay` dialect: Clemson Relay Chat, a spanning tree of servers.
//!
//! Machines are servers or clients, each with a 32-bit [`Id`]. A server connects to
//! at most one other, so servers form a tree, and a client connects to one server.
//! Every server knows every machine and, for each, its *first link*: the
//! adjacent machine on the one path to it. Joining and leaving is told to everybody,
//! each passing it on to all neighbours but the one it came from; a chat goes from
//! first link to first link.
//!
//! * [`Message`], [`Decoder`] — the wire format
//! * [`Node`] — a server: [`Event`]s in, [`Action`]s out
//! * [`Directory`], [`Hosts`] — what a server knows of the others
//! * [`Client`] — a client: lines and bytes in, frames and lines out
//! * [`ServerState`], [`ClientState`] — what `state` prints
//!
//! # Order
//!
//! The dialect needs messages of one link to be handled in the order they were sent, and
//! those of one server to leave in the order they were handled. Then news travels the tree
//! in causal order, and who may register an id again has been forgotten everywhere on
//! the way. So a [`Node`] must not be spread over threads.

mod backoff;
mod client;
mod command;
mod decode;
mod directory;
mod event;
mod link;
mod log;
mod message;
mod node;
mod quits;
mod state;
#[cfg(test)]
mod tests;

pub use crate::client::{ClientAction, ClientEvent, Outcome};
pub use backoff::Backoff;
pub use client::{Client, SETTLING};
pub use command::{Command, CommandError};
pub use decode::{DecodeError, Decoder, count};
pub use directory::{Directory, Hosts, Known};
pub use event::{Action, Breach, Event, Note};
pub use message::{Id, Kind, Message, Registration};
pub use node::{Limits, Node, Profile};
pub use state::{ClientState, HostState, ServerState, UserState};

/// The default TCP port; the dialect's own documents name none.
pub const DEFAULT_PORT: u16 = 34300;

/// The longest name, in bytes: its length is one byte on the wire.
pub const MAX_NAME: usize = u8::MAX as usize;

/// The longest info, in bytes: its length is two bytes on the wire.
pub const MAX_INFO: usize = u16::MAX as usize;

/// Reads a name as a person gives it.
///
/// # Errors
/// A sentence fragment, if it is longer than [`MAX_NAME`].
pub fn parse_name(text: &str) -> Result<String, String> {
    bounded(text, MAX_NAME)
}

/// Reads an info as a person gives it.
///
/// # Errors
/// A sentence fragment, if it is longer than [`MAX_INFO`].
pub fn parse_info(text: &str) -> Result<String, String> {
    bounded(text, MAX_INFO)
}

fn bounded(text: &str, max: usize) -> Result<String, String> {
    if text.len() > max {
        return Err(format!("{} bytes are more than the limit of {max}", text.len()));
    }
    Ok(text.to_owned())
}

/// Codes of status messages.
pub mod status {
    /// `Welcome to the Clemson Relay Chat network NAME`, to a new client.
    pub const WELCOME: u16 = 0;
    /// `Unknown ID X`, to who wrote to it.
    pub const UNKNOWN: u16 = 1;
    /// `… has already registered with ID X`, to who tried to.
    pub const DUPLICATE: u16 = 2;
    /// Why a connection is being closed. An extension; programs that do not know it
    /// show or log its text like any other.
    pub const CLOSING: u16 = 3;
}
