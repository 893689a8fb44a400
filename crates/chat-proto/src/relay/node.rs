//! A server: its connections, and how it hangs in the tree.
//!
//! ```text
//!  accepted ──► New ──(registration)──► Server or Client ──► gone: all behind it is forgotten
//!  connected ─► Joining ──(the other side's registrations)──► Server, our parent
//!                  └──(status 2, a circle, nothing)──► closed; tried again after a pause
//! ```
//! What is done with messages is in [`relaying`].

#[path = "relaying.rs"]
mod relaying;

use super::decode::DecodeError;
use super::link::{Link, Role, Telling};
use super::log::Log;
use super::quits::{Quit, Quits};
use super::state::{HostState, ServerState};
use super::{
    Action, Backoff, Breach, Decoder, Directory, Event, Hosts, Id, Kind, Message, Note,
    Registration, status,
};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many times longer than allowed a chat of another server may be to be left out instead
/// of costing that server its connection.
const LEFT_OUT: usize = 16;

/// Who a machine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its id; not [`Id::NONE`].
    pub id: Id,
    /// At most [`MAX_NAME`](super::MAX_NAME) bytes.
    pub name: String,
    /// At most [`MAX_INFO`](super::MAX_INFO) bytes.
    pub info: String,
}

impl Profile {
    pub(super) fn registration(&self, kind: Kind, last_hop: Id) -> Bytes {
        let (source, name, info) = (self.id, self.name.as_str(), self.info.as_str());
        Message::Registration(Registration { kind, source, last_hop, name, info }).encode()
    }
}

/// What a server holds itself and its neighbours to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest text of a message, in bytes.
    pub max_text: usize,
    /// How long a connection may take to say who it is.
    pub name_timeout: Duration,
    /// What all known machines may take, in bytes of [`Directory::bytes`].
    pub max_directory: usize,
    /// How many bytes of its view a new neighbour is told at once.
    pub portion: usize,
}

impl Default for Limits {
    /// 64 KiB of text, 10 s, 64 MiB of machines in portions of 64 KiB.
    fn default() -> Self {
        Self {
            max_text: 64 << 10,
            name_timeout: Duration::from_secs(10),
            max_directory: 64 << 20,
            portion: 64 << 10,
        }
    }
}

/// The server this one hangs on, or wants to.
#[derive(Debug)]
struct Parent<K> {
    /// The connection, once it stands.
    link: Option<K>,
    /// Since when we have been part of its network.
    since: Option<Instant>,
    /// None: what fails or is lost stays so.
    backoff: Option<Backoff>,
}

/// One server. `K` is what the program that moves the bytes calls a connection.
#[derive(Debug)]
pub struct Node<K, D = Hosts> {
    me: Profile,
    limits: Limits,
    hosts: D,
    links: BTreeMap<K, Link>,
    /// The connections of the adjacent machines.
    adjacent: BTreeMap<Id, K>,
    parent: Option<Parent<K>>,
    /// Of machines that were forgotten, but of which neighbours were not yet told. Empty
    /// between events.
    quits: Quits,
    status_log: Log,
}

impl<K: Copy + Ord, D: Directory + Default> Node<K, D> {
    /// A server that waits for others to connect.
    #[must_use]
    pub fn root(me: Profile, limits: Limits) -> Self {
        Self {
            me,
            limits,
            hosts: D::default(),
            links: BTreeMap::new(),
            adjacent: BTreeMap::new(),
            parent: None,
            quits: Quits::default(),
            status_log: Log::default(),
        }
    }

    /// A server that connects to another one when it starts, and, given a `backoff`, again
    /// whenever that did not work or came to an end.
    #[must_use]
    pub fn child(me: Profile, limits: Limits, backoff: Option<Backoff>) -> Self {
        let parent = Some(Parent { link: None, since: None, backoff });
        Self { parent, ..Self::root(me, limits) }
    }

    /// The same server, with an empty directory of another making.
    #[must_use]
    pub fn with_directory(self, hosts: D) -> Self {
        Self { hosts, ..self }
    }

    /// Its own id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.me.id
    }

    /// The other machines.
    #[must_use]
    pub fn directory(&self) -> &D {
        &self.hosts
    }

    /// The adjacent machines, by id.
    pub fn adjacent(&self) -> impl Iterator<Item = (Id, K)> {
        self.adjacent.iter().map(|(id, link)| (*id, *link))
    }

    /// What `state` prints.
    #[must_use]
    pub fn state(&self) -> ServerState {
        let mut hosts = Vec::new();
        let mut from = Id::NONE;
        while let Some((host, first_link)) = self.hosts.next(from) {
            let Registration { kind, source: id, name, info, .. } = host;
            hosts.push(HostState { id, kind, name: name.into(), info: info.into(), first_link });
            let Some(next) = id.0.checked_add(1) else { break };
            from = Id(next);
        }
        let adjacent = |server: bool| {
            let is = |link| matches!(self.role(link), Some(Role::Server(_))) == server;
            self.adjacent().filter(|(_, link)| is(*link)).map(|(id, _)| id).collect()
        };
        ServerState {
            id: self.me.id,
            name: self.me.name.clone(),
            adjacent_servers: adjacent(true),
            adjacent_clients: adjacent(false),
            hosts,
            status_log: self.status_log.texts().map(str::to_owned).collect(),
        }
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(&mut self, event: Event<'_, K>, now: Instant, out: &mut Vec<Action<K>>) {
        match event {
            Event::Started if self.parent.is_some() => out.push(Action::Connect),
            Event::Started => {}
            Event::Accepted(link) => self.open(link, Role::New, now, out),
            Event::Connected(link) => self.connected(link, now, out),
            Event::Unreachable => self.retry(now, out),
            Event::Received(link, bytes) => self.received(link, bytes, now, out),
            Event::Ended(link) => {
                if self.links.contains_key(&link) {
                    out.push(Action::Close(link));
                    self.lose(link, "", now, out);
                }
            }
            Event::Gone(link) => self.lose(link, "", now, out),
            Event::Drained(link) => self.tell(link, out),
            Event::Deadline(link) => {
                if matches!(self.role(link), Some(Role::New | Role::Joining)) {
                    self.cut(link, Breach::Silent(self.limits.name_timeout), now, out);
                }
            }
            Event::Awake => out.push(Action::Connect),
            Event::Stopping => self.say_goodbye(out),
        }
    }

    fn role(&self, link: K) -> Option<Role> {
        self.links.get(&link).map(|link| link.role)
    }

    fn is_parent(&self, link: K) -> bool {
        self.parent.as_ref().is_some_and(|parent| parent.link == Some(link))
    }

    fn open(&mut self, link: K, role: Role, now: Instant, out: &mut Vec<Action<K>>) {
        let max_text = self.limits.max_text;
        let decoder = Decoder::new(max_text).leaving_out(max_text.saturating_mul(LEFT_OUT));
        self.links.insert(link, Link { role, decoder, telling: Telling::Done });
        out.push(Action::Deadline(link, now.checked_add(self.limits.name_timeout)));
    }

    fn connected(&mut self, link: K, now: Instant, out: &mut Vec<Action<K>>) {
        if let Some(parent) = &mut self.parent {
            parent.link = Some(link);
        }
        self.open(link, Role::Joining, now, out);
        let bytes = self.me.registration(Kind::Server, Id::NONE);
        out.push(Action::Send { to: link, bytes });
    }

    fn received(&mut self, link: K, mut bytes: &[u8], now: Instant, out: &mut Vec<Action<K>>) {
        // Out of its place while it lends out what it decodes.
        let Some(place) = self.links.get_mut(&link) else { return };
        let mut decoder = std::mem::take(&mut place.decoder);
        loop {
            let handled = match decoder.next(&mut bytes) {
                Ok(None) => break,
                Ok(Some(message)) => self.message(link, message, now, out),
                // It is not that server's fault, but that of somebody behind it.
                Err(error @ DecodeError::LeftOut { length: bytes, .. }) => match self.role(link) {
                    Some(Role::Server(neighbour)) => {
                        out.push(Action::Note(Note::LeftOut { neighbour, bytes }));
                        Ok(())
                    }
                    _ => Err(error.into()),
                },
                Err(error) => Err(error.into()),
            };
            if let Err(why) = handled {
                return self.cut(link, why, now, out);
            }
            if !self.links.contains_key(&link) {
                return;
            }
        }
        self.tell_quits(link, out);
        if let Some(place) = self.links.get_mut(&link) {
            place.decoder = decoder;
        }
    }

    /// Makes `link` that of the adjacent machine `id` and begins to tell it of the others.
    fn attach(&mut self, link: K, role: Role, id: Id, out: &mut Vec<Action<K>>) {
        if let Some(place) = self.links.get_mut(&link) {
            place.role = role;
            place.telling = Telling::Upto(Id::NONE);
        }
        self.adjacent.insert(id, link);
        out.push(Action::Deadline(link, None));
    }

    /// Tells a new neighbour of the next machines that were there before it.
    fn tell(&mut self, link: K, out: &mut Vec<Action<K>>) {
        let Some(place) = self.links.get_mut(&link) else { return };
        let (peer, servers_too) = match place.role {
            Role::Server(id) => (id, true),
            Role::Client(id) => (id, false),
            Role::New | Role::Joining => return,
        };
        let mut bytes = Vec::new();
        while let Telling::Upto(next) = place.telling
            && bytes.len() < self.limits.portion
        {
            let Some((host, first_link)) = self.hosts.next(next) else {
                place.telling = Telling::Done;
                break;
            };
            place.telling = Telling::after(&host);
            // What is behind it, it knows better.
            if first_link != peer && (servers_too || host.kind == Kind::Client) {
                let last_hop = self.me.id;
                Message::Registration(Registration { last_hop, ..host }).encode_to(&mut bytes);
            }
        }
        let is_done = place.telling == Telling::Done;
        if !bytes.is_empty() {
            out.push(Action::Send { to: link, bytes: bytes.into() });
        }
        if !is_done {
            out.push(Action::TellDrained(link));
        }
    }

    /// The adjacent machines but `except`: whether it is a server, and how far it was told.
    fn others(&self, except: K) -> impl Iterator<Item = (K, bool, Telling)> {
        self.links.iter().filter_map(move |(link, Link { role, telling, .. })| {
            let is_server = match role {
                Role::Server(_) => true,
                Role::Client(_) => false,
                Role::New | Role::Joining => return None,
            };
            (*link != except).then_some((*link, is_server, *telling))
        })
    }

    /// Tells all neighbours but `except` of a machine that is there.
    fn announce(&self, host: Registration<'_>, except: K, out: &mut Vec<Action<K>>) {
        let Registration { kind, source, .. } = host;
        let mut to = Vec::with_capacity(self.adjacent.len());
        to.extend(self.others(except).filter_map(|(link, is_server, telling)| {
            let concerns = is_server || kind == Kind::Client;
            (concerns && telling.has_reached(source)).then_some(link)
        }));
        if !to.is_empty() {
            let last_hop = self.me.id;
            let bytes = Message::Registration(Registration { last_hop, ..host }).encode();
            out.push(Action::SendAll { to, bytes });
        }
    }

    /// Tells the neighbour why, and closes its connection.
    fn cut(&mut self, link: K, why: Breach, now: Instant, out: &mut Vec<Action<K>>) {
        let Some(role) = self.role(link) else { return };
        let text = format!("Closing: {why}");
        out.push(Action::Note(Note::Breach { neighbour: role.id(), why }));
        out.push(Action::Send { to: link, bytes: self.status(Id::NONE, status::CLOSING, &text) });
        out.push(Action::Close(link));
        self.lose(link, "", now, out);
    }

    /// The connection is no more, and what was behind it is gone.
    fn lose(&mut self, link: K, text: &str, now: Instant, out: &mut Vec<Action<K>>) {
        let Some(lost) = self.links.remove(&link) else { return };
        if let Some(id) = lost.role.id() {
            self.adjacent.remove(&id);
        }
        match lost.role {
            Role::Client(id) => self.forget(Quit { text, ..Quit::lost(Kind::Client, id) }, out),
            Role::Server(id) => {
                let mut from = Some(Id::NONE);
                while let Some((host, first_link)) = from.and_then(|from| self.hosts.next(from)) {
                    let (kind, source) = (host.kind, host.source);
                    from = source.0.checked_add(1).map(Id);
                    if first_link == id {
                        let text = if source == id { text } else { "" };
                        self.forget(Quit { text, ..Quit::lost(kind, source) }, out);
                    }
                }
            }
            Role::New | Role::Joining => {}
        }
        self.tell_quits(link, out);
        if self.is_parent(link) {
            if lost.role.id().is_some() {
                out.push(Action::Note(Note::Detached));
            }
            self.retry(now, out);
        }
    }

    /// Forgets one machine. [`Node::tell_quits`] is to follow before anything else is sent.
    fn forget(&mut self, quit: Quit<'_>, out: &mut Vec<Action<K>>) {
        let Quit { kind, source: id, text, .. } = quit;
        self.hosts.remove(id);
        self.quits.add(quit);
        out.push(Action::Note(Note::Left { kind, id, text: text.to_owned() }));
    }

    /// Tells all neighbours but `except` who was forgotten.
    fn tell_quits(&mut self, except: K, out: &mut Vec<Action<K>>) {
        if self.quits.is_empty() {
            return;
        }
        let news = std::mem::take(&mut self.quits).finish();
        let (mut servers, mut clients) = (Vec::new(), Vec::new());
        for (to, is_server, telling) in self.others(except) {
            if is_server {
                servers.push(to);
            } else if telling == Telling::Done {
                clients.push(to);
            } else {
                let bytes = news.for_newcomer(telling);
                out.extend((!bytes.is_empty()).then_some(Action::Send { to, bytes }));
            }
        }
        for (to, bytes) in [(servers, news.for_servers), (clients, news.for_clients)] {
            if !to.is_empty() && !bytes.is_empty() {
                out.push(Action::SendAll { to, bytes });
            }
        }
    }

    /// The parent is not there; tries again after a pause, if that is wanted.
    fn retry(&mut self, now: Instant, out: &mut Vec<Action<K>>) {
        let Some(Parent { link, since, backoff }) = &mut self.parent else { return };
        *link = None;
        let since = since.take();
        let Some(backoff) = backoff else { return };
        // Only who was attached for long begins again with short pauses, or two servers that
        // cannot both have their way would not tire.
        if since.is_some_and(|since| now.saturating_duration_since(since) >= backoff.longest()) {
            backoff.reset();
        }
        let pause = backoff.pause();
        out.push(Action::Note(Note::Retry(pause)));
        out.extend(now.checked_add(pause).map(Action::WakeAt));
    }

    fn say_goodbye(&self, out: &mut Vec<Action<K>>) {
        let quit = Message::ServerQuit { source: self.me.id, replacement: Id::NONE, text: "" };
        let bytes = quit.encode();
        for link in self.adjacent.values() {
            if let Some(Role::Server(_)) = self.role(*link) {
                out.push(Action::Send { to: *link, bytes: bytes.clone() });
            }
        }
    }

    fn status(&self, destination: Id, code: u16, text: &str) -> Bytes {
        Message::Status { source: self.me.id, destination, code, text }.encode()
    }
}
