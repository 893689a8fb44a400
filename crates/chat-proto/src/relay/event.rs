//! What a server hears, and what it has done.

use super::decode::DecodeError;
use super::{Id, Kind};
use bytes::Bytes;
use std::time::{Duration, Instant};
use thiserror::Error;

/// What happens to a server. `K` is what the program that moves the bytes calls a connection.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a, K> {
    /// The server runs. Comes first.
    Started,
    /// Somebody connected.
    Accepted(K),
    /// The connection asked for with [`Action::Connect`] stands.
    Connected(K),
    /// It does not come about.
    Unreachable,
    /// Bytes arrived.
    Received(K, &'a [u8]),
    /// The peer will send no more.
    Ended(K),
    /// The connection is no more.
    Gone(K),
    /// All that was sent has left; asked for with [`Action::TellDrained`].
    Drained(K),
    /// The deadline of a connection has come.
    Deadline(K),
    /// The time of [`Action::WakeAt`] has come.
    Awake,
    /// The server stops; what it sends now is its last word.
    Stopping,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<K> {
    /// Send this. What is sent over one connection leaves in the order in which it stands.
    Send {
        /// Over which connection.
        to: K,
        /// One or more encoded messages.
        bytes: Bytes,
    },
    /// Send the same to several.
    SendAll {
        /// Over which connections; at least one.
        to: Vec<K>,
        /// As above; encoded once for all.
        bytes: Bytes,
    },
    /// Close this connection once everything for it is sent. Nothing more is to be heard of it.
    Close(K),
    /// Say [`Event::Deadline`] of this connection then; `None`: never.
    Deadline(K, Option<Instant>),
    /// Say [`Event::Drained`] once everything sent over this connection so far has left.
    TellDrained(K),
    /// Connect to the server this one hangs on.
    Connect,
    /// Say [`Event::Awake`] then.
    WakeAt(Instant),
    /// Something worth a line in the log.
    Note(Note),
}

/// Why a neighbour's connection is closed. The neighbour is told with a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Breach {
    /// What it sends cannot be read.
    #[error(transparent)]
    Format(#[from] DecodeError),
    /// It registers somebody with the id 0.
    #[error("no machine may have the ID 0")]
    ZeroId,
    /// A registration's last hop is not the sender.
    #[error("the last hop {found} of a registration is not you, {sender}")]
    LastHop {
        /// As sent.
        found: Id,
        /// Who sent it.
        sender: Id,
    },
    /// The last hop of the registration that begins a connection is not [`Id::NONE`].
    #[error("the last hop of your own registration must be 0, not {0}")]
    FirstHop(Id),
    /// It speaks for somebody else.
    #[error("ID {found} is not yours, {sender}")]
    Source {
        /// In whose name it speaks.
        found: Id,
        /// Who it is.
        sender: Id,
    },
    /// A kind of message that this neighbour may not send at this time.
    #[error("you may not send this message {0}")]
    OutOfPlace(&'static str),
    /// The server we hung on knows a server that we know as well: together we would be a
    /// circle, or two servers have one id.
    #[error("ID {0} is on both sides of this link, so it would close a circle")]
    Circle(Id),
    /// More machines than there is room for.
    #[error("this server has no room for more machines")]
    Full,
    /// It did not say who it is.
    #[error("no registration came within {0:?}")]
    Silent(Duration),
}

/// What the log should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A machine is there.
    Joined {
        /// What.
        kind: Kind,
        /// Who.
        id: Id,
        /// Its name.
        name: String,
        /// The adjacent machine on the path to it.
        first_link: Id,
    },
    /// A machine is gone.
    Left {
        /// What.
        kind: Kind,
        /// Who.
        id: Id,
        /// Its last word.
        text: String,
    },
    /// An id was refused because somebody has it.
    Duplicate {
        /// What wanted to register.
        kind: Kind,
        /// The id.
        id: Id,
    },
    /// We are part of the network of this server.
    Attached(Id),
    /// The server we hung on, or wanted to, refused us.
    Refused(String),
    /// The server we hung on is gone.
    Detached,
    /// We try to connect in so much time.
    Retry(Duration),
    /// The server we hang on has told us of ourselves. Ignored.
    Echoed(Id),
    /// A neighbour is cut off.
    Breach {
        /// Who, if it said so.
        neighbour: Option<Id>,
        /// Why.
        why: Breach,
    },
    /// A neighbour passed on something in the name of a machine that is not behind it. Dropped.
    Forged {
        /// The neighbour.
        neighbour: Id,
        /// The machine.
        source: Id,
    },
    /// A chat was passed on.
    Chat {
        /// From whom.
        source: Id,
        /// To whom.
        destination: Id,
        /// Its text's length.
        bytes: usize,
    },
    /// A chat that a neighbouring server passed on is too long. Dropped.
    LeftOut {
        /// The neighbour.
        neighbour: Id,
        /// Its text's length.
        bytes: usize,
    },
    /// A chat for somebody who is not known.
    Unknown {
        /// From whom.
        source: Id,
        /// To whom.
        destination: Id,
    },
    /// A status for us.
    Status {
        /// From whom.
        source: Id,
        /// What.
        code: u16,
        /// The same in words.
        text: String,
    },
}
