//! What the hub keeps of each account.

use super::Letter;
use crate::accounts::Token;
use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// Pushes of one item that a client with receipts may refuse before the item has to wait until
/// nothing else does.
pub(super) const REFUSALS: u32 = 3;

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
    /// Pushes under way: one, and those that an old client has taken but not confirmed.
    pub(super) pushing: Vec<Pushing>,
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
    pub(super) item: Item,
    /// The session it goes to is over.
    pub(super) is_late: bool,
    /// It was sent, and the next one may follow.
    pub(super) is_taken: bool,
}

impl<K> Account<K> {
    /// Bytes that wait for this user.
    pub(super) fn waiting(&self) -> usize {
        let under_way: usize = self.pushing.iter().map(|pushing| pushing.item.weight()).sum();
        self.queue.bytes() + under_way
    }

    /// The session that pushes under way go to is over. Those that can be given up.
    pub(super) fn make_pushes_late(&mut self) -> Vec<u64> {
        self.queue.keep_letters();
        for pushing in &mut self.pushing {
            pushing.is_late = true;
            pushing.item.refused = 0;
        }
        let fresh = self.pushing.iter().filter(|pushing| !pushing.is_taken);
        fresh.map(|pushing| pushing.ticket).collect()
    }
}

/// A user who is online.
#[derive(Debug)]
pub(super) struct Session {
    /// Where it logged in from.
    pub(super) source: IpAddr,
    /// How it called this machine last; unknown after a restart.
    pub(super) local: Option<IpAddr>,
    /// Where it listens.
    pub(super) push: SocketAddr,
    /// Its secret, if it understands receipts.
    pub(super) token: Option<Token>,
    /// Who has asked for its address, and was not answered.
    pub(super) asked_by: BTreeSet<Arc<str>>,
}

/// A password that waits to be checked.
#[derive(Debug)]
pub(super) struct Check<K> {
    pub(super) from: K,
    pub(super) peer: IpAddr,
    pub(super) local: IpAddr,
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
    /// How often an old client broke the connection that it was sent over.
    pub(super) broken: u32,
    /// How often the session, which has receipts, was sent it and did not take it.
    pub(super) refused: u32,
}

impl Item {
    pub(super) fn letter(letter: &Letter) -> Self {
        let text = format!("print {}: {}", letter.from, letter.text).into();
        let (seq, nonce) = (letter.seq, letter.nonce);
        Self { seq, nonce, text, is_letter: true, broken: 0, refused: 0 }
    }

    /// Its share of a mailbox, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.text.len() + ENTRY
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

    pub(super) fn push(&mut self, item: Item) {
        self.bytes += item.weight();
        self.items.push_back(item);
    }

    /// Those that outlive the session, in order.
    #[cfg(test)]
    pub(super) fn letters(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.is_letter)
    }

    /// Takes out the first item. What the client refuses again and again comes after everything
    /// else, so that it does not hold that up.
    pub(super) fn pop(&mut self) -> Option<Item> {
        let welcome = self.items.iter().position(|item| item.refused < REFUSALS);
        let at =
            welcome.or_else(|| (0..self.items.len()).min_by_key(|at| self.items[*at].refused))?;
        let item = self.items.remove(at)?;
        self.bytes -= item.weight();
        Some(item)
    }

    /// Puts an item that was taken out back to its place.
    pub(super) fn put_back(&mut self, item: Item) {
        let place = self.items.partition_point(|other| other.seq < item.seq);
        self.bytes += item.weight();
        self.items.insert(place, item);
    }

    /// Forgets what was meant for the session, and what it refused.
    pub(super) fn keep_letters(&mut self) {
        self.items.retain(|item| item.is_letter);
        self.items.iter_mut().for_each(|item| item.refused = 0);
        self.bytes = self.items.iter().map(Item::weight).sum();
    }
}
