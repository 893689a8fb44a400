//! The `accounts` dialect: accounts with passwords, offline messages, blacklists, and
//! private talk between clients after consent.
//!
//! A client makes one TCP connection for each request: one line of words. The server
//! answers on it, or not at all, and closes it; what it has to say by itself it
//! *pushes* over a connection of its own to the address that the client gave at
//! login. [`Intake`] finds the line in a stream, [`Request`] and [`Push`] say what
//! it means, [`Hub`] is the server, [`Delivery`] one push of it, [`Client`] the
//! client.
//!
//! # Receipts
//!
//! The protocol has no word for "taken" and nothing that makes one session's requests
//! different from another's. Two programs of ours add both, in a way that nobody
//! else notices:
//!
//! * A client that understands receipts writes the TRY of `check_password` with a
//!   leading zero: `01`. The server then adds a token, a secret of 32 hexadecimal
//!   digits, to its answer: `successfully logged in! TOKEN`.
//! * From then on the session's requests and pushes begin with `with TOKEN`, end with a
//!   line feed, and are acknowledged: a request that is answered by nothing is
//!   answered by `ok`, and a push `with TOKEN ID …` by `ok ID`. An ID never stands
//!   for two pushes, so a client knows one that comes twice.

mod answer;
mod client;
mod delivery;
mod hub;
mod intake;
mod name;
mod push;
mod request;
mod token;

pub use answer::{answers, is_logged_in};
pub use client::{Client, ClientAction, ClientEvent, Exchange, Outcome, Wants};
pub use delivery::{Delivered, Delivery, DeliveryEvent};
pub use hub::{Action, Change, Event, Hub, Letter, Moment, Note, Options, Record, SessionRecord};
pub use intake::{Intake, LineError, Step};
pub use name::{NameError, check_name, check_password_text};
pub use push::Push;
pub use request::{Ask, Request, Signed};
pub use token::Token;

/// The default TCP port.
pub const DEFAULT_PORT: u16 = 4119;

/// The longest user name, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// The longest password, in bytes.
pub const MAX_PASSWORD: usize = 1024;

/// How requests and pushes of a session with receipts begin.
const WITH: &str = "with ";

/// The receipt of a request.
const OK: &str = "ok";

/// How a message to somebody may grow between its sender and its recipient.
pub const MAX_GROWTH: usize = 4 * MAX_NAME_CHARS + 128;

/// The receipt that a push `with TOKEN ID …` asks for.
fn receipt(id: &str) -> String {
    format!("{OK} {id}\n")
}
