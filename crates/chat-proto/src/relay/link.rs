//! One connection of a server.

use super::{Decoder, Id, Registration};

/// What the other side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It connected and has not registered.
    New,
    /// We connected and registered, and have no answer.
    Joining,
    /// An adjacent server.
    Server(Id),
    /// An adjacent client.
    Client(Id),
}

impl Role {
    /// The adjacent machine, if it is one.
    pub(super) fn id(self) -> Option<Id> {
        match self {
            Self::Server(id) | Self::Client(id) => Some(id),
            Self::New | Self::Joining => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) role: Role,
    pub(super) decoder: Decoder,
    pub(super) telling: Telling,
}

/// How far a new neighbour was told of the machines that were there before it.
///
/// They are told in the order of their ids, a portion whenever the one before has left, so
/// that a large network does not fill the neighbour's queue. News of a machine
/// further on is not for this neighbour: when its turn comes it will be told what
/// holds then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// Whoever has a smaller id was told.
    Upto(Id),
    /// All were told.
    Done,
}

impl Telling {
    /// True if the neighbour was told of `id` or would have been.
    pub(super) fn has_reached(self, id: Id) -> bool {
        match self {
            Self::Upto(next) => id < next,
            Self::Done => true,
        }
    }

    /// What comes after `host`.
    pub(super) fn after(host: &Registration<'_>) -> Self {
        host.source.0.checked_add(1).map_or(Self::Done, |next| Self::Upto(Id(next)))
    }
}
