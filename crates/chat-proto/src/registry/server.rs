//! The registry: connections that become users, and time.
//!
//! It takes [`Event`]s of connections, datagrams and the time, and appends [`Action`]s, which
//! the program around it carries out in their order. There is one order of events for all
//! users, which makes simultaneous requests a matter of who came first.

use super::frame::Decoder;
use super::request::{Request, parse_hello};
use super::state::{Ending, Name, Note, State, Whereabouts, send};
use super::{NOBODY, Reply};
use bytes::Bytes;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What a registry holds its clients to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest DATA of a frame, in bytes.
    pub max_frame: usize,
    /// How long a connection may take to register.
    pub name_timeout: Duration,
    /// How long a user may go without a `HELLO`.
    pub activity_limit: Duration,
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Bytes arrived.
    Received(&'a [u8]),
    /// The peer will send no more. It may still read.
    Ended,
    /// The connection is no more.
    Gone,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<K> {
    /// Send this frame to this connection.
    Send {
        /// To whom.
        to: K,
        /// The encoded frame.
        frame: Bytes,
    },
    /// Close this connection once all frames for it are sent.
    Close(K),
    /// Call [`Registry::wake`] then; `None`: never.
    Wake(Option<Instant>),
    /// Something worth a line in the log.
    Note(Note),
}

#[derive(Debug)]
enum Phase {
    Unnamed,
    Named(Name),
    Over,
}

#[derive(Debug)]
struct Connection {
    decoder: Decoder,
    ip: IpAddr,
    local: IpAddr,
    phase: Phase,
    /// When it must have registered, or have been heard again.
    due: Option<Instant>,
}

/// A registry. `K` is what the program that moves the bytes calls a connection.
#[derive(Debug)]
pub struct Registry<K> {
    limits: Limits,
    state: State<K>,
    connections: HashMap<K, Connection>,
    /// The `due` of every connection that has one.
    due: BTreeSet<(Instant, K)>,
    /// What the last [`Action::Wake`] said.
    wake: Option<Instant>,
}

impl<K: Copy + Ord + Hash> Registry<K> {
    /// Nobody yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::default(),
            connections: HashMap::new(),
            due: BTreeSet::new(),
            wake: None,
        }
    }

    /// How many users are there.
    #[must_use]
    pub fn users(&self) -> usize {
        self.state.users()
    }

    /// How many rooms there are.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.state.rooms()
    }

    /// The user of a connection, if it has registered.
    #[must_use]
    pub fn name(&self, key: K) -> Option<&str> {
        match &self.connections.get(&key)?.phase {
            Phase::Named(name) => Some(name),
            Phase::Unnamed | Phase::Over => None,
        }
    }

    /// A connection was made: from `ip`, which reached us at `local`.
    pub fn open(
        &mut self,
        key: K,
        ip: IpAddr,
        local: IpAddr,
        now: Instant,
        out: &mut Vec<Action<K>>,
    ) {
        let connection = Connection {
            decoder: Decoder::new(self.limits.max_frame),
            ip: ip.to_canonical(),
            local: local.to_canonical(),
            phase: Phase::Unnamed,
            due: None,
        };
        self.connections.insert(key, connection);
        self.set_due(key, now.checked_add(self.limits.name_timeout));
        self.ask_to_wake(out);
    }

    /// Handles one event of a connection.
    pub fn handle(&mut self, key: K, event: Event<'_>, now: Instant, out: &mut Vec<Action<K>>) {
        match event {
            Event::Received(bytes) => self.received(key, bytes, now, out),
            Event::Ended => self.leave(key, Ending::Closed, out),
            Event::Gone => {
                self.leave(key, Ending::Lost, out);
                self.connections.remove(&key);
            }
        }
        self.ask_to_wake(out);
    }

    /// A datagram came from `from`.
    pub fn datagram(&mut self, from: IpAddr, bytes: &[u8], now: Instant, out: &mut Vec<Action<K>>) {
        let user = parse_hello(bytes).and_then(|name| self.state.find(&name));
        match user.filter(|(_, ip)| *ip == from.to_canonical()) {
            Some((key, _)) => {
                self.set_due(key, now.checked_add(self.limits.activity_limit));
                self.ask_to_wake(out);
            }
            None => out.push(Action::Note(Note::BadHello(from))),
        }
    }

    /// The time that was asked for with [`Action::Wake`] has come.
    pub fn wake(&mut self, now: Instant, out: &mut Vec<Action<K>>) {
        self.wake = None;
        while let Some(&(_, key)) = self.due.first().filter(|(at, _)| *at <= now) {
            if let Some(name) = self.name(key) {
                let limit = self.limits.activity_limit.as_secs_f64();
                let why = format!("you are removed: no HELLO came from you for {limit} s");
                send(key, name, &why, out);
                self.leave(key, Ending::Silent, out);
            } else {
                let limit = self.limits.name_timeout.as_secs_f64();
                send(key, NOBODY, &format!("you did not register within {limit} s"), out);
                self.refuse(key, Note::Unregistered, out);
            }
        }
        self.ask_to_wake(out);
    }

    fn received(&mut self, key: K, mut input: &[u8], now: Instant, out: &mut Vec<Action<K>>) {
        // Taken out, so that what it lends does not lend out all the rest.
        let Some(connection) = self.connections.get_mut(&key) else { return };
        let mut decoder = std::mem::replace(&mut connection.decoder, Decoder::new(0));
        loop {
            let Some(connection) = self.connections.get(&key) else { return };
            match (&connection.phase, decoder.next(&mut input)) {
                (Phase::Over, _) | (_, Ok(None)) => break,
                (Phase::Unnamed, Ok(Some(data))) => {
                    let Some(Request::Register { name, port }) = Request::parse(data) else {
                        send(key, NOBODY, "register first: &&REGISTER&&|NAME|TCP_PORT", out);
                        self.refuse(key, Note::Unregistered, out);
                        break;
                    };
                    let at = Whereabouts { ip: connection.ip, local: connection.local, port };
                    match self.state.register(name, key, at, out) {
                        Some(name) => self.registered(key, name, now),
                        None => self.close(key, out),
                    }
                }
                (Phase::Named(name), Ok(Some(data))) => {
                    let name = name.clone();
                    match Request::parse(data) {
                        Some(Request::Logout) => self.logout(key, &name, out),
                        Some(request) => self.state.request(&name, &request, out),
                        None => self.state.not_a_request(&name, out),
                    }
                }
                (phase, Err(error)) => {
                    let name = match phase {
                        Phase::Named(name) => Some(name.clone()),
                        Phase::Unnamed | Phase::Over => None,
                    };
                    let about = name.as_deref().unwrap_or(NOBODY);
                    send(key, about, &format!("frame error: {error}"), out);
                    let note = Note::Broken(name.clone(), error);
                    match name {
                        Some(_) => {
                            out.push(Action::Note(note));
                            self.leave(key, Ending::Broken, out);
                        }
                        None => self.refuse(key, note, out),
                    }
                    break;
                }
            }
        }
        if let Some(connection) = self.connections.get_mut(&key) {
            connection.decoder = decoder;
        }
    }

    fn registered(&mut self, key: K, name: Name, now: Instant) {
        if let Some(connection) = self.connections.get_mut(&key) {
            connection.phase = Phase::Named(name);
        }
        self.set_due(key, now.checked_add(self.limits.activity_limit));
    }

    fn logout(&mut self, key: K, name: &Name, out: &mut Vec<Action<K>>) {
        if let Some(why) = self.state.bars_logout(name) {
            return send(key, name, &why, out);
        }
        send(key, name, &Reply::LogoutSuccess.to_string(), out);
        self.leave(key, Ending::Logout, out);
    }

    /// Closes a connection without a name.
    fn refuse(&mut self, key: K, note: Note, out: &mut Vec<Action<K>>) {
        out.push(Action::Note(note));
        self.close(key, out);
    }

    /// Takes the connection's user out and closes it.
    fn leave(&mut self, key: K, how: Ending, out: &mut Vec<Action<K>>) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        match std::mem::replace(&mut connection.phase, Phase::Over) {
            Phase::Over => return,
            Phase::Unnamed => {}
            Phase::Named(name) => self.state.remove(&name, how, out),
        }
        self.close(key, out);
    }

    fn close(&mut self, key: K, out: &mut Vec<Action<K>>) {
        if let Some(connection) = self.connections.get_mut(&key) {
            connection.phase = Phase::Over;
        }
        self.set_due(key, None);
        out.push(Action::Close(key));
    }

    fn set_due(&mut self, key: K, at: Option<Instant>) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        if let Some(old) = std::mem::replace(&mut connection.due, at) {
            self.due.remove(&(old, key));
        }
        self.due.extend(at.map(|at| (at, key)));
    }

    fn ask_to_wake(&mut self, out: &mut Vec<Action<K>>) {
        let next = self.due.first().map(|(at, _)| *at);
        if next != self.wake {
            self.wake = next;
            out.push(Action::Wake(next));
        }
    }

    /// Panics unless everything holds that always should; for tests and fuzzing.
    #[doc(hidden)]
    pub fn assert_consistent(&self) {
        self.state.assert_consistent();
        let named = self.connections.keys().filter(|key| self.name(**key).is_some()).count();
        assert_eq!(named, self.users(), "a user without a connection, or the other way round");
        let due = self.connections.values().filter(|connection| connection.due.is_some()).count();
        assert_eq!(due, self.due.len());
        for (key, connection) in &self.connections {
            if let Phase::Named(name) = &connection.phase {
                assert!(self.state.find(name).is_some_and(|(owner, _)| owner == *key));
            }
        }
    }
}

#[cfg(test)]
mod tests;
