//! The supervisor: starts the reactor threads, accepts, and hears signals.

use crate::mailbox::{Envelope, Mailbox, Shared};
use crate::pace::Crowd;
use crate::reactor::{Reactor, WAKER};
use crate::signals::Signals;
use crate::{App, Config, DatagramId, ListenerId, Remote, socket};
use mio::net::{TcpListener, UdpSocket};
use mio::{Events, Interest, Poll, Token, Waker};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SUPERVISOR: Token = Token(usize::MAX);
const SIGNALS: Token = Token(usize::MAX - 1);

/// How long accepting rests when the system has no descriptors or memory left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections beyond the limit may be told at one time that they are
/// too many; more are closed without a word.
const REFUSALS: usize = 64;

/// Threads, listeners and sockets, made ready and then [run](Pool::run).
#[derive(Debug)]
pub struct Pool<M> {
    shared: Arc<Shared<M>>,
    poll: Poll,
    signals: Signals,
    reactors: Vec<Poll>,
    listeners: Vec<TcpListener>,
    datagrams: Vec<UdpSocket>,
    /// Accepting rests until then.
    pause: Option<Instant>,
    complained: bool,
}

impl<M: Send + 'static> Pool<M> {
    /// Makes the threads' epoll instances and mailboxes, and takes over SIGINT, SIGTERM and SIGHUP.
    ///
    /// # Errors
    /// When the system has no room for them.
    pub fn new(mut config: Config) -> io::Result<Self> {
        config.threads = config.threads.clamp(1, usize::from(u16::MAX));
        let poll = Poll::new()?;
        let signals = Signals::register(poll.registry(), SIGNALS)?;
        let supervisor = Waker::new(poll.registry(), SUPERVISOR)?;
        let mut reactors = Vec::new();
        let mut mailboxes = Vec::new();
        for _ in 0..config.threads {
            let poll = Poll::new()?;
            mailboxes.push(Mailbox::new(Waker::new(poll.registry(), WAKER)?));
            reactors.push(poll);
        }
        let loads = reactors.iter().map(|_| AtomicUsize::new(0)).collect();
        let (stop, abort) = (AtomicBool::new(false), AtomicBool::new(false));
        let shared = Shared {
            config,
            mailboxes,
            loads,
            stop,
            abort,
            alive: AtomicUsize::new(0),
            supervisor,
            crowd: Crowd::default(),
            publishing: Mutex::new(()),
        };
        Ok(Self {
            shared: Arc::new(shared),
            poll,
            signals,
            reactors,
            listeners: Vec::new(),
            datagrams: Vec::new(),
            pause: None,
            complained: false,
        })
    }

    /// Listens for connections; returns the address with the port really chosen.
    /// Accepted connections go to the thread that has the fewest.
    ///
    /// # Errors
    /// As `bind` and `listen`.
    pub fn listen(&mut self, address: SocketAddr) -> io::Result<(ListenerId, SocketAddr)> {
        let mut listener = socket::listen(address, self.shared.config.reset_unless_closed)?;
        let address = listener.local_addr()?;
        let id = ListenerId(self.listeners.len());
        self.poll.registry().register(&mut listener, Token(id.0), Interest::READABLE)?;
        self.listeners.push(listener);
        Ok((id, address))
    }

    /// Gives a bound socket to thread 0.
    ///
    /// # Errors
    /// When it cannot be made non-blocking.
    pub fn add_datagram(&mut self, socket: std::net::UdpSocket) -> io::Result<DatagramId> {
        socket.set_nonblocking(true)?;
        self.datagrams.push(UdpSocket::from_std(socket));
        Ok(DatagramId(self.datagrams.len() - 1))
    }

    /// A way to the app of thread `reactor`; what is posted before the pool runs waits.
    ///
    /// # Panics
    /// If there is no such thread.
    #[must_use]
    pub fn remote(&self, reactor: usize) -> Remote<M> {
        assert!(reactor < self.shared.mailboxes.len(), "no such thread");
        Remote { shared: self.shared.clone(), reactor }
    }

    /// Runs one app on a pool of one thread; gives it back.
    ///
    /// # Errors
    /// Those of [`Pool::run`]; a pool of several threads.
    pub fn run_alone<A: App<Message = M>>(self, app: A) -> io::Result<A> {
        if self.reactors.len() != 1 {
            return Err(io::Error::other("one app needs a pool of one thread"));
        }
        let mut app = Some(app);
        let make = |_| app.take();
        self.run_made(make)?.pop().ok_or_else(|| io::Error::other("the thread gave nothing back"))
    }

    /// Runs one app per thread, made by `make` from the thread's number, until a
    /// signal or [`Io::stop`](crate::Io::stop); gives the apps back.
    ///
    /// # Errors
    /// When a thread could not be started, or failed.
    pub fn run<A: App<Message = M>>(self, mut make: impl FnMut(usize) -> A) -> io::Result<Vec<A>> {
        self.run_made(|number| Some(make(number)))
    }

    /// As many threads as `make` makes apps for.
    fn run_made<A: App<Message = M>>(
        mut self,
        mut make: impl FnMut(usize) -> Option<A>,
    ) -> io::Result<Vec<A>> {
        let mut threads = Vec::new();
        let mut sockets = std::mem::take(&mut self.datagrams);
        for (number, poll) in std::mem::take(&mut self.reactors).into_iter().enumerate() {
            // There are at most 65535.
            let index = u16::try_from(number).map_err(io::Error::other)?;
            let Some(app) = make(number) else { break };
            let reactor =
                Reactor::new(app, index, self.shared.clone(), poll, std::mem::take(&mut sockets))?;
            let alive = Alive::new(self.shared.clone());
            let run = move || {
                let _alive = alive;
                reactor.run()
            };
            threads.push(std::thread::Builder::new().name(format!("reactor-{number}")).spawn(run)?);
        }
        let supervised = self.supervise();
        if supervised.is_err() {
            self.shared.abort.store(true, Ordering::Release);
            self.shared.mailboxes.iter().for_each(Mailbox::wake);
        }
        let apps = threads.into_iter().map(join).collect::<io::Result<Vec<A>>>()?;
        supervised.map(|()| apps)
    }

    /// Returns when all threads have ended.
    fn supervise(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(64);
        let threads = self.shared.mailboxes.len();
        let mut stopping = false;
        while self.shared.alive.load(Ordering::Acquire) > 0 {
            let timeout = self.pause.map(|until| until.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            let mut ready: Vec<usize> = events
                .iter()
                .map(|event| event.token().0)
                .filter(|token| *token < self.listeners.len())
                .collect();
            if self.pause.is_some_and(|until| until <= Instant::now()) {
                self.pause = None;
                ready = (0..self.listeners.len()).collect();
            }
            if self.pause.is_none() {
                ready.into_iter().for_each(|listener| self.accept(listener));
            }
            let signals = self.signals.take();
            if signals > 0 && stopping {
                self.shared.abort.store(true, Ordering::Release);
                self.shared.mailboxes.iter().for_each(Mailbox::wake);
            }
            // A thread that ended by itself ends the others too.
            let ended = self.shared.alive.load(Ordering::Acquire) < threads;
            if !stopping && (signals > 0 || ended || self.shared.stop.load(Ordering::Acquire)) {
                stopping = true;
                self.pause = None;
                self.listeners.clear();
                self.shared.stop.store(true, Ordering::Release);
                for mailbox in &self.shared.mailboxes {
                    mailbox.put(&mut vec![Envelope::Stop]);
                    // Also a thread that rests, and leaves its mailbox alone meanwhile.
                    mailbox.wake();
                }
            }
        }
        Ok(())
    }

    fn accept(&mut self, listener: usize) {
        loop {
            match self.listeners[listener].accept() {
                Ok((stream, peer)) => {
                    self.complained = false;
                    self.hand_over(listener, stream, peer);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut self.complained, true) {
                        tracing::error!(%error, "cannot accept connections; trying again");
                    }
                    self.pause = Some(Instant::now() + ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    fn hand_over(&self, listener: usize, stream: mio::net::TcpStream, peer: SocketAddr) {
        let config = &self.shared.config;
        let max_connections = config.max_connections;
        let count = self.shared.connections();
        if count >= max_connections.saturating_add(REFUSALS) {
            return tracing::warn!(%peer, "closed at once: too many connections");
        }
        if let Err(error) = socket::set_options(&stream, config, config.peer_timeout) {
            return tracing::debug!(%peer, %error, "closed at once: cannot set its options");
        }
        let fewest = self
            .shared
            .loads
            .iter()
            .enumerate()
            .min_by_key(|(_, load)| load.load(Ordering::Relaxed));
        let Some((reactor, load)) = fewest else { return };
        load.fetch_add(1, Ordering::Relaxed);
        let refused = count >= max_connections;
        let listener = ListenerId(listener);
        let mailbox = &self.shared.mailboxes[reactor];
        mailbox.put(&mut vec![Envelope::Accepted { stream, peer, listener, refused }]);
        // Also a thread that rests since half of all are slow: now they may be less than half.
        mailbox.wake();
    }
}

/// Errors of `accept` that concern only the connection that was to be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, PermissionDenied, TimedOut,
    };
    matches!(
        error.kind(),
        Interrupted
            | ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}

fn join<A>(thread: JoinHandle<io::Result<A>>) -> io::Result<A> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a reactor thread panicked")))
}

/// Counts a reactor thread as running, and tells the supervisor when it ends in
/// whatever way.
struct Alive<M>(Arc<Shared<M>>);

impl<M> Alive<M> {
    fn new(shared: Arc<Shared<M>>) -> Self {
        shared.alive.fetch_add(1, Ordering::AcqRel);
        Self(shared)
    }
}

impl<M> Drop for Alive<M> {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::AcqRel);
        let _ = self.0.supervisor.wake();
    }
}

/// Raises this process's limit of open files as far as it may go, and returns what
/// it is then; `None` means no limit.
#[must_use]
pub fn raise_file_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current
}
