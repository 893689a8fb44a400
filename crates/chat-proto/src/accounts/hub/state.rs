//! What the hub keeps of each account.

use super::Letter;
use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// What one entry of a queue weighs beside its text.
const ENTRY: usize = 64;

#[derive(Debug)]
pub(super) struct Account<K> {
    pub(super) name: Arc<str>,
    /// The password's, as a PHC string.
    pub(super) hash: Arc<str>,
    /// Whose messages are refused.
    pub(super) blocked: BTreeSet<Arc<str>>,
    /// Wrong passwords in a row.
    pub(super) tries: u32,
    pub(super) locked_until: Option<Instant>,
    pub(super) session: Option<Session>,
    pub(super) queue: Queue,
    pub(super) pushing: Option<Pushing>,
    /// Pushes of the first item that failed.
    pub(super) failures: u32,
    pub(super) retry_at: Option<Instant>,
    /// Passwords to check, one after the other; the first one is being checked.
    pub(super) checks: VecDeque<Check<K>>,
}

/// A push under way.
#[derive(Debug)]
pub(super) struct Pushing {
    pub(super) ticket: u64,
    /// The item it carries.
    pub(super) seq: u64,
    /// The session it goes to is over.
    pub(super) is_late: bool,
}

/// A user who is online.
#[derive(Debug)]
pub(super) struct Session {
    /// Where it logged in from.
    pub(super) source: IpAddr,
    /// Where it listens.
    pub(super) push: SocketAddr,
    /// Its secret, if it understands receipts.
    pub(super) token: Option<Arc<str>>,
    /// Who has asked for its address, and was not answered.
    pub(super) asked_by: BTreeSet<Arc<str>>,
}

/// A password that waits to be checked.
#[derive(Debug)]
pub(super) struct Check<K> {
    pub(super) from: K,
    pub(super) peer: IpAddr,
    pub(super) password: String,
    pub(super) push: SocketAddr,
    pub(super) receipts: bool,
}

/// One thing to push.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) seq: u64,
    /// Part of the push's ID, so that no ID is ever used twice.
    pub(super) nonce: u64,
    /// The push.
    pub(super) text: Arc<str>,
    /// It is a letter, which outlives the session and the server.
    pub(super) is_letter: bool,
}

impl Item {
    pub(super) fn letter(letter: &Letter) -> Self {
        let text = format!("print {}: {}", letter.from, letter.text).into();
        Self { seq: letter.seq, nonce: letter.nonce, text, is_letter: true }
    }

    pub(super) fn id(&self) -> String {
        format!("{:x}-{}", self.nonce, self.seq)
    }
}

/// What waits for one user, in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
}

impl Queue {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn first(&self) -> Option<&Item> {
        self.items.front()
    }

    pub(super) fn push(&mut self, item: Item) {
        self.bytes += item.text.len() + ENTRY;
        self.items.push_back(item);
    }

    /// Those that outlive the session, in order.
    #[cfg(test)]
    pub(super) fn letters(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.is_letter)
    }

    /// Takes out the first item if it is this one.
    pub(super) fn pop(&mut self, seq: u64) -> Option<Item> {
        self.items.front().filter(|item| item.seq == seq)?;
        let item = self.items.pop_front()?;
        self.bytes -= item.text.len() + ENTRY;
        Some(item)
    }

    /// Forgets what was meant for the session.
    pub(super) fn keep_letters(&mut self) {
        self.items.retain(|item| item.is_letter);
        self.bytes = self.items.iter().map(|item| item.text.len() + ENTRY).sum();
    }
}
