//! The app of one reactor thread: finds the line in each connection.

use super::center::Center;
use chat_net::{App, Bytes, ConnId, ConnMap, Event, Io, Via};
use chat_proto::accounts::{Intake, LineError, Step, answers};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tracing::{debug, info, warn};

/// The thread with the hub.
const HUB: usize = 0;

/// What is posted to the thread with the hub.
#[derive(Debug)]
pub(super) enum Message {
    /// A connection brought its line; the addresses of its other end and of this one.
    Line { conn: ConnId, ends: (IpAddr, IpAddr), line: String },
    /// A password was checked.
    Checked { ticket: u64, matches: bool },
    /// Something was committed to the store.
    Safe,
}

pub(super) struct Accounts {
    max_line: usize,
    pause: Duration,
    patience: Duration,
    requests: ConnMap<Request>,
    /// On the thread with the hub.
    center: Option<Center>,
}

/// A connection that was accepted and not answered yet.
struct Request {
    conn: ConnId,
    peer: SocketAddr,
    intake: Intake,
}

impl Accounts {
    pub(super) fn new(
        max_line: usize,
        pause: Duration,
        patience: Duration,
        center: Option<Center>,
    ) -> Self {
        Self { max_line, pause, patience, requests: ConnMap::default(), center }
    }

    fn step(
        &mut self,
        conn: ConnId,
        io: &mut Io<Message>,
        step: impl FnOnce(&mut Intake, std::time::Instant) -> Step,
    ) {
        let Some(request) = self.requests.get_mut(conn) else { return };
        let peer = request.peer;
        match step(&mut request.intake, io.now()) {
            Step::Wait(until) => io.set_deadline(conn, Some(until)),
            Step::Line(line) => {
                io.set_deadline(conn, None);
                let local = io.local_addr(conn).map_or(peer.ip(), |local| local.ip());
                io.post(HUB, Message::Line { conn, ends: (peer.ip(), local), line });
            }
            Step::Failed(error) => {
                match error {
                    LineError::Ended => debug!(%peer, "closed without a request"),
                    LineError::Late => info!(%peer, "closed: no request came in time"),
                    _ => {
                        info!(%peer, %error, "closed: not a request");
                        let answer = format!("{}: {error}", answers::WRONG_FORMAT);
                        io.send(conn, answer.into());
                    }
                }
                io.close(conn);
            }
            Step::Done => {}
        }
    }

    fn stop(&mut self, io: &mut Io<Message>) {
        if let Some(center) = &mut self.center {
            center.finish(io);
        }
        // The end of a stream would say that a request was carried out.
        let unanswered: Vec<ConnId> =
            self.requests.values_mut().map(|request| request.conn).collect();
        for conn in unanswered {
            io.abort(conn);
        }
    }
}

impl App for Accounts {
    type Message = Message;

    fn handle(&mut self, event: Event<'_, Message>, io: &mut Io<Message>) {
        if let Some(center) = &mut self.center
            && center.handle(&event, io)
        {
            return;
        }
        match event {
            Event::Opened { conn, peer, via: Via::Refused(_) } => {
                warn!(%peer, "refused: too many connections");
                io.send(conn, Bytes::from_static(answers::SERVER_FULL.as_bytes()));
                io.close(conn);
            }
            Event::Opened { conn, peer, .. } => {
                let intake = Intake::new(self.max_line, self.pause, self.patience, io.now());
                io.set_deadline(conn, Some(intake.patience()));
                self.requests.insert(conn, Request { conn, peer, intake });
            }
            Event::Received { conn, bytes } => {
                self.step(conn, io, |intake, now| intake.received(bytes, now));
            }
            Event::Ended { conn } => self.step(conn, io, |intake, _| intake.ended()),
            Event::Deadline { conn } => self.step(conn, io, |intake, _| intake.deadline()),
            Event::Closed { conn, .. } => {
                self.requests.remove(conn);
            }
            Event::Message(Message::Line { conn, ends, line }) => {
                if let Some(center) = &mut self.center {
                    center.line(conn, ends, &line, io);
                }
            }
            Event::Stopping => self.stop(io),
            _ => {}
        }
    }
}
