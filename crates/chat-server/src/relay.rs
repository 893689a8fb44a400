//! `chat-server relay`: carries out what the node of the tree decides.
//!
//! One reactor thread: the dialect's consistency rests on every link keeping its order.

mod args;
mod console;
mod journal;

pub(crate) use args::RelayArgs;

use crate::serve;
use anyhow::Context as _;
use chat_net::{App, Closed, Config, ConnId, Event, Io, Via};
use chat_proto::relay::{self, Action, DEFAULT_PORT, Id, Message, Node, status};
use console::Question;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tracing::{debug, info, warn};

/// Timers.
const AWAKE: u64 = 0;
const CONNECTING: u64 = 1;

/// Serves until a signal comes.
pub(crate) fn run(args: &RelayArgs) -> anyhow::Result<()> {
    // One thread, whatever `--threads` says; see the module's documentation.
    let config = Config { threads: 1, ..args.serve.config() };
    let pool = serve::listen_with(config, &args.serve, DEFAULT_PORT)?;
    let parent = args.connect.as_ref().map(args::Parent::resolve).transpose()?;
    let node = args.node()?;
    let state = node.state();
    info!(id = %state.id, name = ?state.name, "ready");
    console::start(pool.remote(0)).context("cannot read standard input")?;
    let app = Relay {
        node,
        parent,
        may_retry: args.reconnect.is_some(),
        connect_timeout: args.connect_timeout,
        peers: HashMap::new(),
        connecting: None,
        untried: Vec::new().into_iter(),
        actions: Vec::new(),
        fatal: None,
    };
    match pool.run_alone(app)?.fatal {
        Some(fatal) => Err(fatal),
        None => {
            info!("stopped");
            Ok(())
        }
    }
}

struct Relay {
    node: Node<ConnId>,
    parent: Option<args::Parent>,
    may_retry: bool,
    connect_timeout: Duration,
    /// Addresses, for the log.
    peers: HashMap<ConnId, SocketAddr>,
    /// The connection to the parent that does not stand yet.
    connecting: Option<ConnId>,
    /// Addresses of the parent left to try this time.
    untried: std::vec::IntoIter<SocketAddr>,
    /// Empty between events.
    actions: Vec<Action<ConnId>>,
    fatal: Option<anyhow::Error>,
}

impl App for Relay {
    type Message = Question;

    fn handle(&mut self, event: Event<'_, Question>, io: &mut Io<Question>) {
        match event {
            Event::Started => self.tell(relay::Event::Started, io),
            Event::Opened { conn, peer, via: Via::Refused(_) } => {
                warn!(%peer, "refused: too many connections");
                let full = Message::Status {
                    source: self.node.id(),
                    destination: Id::NONE,
                    code: status::CLOSING,
                    text: "The server is full. Try again later.",
                };
                io.send(conn, full.encode());
                io.close(conn);
            }
            Event::Opened { conn, peer, via } => {
                debug!(%peer, "connected");
                self.peers.insert(conn, peer);
                if via == Via::Connected {
                    self.connecting = None;
                    io.set_timer(CONNECTING, None);
                    self.tell(relay::Event::Connected(conn), io);
                } else {
                    self.tell(relay::Event::Accepted(conn), io);
                }
            }
            Event::Received { conn, bytes } => self.tell(relay::Event::Received(conn, bytes), io),
            Event::Ended { conn } => self.tell(relay::Event::Ended(conn), io),
            Event::Drained { conn } => self.tell(relay::Event::Drained(conn), io),
            Event::Deadline { conn } => self.tell(relay::Event::Deadline(conn), io),
            Event::Closed { conn, why } => self.closed(conn, why, io),
            Event::Timer { id: CONNECTING } => {
                if let Some(conn) = self.connecting.take() {
                    io.close(conn);
                    self.try_next(Some(ErrorKind::TimedOut.into()), io);
                }
            }
            Event::Timer { .. } => self.tell(relay::Event::Awake, io),
            Event::Message(question) => question.answer(&self.node.state()),
            Event::Stopping => {
                info!(links = self.peers.len(), "stopping");
                self.tell(relay::Event::Stopping, io);
            }
            Event::Datagram { .. } | Event::Writable { .. } => {}
        }
    }
}

impl Relay {
    fn tell(&mut self, event: relay::Event<'_, ConnId>, io: &mut Io<Question>) {
        self.node.handle(event, io.now(), &mut self.actions);
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::Send { to, bytes } => io.send(to, bytes),
                Action::SendAll { to, bytes } => {
                    for to in to {
                        io.send(to, bytes.clone());
                    }
                }
                Action::Close(conn) => io.close(conn),
                Action::Deadline(conn, at) => io.set_deadline(conn, at),
                Action::TellDrained(conn) => io.notify_drained(conn),
                Action::Connect => {
                    self.untried = self
                        .parent
                        .iter()
                        .flat_map(|it| it.addresses.clone())
                        .collect::<Vec<_>>()
                        .into_iter();
                    self.try_next(None, io);
                }
                Action::WakeAt(at) => io.set_timer(AWAKE, Some(at)),
                Action::Note(note) => journal::write(&note),
            }
        }
    }

    /// Tries the parent's next address; `failure` is what came of the one before.
    fn try_next(&mut self, mut failure: Option<std::io::Error>, io: &mut Io<Question>) {
        for address in self.untried.by_ref() {
            match io.connect(address) {
                Ok(conn) => {
                    self.connecting = Some(conn);
                    return io.set_timer(CONNECTING, io.now().checked_add(self.connect_timeout));
                }
                Err(error) => failure = Some(error),
            }
        }
        let (Some(error), Some(parent)) = (failure, &self.parent) else { return };
        if self.may_retry {
            warn!(parent = %parent.shown, %error, "cannot connect");
            return self.tell(relay::Event::Unreachable, io);
        }
        self.fatal = Some(anyhow::anyhow!(
            "cannot connect to {}: {error} (is that server running? `--reconnect` tries again)",
            parent.shown
        ));
        io.stop();
    }

    fn closed(&mut self, conn: ConnId, why: Closed, io: &mut Io<Question>) {
        if self.connecting == Some(conn) {
            self.connecting = None;
            io.set_timer(CONNECTING, None);
            if let Closed::Failed(error) = why {
                self.try_next(Some(error), io);
            }
            return;
        }
        let Some(peer) = self.peers.remove(&conn) else { return };
        serve::log_loss(&why, None, peer);
        self.tell(relay::Event::Gone(conn), io);
    }
}
