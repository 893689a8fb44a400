//! The messages and how they are written.
//!
//! All integers are big-endian. No delimiters: each message gives its own length.
//!
//! | type | message | after the type byte |
//! |---|---|---|
//! | `0x00`, `0x80` | registration of a server, of a client | source u32, last hop u32, name length u8, info length u16, name, info |
//! | `0x01` | status | source u32, destination u32, code u16, length u32, text |
//! | `0x81` | chat | source u32, destination u32, length u32, text |
//! | `0x82` | client quit | source u32, length u32, text |
//! | `0x02` | server quit (extension) | source u32, replacement u32, length u32, text |

use super::{MAX_INFO, MAX_NAME};
use bytes::Bytes;
use serde::Serialize;
use std::fmt;

/// A machine's number. [`Id::NONE`] is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Id(pub u32);

impl Id {
    /// No machine: the last hop of a machine's own registration, the destination of a status
    /// for whoever receives it.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It relays for others.
    Server,
    /// Somebody sits at it.
    Client,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// A machine introduces itself, or is introduced by the server next to the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration<'a> {
    /// What it is.
    pub kind: Kind,
    /// Who it is.
    pub source: Id,
    /// [`Id::NONE`]: the sender speaks of itself, and is new here. Else the sender's id.
    pub last_hop: Id,
    /// At most [`MAX_NAME`] bytes.
    pub name: &'a str,
    /// At most [`MAX_INFO`] bytes.
    pub info: &'a str,
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// A machine is there.
    Registration(Registration<'a>),
    /// What a server has to say to one machine.
    Status {
        /// The server.
        source: Id,
        /// Who is to read it; [`Id::NONE`]: whoever receives it.
        destination: Id,
        /// One of [`status`](super::status).
        code: u16,
        /// The same for people.
        text: &'a str,
    },
    /// What one client says to another.
    Chat {
        /// Who speaks.
        source: Id,
        /// To whom.
        destination: Id,
        /// What.
        text: &'a str,
    },
    /// A client is gone.
    ClientQuit {
        /// Which.
        source: Id,
        /// Its last word; empty if its connection was lost.
        text: &'a str,
    },
    /// A server is gone.
    ServerQuit {
        /// Which.
        source: Id,
        /// Another to connect to instead; [`Id::NONE`]: none is named.
        replacement: Id,
        /// Its last word; empty if its connection was lost.
        text: &'a str,
    },
}

pub(super) const SERVER_REGISTRATION: u8 = 0x00;
pub(super) const CLIENT_REGISTRATION: u8 = 0x80;
pub(super) const STATUS: u8 = 0x01;
pub(super) const CHAT: u8 = 0x81;
pub(super) const CLIENT_QUIT: u8 = 0x82;
pub(super) const SERVER_QUIT: u8 = 0x02;

impl Message<'_> {
    /// The message as bytes. Names and infos beyond what their length fields can say are cut
    /// at a character; whoever makes them checks before.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = Vec::new();
        self.encode_to(&mut bytes);
        bytes.into()
    }

    /// The same, behind what is in `bytes`.
    pub(super) fn encode_to(&self, bytes: &mut Vec<u8>) {
        // Exact for a single message, so that its bytes need not be moved again.
        let (header, texts) = match *self {
            Self::Registration(Registration { name, info, .. }) => {
                (12, name.len().min(MAX_NAME) + info.len().min(MAX_INFO))
            }
            Self::Status { text, .. } => (15, text.len()),
            Self::Chat { text, .. } | Self::ServerQuit { text, .. } => (13, text.len()),
            Self::ClientQuit { text, .. } => (9, text.len()),
        };
        if bytes.is_empty() {
            bytes.reserve_exact(header + texts);
        }
        match *self {
            Self::Registration(Registration { kind, source, last_hop, name, info }) => {
                let (name, info) = (cut(name, MAX_NAME), cut(info, MAX_INFO));
                bytes.push(match kind {
                    Kind::Server => SERVER_REGISTRATION,
                    Kind::Client => CLIENT_REGISTRATION,
                });
                put_ids(bytes, &[source, last_hop]);
                bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
                bytes.extend(u16::try_from(info.len()).unwrap_or(u16::MAX).to_be_bytes());
                bytes.extend_from_slice(name.as_bytes());
                bytes.extend_from_slice(info.as_bytes());
            }
            Self::Status { source, destination, code, text } => {
                bytes.push(STATUS);
                put_ids(bytes, &[source, destination]);
                bytes.extend(code.to_be_bytes());
                put_text(bytes, text);
            }
            Self::Chat { source, destination, text } => {
                bytes.push(CHAT);
                put_ids(bytes, &[source, destination]);
                put_text(bytes, text);
            }
            Self::ClientQuit { source, text } => {
                bytes.push(CLIENT_QUIT);
                put_ids(bytes, &[source]);
                put_text(bytes, text);
            }
            Self::ServerQuit { source, replacement, text } => {
                bytes.push(SERVER_QUIT);
                put_ids(bytes, &[source, replacement]);
                put_text(bytes, text);
            }
        }
    }
}

fn put_ids(bytes: &mut Vec<u8>, ids: &[Id]) {
    for id in ids {
        bytes.extend(id.0.to_be_bytes());
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let text = cut(text, u32::MAX as usize);
    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// The beginning of `text`, at most `max` bytes of it.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
