//! One reactor thread's loop.
//!
//! A turn: wait; open what is in the mailbox and read what is ready, both unless somebody is behind;
//! run timers; write to everybody who was sent something; hand over what goes to other threads. mio is
//! edge-triggered, so a connection that was not read until it would block stays
//! in the list of ready ones.

use crate::connection::Phase;
use crate::event::{App, Closed, Event, Via};
use crate::io::Io;
use crate::mailbox::{Envelope, Mailbox, Shared};
use crate::timers::Key;
use crate::{ConnId, DatagramId};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

pub(crate) const WAKER: Token = Token(usize::MAX);

/// How much is read at once, and from one connection in one turn.
const BUFFER: usize = 64 * 1024;
const READ_PER_TURN: usize = 4 * BUFFER;
const DATAGRAMS_PER_TURN: usize = 256;

/// No more is read in a turn once so many bytes were published, unless a [`Pace`](crate::Pace) says
/// how many. What is published may go to everybody, and must not fill the queue of a
/// reader who keeps up.
const PUBLISHED_PER_TURN: usize = 256 * 1024;

pub(crate) struct Reactor<A: App> {
    app: A,
    io: Io<A::Message>,
    poll: Poll,
    buffer: Vec<u8>,
    ready: Vec<ConnId>,
    ready_datagrams: Vec<usize>,
    /// Taken from the mailbox, and not opened yet.
    envelopes: VecDeque<Envelope<A::Message>>,
    /// When patience with the last connections ends, once stopping.
    until: Option<Instant>,
}

impl<A: App> Reactor<A> {
    pub(crate) fn new(
        app: A,
        index: u16,
        shared: Arc<Shared<A::Message>>,
        poll: Poll,
        sockets: Vec<UdpSocket>,
    ) -> io::Result<Self> {
        let mut io = Io::new(index, shared, poll.registry().try_clone()?);
        for (number, mut socket) in sockets.into_iter().enumerate() {
            io.registry.register(
                &mut socket,
                Token(number),
                Interest::READABLE | Interest::WRITABLE,
            )?;
            io.datagrams.push(socket);
        }
        Ok(Self {
            app,
            io,
            poll,
            buffer: vec![0; BUFFER],
            ready: Vec::new(),
            ready_datagrams: Vec::new(),
            envelopes: VecDeque::new(),
            until: None,
        })
    }

    /// Runs until the pool stops; gives the app back.
    pub(crate) fn run(mut self) -> io::Result<A> {
        let mut events = Events::with_capacity(1024);
        dispatch(&mut self.app, &mut self.io, Event::Started);
        self.end_turn();
        while !self.is_over() {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            self.io.now = Instant::now();
            for event in &events {
                self.note(event);
            }
            self.take_mailbox();
            self.read_ready();
            self.run_timers();
            self.end_turn();
        }
        Ok(self.app)
    }

    fn is_over(&self) -> bool {
        let Some(until) = self.until else { return self.io.shared.abort.load(Ordering::Acquire) };
        self.io.connections.is_empty()
            || self.io.now >= until
            || self.io.shared.abort.load(Ordering::Acquire)
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.io.dirty.is_empty() || self.may_read() || self.may_open() {
            return Some(Duration::ZERO);
        }
        let next = self.io.timers.next().into_iter().chain(self.until).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn has_ready(&self) -> bool {
        !self.ready.is_empty() || !self.ready_datagrams.is_empty()
    }

    /// True if there is something to read, and nobody to wait for.
    fn may_read(&self) -> bool {
        self.has_ready() && !self.is_congested() && !self.io.must_rest()
    }

    /// True while another thread is behind; it wakes us when it has caught up.
    fn is_congested(&self) -> bool {
        let others = self
            .io
            .shared
            .mailboxes
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != usize::from(self.io.index));
        others.fold(false, |any, (_, mailbox)| mailbox.is_full() || any)
    }

    /// Remembers what epoll said; nothing is read or written yet.
    fn note(&mut self, event: &mio::event::Event) {
        let Token(token) = event.token();
        if event.token() == WAKER {
            return;
        }
        let generation = (token >> 32) as u32;
        if generation == 0 {
            if event.is_readable() && !self.ready_datagrams.contains(&token) {
                self.ready_datagrams.push(token);
            }
            if event.is_writable() {
                dispatch(
                    &mut self.app,
                    &mut self.io,
                    Event::Writable { socket: DatagramId(token) },
                );
            }
            return;
        }
        let conn =
            ConnId { reactor: self.io.index, slot: (token & 0xffff_ffff) as u32, generation };
        let Some(connection) = self.io.get(conn) else { return };
        connection.hangup |= event.is_read_closed() || event.is_error();
        if connection.phase == Phase::Connecting {
            if event.is_writable() || event.is_error() {
                self.connected(conn);
            }
            return;
        }
        if (event.is_readable() || event.is_error()) && !connection.ready {
            connection.ready = true;
            self.ready.push(conn);
        }
        if event.is_writable() && std::mem::take(&mut connection.blocked) {
            self.io.mark_dirty(conn);
        }
    }

    fn connected(&mut self, conn: ConnId) {
        let Some(connection) = self.io.get(conn) else { return };
        let failure = match connection.socket.take_error() {
            Ok(None) => match connection.socket.peer_addr() {
                Ok(_) => None,
                // Not yet.
                Err(error) if error.kind() == ErrorKind::NotConnected => return,
                Err(error) => Some(error),
            },
            Ok(Some(error)) | Err(error) => Some(error),
        };
        if let Some(error) = failure {
            self.io.lose(conn, Closed::Failed(error));
            return tell_closed(&mut self.app, &mut self.io);
        }
        connection.phase = Phase::Open;
        connection.blocked = false;
        connection.ready = true;
        let peer = connection.peer;
        self.ready.push(conn);
        self.io.mark_dirty(conn);
        dispatch(&mut self.app, &mut self.io, Event::Opened { conn, peer, via: Via::Connected });
    }

    fn mailbox(&self) -> &Mailbox<A::Message> {
        &self.io.shared.mailboxes[self.io.reactor()]
    }

    /// True if envelopes wait, and nobody to wait for. The end waits for nobody.
    fn may_open(&self) -> bool {
        let is_ending = || self.io.shared.stop.load(Ordering::Acquire);
        let is_waiting = !self.envelopes.is_empty() || self.mailbox().holds_any();
        is_waiting && (is_ending() || !self.io.must_rest())
    }

    /// Opens what the mailbox holds; where a pace is kept, until somebody must be waited for.
    fn take_mailbox(&mut self) {
        if self.envelopes.is_empty() {
            let mut envelopes = std::mem::take(&mut self.envelopes);
            if self.mailbox().take(&mut envelopes) {
                self.io.wake_others();
            }
            self.envelopes = envelopes;
        }
        let Some(pace) = self.io.shared.config.pace else {
            while let Some(envelope) = self.envelopes.pop_front() {
                self.open(envelope);
            }
            return;
        };
        // While this thread was busy with something else, the others may have put more into its
        // mailbox than the queue of a reader who keeps up can hold.
        while !self.envelopes.is_empty() && self.may_open() {
            let mut opened = 0;
            while opened < pace.publish
                && let Some(envelope) = self.envelopes.pop_front()
            {
                opened += envelope.weight();
                self.open(envelope);
            }
            self.write_dirty();
        }
    }

    fn open(&mut self, envelope: Envelope<A::Message>) {
        match envelope {
            Envelope::Accepted { .. } if self.io.stopping => {
                self.io.shared.loads[self.io.reactor()].fetch_sub(1, Ordering::Relaxed);
            }
            Envelope::Accepted { stream, peer, listener, refused } => {
                if let Some((conn, via)) = self.io.accept(stream, peer, listener, refused) {
                    dispatch(&mut self.app, &mut self.io, Event::Opened { conn, peer, via });
                }
            }
            Envelope::Send { conn, frame } => {
                self.io.send(conn, frame);
                tell_closed(&mut self.app, &mut self.io);
            }
            Envelope::Close { conn } => {
                self.io.close(conn);
                tell_closed(&mut self.app, &mut self.io);
            }
            Envelope::Message { message, .. } => {
                dispatch(&mut self.app, &mut self.io, Event::Message(message));
            }
            Envelope::Stop if self.io.stopping => {}
            Envelope::Stop => self.stop(),
        }
    }

    fn stop(&mut self) {
        self.io.stopping = true;
        self.until = Some(self.io.now + self.io.shared.config.grace);
        dispatch(&mut self.app, &mut self.io, Event::Stopping);
        let all: Vec<ConnId> =
            self.io.connections.iter().map(|(slot, c)| self.id(slot, c.generation)).collect();
        for conn in all {
            self.io.close(conn);
            // Also those that were being closed before need not wait any longer.
            self.io.mark_dirty(conn);
        }
        tell_closed(&mut self.app, &mut self.io);
    }

    fn id(&self, slot: usize, generation: u32) -> ConnId {
        // A slot was a u32 when it was given out.
        ConnId { reactor: self.io.index, slot: u32::try_from(slot).unwrap_or(u32::MAX), generation }
    }

    fn read_ready(&mut self) {
        if !self.may_read() {
            return;
        }
        // Whoever did not get his turn comes first in the next one.
        let mut ready = std::mem::take(&mut self.ready).into_iter();
        while !self.has_published_enough()
            && let Some(conn) = ready.next()
        {
            self.read(conn);
        }
        if ready.len() > 0 {
            let read_again = std::mem::replace(&mut self.ready, ready.collect());
            self.ready.extend(read_again);
        }
        for socket in std::mem::take(&mut self.ready_datagrams) {
            self.read_datagrams(socket);
        }
    }

    fn read(&mut self, conn: ConnId) {
        if let Some(connection) = self.io.get(conn) {
            connection.ready = false;
        }
        let mut left = READ_PER_TURN;
        let size = self.io.config().pace.map_or(BUFFER, |pace| pace.read.clamp(1, BUFFER));
        while left > 0 && !self.has_published_enough() {
            let Some(connection) = self.io.get(conn).filter(|connection| !connection.read_ended)
            else {
                return;
            };
            let is_open = connection.phase == Phase::Open;
            match connection.socket.read(&mut self.buffer[..size]) {
                Ok(0) => {
                    connection.read_ended = true;
                    if is_open {
                        dispatch(&mut self.app, &mut self.io, Event::Ended { conn });
                    } else if connection.queue.is_empty() {
                        self.io.lose(conn, Closed::Asked);
                    }
                    return;
                }
                Ok(length) => {
                    // A short read means that nothing is left, and a new edge will come.
                    let is_empty = length < size && !connection.hangup;
                    left = left.saturating_sub(length);
                    if is_open {
                        dispatch(
                            &mut self.app,
                            &mut self.io,
                            Event::Received { conn, bytes: &self.buffer[..length] },
                        );
                    }
                    if is_empty {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.io.lose(conn, Closed::Lost(error));
                    return tell_closed(&mut self.app, &mut self.io);
                }
            }
        }
        if let Some(connection) = self.io.get(conn) {
            connection.ready = true;
            self.ready.push(conn);
        }
    }

    fn has_published_enough(&self) -> bool {
        let limit = self.io.config().pace.map_or(PUBLISHED_PER_TURN, |pace| pace.publish);
        self.io.published.is_some_and(|bytes| bytes >= limit)
    }

    fn read_datagrams(&mut self, socket: usize) {
        for _ in 0..DATAGRAMS_PER_TURN {
            match self.io.datagrams[socket].recv_from(&mut self.buffer) {
                Ok((length, from)) => {
                    let event = Event::Datagram {
                        socket: DatagramId(socket),
                        from,
                        bytes: &self.buffer[..length],
                    };
                    dispatch(&mut self.app, &mut self.io, event);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Errors of earlier sends are reported here, one at a time.
                Err(error) => tracing::debug!(%error, "receiving a datagram"),
            }
        }
        self.ready_datagrams.push(socket);
    }

    fn run_timers(&mut self) {
        while let Some(key) = self.io.timers.pop(self.io.now) {
            match key {
                Key::Conn(conn) => dispatch(&mut self.app, &mut self.io, Event::Deadline { conn }),
                Key::App(id) => dispatch(&mut self.app, &mut self.io, Event::Timer { id }),
                Key::Linger(conn) => self.io.lose(conn, Closed::Asked),
                Key::Lag(conn) => self.io.look_at_lag(conn),
            }
        }
    }

    /// Writes to everybody who was sent something and empties the outbox.
    fn end_turn(&mut self) {
        self.app.turn_ends(&mut self.io);
        tell_closed(&mut self.app, &mut self.io);
        self.write_dirty();
        self.io.wake_resting();
        let Io { shared, outbox, published, .. } = &mut self.io;
        let _one_order = published
            .take()
            .map(|_| shared.publishing.lock().unwrap_or_else(PoisonError::into_inner));
        for (reactor, envelopes) in outbox.iter_mut().enumerate() {
            if !envelopes.is_empty() {
                shared.mailboxes[reactor].put(envelopes);
            }
        }
    }

    fn write_dirty(&mut self) {
        for conn in std::mem::take(&mut self.io.dirty) {
            self.flush(conn);
            self.io.note_lag(conn);
        }
    }

    fn flush(&mut self, conn: ConnId) {
        let stopping = self.io.stopping;
        let Some(connection) = self.io.get(conn) else { return };
        connection.dirty = false;
        match connection.flush() {
            Err(error) => {
                self.io.lose(conn, Closed::Lost(error));
                tell_closed(&mut self.app, &mut self.io);
            }
            Ok(false) => {}
            Ok(true) => {
                if connection.phase == Phase::Closing && (connection.read_ended || stopping) {
                    // What is unread would turn the end of the stream into a reset.
                    if !connection.read_ended {
                        for _ in 0..READ_PER_TURN / BUFFER {
                            if !matches!(connection.socket.read(&mut self.buffer), Ok(1..)) {
                                break;
                            }
                        }
                    }
                    self.io.lose(conn, Closed::Asked);
                } else if std::mem::take(&mut connection.tell_drained) {
                    dispatch(&mut self.app, &mut self.io, Event::Drained { conn });
                }
            }
        }
    }
}

/// Hands one event to the app, and then the ends of connections that it caused.
fn dispatch<A: App>(app: &mut A, io: &mut Io<A::Message>, event: Event<'_, A::Message>) {
    app.handle(event, io);
    tell_closed(app, io);
}

fn tell_closed<A: App>(app: &mut A, io: &mut Io<A::Message>) {
    while let Some((conn, why)) = io.closed.pop_front() {
        app.handle(Event::Closed { conn, why }, io);
    }
}
