//! Logging in: names, passwords, lockouts.

use super::mail::address_to;
use super::state::{Check, Session};
use super::{Account, Action, Change, Hub, Moment, Note, Origin, RETRY, SessionRecord, timer};
use crate::accounts::answer::answers;
use crate::accounts::{MAX_PASSWORD, Token};
use std::net::{IpAddr, SocketAddr};

/// Passwords of one user that may wait: more than a person needs, who is locked out
/// after three wrong ones.
const CHECKS_OF_ONE: usize = 16;

/// `check_password`, and where it came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a, K> {
    pub(super) origin: &'a Origin<K>,
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) receipts: bool,
    pub(super) push: SocketAddr,
}

impl<K: Copy> Hub<K> {
    pub(super) fn login(&self, user: &str, peer: IpAddr, out: &mut Vec<Action<K>>) -> &'static str {
        if self.by_name.contains_key(user) {
            return answers::RIGHT_USERNAME;
        }
        out.push(Action::Note(Note::NoSuchUser { name: user.to_owned(), peer }));
        answers::NO_SUCH_USER
    }

    /// The answer, if it is known without checking the password.
    pub(super) fn check(
        &mut self,
        attempt: &Attempt<'_, K>,
        now: Moment,
        out: &mut Vec<Action<K>>,
    ) -> Option<&'static str> {
        let Attempt { origin, user, password, receipts, mut push } = *attempt;
        let Origin { from, peer, local } = *origin;
        let Some(&index) = self.by_name.get(user) else {
            return Some(self.login(user, peer, out));
        };
        if password.len() > MAX_PASSWORD {
            out.push(Action::Note(Note::WrongFormat { peer }));
            return Some(answers::WRONG_FORMAT);
        }
        let user = self.name(index);
        if self.is_locked(index, now) {
            out.push(Action::Note(Note::StillLockedOut { user, peer }));
            return Some(answers::STILL_BLOCKED);
        }
        let waiting: usize = self.checking.values().sum();
        let of_address = self.checking.get(&peer).copied().unwrap_or(0);
        let limit = self.options.max_checks;
        let of_user = self.accounts[index].checks.len();
        if waiting >= limit || of_address >= limit.div_ceil(4) || of_user >= CHECKS_OF_ONE {
            out.push(Action::Note(Note::Busy { user, peer }));
            return Some(answers::STILL_BLOCKED);
        }
        push.set_ip(push.ip().to_canonical());
        // Some clients know themselves by their loopback address only.
        if push.ip().is_unspecified() || (push.ip().is_loopback() && !peer.is_loopback()) {
            push.set_ip(peer);
        }
        *self.checking.entry(peer).or_default() += 1;
        let password = password.to_owned();
        let check = Check { from, peer, local, password, push, receipts };
        self.accounts[index].checks.push_back(check);
        if of_user == 0 {
            self.start_check(index, out);
        }
        None
    }

    fn is_locked(&self, account: usize, now: Moment) -> bool {
        self.accounts[account].locked_until.is_some_and(|until| now.instant < until)
    }

    fn start_check(&mut self, index: usize, out: &mut Vec<Action<K>>) {
        let Some(check) = self.accounts[index].checks.front_mut() else { return };
        let password = std::mem::take(&mut check.password);
        let hash = self.accounts[index].hash.clone();
        let ticket = self.ticket(index);
        out.push(Action::Check { ticket, hash, password });
    }

    pub(super) fn checked(
        &mut self,
        ticket: u64,
        matches: bool,
        secret: u128,
        now: Moment,
        out: &mut Vec<Action<K>>,
    ) {
        let Some(index) = self.tickets.remove(&ticket) else { return };
        let Some(check) = self.next_check(index) else { return };
        let to = check.from;
        let text = if matches {
            self.log_in(index, &check, secret, now, out)
        } else {
            self.wrong_password(index, check.peer, now, out);
            answers::WRONG_PASSWORD.to_owned()
        };
        out.push(Action::Answer { to, text });
        if !matches && self.is_locked(index, now) {
            while let Some(check) = self.next_check(index) {
                let text = answers::STILL_BLOCKED.to_owned();
                out.push(Action::Answer { to: check.from, text });
            }
        }
        if matches {
            self.deliver(index, now.instant, out);
        }
        self.start_check(index, out);
    }

    fn next_check(&mut self, index: usize) -> Option<Check<K>> {
        let check = self.accounts[index].checks.pop_front()?;
        if let Some(count) = self.checking.get_mut(&check.peer) {
            *count -= 1;
            if *count == 0 {
                self.checking.remove(&check.peer);
            }
        }
        Some(check)
    }

    fn wrong_password(
        &mut self,
        index: usize,
        peer: IpAddr,
        now: Moment,
        out: &mut Vec<Action<K>>,
    ) {
        let user = self.name(index);
        let account = &mut self.accounts[index];
        account.tries += 1;
        let tries = account.tries;
        out.push(Action::Note(Note::WrongPassword { user: user.clone(), peer, tries }));
        let mut locked_until = None;
        if tries >= self.options.max_tries {
            account.tries = 0;
            account.locked_until = now.instant.checked_add(self.options.lockout);
            locked_until = now.wall.checked_add(self.options.lockout);
            out.push(Action::Note(Note::LockedOut { user: user.clone(), peer }));
        }
        let tries = account.tries;
        out.push(Action::Store(Change::Tries { user, tries, locked_until }));
    }

    /// The answer.
    fn log_in(
        &mut self,
        index: usize,
        check: &Check<K>,
        secret: u128,
        now: Moment,
        out: &mut Vec<Action<K>>,
    ) -> String {
        let (user, push) = (self.name(index), check.push);
        if let Some(before) = self.accounts[index].session.take() {
            self.replace(index, &before, push, out);
        }
        let Account { tries, locked_until, session, queue, .. } = &mut self.accounts[index];
        *locked_until = None;
        if std::mem::take(tries) > 0 {
            let user = user.clone();
            out.push(Action::Store(Change::Tries { user, tries: 0, locked_until: None }));
        }
        let token = check.receipts.then(|| Token::new(secret));
        let text = match &token {
            Some(token) => format!("{} {token}", answers::LOGGED_IN),
            None => answers::LOGGED_IN.to_owned(),
        };
        let record = SessionRecord { source: check.peer, push, token: token.clone() };
        let (source, local, asked_by) = (check.peer, Some(check.local), Default::default());
        *session = Some(Session { source, local, push, token, asked_by });
        let note = Note::LoggedIn {
            user: user.clone(),
            peer: check.peer,
            push,
            receipts: check.receipts,
            waiting: queue.len(),
        };
        out.push(Action::Store(Change::Session { user, session: Some(record) }));
        out.push(Action::Note(note));
        self.touch(index, now.instant, out);
        text
    }

    /// Ends the session that a new one takes the place of.
    fn replace(
        &mut self,
        index: usize,
        before: &Session,
        push: SocketAddr,
        out: &mut Vec<Action<K>>,
    ) {
        let account = &mut self.accounts[index];
        let late = account.make_pushes_late();
        account.failures = 0;
        account.retry_at = None;
        out.push(Action::Timer { id: timer(index, RETRY), at: None });
        out.extend(late.into_iter().map(|ticket| Action::Cancel { ticket }));
        let user = self.name(index);
        out.push(Action::Note(Note::LoggedInElsewhere { user, before: before.push }));
        // The same client once more: it must not be told that it has been replaced.
        if before.push == push {
            return;
        }
        // Nothing depends on what becomes of this push, so the ticket is nobody's.
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let seq = self.seq();
        let (line, id) = address_to(before, &format!("{:x}-{seq}", self.nonce), "logout");
        out.push(Action::Push { ticket, to: before.push, line, id });
    }
}
