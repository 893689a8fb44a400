//! What users send to each other, and how it gets there.

use super::state::{Item, Pushing, REFUSALS, Session};
use super::{Action, Change, Hub, Letter, Note, RETRY, timer};
use crate::accounts::answer::answers;
use crate::accounts::{Delivered, LineError, WITH};
use crate::text::for_strangers;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// Pushes that an old client may have taken without confirming them.
const TAKEN: usize = 32;

/// Pushes that an old client may break before it counts as having read the item.
const BROKEN_PUSHES: u32 = 3;

impl<K: Copy> Hub<K> {
    /// A text as it is passed on. What makes a control character harmless is longer, so only
    /// now is it known whether its recipients have to take it; the answer if not.
    pub(super) fn letter(
        &self,
        user: usize,
        text: &str,
        out: &mut Vec<Action<K>>,
    ) -> Result<Arc<str>, String> {
        let text = for_strangers(text);
        let limit = self.options.max_text;
        if text.len() > limit {
            out.push(Action::Note(Note::TooLong { from: self.name(user), bytes: text.len() }));
            return Err(format!("{}: {}", answers::WRONG_FORMAT, LineError::TooLong { limit }));
        }
        Ok(text.into())
    }

    pub(super) fn message(
        &mut self,
        user: usize,
        target: &str,
        text: &Arc<str>,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) -> &'static str {
        let Some(&target) = self.by_name.get(target) else { return answers::WRONG_TARGET };
        if self.accounts[target].blocked.contains(&self.accounts[user].name) {
            return answers::BLOCKED;
        }
        if self.post(user, target, text, out) {
            self.deliver(target, now, out);
            ""
        } else {
            answers::MAILBOX_FULL
        }
    }

    pub(super) fn broadcast(
        &mut self,
        user: usize,
        text: &Arc<str>,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) -> &'static str {
        for target in 0..self.accounts.len() {
            let account = &self.accounts[target];
            let hears = account.session.is_some()
                && target != user
                && !account.blocked.contains(&self.accounts[user].name);
            if hears && self.post(user, target, text, out) {
                self.deliver(target, now, out);
            }
        }
        ""
    }

    pub(super) fn get_address(
        &mut self,
        user: usize,
        target: &str,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) -> &'static str {
        let Some(&target) = self.by_name.get(target) else { return answers::WRONG_TARGET };
        let (asker, target_name) = (self.name(user), self.name(target));
        if self.accounts[target].blocked.contains(&asker) {
            return answers::BLOCKED;
        }
        let Some(session) = &mut self.accounts[target].session else { return answers::NOT_ONLINE };
        session.asked_by.insert(asker.clone());
        let prompt =
            format!("print Do_you_agree to have a private talk with {asker}? Y {asker}/N {asker}");
        if !self.notify(target, &prompt) {
            out.push(Action::Note(Note::MailboxFull { to: target_name }));
            return answers::MAILBOX_FULL;
        }
        out.push(Action::Note(Note::Asked { asker, target: target_name }));
        self.deliver(target, now, out);
        answers::REQUEST_SENT
    }

    pub(super) fn consent(
        &mut self,
        user: usize,
        asker: &str,
        agreed: bool,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) -> &'static str {
        let name = self.name(user);
        let Some(session) = &mut self.accounts[user].session else {
            return answers::NO_SUCH_REQUEST;
        };
        let push = session.push;
        if !session.asked_by.remove(asker) {
            return answers::NO_SUCH_REQUEST;
        }
        let Some(&asker) = self.by_name.get(asker) else { return answers::NO_SUCH_REQUEST };
        let (ip, port) = (self.seen_from(asker, push.ip()), push.port());
        let text =
            if agreed { format!("address {name} {ip} {port}") } else { format!("refused {name}") };
        // Who has gone by now has no use for it.
        if self.accounts[asker].session.is_some() && self.notify(asker, &text) {
            self.deliver(asker, now, out);
        }
        let (asker, target) = (self.name(asker), name);
        out.push(Action::Note(Note::Answered { asker, target, agreed }));
        ""
    }

    /// An address as this user should use it. Who listens at a loopback address is on this
    /// machine, and a user elsewhere calls this machine by another one.
    fn seen_from(&self, user: usize, ip: IpAddr) -> IpAddr {
        match self.accounts[user].session {
            Some(Session { source, local: Some(local), .. })
                if ip.is_loopback() && !source.is_loopback() =>
            {
                local
            }
            _ => ip,
        }
    }

    /// Puts a letter into the mailbox of `target`, if there is room.
    fn post(
        &mut self,
        user: usize,
        target: usize,
        text: &Arc<str>,
        out: &mut Vec<Action<K>>,
    ) -> bool {
        let (from, to) = (self.name(user), self.name(target));
        if !self.has_room(target, text.len()) {
            out.push(Action::Note(Note::MailboxFull { to }));
            return false;
        }
        let (seq, nonce) = (self.seq(), self.nonce);
        let letter = Letter { seq, nonce, from: from.clone(), text: text.clone() };
        self.accounts[target].queue.push(Item::letter(&letter));
        out.push(Action::Store(Change::Add { to: to.clone(), letter }));
        out.push(Action::Note(Note::Message { from, to, seq }));
        true
    }

    /// Queues a push that means something only to the session, if there is room.
    fn notify(&mut self, target: usize, text: &str) -> bool {
        let has_room = self.has_room(target, text.len());
        if has_room {
            let (seq, nonce) = (self.seq(), self.nonce);
            let text = text.into();
            let item = Item { seq, nonce, text, is_letter: false, broken: 0, refused: 0 };
            self.accounts[target].queue.push(item);
        }
        has_room
    }

    fn has_room(&self, target: usize, bytes: usize) -> bool {
        self.accounts[target].waiting().saturating_add(bytes) < self.options.max_mailbox
    }

    pub(super) fn seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    /// Begins the next push, if there is anything to push, somewhere to push it to, and
    /// no push on its way. One at a time keeps the order.
    pub(super) fn deliver(&mut self, index: usize, now: Instant, out: &mut Vec<Action<K>>) {
        let account = &mut self.accounts[index];
        let is_busy = account.pushing.iter().any(|pushing| !pushing.is_taken)
            || account.pushing.len() >= TAKEN;
        if is_busy || account.session.is_none() || account.retry_at.is_some_and(|at| now < at) {
            return;
        }
        let Some(item) = account.queue.pop() else { return };
        let ticket = self.ticket(index);
        let account = &mut self.accounts[index];
        if let Some(session) = &account.session {
            let to = session.push;
            let (line, id) = address_to(session, &item.id(), &item.text);
            out.push(Action::Push { ticket, to, line, id });
        }
        account.pushing.push(Pushing { ticket, item, is_late: false, is_taken: false });
    }

    pub(super) fn pushed(
        &mut self,
        ticket: u64,
        delivered: Delivered,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) {
        // None: a `logout` push, on which nothing depends.
        let Some(&index) = self.tickets.get(&ticket) else { return };
        let account = &mut self.accounts[index];
        let Some(place) = account.pushing.iter().position(|push| push.ticket == ticket) else {
            return;
        };
        if delivered == Delivered::Taken {
            account.pushing[place].is_taken = true;
            return self.deliver(index, now, out);
        }
        self.tickets.remove(&ticket);
        let Pushing { mut item, is_late, .. } = account.pushing.remove(place);
        item.broken += u32::from(delivered == Delivered::Perhaps);
        item.refused += u32::from(delivered == Delivered::Refused && !is_late);
        if delivered == Delivered::Yes || item.broken >= BROKEN_PUSHES {
            self.accounts[index].failures = 0;
            self.arrived(index, &item, out);
        } else {
            if delivered == Delivered::Refused && item.refused == REFUSALS {
                account.failures = 0;
                let (to, seq) = (account.name.clone(), item.seq);
                out.push(Action::Note(Note::SetAside { to, seq }));
            }
            if item.is_letter || !is_late {
                account.queue.put_back(item);
            }
            // Whoever logged in meanwhile need not wait for the retry.
            if !is_late {
                self.push_failed(index, now, out);
            }
        }
        self.deliver(index, now, out);
    }

    fn arrived(&self, index: usize, item: &Item, out: &mut Vec<Action<K>>) {
        let (to, seq) = (self.name(index), item.seq);
        if item.broken >= BROKEN_PUSHES {
            out.push(Action::Note(Note::GivenUp { to: to.clone(), seq }));
        }
        if item.is_letter {
            out.push(Action::Store(Change::Remove { to: to.clone(), seq }));
            out.push(Action::Note(Note::Delivered { to, seq }));
        }
    }

    fn push_failed(&mut self, index: usize, now: Instant, out: &mut Vec<Action<K>>) {
        let to = self.name(index);
        let account = &mut self.accounts[index];
        let Some(session) = &account.session else { return };
        let at = session.push;
        account.failures += 1;
        let failures = account.failures;
        let pause = self.options.retry * (1 << (failures - 1).min(4));
        account.retry_at = now.checked_add(pause);
        out.push(Action::Timer { id: timer(index, RETRY), at: account.retry_at });
        out.push(Action::Note(Note::NotDelivered { to, at, failures }));
    }
}

/// The line of a push to this session, and its ID if that is to be acknowledged.
pub(super) fn address_to(session: &Session, id: &str, push: &str) -> (String, Option<String>) {
    match &session.token {
        Some(token) => (format!("{WITH}{token} {id} {push}\n"), Some(id.to_owned())),
        None => (push.to_owned(), None),
    }
}
