//! Servers, clients and links, and a queue of what is on its way.
//!
//! A frame takes its link's delay, and frames of one link keep their order. A neighbour
//! whose connection is closed or cut notices after the same delay.

use crate::Random;
use bytes::Bytes;
use chat_proto::relay::{
    Action, Backoff, Decoder, Directory, Event, Id, Kind, Limits, Message, Node, Note, Profile,
    Registration,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
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
    /// What the event of this number made each end send, in bytes.
    burst: [(u64, u64); 2],
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

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: u64,
    /// What comes at the same time comes in the order it was sent.
    order: u64,
    what: What,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Arrives(End, Bytes),
    Drained(End),
    Closes(End),
    Awake(usize),
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
    /// The most bytes that one event made a server send over one link.
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
    queue: BinaryHeap<Reverse<Due>>,
    order: u64,
    /// Events so far.
    events: u64,
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
    /// When a machine was last news to a server.
    last_news: u64,
}

impl<D: Directory + Default> Network<D> {
    /// Nothing yet. Links delay by chance between `delays.0` and `delays.1` µs.
    #[must_use]
    pub fn new(seed: u64, delays: (u64, u64), limits: Limits, records: bool) -> Self {
        Self {
            servers: Vec::new(),
            clients: Vec::new(),
            links: Vec::new(),
            queue: BinaryHeap::new(),
            order: 0,
            events: 0,
            now: 0,
            start: Instant::now(),
            random: Random::new(seed),
            delays,
            limits,
            retries: true,
            records,
            counts: Counts::default(),
            actions: Vec::new(),
            last_news: 0,
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

    /// When a server last learned of a machine.
    #[must_use]
    pub fn last_news(&self) -> u64 {
        self.last_news
    }

    /// What was counted, and from now on anew.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Adds a server with this directory that hangs on `parent`, if any, and connects at once.
    pub fn add_server(&mut self, me: Profile, directory: D, parent: Option<usize>) -> usize {
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
        let client = self.clients.len();
        let end = self.link(Seat::Client(client), Seat::Server(server));
        let decoder = Decoder::new(self.limits.max_text);
        self.clients.push(Client { id: me.id, decoder, known: BTreeSet::new() });
        self.event(server, Event::Accepted(end.other()));
        let (kind, source, last_hop) = (Kind::Client, me.id, Id::NONE);
        let (name, info) = (me.name.as_str(), me.info.as_str());
        let hello = Registration { kind, source, last_hop, name, info };
        self.send(end, Message::Registration(hello).encode());
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
    pub fn say(&mut self, link: usize, bytes: Bytes) {
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
        self.links.push(Link { seats: [from, to], open: [true; 2], delay, burst: [(0, 0); 2] });
        // Far beyond what fits into memory.
        End(u32::try_from(self.links.len() - 1).unwrap_or(u32::MAX >> 1) << 1)
    }

    fn is_open(&self, end: End) -> bool {
        self.links[end.link()].open[end.side()]
    }

    fn push(&mut self, delay: u64, what: What) {
        self.order += 1;
        self.queue.push(Reverse(Due { at: self.now + delay, order: self.order, what }));
    }

    fn send(&mut self, from: End, frame: Bytes) {
        let delay = self.links[from.link()].delay;
        if self.is_open(from) {
            self.push(delay, What::Arrives(from.other(), frame));
        }
    }

    /// Closes one end; the other notices later.
    fn close(&mut self, end: End) {
        let link = &mut self.links[end.link()];
        let delay = link.delay;
        if std::mem::take(&mut link.open[end.side()]) {
            self.push(delay, What::Closes(end.other()));
            // Who did not close by itself notices as well.
            self.push(delay, What::Closes(end));
        }
    }

    fn event(&mut self, server: usize, event: Event<'_, End>) {
        let now = self.start + Duration::from_micros(self.now);
        let mut actions = std::mem::take(&mut self.actions);
        self.servers[server].node.handle(event, now, &mut actions);
        self.events += 1;
        for action in actions.drain(..) {
            match action {
                Action::Send { to, frame } => {
                    let length = frame.len() as u64;
                    let link = &mut self.links[to.link()];
                    let (event, bytes) = &mut link.burst[to.side()];
                    if *event != self.events {
                        (*event, *bytes) = (self.events, 0);
                    }
                    *bytes += length;
                    self.counts.largest_burst = self.counts.largest_burst.max(*bytes);
                    let to_client = matches!(link.seats[to.other().side()], Seat::Client(_));
                    if to_client {
                        self.counts.to_clients += 1;
                        self.counts.client_bytes += length;
                    } else {
                        self.counts.to_servers += 1;
                        self.counts.server_bytes += length;
                    }
                    if self.records || !to_client {
                        self.send(to, frame);
                    }
                }
                Action::Close(end) => self.close(end),
                Action::TellDrained(end) => {
                    let delay = self.links[end.link()].delay;
                    self.push(delay, What::Drained(end));
                }
                Action::Connect => self.servers[server].wants_parent = true,
                Action::WakeAt(at) => {
                    let pause = at.saturating_duration_since(now).as_micros();
                    self.push(u64::try_from(pause).unwrap_or(u64::MAX), What::Awake(server));
                }
                Action::Note(Note::Joined { .. }) => self.last_news = self.now,
                Action::Note(Note::Duplicate { .. }) => self.counts.duplicates += 1,
                Action::Note(Note::Breach { .. }) => self.counts.breaches += 1,
                // Everybody here says who it is at once.
                Action::Deadline(..) | Action::Note(_) => {}
            }
        }
        self.actions = actions;
    }

    /// Lets the next thing happen; false if there is none.
    pub fn step(&mut self) -> bool {
        let Some(Reverse(due)) = self.queue.pop() else { return false };
        self.now = due.at;
        match due.what {
            What::Arrives(end, frame) => self.arrives(end, &frame),
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
        true
    }

    fn seat(&self, end: End) -> Seat {
        self.links[end.link()].seats[end.side()]
    }

    fn arrives(&mut self, end: End, frame: &Bytes) {
        match self.seat(end) {
            Seat::Server(server) if self.is_open(end) => {
                self.event(server, Event::Received(end, frame));
            }
            Seat::Client(client) if self.is_open(end) => self.hear(client, frame),
            _ => {}
        }
    }

    /// A client hears news.
    ///
    /// # Panics
    /// If it is no news to it, or not for it: then a server is wrong.
    fn hear(&mut self, client: usize, frame: &Bytes) {
        let Client { id, decoder, known, .. } = &mut self.clients[client];
        let mut input = &frame[..];
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

    /// Lets everything happen until nothing is on its way, or `limit` things did: then false.
    pub fn settle(&mut self, limit: u64) -> bool {
        (0..limit).any(|_| !self.step())
    }

    /// Looks whether the servers' links are a forest, and whether each server knows exactly who
    /// is there by exactly the way that leads to it; with recorded clients, also whether each
    /// of them knows who is there. To be asked when all has settled.
    ///
    /// # Errors
    /// What is not so.
    pub fn check(&self) -> Result<(), String> {
        let mut neighbours: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.servers.len()];
        let mut clients: Vec<Vec<Id>> = vec![Vec::new(); self.servers.len()];
        for (number, server) in self.servers.iter().enumerate().filter(|(_, it)| it.is_up) {
            for (id, end) in server.node.adjacent() {
                match self.seat(end.other()) {
                    Seat::Server(other) => neighbours[number].push((other, end.link())),
                    Seat::Client(_) => clients[number].push(id),
                    Seat::Stranger => return Err("a stranger was taken for a machine".into()),
                }
            }
        }
        for root in (0..self.servers.len()).filter(|number| self.servers[*number].is_up) {
            self.check_view(root, &neighbours, &clients)?;
        }
        Ok(())
    }

    /// The view of `root` against what is found by walking along the links.
    fn check_view(
        &self,
        root: usize,
        neighbours: &[Vec<(usize, usize)>],
        clients: &[Vec<Id>],
    ) -> Result<(), String> {
        let id = |server: usize| self.servers[server].node.id();
        let mut found = BTreeMap::new();
        let mut queue = VecDeque::from([(root, None, None)]);
        while let Some((server, came_by, first_link)) = queue.pop_front() {
            for client in &clients[server] {
                found.insert(*client, first_link.unwrap_or(*client));
            }
            for (next, link) in neighbours[server].iter().filter(|(_, link)| Some(*link) != came_by)
            {
                let first_link = first_link.unwrap_or_else(|| id(*next));
                if *next == root || found.insert(id(*next), first_link).is_some() {
                    return Err(format!("{} is on a circle, seen from {}", id(*next), id(root)));
                }
                queue.push_back((*next, Some(*link), Some(first_link)));
            }
        }
        let mut known = BTreeMap::new();
        let mut from = Some(Id::NONE);
        while let Some((host, first_link)) =
            from.and_then(|from| self.servers[root].node.directory().next(from))
        {
            known.insert(host.source, first_link);
            from = host.source.0.checked_add(1).map(Id);
        }
        if known != found {
            return Err(format!("{} knows {known:?}, and there is {found:?}", id(root)));
        }
        for (_, end) in self.servers[root].node.adjacent().filter(|_| self.records) {
            let Seat::Client(client) = self.seat(end.other()) else { continue };
            let client = &self.clients[client];
            let others: BTreeSet<Id> = found
                .keys()
                .copied()
                .filter(|it| *it != client.id && self.clients.iter().any(|other| other.id == *it))
                .collect();
            if client.known != others {
                return Err(format!(
                    "client {} knows {:?}, and there is {others:?}",
                    client.id, client.known
                ));
            }
        }
        Ok(())
    }
}
