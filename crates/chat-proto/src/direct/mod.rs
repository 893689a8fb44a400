//! The `direct` dialect: messages by name over TCP.
//!
//! Everything travels in [frames](crate::frame). A client's first frame is its
//! user's name, every later one a request `To NAME:TEXT`; the server answers with
//! frames of one sentence each. [`Users`] and [`Session`] are the server's side,
//! [`Client`] is the client's.

mod client;
mod request;
mod session;
mod users;

pub use crate::client::{ClientAction, ClientEvent, Outcome};
pub use client::Client;
pub use request::Request;
pub use session::{Action, Ending, Event, Note, Session};
pub use users::{Limits, NameError, Users};

/// The default TCP port, and also the UDP chat's.
pub const DEFAULT_PORT: u16 = 12345;

/// The longest user name, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// What the server answers to anything but `To NAME:TEXT`.
pub const FORMAT_ERROR: &str = "Format error. The format should be 'To XXX:MMMM'";

/// What the server answers when nobody of that name is connected.
pub const UNREACHABLE: &str = "The target user cannot be reached.";

/// How every refusal of a name begins.
pub const NAME_REFUSED: &str = "Name refused: ";

/// By how much a message can grow between the frame of its sender and the frame
/// of its recipient: `To X:` goes, ` From ` and the longest name come.
pub const MAX_GROWTH: usize = " From ".len() + 4 * MAX_NAME_CHARS;
