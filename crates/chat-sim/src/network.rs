//! Servers, clients and links.
//!
//! What a server sends takes its link's delay, and what is sent over one link keeps its order. A
//! neighbour whose connection is closed or cut notices after the same delay.

#[path = "check.rs"]
mod check;

use crate::Random;
use crate::agenda::{Agenda, Due, NOWHERE, What, Window};
use chat_proto::relay::{
    Action, Backoff, Decoder, Directory, Event, Id, Kind, Limits, Message, Node, Note, Profile,
    Registration, count,
};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// One end of a link: what a server calls a connection. The other end differs in the last bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct End(u32);

impl End {
    fn other(self) -> Self {
        Self(self.0 ^ 1)
    }

    fn link(self) -> usize {
        (self.0 >> 1) as usize
    }

    fn side(self) -> usize {
        (self.0 & 1) as usize
    }
}

/// Who sits at an end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// The server of this number.
    Server(usize),
    /// The client of this number.
    Client(usize),
    /// Somebody who says whatever it is told to.
    Stranger,
}

#[derive(Debug)]
struct Link {
    seats: [Seat; 2],
    open: [bool; 2],
    delay: u64,
}

#[derive(Debug)]
struct Server<D> {
    node: Node<End, D>,
    parent: Option<usize>,
    /// It asked to connect.
    wants_parent: bool,
    is_up: bool,
}

/// A client: what it heard. Its state machine would do nothing else.
#[derive(Debug)]
struct Client {
    id: Id,
    decoder: Decoder,
    known: BTreeSet<Id>,
}

/// What was counted since it was last reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames sent from server to server.
    pub to_servers: u64,
    /// Bytes of them.
    pub server_bytes: u64,
    /// Frames sent to clients.
    pub to_clients: u64,
    /// Bytes of them.
    pub client_bytes: u64,
    /// The most bytes that a server sent at once over one link.
    pub largest_burst: u64,
    /// Registrations that were refused because the id was taken.
    pub duplicates: u64,
    /// Connections that were cut for a breach.
    pub breaches: u64,
}

/// A network. Times are microseconds since its beginning.
#[derive(Debug)]
pub struct Network<D> {
    servers: Vec<Server<D>>,
    clients: Vec<Client>,
    links: Vec<Link>,
    /// Whether what a server sends over each link is to arrive: a client that
    /// remembers nothing need not hear.
    listens: Vec<bool>,
    agenda: Agenda,
    now: u64,
    start: Instant,
    random: Random,
    delays: (u64, u64),
    limits: Limits,
    /// Whether servers that lost their parent come back.
    retries: bool,
    /// Whether clients remember what they hear, for [`Network::check`].
    records: bool,
    counts: Counts,
    actions: Vec<Action<End>>,
    /// For each id, when a server last learned of a machine with it.
    joined: Vec<u64>,
    /// When a server last learned that a machine is gone.
    last_left: u64,
}

impl<D: Directory + Default> Network<D> {
    /// Nothing yet. Links delay by chance between `delays.0` and `delays.1` µs.
    #[must_use]
    pub fn new(seed: u64, delays: (u64, u64), limits: Limits, records: bool) -> Self {
        Self {
            servers: Vec::new(),
            clients: Vec::new(),
            links: Vec::new(),
            listens: Vec::new(),
            agenda: Agenda::new(delays.0),
            now: 0,
            start: Instant::now(),
            random: Random::new(seed),
            delays,
            limits,
            retries: true,
            records,
            counts: Counts::default(),
            actions: Vec::new(),
            joined: Vec::new(),
            last_left: 0,
        }
    }

    /// How many servers there are or were.
    #[must_use]
    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// How many links there are or were.
    #[must_use]
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// When a server last learned of the machine `id`.
    #[must_use]
    pub fn joined(&self, id: Id) -> u64 {
        self.joined.get(id.0 as usize).copied().unwrap_or(0)
    }

    /// When a server last learned that a machine is gone.
    #[must_use]
    pub fn last_left(&self) -> u64 {
        self.last_left
    }

    /// What was counted, and from now on anew.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Adds a server with this directory that hangs on `parent`, if any, and connects at once.
    pub fn add_server(&mut self, me: Profile, directory: D, parent: Option<usize>) -> usize {
        self.expect(me.id);
        let node = if parent.is_none() {
            Node::root(me, self.limits)
        } else {
            let seed = self.random.draw();
            let backoff = Backoff::new(Duration::from_secs(1), seed);
            Node::child(me, self.limits, Some(backoff))
        };
        let node = node.with_directory(directory);
        self.servers.push(Server { node, parent, wants_parent: false, is_up: true });
        let server = self.servers.len() - 1;
        self.event(server, Event::Started);
        self.dial(server);
        server
    }

    /// Makes room for when servers learn of `id`.
    fn expect(&mut self, id: Id) {
        let ids = id.0 as usize + 1;
        if self.joined.len() < ids {
            self.joined.resize(ids, 0);
        }
    }

    /// Gives a server another parent for the next time that it connects.
    pub fn set_parent(&mut self, server: usize, parent: usize) {
        self.servers[server].parent = Some(parent);
    }

    /// Lets a server connect if it wants to.
    fn dial(&mut self, server: usize) {
        if !std::mem::take(&mut self.servers[server].wants_parent) {
            return;
        }
        let Some(parent) = self.servers[server].parent else { return };
        if parent == server || !self.servers[parent].is_up {
            return self.event(server, Event::Unreachable);
        }
        let end = self.link(Seat::Server(server), Seat::Server(parent));
        self.event(parent, Event::Accepted(end.other()));
        self.event(server, Event::Connected(end));
    }

    /// Adds a client at `server`, which registers at once.
    pub fn add_client(&mut self, me: &Profile, server: usize) -> usize {
        self.expect(me.id);
        let client = self.clients.len();
        let end = self.link(Seat::Client(client), Seat::Server(server));
        let decoder = Decoder::new(self.limits.max_text);
        self.clients.push(Client { id: me.id, decoder, known: BTreeSet::new() });
        self.event(server, Event::Accepted(end.other()));
        let (kind, source, last_hop) = (Kind::Client, me.id, Id::NONE);
        let (name, info) = (me.name.as_str(), me.info.as_str());
        let hello = Registration { kind, source, last_hop, name, info };
        self.send(end, &Message::Registration(hello).encode());
        client
    }

    /// Somebody connects to `server`; gives the link's number.
    pub fn add_stranger(&mut self, server: usize) -> usize {
        let end = self.link(Seat::Stranger, Seat::Server(server));
        self.event(server, Event::Accepted(end.other()));
        end.link()
    }

    /// What is at the ends of a link.
    #[must_use]
    pub fn seats(&self, link: usize) -> [Seat; 2] {
        self.links[link].seats
    }

    /// Sends bytes as if the first seat of the link had said them.
    pub fn say(&mut self, link: usize, bytes: &[u8]) {
        if let Ok(link) = u32::try_from(link) {
            self.send(End(link << 1), bytes);
        }
    }

    /// Cuts a link; both sides notice after its delay.
    pub fn cut(&mut self, link: usize) {
        let Ok(link) = u32::try_from(link) else { return };
        for side in [0, 1] {
            self.close(End(link << 1 | side));
        }
    }

    /// A server is gone without a word.
    pub fn kill(&mut self, server: usize) {
        self.servers[server].is_up = false;
        for link in 0..self.links.len() {
            if self.links[link].seats.contains(&Seat::Server(server)) {
                self.cut(link);
            }
        }
    }

    /// From now on nobody comes back who lost its parent.
    pub fn end_retries(&mut self) {
        self.retries = false;
    }

    /// True if two servers have an adjacent machine of the same id: two registered it at the same
    /// time, far apart.
    #[must_use]
    pub fn has_twins(&self) -> bool {
        let mut clients = BTreeSet::new();
        let up = self.servers.iter().filter(|server| server.is_up);
        up.flat_map(|server| server.node.adjacent())
            .filter(|(_, end)| matches!(self.seat(end.other()), Seat::Client(_)))
            .any(|(id, _)| !clients.insert(id))
    }

    fn link(&mut self, from: Seat, to: Seat) -> End {
        let (least, most) = self.delays;
        let delay = least + self.random.draw() % (most - least + 1);
        self.links.push(Link { seats: [from, to], open: [true; 2], delay });
        self.listens.push(self.records || !matches!(from, Seat::Client(_)));
        // Far beyond what fits into memory.
        End(u32::try_from(self.links.len() - 1).unwrap_or(u32::MAX >> 1) << 1)
    }

    fn is_open(&self, end: End) -> bool {
        self.links[end.link()].open[end.side()]
    }

    /// The server at this end.
    fn place(&self, end: End) -> u32 {
        match self.seat(end) {
            Seat::Server(server) => u32::try_from(server).unwrap_or(NOWHERE),
            Seat::Client(_) | Seat::Stranger => NOWHERE,
        }
    }

    fn add(&mut self, delay: u64, place: u32, what: What) {
        self.agenda.add(Due { at: self.now + delay, place, what });
    }

    fn send(&mut self, from: End, bytes: &[u8]) {
        if self.is_open(from) {
            let (to, at) = (from.other(), self.now + self.links[from.link()].delay);
            self.agenda.add_arrival(at, self.place(to), to, bytes);
        }
    }

    /// Closes one end; the other notices later.
    fn close(&mut self, end: End) {
        let link = &mut self.links[end.link()];
        let delay = link.delay;
        if std::mem::take(&mut link.open[end.side()]) {
            // Who did not close by itself notices as well.
            for end in [end.other(), end] {
                self.add(delay, self.place(end), What::Closes(end));
            }
        }
    }

    fn event(&mut self, server: usize, event: Event<'_, End>) {
        let now = self.start + Duration::from_micros(self.now);
        let mut actions = std::mem::take(&mut self.actions);
        self.servers[server].node.handle(event, now, &mut actions);
        for action in actions.drain(..) {
            match action {
                Action::Send { to, bytes } => self.post(to, &bytes, count(&bytes)),
                Action::SendAll { to, bytes } => {
                    let messages = count(&bytes);
                    for to in to {
                        self.post(to, &bytes, messages);
                    }
                }
                Action::Close(end) => self.close(end),
                Action::TellDrained(end) => {
                    let delay = self.links[end.link()].delay;
                    self.add(delay, self.place(end), What::Drained(end));
                }
                Action::Connect => self.servers[server].wants_parent = true,
                Action::WakeAt(at) => {
                    let pause = at.saturating_duration_since(now).as_micros();
                    let pause = u64::try_from(pause).unwrap_or(u64::MAX);
                    self.add(pause, NOWHERE, What::Awake(server));
                }
                Action::Note(Note::Joined { id, .. }) => {
                    if let Some(at) = self.joined.get_mut(id.0 as usize) {
                        // Servers are not played in the order of time.
                        *at = self.now.max(*at);
                    }
                }
                Action::Note(Note::Left { .. }) => self.last_left = self.now.max(self.last_left),
                Action::Note(Note::Duplicate { .. }) => self.counts.duplicates += 1,
                Action::Note(Note::Breach { .. }) => self.counts.breaches += 1,
                // Everybody here says who it is at once.
                Action::Deadline(..) | Action::Note(_) => {}
            }
        }
        self.actions = actions;
    }

    /// Counts what a server sends, and sends it to who listens.
    fn post(&mut self, to: End, bytes: &[u8], messages: usize) {
        let (messages, length) = (messages as u64, bytes.len() as u64);
        let listens = self.listens[to.link()];
        self.counts.largest_burst = self.counts.largest_burst.max(length);
        if !listens || matches!(self.seat(to.other()), Seat::Client(_)) {
            self.counts.to_clients += messages;
            self.counts.client_bytes += length;
        } else {
            self.counts.to_servers += messages;
            self.counts.server_bytes += length;
        }
        if listens {
            self.send(to, bytes);
        }
    }

    /// Lets everything happen that is due within the next least delay; false if nothing is due.
    pub fn step(&mut self) -> bool {
        let Some((window, end)) = self.agenda.take() else { return false };
        for Due { at, what, .. } in &window.dues {
            self.now = *at;
            self.happens(what, &window);
        }
        self.agenda.give_back(window);
        self.now = end;
        true
    }

    /// Lets everything happen until nothing is on its way.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// Lets everything happen that is due before `at`.
    pub fn run_until(&mut self, at: u64) {
        while self.agenda.next_at().is_some_and(|next| next < at) {
            self.step();
        }
        self.now = self.now.max(at);
    }

    fn happens(&mut self, what: &What, window: &Window) {
        match *what {
            What::Arrives(end, length, start) => self.arrives(end, window.bytes(start, length)),
            What::Drained(end) => {
                if let (true, Seat::Server(server)) = (self.is_open(end), self.seat(end)) {
                    self.event(server, Event::Drained(end));
                }
            }
            What::Closes(end) => {
                let link = &mut self.links[end.link()];
                link.open[end.side()] = false;
                if let Seat::Server(server) = self.seat(end) {
                    self.event(server, Event::Gone(end));
                }
            }
            What::Awake(server) => {
                if self.retries && self.servers[server].is_up {
                    self.event(server, Event::Awake);
                    self.dial(server);
                }
            }
        }
    }

    fn seat(&self, end: End) -> Seat {
        self.links[end.link()].seats[end.side()]
    }

    fn arrives(&mut self, end: End, bytes: &[u8]) {
        match self.seat(end) {
            Seat::Server(server) if self.is_open(end) => {
                self.event(server, Event::Received(end, bytes));
            }
            Seat::Client(client) if self.is_open(end) => self.hear(client, bytes),
            _ => {}
        }
    }

    /// A client hears news.
    ///
    /// # Panics
    /// If it is no news to it, or not for it: then a server is wrong.
    fn hear(&mut self, client: usize, mut input: &[u8]) {
        let Client { id, decoder, known, .. } = &mut self.clients[client];
        while let Ok(Some(message)) = decoder.next(&mut input) {
            match message {
                Message::Registration(host) => {
                    assert!(host.kind == Kind::Client, "client {id} hears of a server");
                    assert!(
                        known.insert(host.source),
                        "client {id} hears of {} twice",
                        host.source
                    );
                }
                Message::ClientQuit { source, .. } => {
                    assert!(known.remove(&source), "client {id} loses {source} twice");
                }
                Message::ServerQuit { .. } => panic!("client {id} hears of a server"),
                Message::Status { .. } | Message::Chat { .. } => {}
            }
        }
    }

    /// Lets everything happen until nothing is on its way, or `limit` steps were made: then false.
    pub fn settle(&mut self, limit: u64) -> bool {
        (0..limit).any(|_| !self.step())
    }
}
