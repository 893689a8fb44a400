//! What an app hears.

use crate::{ConnId, DatagramId, Io, ListenerId};
use std::net::SocketAddr;

/// The program on top of the reactor: one value per reactor thread.
pub trait App: Send + 'static {
    /// What may be posted to this app from other threads.
    type Message: Send + 'static;

    /// Handles one event. Must not block: every connection of the thread waits.
    fn handle(&mut self, event: Event<'_, Self::Message>, io: &mut Io<Self::Message>);

    /// All events that were there have been handled, and what was sent is about to be
    /// written. For apps that gather what many events lead to.
    fn turn_ends(&mut self, _io: &mut Io<Self::Message>) {}
}

/// One thing that happened.
#[derive(Debug)]
pub enum Event<'a, M> {
    /// The thread runs; comes first.
    Started,
    /// A connection stands.
    Opened {
        /// Its name from now on.
        conn: ConnId,
        /// The other side's address.
        peer: SocketAddr,
        /// How it came about.
        via: Via,
    },
    /// Bytes arrived.
    Received {
        /// The connection.
        conn: ConnId,
        /// The bytes, up to 64 KiB, cut anywhere.
        bytes: &'a [u8],
    },
    /// The peer will send no more; it may still read.
    Ended {
        /// The connection.
        conn: ConnId,
    },
    /// The queue of a connection ran empty, asked for with [`Io::notify_drained`].
    Drained {
        /// The connection.
        conn: ConnId,
    },
    /// A connection's deadline ([`Io::set_deadline`]) has come.
    Deadline {
        /// The connection.
        conn: ConnId,
    },
    /// The connection is over. Nothing more is heard of it.
    Closed {
        /// The connection.
        conn: ConnId,
        /// Why.
        why: Closed,
    },
    /// A timer ([`Io::set_timer`]) has come.
    Timer {
        /// Which.
        id: u64,
    },
    /// A datagram arrived.
    Datagram {
        /// On which socket.
        socket: DatagramId,
        /// From where.
        from: SocketAddr,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// A datagram socket may take more, after it would have blocked.
    Writable {
        /// Which socket.
        socket: DatagramId,
    },
    /// Something was posted to this app.
    Message(M),
    /// The pool stops; what is sent to connections now is the last word.
    Stopping,
}

/// How a connection came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// It was accepted.
    Accepted(ListenerId),
    /// It is one more than the limit: the app should say so and close it.
    Refused(ListenerId),
    /// We asked for it with [`Io::connect`].
    Connected,
}

/// Why a connection is over.
#[derive(Debug)]
pub enum Closed {
    /// The app asked for it, or the pool stops.
    Asked,
    /// It did not read, and its queue reached the limit.
    SlowReader {
        /// Bytes that were queued.
        queued: usize,
    },
    /// The connection broke: reset, timed out, unreachable.
    Lost(std::io::Error),
    /// A connection we asked for did not come about.
    Failed(std::io::Error),
}
