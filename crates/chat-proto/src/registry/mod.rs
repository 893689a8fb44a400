//! The `registry` dialect: a registry that knows who is there, private chats from peer
//! to peer, group chats through the registry.
//!
//! ```text
//!   alice ──TCP── registry ──TCP── bob       who is there, requests, group chats
//!     │  ··UDP···    │   ···UDP··   │        HELLO, now and then
//!     └───────────TCP (two)─────────┘        a private chat, without the registry
//! ```
//! * [`frame`] — the frame with a five-byte header, and the pair of them that a registry sends
//! * [`Request`], [`Reply`] — what clients and the registry say
//! * [`Registry`] — the registry's side: connections, users, rooms, time
//! * [`Client`], [`Command`] — a user's side, with the connections that peers make to it
//!
//! # Rules beside the wire format
//!
//! * A user is in at most one private chat or one room; a request to who is in one is
//!   answered `BUSY`.
//! * `OK`, `REJECT`, `OKGROUP` and `REJECTGROUP` count once, and only after a request. Who enters
//!   a chat takes back the requests of its own that are not answered yet.
//! * Who a frame is from is decided by its connection. A frame that claims another name
//!   does nothing but tell its sender so, and the text of a group message gets its
//!   sender's name put before it unless it has it.
//! * A `HELLO` counts if it comes from the address of the user's TCP connection.

mod callers;
mod client;
mod command;
pub mod frame;
mod names;
mod reply;
mod request;
mod server;
mod state;
mod wanted;

pub use crate::client::Outcome;
pub use client::{Client, ClientAction, ClientEvent, ClientLimits, Timer};
pub use command::Command;
pub use names::{MAX_NAME_CHARS, NameError};
pub use reply::Reply;
pub use request::{Request, hello, parse_hello};
pub use server::{Action, Event, Limits, Registry};
pub use state::{Ending, Note};

/// The default TCP port of the registry.
pub const DEFAULT_PORT: u16 = 6234;

/// The default UDP port of the registry.
pub const DEFAULT_UDP_PORT: u16 = 6235;

/// How the refusal of a name begins.
pub(crate) const NAME_REFUSED: &str = "Name refused: ";

/// What stands where a user's name would, to those who have none yet.
pub(crate) const NOBODY: &str = "server";

/// What whoever enters a room is told about: `NAME joined the group chat`.
pub(crate) const JOINED: &str = " joined the group chat";

/// What whoever leaves a room is told.
pub(crate) const LEFT_ROOM: &str = "you have left the group chat";

/// What is told who leaves a room and is in none.
pub(crate) const IN_NO_ROOM: &str = "you are not in a group chat";

/// How the registry tells the creator of a room its number.
pub(crate) const CREATED: &str = "you are in group chat room ";
