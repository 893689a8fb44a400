//! One TCP connection of a reactor thread.

use crate::pace::Progress;
use crate::queue::Queue;
use crate::socket;
use mio::net::TcpStream;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// We asked for it and wait for the answer.
    Connecting,
    Open,
    /// The app knows it as closed; the last frames are on their way.
    Closing,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) generation: u32,
    pub(crate) phase: Phase,
    pub(crate) queue: Queue,
    /// It is in the list of those to be written to at the end of the turn.
    pub(crate) dirty: bool,
    /// It is in the list of those to be read.
    pub(crate) ready: bool,
    /// The socket takes no more until epoll says so.
    pub(crate) blocked: bool,
    /// epoll reported the end of the peer's stream, or an error.
    pub(crate) hangup: bool,
    /// The end of the peer's stream was read.
    pub(crate) read_ended: bool,
    /// The app wants to know when the queue is empty.
    pub(crate) tell_drained: bool,
    /// Whether it keeps up with what it is sent.
    pub(crate) progress: Progress,
    /// Our stream is to be ended once the queue is empty.
    pub(crate) finish: bool,
    /// It is reset unless it is finished first.
    pub(crate) resets: bool,
    finished: bool,
}

impl Connection {
    pub(crate) fn new(
        socket: TcpStream,
        peer: SocketAddr,
        generation: u32,
        phase: Phase,
        now: Instant,
    ) -> Self {
        Self {
            socket,
            peer,
            generation,
            phase,
            queue: Queue::default(),
            dirty: false,
            ready: false,
            blocked: phase == Phase::Connecting,
            hangup: false,
            read_ended: false,
            tell_drained: false,
            progress: Progress::new(now),
            finish: false,
            resets: false,
            finished: false,
        }
    }

    /// Writes what the socket takes; ends our stream if that was asked for and
    /// nothing is left. True if nothing is left.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        if self.blocked {
            return Ok(false);
        }
        let queued = self.queue.bytes();
        let empty = self.queue.write_to(&mut self.socket)?;
        self.progress.take(queued - self.queue.bytes());
        self.blocked = !empty;
        if empty && self.finish && !self.finished {
            self.finished = true;
            if std::mem::take(&mut self.resets) {
                socket::set_reset(&self.socket, false)?;
            }
            match self.socket.shutdown(Shutdown::Write) {
                // The peer was faster.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                result => result?,
            }
        }
        Ok(empty)
    }
}
