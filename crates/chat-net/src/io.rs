//! What an app can do: everything here returns at once.

use crate::connection::{Connection, Phase};
use crate::mailbox::{Envelope, Shared};
use crate::timers::{Key, Timers};
use crate::{Closed, Config, ConnId, DatagramId, ListenerId, Via, socket};
use bytes::Bytes;
use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};
use slab::Slab;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// The hands of an app: its thread's connections and timers, and the way to the
/// other threads.
#[derive(Debug)]
pub struct Io<M> {
    pub(crate) index: u16,
    pub(crate) shared: Arc<Shared<M>>,
    pub(crate) registry: Registry,
    pub(crate) connections: Slab<Connection>,
    pub(crate) datagrams: Vec<UdpSocket>,
    pub(crate) timers: Timers,
    /// Connections to write to at the end of the turn.
    pub(crate) dirty: Vec<ConnId>,
    /// Connections that ended and of which the app does not know yet.
    pub(crate) closed: VecDeque<(ConnId, Closed)>,
    /// What goes to the other threads at the end of the turn.
    pub(crate) outbox: Vec<Vec<Envelope<M>>>,
    /// Bytes published in this turn; `None`: nothing was.
    pub(crate) published: Option<usize>,
    pub(crate) now: Instant,
    pub(crate) stopping: bool,
    generation: u32,
}

impl<M> Io<M> {
    pub(crate) fn new(index: u16, shared: Arc<Shared<M>>, registry: Registry) -> Self {
        let outbox = shared.mailboxes.iter().map(|_| Vec::new()).collect();
        Self {
            index,
            shared,
            registry,
            connections: Slab::new(),
            datagrams: Vec::new(),
            timers: Timers::default(),
            dirty: Vec::new(),
            closed: VecDeque::new(),
            outbox,
            published: None,
            now: Instant::now(),
            stopping: false,
            generation: 0,
        }
    }

    /// The time at which this turn of the loop began.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The limits this pool works with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// This thread's number, from 0.
    #[must_use]
    pub fn reactor(&self) -> usize {
        usize::from(self.index)
    }

    /// Sends a frame to a connection of any thread. A dead connection swallows it.
    pub fn send(&mut self, conn: ConnId, frame: Bytes) {
        if conn.reactor != self.index {
            return self.outbox[conn.reactor()].push(Envelope::Send { conn, frame });
        }
        let max_queue = self.shared.config.max_queue;
        let Some(connection) = self.get(conn) else { return };
        if connection.phase == Phase::Closing || connection.finish {
            return;
        }
        connection.queue.push(frame);
        if connection.queue.bytes() > max_queue {
            // Perhaps the socket has room, and only this turn was long.
            if let Err(error) = connection.flush() {
                return self.lose(conn, Closed::Lost(error));
            }
            let queued = connection.queue.bytes();
            if queued > max_queue {
                return self.lose(conn, Closed::SlowReader { queued });
            }
        }
        self.mark_dirty(conn);
    }

    /// Bytes queued for a connection of this thread.
    #[must_use]
    pub fn queued(&self, conn: ConnId) -> usize {
        self.connections
            .get(conn.slot as usize)
            .filter(|c| c.generation == conn.generation)
            .map_or(0, |c| c.queue.bytes())
    }

    /// The address on our side of a connection of this thread: the one by which its
    /// peer reaches this machine.
    #[must_use]
    pub fn local_addr(&self, conn: ConnId) -> Option<SocketAddr> {
        let connection = self.connections.get(conn.slot as usize)?;
        let alive = connection.generation == conn.generation;
        alive.then(|| connection.socket.local_addr().ok())?
    }

    /// Asks for one [`Event::Drained`](crate::Event::Drained), when the queue of a
    /// connection of this thread is next found empty at the end of a turn.
    pub fn notify_drained(&mut self, conn: ConnId) {
        if let Some(connection) = self.get(conn) {
            connection.tell_drained = true;
            self.mark_dirty(conn);
        }
    }

    /// Closes a connection of any thread once its queue is sent.
    pub fn close(&mut self, conn: ConnId) {
        if conn.reactor != self.index {
            return self.outbox[conn.reactor()].push(Envelope::Close { conn });
        }
        let until = self.now.checked_add(self.shared.config.linger);
        let Some(connection) = self.get(conn) else { return };
        match connection.phase {
            Phase::Closing => return,
            Phase::Connecting => return self.lose(conn, Closed::Asked),
            Phase::Open => connection.phase = Phase::Closing,
        }
        connection.finish = true;
        self.forget_lag(conn);
        self.closed.push_back((conn, Closed::Asked));
        self.timers.set(Key::Conn(conn), None);
        self.timers.set(Key::Linger(conn), until);
        self.mark_dirty(conn);
    }

    /// Ends a connection of this thread at once: what is queued is dropped, and the
    /// peer sees a reset.
    pub fn abort(&mut self, conn: ConnId) {
        if let Some(connection) = self.get(conn) {
            // If it fails, the connection is broken already.
            let _ = socket::set_reset(&connection.socket, true);
            self.lose(conn, Closed::Asked);
        }
    }

    /// Ends our half of a connection of this thread once its queue is sent. What
    /// the peer sends is still heard; what is sent from now on is dropped.
    pub fn finish(&mut self, conn: ConnId) {
        if let Some(connection) = self.get(conn) {
            connection.finish = true;
            self.mark_dirty(conn);
        }
    }

    /// Sets, moves or clears the one deadline of a connection of this thread.
    pub fn set_deadline(&mut self, conn: ConnId, at: Option<Instant>) {
        if self.get(conn).is_some_and(|connection| connection.phase != Phase::Closing) {
            self.timers.set(Key::Conn(conn), at);
        }
    }

    /// Sets, moves or clears a timer of this app.
    pub fn set_timer(&mut self, id: u64, at: Option<Instant>) {
        self.timers.set(Key::App(id), at);
    }

    /// Begins to connect. [`Event::Opened`](crate::Event::Opened) or
    /// [`Event::Closed`](crate::Event::Closed) with [`Closed::Failed`] follows.
    ///
    /// # Errors
    /// When the system refuses at once.
    pub fn connect(&mut self, address: SocketAddr) -> std::io::Result<ConnId> {
        let stream = TcpStream::connect(address)?;
        let config = &self.shared.config;
        let limits = config.connected_timeout.or(config.peer_timeout);
        socket::set_options(&stream, config, limits)?;
        self.shared.loads[self.reactor()].fetch_add(1, Ordering::Relaxed);
        self.insert(stream, address, Phase::Connecting)
    }

    /// Sends one datagram, or nothing.
    ///
    /// # Errors
    /// As `sendto`. After `WouldBlock`, [`Event::Writable`](crate::Event::Writable) follows.
    pub fn send_datagram(
        &self,
        socket: DatagramId,
        bytes: &[u8],
        to: SocketAddr,
    ) -> std::io::Result<()> {
        self.datagrams[socket.0].send_to(bytes, to).map(|_| ())
    }

    /// Posts a message to the app of thread `reactor` (perhaps this one).
    pub fn post(&mut self, reactor: usize, message: M) {
        self.outbox[reactor].push(Envelope::Message { message, weight: 0 });
    }

    /// Posts a message to the apps of all threads, this one too. What is published, by
    /// whatever threads, comes in the same order everywhere, and behind what its sender sent
    /// and posted before. `weight`: how many bytes it keeps in memory; whoever
    /// publishes more than is read is read less.
    pub fn publish(&mut self, message: M, weight: usize)
    where
        M: Clone,
    {
        *self.published.get_or_insert(0) += weight;
        if let Some((first, others)) = self.outbox.split_first_mut() {
            for outbox in others {
                outbox.push(Envelope::Message { message: message.clone(), weight });
            }
            first.push(Envelope::Message { message, weight });
        }
    }

    /// Asks the whole pool to stop.
    pub fn stop(&self) {
        self.shared.ask_to_stop();
    }

    pub(crate) fn wake_others(&self) {
        for (index, mailbox) in self.shared.mailboxes.iter().enumerate() {
            if index != self.reactor() {
                mailbox.wake();
            }
        }
    }

    pub(crate) fn get(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.connections
            .get_mut(conn.slot as usize)
            .filter(|connection| connection.generation == conn.generation)
    }

    pub(crate) fn mark_dirty(&mut self, conn: ConnId) {
        if let Some(connection) = self.get(conn)
            && !connection.dirty
        {
            connection.dirty = true;
            self.dirty.push(conn);
        }
    }

    /// Takes over a connection that the supervisor accepted.
    pub(crate) fn accept(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        listener: ListenerId,
        refused: bool,
    ) -> Option<(ConnId, Via)> {
        match self.insert(stream, peer, Phase::Open) {
            Ok(conn) => {
                let resets = self.shared.config.reset_unless_closed;
                if let Some(connection) = self.get(conn) {
                    connection.resets = resets;
                }
                Some((conn, if refused { Via::Refused(listener) } else { Via::Accepted(listener) }))
            }
            Err(error) => {
                tracing::warn!(%peer, %error, "cannot watch a new connection");
                None
            }
        }
    }

    /// The connection was counted already, and is not any more if this fails.
    fn insert(
        &mut self,
        mut stream: TcpStream,
        peer: SocketAddr,
        phase: Phase,
    ) -> std::io::Result<ConnId> {
        // 0 stands for datagram sockets in tokens.
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        let entry = self.connections.vacant_entry();
        let slot = u32::try_from(entry.key()).map_err(std::io::Error::other)?;
        let conn = ConnId { reactor: self.index, slot, generation: self.generation };
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.registry.register(&mut stream, token(conn), interest) {
            self.shared.loads[usize::from(self.index)].fetch_sub(1, Ordering::Relaxed);
            return Err(error);
        }
        entry.insert(Connection::new(stream, peer, self.generation, phase, self.now));
        Ok(conn)
    }

    /// The connection is no more; the app hears why unless it knows already.
    pub(crate) fn lose(&mut self, conn: ConnId, why: Closed) {
        self.forget_lag(conn);
        if self.get(conn).is_none() {
            return;
        }
        let mut connection = self.connections.remove(conn.slot as usize);
        // The descriptor is closed in any case, which deregisters it as well.
        let _ = self.registry.deregister(&mut connection.socket);
        self.shared.loads[self.reactor()].fetch_sub(1, Ordering::Relaxed);
        self.timers.set(Key::Conn(conn), None);
        self.timers.set(Key::Linger(conn), None);
        match connection.phase {
            Phase::Closing => {}
            Phase::Connecting => {
                let why = if let Closed::Lost(error) = why { Closed::Failed(error) } else { why };
                self.closed.push_back((conn, why));
            }
            Phase::Open => self.closed.push_back((conn, why)),
        }
    }
}

/// The token of a connection: never 0 in its upper half.
pub(crate) fn token(conn: ConnId) -> Token {
    Token((conn.generation as usize) << 32 | conn.slot as usize)
}
