//! What goes from thread to thread.

use crate::pace::Crowd;
use crate::{Config, ConnId, ListenerId};
use bytes::Bytes;
use mio::Waker;
use mio::net::TcpStream;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes in a mailbox (frames, and a little for each envelope) beyond which the other
/// threads stop reading their connections until it was taken. Where a [`Pace`](crate::Pace) is
/// kept, what was taken is opened piece by piece, so that it may be more than a queue holds.
const FULL: usize = 512 * 1024;

/// Something for another reactor thread.
#[derive(Debug)]
pub(crate) enum Envelope<M> {
    Accepted {
        stream: TcpStream,
        peer: SocketAddr,
        listener: ListenerId,
        refused: bool,
    },
    Send {
        conn: ConnId,
        frame: Bytes,
    },
    Close {
        conn: ConnId,
    },
    /// `weight`: the bytes it keeps in memory, as far as its sender knows.
    Message {
        message: M,
        weight: usize,
    },
    Stop,
}

impl<M> Envelope<M> {
    /// What it weighs in a mailbox.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Send { frame, .. } => 64 + frame.len(),
            Self::Message { weight, .. } => 64 + weight,
            _ => 64,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Mailbox<M> {
    envelopes: Mutex<VecDeque<Envelope<M>>>,
    /// The weight of all envelopes inside. Changed under the lock.
    weight: AtomicUsize,
    /// Somebody waits for this mailbox to be emptied. Changed under the lock.
    awaited: AtomicBool,
    waker: Waker,
}

impl<M> Mailbox<M> {
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            envelopes: Mutex::default(),
            weight: AtomicUsize::new(0),
            awaited: AtomicBool::new(false),
            waker,
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Envelope<M>>> {
        self.envelopes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "cannot wake a reactor thread");
        }
    }

    /// Puts in all of `envelopes`, in order, with one lock and at most one wake-up.
    pub(crate) fn put(&self, envelopes: &mut Vec<Envelope<M>>) {
        let weight = envelopes.iter().map(Envelope::weight).sum();
        let mut inside = self.lock();
        let was_empty = inside.is_empty();
        inside.extend(envelopes.drain(..));
        self.weight.fetch_add(weight, Ordering::Relaxed);
        drop(inside);
        // If it was not empty, whoever filled it first has woken the thread.
        if was_empty {
            self.wake();
        }
    }

    /// Exchanges the contents for the empty `envelopes`. True if somebody waited for it.
    pub(crate) fn take(&self, envelopes: &mut VecDeque<Envelope<M>>) -> bool {
        let mut inside = self.lock();
        std::mem::swap(&mut *inside, envelopes);
        self.weight.store(0, Ordering::Relaxed);
        self.awaited.swap(false, Ordering::Relaxed)
    }

    /// True if something is inside. Whoever put it in has woken the thread, once.
    pub(crate) fn holds_any(&self) -> bool {
        // Nothing weighs nothing.
        self.weight.load(Ordering::Relaxed) > 0
    }

    /// True if it is full; then its thread wakes all the others when it emptied it.
    pub(crate) fn is_full(&self) -> bool {
        if self.weight.load(Ordering::Relaxed) < FULL {
            return false;
        }
        let _inside = self.lock();
        let full = self.weight.load(Ordering::Relaxed) >= FULL;
        if full {
            self.awaited.store(true, Ordering::Relaxed);
        }
        full
    }
}

/// What all threads of a pool share.
#[derive(Debug)]
pub(crate) struct Shared<M> {
    pub(crate) config: Config,
    pub(crate) mailboxes: Vec<Mailbox<M>>,
    /// Connections of each thread.
    pub(crate) loads: Vec<AtomicUsize>,
    /// The end was asked for, by an app or a signal.
    pub(crate) stop: AtomicBool,
    /// End at once.
    pub(crate) abort: AtomicBool,
    /// Reactor threads that run.
    pub(crate) alive: AtomicUsize,
    pub(crate) supervisor: Waker,
    pub(crate) crowd: Crowd,
    /// Held while what was published goes into the mailboxes, so that it has the same
    /// order in all of them.
    pub(crate) publishing: Mutex<()>,
}

impl<M> Shared<M> {
    pub(crate) fn connections(&self) -> usize {
        self.loads.iter().map(|load| load.load(Ordering::Relaxed)).sum()
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::Release);
        // Without a supervisor to hear it there is nothing left to stop.
        let _ = self.supervisor.wake();
    }
}

/// A way to one app from any thread.
#[derive(Debug)]
pub struct Remote<M> {
    pub(crate) shared: Arc<Shared<M>>,
    pub(crate) reactor: usize,
}

impl<M> Clone for Remote<M> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), reactor: self.reactor }
    }
}

impl<M> Remote<M> {
    /// The app will hear `message` as [`Event::Message`](crate::Event::Message),
    /// after all that was posted before. Nothing happens if the pool has ended.
    pub fn post(&self, message: M) {
        self.shared.mailboxes[self.reactor]
            .put(&mut vec![Envelope::Message { message, weight: 0 }]);
    }

    /// Asks the whole pool to stop.
    pub fn stop(&self) {
        self.shared.ask_to_stop();
    }
}
