//! A user's side: from typed lines to frames, from frames to shown lines.
//!
//! ```text
//!   connected, name known ──► talking ──(LOGOUT, end of input)──► leaving ──► over
//! ```
//! A private chat has a connection of its own in each direction: the *link*, which we make
//! and on which we speak, and the peer's call to us (see [`callers`](super::callers)). It
//! needs the registry only to begin: when the registry goes, the chat goes on.

use super::callers::{Callers, hear};
use super::frame::{self, Decoder, HEADER_BYTES, MAX_CHARS};
use super::reply::Reply;
use super::request::{Request, hello};
use super::wanted::Wanted;
use super::{CREATED, Command, IN_NO_ROOM, JOINED, LEFT_ROOM, NAME_REFUSED};
use crate::client::{Outcome, too_long};
use crate::text::for_one_line;
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// What a client is held to.
#[derive(Debug, Clone, Copy)]
pub struct ClientLimits {
    /// The longest frame to send, and the longest DATA to hear from a peer, in bytes.
    pub max_frame: usize,
    /// How long to wait for the registry's last words.
    pub linger: Duration,
    /// The time between two `HELLO`s.
    pub hello_interval: Duration,
    /// How long somebody who calls may wait to be heard.
    pub caller_timeout: Duration,
    /// How long after a lost link the registry may take to say that the chat is over.
    pub grace: Duration,
}

/// What happens to a client. `K` is what the program around it calls a caller's connection.
#[derive(Debug, Clone, Copy)]
pub enum ClientEvent<'a, K> {
    /// The connection to the registry stands; the registry's address.
    Connected(IpAddr),
    /// A line was typed (without its line end). The first one is the user's name if none is set.
    Line(&'a str),
    /// The input is at its end.
    InputEnded,
    /// Bytes arrived from the registry.
    Received(&'a [u8]),
    /// The registry closed, or the connection was lost.
    Closed,
    /// The link stands.
    LinkUp,
    /// Bytes arrived on the link.
    LinkReceived(&'a [u8]),
    /// The link could not be made, or is lost; why.
    LinkDown(&'a str),
    /// Somebody connected to us, from that address.
    Called(K, IpAddr),
    /// Bytes arrived from a caller.
    CallerReceived(K, &'a [u8]),
    /// A caller closed, or was lost.
    CallerGone(K),
    /// A timer has come.
    Timer(Timer),
}

/// The timers of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The registry's last words.
    Leaving,
    /// The next `HELLO`.
    Hello,
    /// The registry's word about a lost link.
    Link,
    /// Callers who were not heard.
    Callers,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAction<K> {
    /// Send this frame to the registry.
    Send(Bytes),
    /// Send this datagram to the registry.
    Hello(Bytes),
    /// Make the link: connect there.
    Dial(SocketAddr),
    /// Send this frame on the link, if need be once it stands.
    Tell(Bytes),
    /// Close the link once everything is sent.
    HangUp,
    /// Close a caller's connection. Nothing more is to be heard of it.
    Dismiss(K),
    /// Show this to the user, on its own line.
    Show(String),
    /// Tell the user, apart from what is said, that something is wrong.
    Complain(String),
    /// Close the sending side to the registry once everything is sent.
    Finish,
    /// Set a timer, or clear it.
    Timer(Timer, Option<Instant>),
    /// The client is done.
    Over(Outcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Talking,
    Leaving,
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Awaited,
    At(IpAddr),
    Gone,
}

#[derive(Debug, PartialEq, Eq)]
enum Link {
    Dialling,
    Up,
    /// Lost, and why.
    Down(String),
}

/// The private chat.
#[derive(Debug)]
struct Private {
    peer: String,
    link: Link,
    /// Of what comes on the link, for programs that answer there.
    decoder: Decoder,
}

/// One client.
#[derive(Debug)]
pub struct Client<K> {
    name: Option<String>,
    port: u16,
    limits: ClientLimits,
    phase: Phase,
    server: Server,
    /// Lines that came before the connection stood.
    early: Vec<String>,
    ended_early: bool,
    decoder: Decoder,
    /// The NAME of a pair whose DATA is still to come.
    about: Option<String>,
    private: Option<Private>,
    wanted: Wanted,
    /// The user has asked to leave the private chat.
    exiting: bool,
    /// In a room, as far as the registry has said, or is about to be.
    grouped: bool,
    /// The registry's last word was the refusal of the name.
    refused: bool,
    callers: Callers<K>,
    callers_due: Option<Instant>,
}

type Out<K> = Vec<ClientAction<K>>;

impl<K: Copy + PartialEq> Client<K> {
    /// A client whose own server listens on `port`.
    #[must_use]
    pub fn new(name: Option<String>, port: u16, limits: ClientLimits) -> Self {
        Self {
            name,
            port,
            limits,
            phase: Phase::Talking,
            server: Server::Awaited,
            early: Vec::new(),
            ended_early: false,
            // The header bounds it: four bytes are the longest character.
            decoder: Decoder::new(4 * MAX_CHARS),
            about: None,
            private: None,
            wanted: Wanted::default(),
            exiting: false,
            grouped: false,
            refused: false,
            callers: Callers::new(limits.max_frame, limits.caller_timeout),
            callers_due: None,
        }
    }

    /// True while the next typed line will be taken as the user's name.
    #[must_use]
    pub fn wants_name(&self) -> bool {
        self.name.is_none() && self.phase == Phase::Talking
    }

    /// True while what is typed goes to a peer.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private.is_some()
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(&mut self, event: ClientEvent<'_, K>, now: Instant, out: &mut Out<K>) {
        if self.phase == Phase::Over {
            return;
        }
        match event {
            ClientEvent::Connected(server) => self.connected(server, now, out),
            ClientEvent::Line(line) => self.line(line, now, out),
            ClientEvent::InputEnded => self.leave(now, out),
            ClientEvent::Received(bytes) => self.received(bytes, now, out),
            ClientEvent::Closed => self.closed(out),
            ClientEvent::LinkUp => {
                if let Some(private) = &mut self.private {
                    private.link = Link::Up;
                }
                self.part_if_leaving(out);
            }
            ClientEvent::LinkReceived(bytes) => {
                let Some(Private { peer, decoder, .. }) = &mut self.private else { return };
                if !hear(decoder, peer, bytes, out) {
                    out.push(ClientAction::HangUp);
                    self.link_down("what came was no message of the peer", now, out);
                }
            }
            ClientEvent::LinkDown(why) => self.link_down(why, now, out),
            ClientEvent::Called(key, from) => self.callers.called(key, from, now, out),
            ClientEvent::CallerReceived(key, bytes) => self.callers.received(key, bytes, out),
            ClientEvent::CallerGone(key) => self.callers.gone(key, out),
            ClientEvent::Timer(timer) => self.timer(timer, now, out),
        }
        let due = self.callers.deadline();
        if due != self.callers_due {
            self.callers_due = due;
            out.push(ClientAction::Timer(Timer::Callers, due));
        }
    }

    fn me(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    fn connected(&mut self, server: IpAddr, now: Instant, out: &mut Out<K>) {
        self.server = Server::At(server);
        let name = self.me().to_owned();
        self.request(&Request::Register { name: &name, port: self.port }, out);
        let hello = now.checked_add(self.limits.hello_interval);
        out.push(ClientAction::Timer(Timer::Hello, hello));
        for line in std::mem::take(&mut self.early) {
            self.line(&line, now, out);
        }
        if self.ended_early {
            self.leave(now, out);
        }
    }

    fn line(&mut self, line: &str, now: Instant, out: &mut Out<K>) {
        if self.phase != Phase::Talking {
            return;
        }
        let Some(me) = self.name.clone() else {
            self.name = Some(line.trim().to_owned());
            return;
        };
        if self.server == Server::Awaited {
            return self.early.push(line.to_owned());
        }
        match Command::parse(line, &me, self.port) {
            Command::Message(text) => self.message(&format!("{me}: {text}"), out),
            Command::Request(Request::Exit { .. }) if self.server == Server::Gone => {
                self.end_private(out);
                self.over(Outcome::ServerGone, out);
            }
            Command::Request(Request::Logout) if self.server == Server::Gone => {
                self.leave(now, out);
            }
            Command::Request(request) => {
                match request {
                    Request::Ok { asker: peer, .. } | Request::ChatRequest { peer, .. } => {
                        self.wanted.add(peer);
                    }
                    Request::Exit { .. } => self.exiting |= self.is_private(),
                    // Not all registries say so in our words.
                    Request::GroupChat { .. } | Request::OkGroup { .. } => {
                        self.grouped |= !self.is_private();
                    }
                    Request::ExitGroup { .. } => self.grouped = false,
                    _ => {}
                }
                self.request(&request, out);
            }
        }
    }

    fn message(&mut self, text: &str, out: &mut Out<K>) {
        let request = Request::Message { text };
        let Some(Private { peer, link, .. }) = &self.private else {
            return self.request(&request, out);
        };
        if let Link::Down(_) = link {
            let why = format!("not sent: the connection to {peer} is lost");
            return out.push(ClientAction::Complain(why));
        }
        if let Some(frame) = self.encode(&request, out) {
            out.push(ClientAction::Tell(frame));
        }
    }

    fn request(&self, request: &Request<'_>, out: &mut Out<K>) {
        if self.server == Server::Gone {
            let why = "not sent: the registry is gone; only the private chat goes on";
            return out.push(ClientAction::Complain(why.into()));
        }
        if let Some(frame) = self.encode(request, out) {
            out.push(ClientAction::Send(frame));
        }
    }

    fn encode(&self, request: &Request<'_>, out: &mut Out<K>) -> Option<Bytes> {
        let data = request.to_string();
        let limit = self.limits.max_frame;
        let frame = frame::encode(&data).filter(|frame| frame.len() <= limit);
        if frame.is_none() {
            let why = too_long(HEADER_BYTES + data.len(), limit.min(HEADER_BYTES + MAX_CHARS));
            out.extend(why.map(ClientAction::Complain));
        }
        frame
    }

    fn received(&mut self, mut input: &[u8], now: Instant, out: &mut Out<K>) {
        // Taken out, so that what it lends does not lend out all the rest.
        let mut decoder = std::mem::replace(&mut self.decoder, Decoder::new(0));
        while self.phase != Phase::Over {
            match (decoder.next(&mut input), self.about.take()) {
                (Ok(None), about) => {
                    self.about = about;
                    break;
                }
                (Ok(Some(name)), None) => self.about = Some(name.to_owned()),
                (Ok(Some(data)), Some(about)) => self.reply(&about, data, now, out),
                (Err(error), _) => {
                    let why = format!("what the registry sent cannot be read: {error}");
                    out.push(ClientAction::Complain(why));
                    self.over(Outcome::Garbled, out);
                }
            }
        }
        self.decoder = decoder;
    }

    fn reply(&mut self, about: &str, data: &str, now: Instant, out: &mut Out<K>) {
        let reply = Reply::parse(data);
        self.refused = matches!(&reply, Reply::Text(text) if text.starts_with(NAME_REFUSED));
        match reply {
            Reply::Found(text)
            | Reply::NotFound(text)
            | Reply::InvalidSearch(text)
            | Reply::Busy(text) => show_server(&text, out),
            Reply::ClientOk { text, ip, port } => {
                show_server(&text, out);
                let ((Some(ip), _) | (None, Server::At(ip))) = (ip, self.server) else { return };
                let peer = self.wanted.peer(self.me(), about, &text).to_owned();
                self.begin_private(&peer, SocketAddr::new(ip, port), out);
            }
            Reply::ClientExit(text) => {
                show_server(&text, out);
                let asked = self.exiting;
                self.hang_up(out);
                if asked {
                    self.callers.disagree(out);
                } else {
                    self.callers.fade(now.checked_add(self.limits.grace));
                }
            }
            Reply::LogoutSuccess => {
                let goodbye = format!("logging out from session. goodbye {}", self.me());
                out.push(ClientAction::Show(goodbye));
                self.over(Outcome::Left, out);
            }
            // It was not sure that we were.
            Reply::Text(text) if text == IN_NO_ROOM && self.phase == Phase::Leaving => {}
            Reply::Text(text) => {
                let is_message =
                    text.strip_prefix(about).is_some_and(|rest| rest.starts_with(": "));
                if is_message && !about.is_empty() {
                    return out.push(ClientAction::Show(for_one_line(&text).into_owned()));
                }
                self.grouped |= text.starts_with(CREATED)
                    || text.strip_suffix(JOINED).is_some_and(|name| name == self.me());
                show_server(&text, out);
                self.grouped &= text != LEFT_ROOM;
            }
        }
    }

    fn begin_private(&mut self, peer: &str, address: SocketAddr, out: &mut Out<K>) {
        self.end_private(out);
        self.wanted = Wanted::default();
        self.private = Some(Private {
            peer: peer.to_owned(),
            link: Link::Dialling,
            decoder: Decoder::new(self.limits.max_frame),
        });
        out.push(ClientAction::Dial(address));
        self.callers.agree(peer, address.ip(), out);
    }

    fn end_private(&mut self, out: &mut Out<K>) {
        self.hang_up(out);
        self.callers.disagree(out);
    }

    fn hang_up(&mut self, out: &mut Out<K>) {
        self.exiting = false;
        if self.private.take().is_some() {
            out.push(ClientAction::HangUp);
            out.push(ClientAction::Timer(Timer::Link, None));
        }
    }

    fn link_down(&mut self, why: &str, now: Instant, out: &mut Out<K>) {
        let Some(private) = &mut self.private else { return };
        let before = std::mem::replace(&mut private.link, Link::Down(why.to_owned()));
        let peer = private.peer.clone();
        match (before, self.server) {
            (Link::Down(_), _) => {}
            (_, Server::Gone) => {
                out.push(ClientAction::Show(format!("{peer} has left the private chat")));
                self.end_private(out);
                self.over(Outcome::ServerGone, out);
            }
            // Usually the peer has left, and the registry is about to say so.
            (Link::Up, _) => {
                let at = now.checked_add(self.limits.grace);
                out.push(ClientAction::Timer(Timer::Link, at));
            }
            (Link::Dialling, _) => {
                out.push(ClientAction::Complain(format!("cannot connect to {peer}: {why}")));
                self.exit(out);
                self.part_if_leaving(out);
            }
        }
    }

    /// Asks the registry to end the private chat.
    fn exit(&self, out: &mut Out<K>) {
        if self.phase == Phase::Talking {
            self.request(&Request::Exit { me: self.me() }, out);
        }
    }

    fn closed(&mut self, out: &mut Out<K>) {
        self.server = Server::Gone;
        match &self.private {
            _ if self.refused => self.over(Outcome::Refused, out),
            _ if self.phase == Phase::Leaving => self.over(Outcome::Left, out),
            Some(Private { link: Link::Dialling | Link::Up, peer, .. }) => {
                out.push(ClientAction::Complain(format!(
                    "the registry is gone; the private chat with {peer} goes on until EXIT"
                )));
                out.push(ClientAction::Timer(Timer::Hello, None));
            }
            _ => self.over(Outcome::ServerGone, out),
        }
    }

    fn timer(&mut self, timer: Timer, now: Instant, out: &mut Out<K>) {
        match timer {
            Timer::Leaving if self.phase == Phase::Leaving => self.over(Outcome::Left, out),
            Timer::Leaving => {}
            Timer::Hello if self.server == Server::Gone => {}
            Timer::Hello => {
                out.extend(hello(self.me()).map(ClientAction::Hello));
                let at = now.checked_add(self.limits.hello_interval);
                out.push(ClientAction::Timer(Timer::Hello, at));
            }
            Timer::Link => {
                if let Some(Private { peer, link: Link::Down(why), .. }) = &self.private {
                    let why = format!("the connection to {peer} is lost: {why}");
                    out.push(ClientAction::Complain(why));
                    self.exit(out);
                }
            }
            Timer::Callers => {
                self.callers_due = None;
                self.callers.expire(now, out);
            }
        }
    }

    fn leave(&mut self, now: Instant, out: &mut Out<K>) {
        if self.phase != Phase::Talking {
            return;
        }
        if self.server == Server::Awaited {
            self.ended_early = true;
            return;
        }
        self.phase = Phase::Leaving;
        if self.server == Server::Gone {
            self.end_private(out);
            return self.over(Outcome::Left, out);
        }
        out.push(ClientAction::Timer(Timer::Leaving, now.checked_add(self.limits.linger)));
        self.part_if_leaving(out);
    }

    /// Says goodbye, once what was said to a peer can be on its way.
    fn part_if_leaving(&mut self, out: &mut Out<K>) {
        let link = self.private.as_ref().map(|private| &private.link);
        if self.phase != Phase::Leaving || link == Some(&Link::Dialling) {
            return;
        }
        if self.private.is_some() {
            self.request(&Request::Exit { me: self.me() }, out);
        }
        if self.grouped {
            self.request(&Request::ExitGroup { me: self.me() }, out);
        }
        self.request(&Request::Logout, out);
        out.push(ClientAction::Finish);
    }

    fn over(&mut self, outcome: Outcome, out: &mut Out<K>) {
        self.phase = Phase::Over;
        out.push(ClientAction::Over(outcome));
    }
}

fn show_server<K>(text: &str, out: &mut Out<K>) {
    out.push(ClientAction::Show(format!("server: {}", for_one_line(text))));
}

#[cfg(test)]
mod tests;
