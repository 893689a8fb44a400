//! Requests and private messages under way, a connection for each.

use crate::shell::advice;
use chat_net::{Closed, ConnId, ConnMap, Event, Io, Via};
use chat_proto::accounts::{Delivery, Exchange};
use chat_terminal::Input;
use std::collections::VecDeque;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The longest answer, which is a list of all who are online.
const MAX_ANSWER: usize = 4 << 20;

/// A silence after which an answer counts as complete, should the server not close.
const PAUSE: Duration = Duration::from_secs(1);

/// An exchange that ended.
pub(super) struct Over {
    pub(super) exchange: Exchange,
    /// The answer, or why there is none.
    pub(super) answer: Result<String, String>,
}

/// All of them.
pub(super) struct Exchanges {
    /// The server's; the first one is where it was reached last.
    servers: Vec<SocketAddr>,
    connect_timeout: Duration,
    answer_timeout: Duration,
    open: ConnMap<Talk>,
    over: VecDeque<Over>,
}

struct Talk {
    exchange: Exchange,
    to: SocketAddr,
    line: String,
    /// Addresses of the server that were tried before.
    failed: usize,
    is_open: bool,
    heard: Vec<u8>,
}

impl Exchanges {
    pub(super) fn new(
        servers: Vec<SocketAddr>,
        connect_timeout: Duration,
        answer_timeout: Duration,
    ) -> Self {
        let (open, over) = Default::default();
        Self { servers, connect_timeout, answer_timeout, open, over }
    }

    /// Where the server was reached last.
    pub(super) fn server(&self) -> SocketAddr {
        self.servers[0]
    }

    /// True if the server has this address.
    pub(super) fn is_server(&self, ip: IpAddr) -> bool {
        self.servers.iter().any(|server| server.ip().to_canonical() == ip.to_canonical())
    }

    pub(super) fn take_over(&mut self) -> Option<Over> {
        self.over.pop_front()
    }

    pub(super) fn request(&mut self, exchange: Exchange, line: String, io: &mut Io<Input>) {
        self.connect(exchange, self.servers[0], line, 0, io);
    }

    pub(super) fn private(&mut self, to: SocketAddr, line: String, io: &mut Io<Input>) {
        self.connect(Exchange::Private, to, line, 0, io);
    }

    fn connect(
        &mut self,
        exchange: Exchange,
        to: SocketAddr,
        line: String,
        failed: usize,
        io: &mut Io<Input>,
    ) {
        let talk = Talk { exchange, to, line, failed, is_open: false, heard: Vec::new() };
        match io.connect(to) {
            Ok(conn) => {
                io.set_deadline(conn, io.now().checked_add(self.connect_timeout));
                self.open.insert(conn, talk);
            }
            Err(error) => self.unreachable(talk, &error, io),
        }
    }

    /// Does what concerns an exchange.
    pub(super) fn handle(&mut self, event: &Event<'_, Input>, io: &mut Io<Input>) {
        match event {
            Event::Opened { conn, via: Via::Connected, .. } => self.opened(*conn, io),
            Event::Received { conn, bytes } => {
                let Some(talk) = self.open.get_mut(*conn) else { return };
                talk.heard.extend_from_slice(bytes);
                if talk.heard.len() > MAX_ANSWER {
                    return self.end(*conn, Some("the answer is too long"), io);
                }
                io.set_deadline(*conn, io.now().checked_add(PAUSE));
            }
            Event::Ended { conn } => self.end(*conn, None, io),
            Event::Deadline { conn } => {
                let Some(talk) = self.open.get_mut(*conn) else { return };
                if talk.is_open {
                    let has_answer = !talk.heard.is_empty() || talk.exchange == Exchange::Private;
                    let why = (!has_answer).then_some("the server gave no answer");
                    return self.end(*conn, why, io);
                }
                if let Some(talk) = self.open.remove(*conn) {
                    io.close(*conn);
                    self.unreachable(talk, &ErrorKind::TimedOut.into(), io);
                }
            }
            Event::Closed { conn, why: Closed::Failed(error) } => {
                if let Some(talk) = self.open.remove(*conn) {
                    self.unreachable(talk, error, io);
                }
            }
            Event::Closed { conn, why } => {
                let why = match why {
                    Closed::Lost(error) => format!("the connection was lost: {error}"),
                    _ => "the connection was lost".to_owned(),
                };
                self.end(*conn, Some(&why), io);
            }
            _ => {}
        }
    }

    fn opened(&mut self, conn: ConnId, io: &mut Io<Input>) {
        let Some(talk) = self.open.get_mut(conn) else { return };
        talk.is_open = true;
        io.send(conn, std::mem::take(&mut talk.line).into());
        let is_private = talk.exchange == Exchange::Private;
        // Old clients hold the connection open until the next one comes.
        let patience = if is_private { Delivery::HOLD } else { self.answer_timeout };
        io.set_deadline(conn, io.now().checked_add(patience));
        if is_private {
            io.finish(conn);
        } else if let Some(at) = self.servers.iter().position(|server| *server == talk.to) {
            self.servers.swap(0, at);
        }
    }

    /// The exchange is over; an answer counts even if the connection broke behind it.
    fn end(&mut self, conn: ConnId, why: Option<&str>, io: &mut Io<Input>) {
        let Some(talk) = self.open.remove(conn) else { return };
        io.close(conn);
        let heard = String::from_utf8_lossy(&talk.heard);
        let answer = match why {
            Some(why) if heard.is_empty() => Err(why.to_owned()),
            _ => Ok(heard.trim_end_matches(['\r', '\n']).to_owned()),
        };
        self.over.push_back(Over { exchange: talk.exchange, answer });
    }

    /// Tries the server's next address, if it has more.
    fn unreachable(&mut self, talk: Talk, error: &Error, io: &mut Io<Input>) {
        let Talk { exchange, to, line, failed, .. } = talk;
        if exchange != Exchange::Private && failed + 1 < self.servers.len() {
            self.servers.rotate_left(1);
            return self.connect(exchange, self.servers[0], line, failed + 1, io);
        }
        let why = format!("cannot connect to {to}: {error}\nhelp: {}", advice(error));
        self.over.push_back(Over { exchange, answer: Err(why) });
    }
}
