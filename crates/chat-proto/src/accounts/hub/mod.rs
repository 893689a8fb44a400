//! The server: who may log in, who is online, what waits for whom.
//!
//! One hub knows everything and handles one [`Event`] at a time. It touches nothing:
//! reading lines, checking passwords, storing and pushing are [`Action`]s for the
//! program around it.
//!
//! # Contract
//!
//! * Actions are to be carried out in order, across events too. An action after an
//!   [`Action::Store`] must not happen before that change is safe, unless the change
//!   [may wait](Change::may_wait): an answer says that what was asked for is done.
//! * [`Action::Check`] and [`Action::Push`] are answered by [`Event::Checked`] and
//!   [`Event::Pushed`] with their tickets, each exactly once; before that, a push may be
//!   [taken](super::Delivered::Taken).
//! * Everything that grows is bounded: accounts are made by an administrator, each has
//!   one session, a few pushes under way and a mailbox of so many bytes, and so many
//!   passwords may wait to be checked.
//!
//! # Who is who
//!
//! A request that names a user must come from that user's session: with its token if
//! it has one, else from the address it logged in from. [`Options::trust_clients`] turns
//! that off.

mod event;
mod login;
mod mail;
mod state;
mod stored;
#[cfg(test)]
mod tests;

pub use event::{Action, Event, Note};
pub use stored::{Change, Letter, Record, SessionRecord};

use super::OK;
use super::answer::answers;
use super::request::{Ask, Request, Signed};
use state::{Account, Item, Queue, Session};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// What the hub is held to.
#[derive(Debug, Clone)]
pub struct Options {
    /// Wrong passwords in a row before the user is locked out.
    pub max_tries: u32,
    /// For how long, from any address.
    pub lockout: Duration,
    /// After how long without a sign of life a user counts as offline.
    pub silence: Duration,
    /// The pause before a push that failed is tried again; it doubles up to sixteen times itself.
    pub retry: Duration,
    /// The longest text of a message, as it is passed on, in bytes.
    pub max_text: usize,
    /// Bytes that may wait for one user.
    pub max_mailbox: usize,
    /// Passwords that may wait to be checked, altogether; a quarter of them from one address.
    pub max_checks: usize,
    /// Believe who a request says it is from.
    pub trust_clients: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_tries: 3,
            lockout: Duration::from_secs(30),
            silence: Duration::from_secs(31),
            retry: Duration::from_millis(200),
            max_text: 64 << 10,
            max_mailbox: 16 << 20,
            max_checks: 1024,
            trust_clients: false,
        }
    }
}

/// Now, on the clock that never jumps and on the one that survives a restart.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// For everything while the server runs.
    pub instant: Instant,
    /// For what is stored.
    pub wall: SystemTime,
}

/// The server. `K` is what the program around it calls a connection.
#[derive(Debug)]
pub struct Hub<K> {
    options: Options,
    accounts: Vec<Account<K>>,
    by_name: HashMap<Arc<str>, usize>,
    nonce: u64,
    next_seq: u64,
    next_ticket: u64,
    /// Pushes and checks under way, and whose they are.
    tickets: HashMap<u64, usize>,
    /// Passwords that wait to be checked, by address.
    checking: HashMap<IpAddr, usize>,
}

/// Where a request came from.
#[derive(Debug)]
struct Origin<K> {
    from: K,
    peer: IpAddr,
    /// How the peer calls this machine.
    local: IpAddr,
}

/// The timers of an account.
const SILENCE: u64 = 0;
const RETRY: u64 = 1;
const TIMERS: u64 = 2;

fn timer(account: usize, which: u64) -> u64 {
    account as u64 * TIMERS + which
}

impl<K: Copy> Hub<K> {
    /// A server with these accounts; sessions go on. `nonce` must be a number that
    /// no earlier server of this store has had.
    pub fn new(
        options: Options,
        nonce: u64,
        records: Vec<Record>,
        now: Moment,
        out: &mut Vec<Action<K>>,
    ) -> Self {
        let mut hub = Self {
            options,
            accounts: Vec::new(),
            by_name: HashMap::new(),
            nonce,
            next_seq: 1,
            next_ticket: 1,
            tickets: HashMap::new(),
            checking: HashMap::new(),
        };
        for record in records {
            hub.restore(record, now);
        }
        for account in 0..hub.accounts.len() {
            if hub.accounts[account].session.is_some() {
                hub.touch(account, now.instant, out);
                hub.deliver(account, now.instant, out);
            }
        }
        hub
    }

    fn restore(&mut self, record: Record, now: Moment) {
        let name: Arc<str> = record.name.into();
        let mut queue = Queue::default();
        for letter in &record.letters {
            self.next_seq = self.next_seq.max(letter.seq + 1);
            queue.push(Item::letter(letter));
        }
        // Never longer than a lockout lasts, whatever became of the clock.
        let locked_until = record
            .locked_until
            .and_then(|until| until.duration_since(now.wall).ok())
            .and_then(|left| now.instant.checked_add(left.min(self.options.lockout)));
        let session = record.session.map(|session| Session {
            source: session.source,
            local: None,
            push: session.push,
            token: session.token,
            asked_by: Default::default(),
        });
        self.by_name.insert(name.clone(), self.accounts.len());
        self.accounts.push(Account {
            name,
            hash: record.hash.into(),
            blocked: record.blocked.into_iter().map(Into::into).collect(),
            tries: record.tries,
            locked_until,
            session,
            queue,
            pushing: Vec::new(),
            failures: 0,
            retry_at: None,
            checks: Default::default(),
        });
    }

    /// Users online.
    #[must_use]
    pub fn online(&self) -> usize {
        self.accounts.iter().filter(|account| account.session.is_some()).count()
    }

    /// Accounts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// True if nobody can log in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(&mut self, event: Event<'_, K>, now: Moment, out: &mut Vec<Action<K>>) {
        match event {
            Event::Line { from, peer, local, line } => {
                let origin =
                    Origin { from, peer: peer.to_canonical(), local: local.to_canonical() };
                let answer = match Signed::parse(line) {
                    Some(signed) => self.request(&origin, &signed, now, out),
                    None => {
                        out.push(Action::Note(Note::WrongFormat { peer }));
                        Some(answers::WRONG_FORMAT.to_owned())
                    }
                };
                out.extend(answer.map(|text| Action::Answer { to: from, text }));
            }
            Event::Checked { ticket, matches, secret } => {
                self.checked(ticket, matches, secret, now, out);
            }
            Event::Pushed { ticket, delivered } => {
                self.pushed(ticket, delivered, now.instant, out);
            }
            Event::Timer { id } => {
                let account = usize::try_from(id / TIMERS).unwrap_or(usize::MAX);
                if account >= self.accounts.len() {
                    return;
                }
                if id % TIMERS == SILENCE {
                    if self.accounts[account].session.is_some() {
                        self.end_session(account, out);
                        out.push(Action::Note(Note::Silent { user: self.name(account) }));
                    }
                } else {
                    self.accounts[account].retry_at = None;
                    self.deliver(account, now.instant, out);
                }
            }
        }
    }

    /// The answer, if it is known yet.
    fn request(
        &mut self,
        origin: &Origin<K>,
        signed: &Signed<'_>,
        now: Moment,
        out: &mut Vec<Action<K>>,
    ) -> Option<String> {
        let Origin { peer, local, .. } = *origin;
        let (user, ask) = match signed.request {
            Request::Login { user } => return Some(self.login(user, peer, out).to_owned()),
            Request::CheckPassword { user, password, receipts, push } => {
                let check = login::Attempt { origin, user, password, receipts, push };
                return self.check(&check, now, out).map(str::to_owned);
            }
            Request::Online => return Some(self.list()),
            Request::From { user, ask } => (user, ask),
        };
        let Some(account) = self.authenticate(user, signed.token, peer) else {
            out.push(Action::Note(Note::NotTheirs { name: user.to_owned(), peer }));
            return Some(answers::NOT_LOGGED_IN.to_owned());
        };
        if let Some(session) = &mut self.accounts[account].session {
            session.local = Some(local);
            self.touch(account, now.instant, out);
        }
        let answer = self.ask(account, ask, now, out);
        let is_ours = signed.token.is_some();
        Some(if answer.is_empty() && is_ours { OK.to_owned() } else { answer })
    }

    fn ask(&mut self, user: usize, ask: Ask<'_>, now: Moment, out: &mut Vec<Action<K>>) -> String {
        let answer = match ask {
            Ask::Message { target, text } => match self.letter(user, text, out) {
                Ok(text) => self.message(user, target, &text, now.instant, out),
                Err(answer) => return answer,
            },
            Ask::Broadcast { text } => match self.letter(user, text, out) {
                Ok(text) => self.broadcast(user, &text, now.instant, out),
                Err(answer) => return answer,
            },
            Ask::GetAddress { target } => self.get_address(user, target, now.instant, out),
            Ask::Answer { asker, agreed } => self.consent(user, asker, agreed, now.instant, out),
            Ask::Block { target } => return self.block(user, target, true, out),
            Ask::Unblock { target } => return self.block(user, target, false, out),
            Ask::Heartbeat => "",
            Ask::Logout => {
                if self.accounts[user].session.is_some() {
                    self.end_session(user, out);
                    out.push(Action::Note(Note::LoggedOut { user: self.name(user) }));
                }
                ""
            }
        };
        answer.to_owned()
    }

    /// The account of that name, if the request may come from its session.
    fn authenticate(&self, user: &str, token: Option<&str>, peer: IpAddr) -> Option<usize> {
        let account = *self.by_name.get(user)?;
        if self.options.trust_clients {
            return Some(account);
        }
        let session = self.accounts[account].session.as_ref()?;
        let is_theirs = match (&session.token, token) {
            (Some(secret), Some(token)) => secret.is(token),
            (None, None) => session.source == peer,
            _ => false,
        };
        is_theirs.then_some(account)
    }

    fn list(&self) -> String {
        let mut names: Vec<&str> = self
            .accounts
            .iter()
            .filter(|account| account.session.is_some())
            .map(|account| &*account.name)
            .collect();
        names.sort_unstable();
        names.join(", ")
    }

    fn block(
        &mut self,
        user: usize,
        target: &str,
        blocked: bool,
        out: &mut Vec<Action<K>>,
    ) -> String {
        let Some(&target) = self.by_name.get(target) else {
            return answers::USER_NOT_EXIST.to_owned();
        };
        if target == user && blocked {
            return answers::BLOCK_YOURSELF.to_owned();
        }
        let (name, target) = (self.name(user), self.name(target));
        let account = &mut self.accounts[user];
        let changed = if blocked {
            if let Some(session) = &mut account.session {
                session.asked_by.remove(&target);
            }
            account.blocked.insert(target.clone())
        } else if account.blocked.remove(&target) {
            true
        } else {
            return answers::NOT_BLOCKED_BEFORE.to_owned();
        };
        if changed {
            let (user, target) = (name, target.clone());
            out.push(Action::Store(Change::Block {
                user: user.clone(),
                target: target.clone(),
                blocked,
            }));
            out.push(Action::Note(Note::Blocked { user, target, blocked }));
        }
        let word = if blocked { "blocked" } else { "unblocked" };
        format!("User {target} has been {word}.")
    }

    /// A sign of life.
    fn touch(&self, account: usize, now: Instant, out: &mut Vec<Action<K>>) {
        let at = now.checked_add(self.options.silence);
        out.push(Action::Timer { id: timer(account, SILENCE), at });
    }

    fn end_session(&mut self, account: usize, out: &mut Vec<Action<K>>) {
        let user = self.name(account);
        let place = &mut self.accounts[account];
        place.session = None;
        let late = place.make_pushes_late();
        place.retry_at = None;
        place.failures = 0;
        for which in [SILENCE, RETRY] {
            out.push(Action::Timer { id: timer(account, which), at: None });
        }
        out.extend(late.into_iter().map(|ticket| Action::Cancel { ticket }));
        out.push(Action::Store(Change::Session { user, session: None }));
    }

    fn ticket(&mut self, account: usize) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.tickets.insert(ticket, account);
        ticket
    }

    fn name(&self, account: usize) -> Arc<str> {
        self.accounts[account].name.clone()
    }
}
