//! Servers in memory: what one says over a link is what the server at its other end hears.

use super::{
    Action, Backoff, Breach, Decoder, Event, Hosts, Id, Kind, Limits, Message, Node, Note, Profile,
    Registration, ServerState,
};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The name of a connection at one of its ends: the link, and which end.
type End = (usize, bool);

struct Server {
    node: Node<End>,
    notes: Vec<Note>,
    /// It asked to connect.
    wants_parent: bool,
    wake_at: Option<Instant>,
}

struct Link {
    /// What hangs at each end; none: a peer made by hand.
    ends: [Option<usize>; 2],
    /// What is on its way to each end.
    pipes: [VecDeque<Bytes>; 2],
    /// Whether each end has not closed.
    open: [bool; 2],
    /// Whether each end waits for its queue to be empty.
    tell_drained: [bool; 2],
    deadline: [Option<Instant>; 2],
}

/// Servers, links, and what travels on them.
struct World {
    servers: Vec<Server>,
    links: Vec<Link>,
    now: Instant,
}

impl World {
    fn new() -> Self {
        Self { servers: Vec::new(), links: Vec::new(), now: Instant::now() }
    }

    fn profile(id: u32) -> Profile {
        Profile { id: Id(id), name: format!("s{id}"), info: format!("info {id}") }
    }

    fn limits() -> Limits {
        Limits { max_text: 100, portion: 60, ..Limits::default() }
    }

    fn start(&mut self, node: Node<End>) -> usize {
        self.servers.push(Server { node, notes: Vec::new(), wants_parent: false, wake_at: None });
        self.event(self.servers.len() - 1, Event::Started);
        self.servers.len() - 1
    }

    fn root(&mut self, id: u32) -> usize {
        self.start(Node::root(Self::profile(id), Self::limits()))
    }

    /// A server that hangs on `parent`, and comes back if it `returns`.
    fn child(&mut self, id: u32, parent: usize, returns: bool) -> usize {
        let backoff = returns.then(|| Backoff::new(Duration::from_secs(1), u64::from(id)));
        let server = self.start(Node::child(Self::profile(id), Self::limits(), backoff));
        self.hang(server, parent);
        server
    }

    /// Lets `server` connect to `parent`, as it asked for.
    fn hang(&mut self, server: usize, parent: usize) {
        assert!(std::mem::take(&mut self.servers[server].wants_parent));
        let link = self.link([Some(server), Some(parent)]);
        self.event(server, Event::Connected((link, false)));
        self.event(parent, Event::Accepted((link, true)));
    }

    fn link(&mut self, ends: [Option<usize>; 2]) -> usize {
        self.links.push(Link {
            ends,
            pipes: Default::default(),
            open: [true; 2],
            tell_drained: [false; 2],
            deadline: [None; 2],
        });
        self.links.len() - 1
    }

    /// Somebody made by hand connects to `server`.
    fn peer(&mut self, server: usize) -> usize {
        let link = self.link([None, Some(server)]);
        self.event(server, Event::Accepted((link, true)));
        link
    }

    /// Somebody made by hand to whom `server` connects, as it asked for.
    fn parent(&mut self, server: usize) -> usize {
        assert!(std::mem::take(&mut self.servers[server].wants_parent));
        let link = self.link([None, Some(server)]);
        self.event(server, Event::Connected((link, true)));
        link
    }

    fn client(&mut self, id: u32, server: usize) -> usize {
        let link = self.peer(server);
        self.say(link, registration(Kind::Client, id, 0));
        link
    }

    fn say(&mut self, link: usize, message: Message<'_>) {
        self.links[link].pipes[1].push_back(message.encode());
        self.settle();
    }

    fn event(&mut self, server: usize, event: Event<'_, End>) {
        let mut out = Vec::new();
        self.servers[server].node.handle(event, self.now, &mut out);
        for action in out {
            match action {
                Action::Send { to, bytes } => self.send(to, bytes),
                Action::SendAll { to, bytes } => {
                    assert!(!to.is_empty());
                    to.into_iter().for_each(|to| self.send(to, bytes.clone()));
                }
                Action::Close((link, end)) => {
                    let open = &mut self.links[link].open[usize::from(end)];
                    assert!(std::mem::take(open), "closed twice");
                }
                Action::Deadline((link, end), at) => {
                    self.links[link].deadline[usize::from(end)] = at;
                }
                Action::TellDrained((link, end)) => {
                    self.links[link].tell_drained[usize::from(end)] = true;
                }
                Action::Connect => self.servers[server].wants_parent = true,
                Action::WakeAt(at) => self.servers[server].wake_at = Some(at),
                Action::Note(note) => self.servers[server].notes.push(note),
            }
        }
    }

    fn send(&mut self, (link, end): End, bytes: Bytes) {
        let link = &mut self.links[link];
        assert!(link.open[usize::from(end)], "sent over a closed connection");
        link.pipes[usize::from(!end)].push_back(bytes);
    }

    /// What can happen next: a frame arrives, a queue is empty, an end is noticed.
    fn moves(&self) -> Vec<End> {
        let all = (0..self.links.len()).flat_map(|link| [(link, false), (link, true)]);
        all.filter(|(link, end)| {
            let (it, here, there) = (&self.links[*link], usize::from(*end), usize::from(!*end));
            let arrives = it.ends[here].is_some() && !it.pipes[here].is_empty();
            let drained = it.tell_drained[here] && it.pipes[there].is_empty();
            let ended = it.open[here] && !it.open[there] && it.pipes[here].is_empty();
            arrives || drained || (ended && it.ends[here].is_some())
        })
        .collect()
    }

    fn step(&mut self, (link, end): End) {
        let (here, there) = (usize::from(end), usize::from(!end));
        let it = &mut self.links[link];
        let Some(server) = it.ends[here] else { return };
        if let Some(frame) = it.pipes[here].pop_front() {
            if it.open[here] {
                // In two pieces, to be unkind.
                let (head, tail) = frame.split_at(frame.len() / 2);
                self.event(server, Event::Received((link, end), head));
                self.event(server, Event::Received((link, end), tail));
            }
        } else if it.pipes[there].is_empty() && std::mem::take(&mut it.tell_drained[here]) {
            if it.open[here] {
                self.event(server, Event::Drained((link, end)));
            }
        } else if it.open[here] {
            self.event(server, Event::Ended((link, end)));
        }
    }

    /// Lets everything that is on its way arrive.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            let Some(next) = self.moves().first().copied() else { return };
            self.step(next);
        }
        panic!("messages without end");
    }

    /// What arrived at the end made by hand, since it was last asked.
    fn heard(&mut self, link: usize) -> Vec<String> {
        let mut decoder = Decoder::new(10_000);
        let mut heard = Vec::new();
        while let Some(frame) = self.links[link].pipes[0].pop_front() {
            self.settle();
            let mut input = &frame[..];
            while let Some(message) = decoder.next(&mut input).unwrap() {
                heard.push(match message {
                    Message::Registration(Registration { kind, source, last_hop, .. }) => {
                        format!("{kind} {source} by {last_hop}")
                    }
                    Message::Status { source, destination, code, text } => {
                        format!("{source} to {destination}: {code} {text}")
                    }
                    Message::Chat { source, destination, text } => {
                        format!("{source} says to {destination}: {text}")
                    }
                    Message::ClientQuit { source, text } => {
                        format!("client {source} quits: {text}")
                    }
                    Message::ServerQuit { source, text, .. } => {
                        format!("server {source} quits: {text}")
                    }
                });
            }
        }
        heard
    }

    /// The cable is cut: each end notices by itself.
    fn cut(&mut self, link: usize) {
        for end in [false, true] {
            let it = &mut self.links[link];
            let here = usize::from(end);
            it.pipes[here].clear();
            let was_open = std::mem::take(&mut it.open[here]);
            it.tell_drained[here] = false;
            if let Some(server) = it.ends[here].filter(|_| was_open) {
                self.event(server, Event::Gone((link, end)));
            }
        }
    }

    fn is_open(&self, link: usize) -> bool {
        self.links[link].open == [true, true]
    }

    fn state(&self, server: usize) -> ServerState {
        self.servers[server].node.state()
    }

    /// The ids a server knows, with their first links.
    fn view(&self, server: usize) -> Vec<(u32, u32)> {
        self.state(server).hosts.iter().map(|host| (host.id.0, host.first_link.0)).collect()
    }

    fn has_noted(&self, server: usize, wanted: impl Fn(&Note) -> bool) -> bool {
        self.servers[server].notes.iter().any(wanted)
    }
}

fn registration(kind: Kind, source: u32, last_hop: u32) -> Message<'static> {
    let (source, last_hop) = (Id(source), Id(last_hop));
    Message::Registration(Registration { kind, source, last_hop, name: "n", info: "i" })
}

fn chat(source: u32, destination: u32, text: &str) -> Message<'_> {
    Message::Chat { source: Id(source), destination: Id(destination), text }
}

/// 1 – 2 – 3, and 2 – 4.
fn four() -> (World, [usize; 4]) {
    let mut world = World::new();
    let one = world.root(1);
    let two = world.child(2, one, true);
    let three = world.child(3, two, true);
    let four = world.child(4, two, true);
    world.settle();
    (world, [one, two, three, four])
}

#[test]
fn servers_find_each_other() {
    let (world, [one, two, three, four]) = four();
    assert_eq!(world.view(one), [(2, 2), (3, 2), (4, 2)]);
    assert_eq!(world.view(two), [(1, 1), (3, 3), (4, 4)]);
    assert_eq!(world.view(three), [(1, 2), (2, 2), (4, 2)]);
    assert_eq!(world.view(four), [(1, 2), (2, 2), (3, 2)]);
    let ids = |ids: &[u32]| ids.iter().copied().map(Id).collect::<Vec<_>>();
    assert_eq!(world.state(two).adjacent_servers, ids(&[1, 3, 4]));
    assert!(world.state(two).adjacent_clients.is_empty());
    let json = serde_json::to_string(&world.state(one)).unwrap();
    assert!(
        json.starts_with(
            r#"{"id":1,"name":"s1","adjacent_servers":[2],"adjacent_clients":[],"hosts":[{"id":2,"kind":"server","name":"s2","info":"info 2","first_link":2},"#
        ) && json.ends_with(r#"],"status_log":[]}"#),
        "{json}"
    );
}

#[test]
fn clients_hear_of_clients_and_never_of_servers() {
    let (mut world, [one, _, three, four]) = four();
    let a = world.client(101, one);
    let b = world.client(102, three);
    let c = world.client(103, three);
    assert_eq!(
        world.heard(a),
        [
            "1 to 101: 0 Welcome to the Clemson Relay Chat network n",
            "client 102 by 1",
            "client 103 by 1"
        ]
    );
    assert_eq!(
        world.heard(c),
        [
            "3 to 103: 0 Welcome to the Clemson Relay Chat network n",
            "client 101 by 3",
            "client 102 by 3"
        ]
    );
    assert_eq!(world.heard(b).len(), 3);
    assert_eq!(world.view(four)[3..], [(101, 2), (102, 2), (103, 2)]);
    assert_eq!(world.view(three)[3..], [(101, 2), (102, 102), (103, 103)]);

    world.say(a, chat(101, 103, "hi"));
    world.say(c, chat(103, 103, "me"));
    assert_eq!(world.heard(c), ["101 says to 103: hi", "103 says to 103: me"]);
    world.say(a, chat(101, 999, "x"));
    world.say(a, chat(101, 3, "to a server"));
    world.say(a, chat(101, 0, "x"));
    assert_eq!(
        world.heard(a),
        ["1 to 101: 1 Unknown ID 999", "3 to 101: 1 Unknown ID 3", "1 to 101: 1 Unknown ID 0"]
    );

    world.say(b, Message::ClientQuit { source: Id(102), text: "bye" });
    assert!(!world.is_open(b));
    assert_eq!(world.heard(a), ["client 102 quits: bye"]);
    world.cut(c);
    world.settle();
    assert_eq!(world.heard(a), ["client 103 quits: "]);
    assert_eq!(world.view(four), [(1, 2), (2, 2), (3, 2), (101, 2)]);
}

#[test]
fn an_id_is_given_once() {
    let (mut world, [one, two, three, _]) = four();
    world.client(101, one);
    let b = world.peer(three);
    for (kind, id, text) in [
        (Kind::Client, 101, "3 to 0: 2 Someone has already registered with ID 101"),
        (Kind::Client, 3, "3 to 0: 2 Someone has already registered with ID 3"),
        (Kind::Server, 101, "3 to 0: 2 A machine has already registered with ID 101"),
        (Kind::Server, 1, "3 to 0: 2 A machine has already registered with ID 1"),
    ] {
        let before = world.state(three);
        world.say(b, registration(kind, id, 0));
        assert_eq!(world.heard(b), [text]);
        assert_eq!(world.state(three), before);
    }
    // Another id is still welcome, the largest too.
    world.say(b, registration(Kind::Client, u32::MAX, 0));
    assert_eq!(world.heard(b).len(), 2);
    assert_eq!(world.view(one).last(), Some(&(u32::MAX, 2)));

    let twin = world.child(2, three, false);
    world.settle();
    assert_eq!(world.state(twin).status_log, ["A machine has already registered with ID 2"]);
    assert!(world.view(twin).is_empty() && world.servers[twin].wake_at.is_none());
    assert_eq!(world.view(three).first(), Some(&(1, 2)));
    assert_eq!(world.state(two).adjacent_servers.len(), 3);
}

#[test]
fn what_is_behind_a_lost_server_is_lost_with_it_and_comes_back() {
    let (mut world, [one, two, three, four]) = four();
    let a = world.client(101, one);
    let b = world.client(102, three);
    let c = world.client(103, four);
    for link in [a, b, c] {
        world.heard(link);
    }
    // 1 – 2 is the first link.
    world.cut(0);
    world.settle();
    assert_eq!(world.view(one), [(101, 101)]);
    assert_eq!(world.view(three), [(2, 2), (4, 2), (102, 102), (103, 2)]);
    assert_eq!(world.links[a].pipes[0].len(), 1, "all of it is told in one piece");
    assert_eq!(world.heard(a), ["client 102 quits: ", "client 103 quits: "]);
    assert_eq!(world.heard(b), ["client 101 quits: "]);

    // Two comes back with all that hangs on it.
    assert!(world.servers[two].wake_at.is_some_and(|at| at > world.now));
    world.event(two, Event::Awake);
    world.hang(two, one);
    world.settle();
    assert_eq!(world.view(one), [(2, 2), (3, 2), (4, 2), (101, 101), (102, 2), (103, 2)]);
    assert_eq!(world.view(four), [(1, 2), (2, 2), (3, 2), (101, 2), (102, 2), (103, 103)]);
    assert_eq!(world.heard(a), ["client 102 by 1", "client 103 by 1"]);
    assert_eq!(world.heard(b), ["client 101 by 3"]);
}

#[test]
fn a_server_that_stops_says_so() {
    let (mut world, [one, two, three, _]) = four();
    world.event(two, Event::Stopping);
    world.settle();
    assert!(world.view(one).is_empty() && world.view(three).is_empty());
    assert!(world.servers[three].wake_at.is_some());
}

#[test]
fn a_parent_that_has_not_noticed_refuses_until_it_has() {
    let (mut world, [one, two, ..]) = four();
    // Only two's end notices.
    world.links[0].open[0] = false;
    world.event(two, Event::Gone((0, false)));
    let open = std::mem::replace(&mut world.links[0].open[0], true);
    assert!(!open);
    world.event(two, Event::Awake);
    world.hang(two, one);
    world.settle();
    assert!(world.has_noted(two, |note| matches!(note, Note::Refused(_))));
    assert!(!world.is_open(3) && world.servers[two].wake_at.is_some());
    // Now one notices, too.
    world.event(one, Event::Gone((0, true)));
    world.links[0].open = [false; 2];
    world.event(two, Event::Awake);
    world.hang(two, one);
    world.settle();
    assert_eq!(world.view(one), [(2, 2), (3, 2), (4, 2)]);
}

/// What only a broken or malicious neighbour does costs it its connection, and nobody else.
#[test]
fn breaches_cost_one_connection() {
    let quit = |id| Message::ClientQuit { source: Id(id), text: "" };
    let server_quit = Message::ServerQuit { source: Id(3), replacement: Id::NONE, text: "" };
    let status = |id| Message::Status { source: Id(id), destination: Id(101), code: 0, text: "x" };
    let bad: [(Option<Kind>, Message<'_>); 15] = [
        // Without a registration.
        (None, chat(3, 1, "x")),
        (None, status(3)),
        (None, server_quit),
        (None, registration(Kind::Client, 0, 0)),
        (None, registration(Kind::Server, 0, 0)),
        (None, registration(Kind::Server, 50, 3)),
        (None, registration(Kind::Client, 50, 50)),
        // As a client.
        (Some(Kind::Client), registration(Kind::Client, 51, 0)),
        (Some(Kind::Client), registration(Kind::Server, 50, 50)),
        (Some(Kind::Client), chat(101, 3, "forged")),
        (Some(Kind::Client), quit(101)),
        (Some(Kind::Client), server_quit),
        // As a server.
        (Some(Kind::Server), registration(Kind::Client, 51, 3)),
        (Some(Kind::Server), registration(Kind::Server, 51, 0)),
        (Some(Kind::Server), registration(Kind::Client, 0, 50)),
    ];
    for (kind, message) in bad {
        let (mut world, servers @ [one, two, ..]) = four();
        world.client(101, one);
        world.client(102, two);
        let before = servers.map(|server| world.state(server));
        let link = world.peer(two);
        if let Some(kind) = kind {
            world.say(link, registration(kind, 50, 0));
            world.heard(link);
        }
        world.say(link, message);
        let last = world.heard(link).pop();
        assert!(!world.is_open(link), "{message:?}");
        assert!(last.is_some_and(|last| last.starts_with("2 to 0: 3 Closing: ")), "{message:?}");
        assert_eq!(servers.map(|server| world.state(server)), before, "{message:?}");
    }
    let (mut world, [_, two, ..]) = four();
    let link = world.peer(two);
    world.links[link].pipes[1].push_back(Bytes::from_static(b"\x81\0\0\0\x01\0\0\0\x02\xff\0\0\0"));
    world.settle();
    assert_eq!(
        world.heard(link),
        ["2 to 0: 3 Closing: a text of 4278190080 bytes is longer than the limit of 100"]
    );
}

#[test]
fn a_neighbour_cannot_speak_for_those_elsewhere() {
    let (mut world, [one, two, three, _]) = four();
    let (a, b) = (world.client(101, one), world.client(102, three));
    world.heard(a);
    world.heard(b);
    let evil = world.peer(two);
    world.say(evil, registration(Kind::Server, 50, 0));
    world.heard(evil);
    for message in [
        chat(102, 101, "forged"),
        Message::ClientQuit { source: Id(102), text: "forged" },
        Message::ServerQuit { source: Id(3), replacement: Id::NONE, text: "forged" },
        Message::Status { source: Id(3), destination: Id(101), code: 0, text: "forged" },
        Message::Chat { source: Id(2), destination: Id(101), text: "forged" },
    ] {
        world.say(evil, message);
    }
    assert!(world.heard(a).is_empty() && world.is_open(evil));
    // Whoever says that somebody is gone who is not, is told how things stand.
    assert_eq!(world.heard(evil), ["client 102 by 2", "server 3 by 2"]);
    // What is not known may be news that is still under way.
    world.say(evil, chat(500, 101, "from afar"));
    assert_eq!(world.heard(a), ["500 says to 101: from afar"]);
    // A chat that belongs where it comes from does not go back.
    world.say(evil, registration(Kind::Client, 501, 50));
    world.heard(evil);
    world.say(evil, chat(500, 501, "to and fro"));
    assert_eq!(world.heard(evil), ["2 to 500: 1 Unknown ID 501"]);
}

/// One who sends too long a text behind a server that allows it.
#[test]
fn a_chat_that_is_too_long_costs_a_client_its_connection_and_a_server_nothing() {
    let (mut world, [one, two, ..]) = four();
    let (a, b) = (world.client(101, one), world.client(102, two));
    let other = world.peer(two);
    world.say(other, registration(Kind::Server, 50, 0));
    world.say(other, registration(Kind::Client, 501, 50));
    for link in [a, b, other] {
        world.heard(link);
    }
    let long = "x".repeat(101);
    world.say(other, chat(501, 101, &long));
    world.say(other, chat(501, 101, "short"));
    assert_eq!(world.heard(a), ["501 says to 101: short"]);
    assert!(world.is_open(other) && world.heard(other).is_empty());
    assert!(world.has_noted(two, |note| {
        matches!(note, Note::LeftOut { neighbour: Id(50), bytes: 101 })
    }));
    world.say(b, chat(102, 101, &long));
    assert!(!world.is_open(b));
    world.say(other, chat(501, 101, &"x".repeat(1601)));
    assert!(!world.is_open(other), "far too long");
}

#[test]
fn a_second_link_of_one_neighbour_is_refused() {
    let (mut world, [one, two, three, four]) = four();
    let first = world.peer(three);
    world.say(first, registration(Kind::Server, 50, 0));
    let second = world.peer(four);
    world.say(second, registration(Kind::Server, 50, 0));
    assert_eq!(world.heard(second), ["4 to 0: 2 A machine has already registered with ID 50"]);
    world.say(second, registration(Kind::Client, 101, 50));
    assert!(!world.is_open(second) && world.is_open(first));
    for server in [one, two, four] {
        assert_eq!(world.view(server).last(), Some(&(50, if server == two { 3 } else { 2 })));
    }
}

/// Some store a newcomer before they tell it all they know.
#[test]
fn a_parent_may_tell_us_of_ourselves() {
    for echo_comes_first in [true, false] {
        let mut world = World::new();
        let two = world.start(Node::child(World::profile(2), World::limits(), None));
        let parent = world.parent(two);
        assert_eq!(world.heard(parent), ["server 2 by 0"]);
        let mut told = [registration(Kind::Server, 1, 1), registration(Kind::Server, 2, 1)];
        if echo_comes_first {
            told.reverse();
        }
        for message in told {
            world.say(parent, message);
        }
        world.say(parent, registration(Kind::Client, 101, 1));
        assert!(world.is_open(parent) && world.heard(parent).is_empty());
        assert_eq!(world.view(two), [(1, 1), (101, 1)]);
        // Who is between us on a circle is told of, too.
        let three = world.child(3, two, false);
        world.settle();
        assert_eq!(world.heard(parent), ["server 3 by 2"]);
        world.say(parent, registration(Kind::Server, 2, 1));
        assert!(world.is_open(parent));
        world.say(parent, registration(Kind::Server, 3, 1));
        assert!(!world.is_open(parent));
        let circle = |note: &Note| matches!(note, Note::Breach { why: Breach::Circle(Id(3)), .. });
        assert!(world.has_noted(two, circle));
        assert_eq!(world.view(three), [(2, 2)]);
    }
}

/// The first hangs itself on the last while the last's forebear hangs itself on the first.
#[test]
fn servers_that_would_close_a_circle_let_go() {
    let mut world = World::new();
    let backoff = |seed| Some(Backoff::new(Duration::from_secs(1), seed));
    let one = world.start(Node::child(World::profile(1), World::limits(), backoff(1)));
    let two = world.start(Node::child(World::profile(2), World::limits(), backoff(2)));
    let three = world.child(3, two, true);
    world.settle();
    world.hang(one, three);
    world.hang(two, one);
    world.settle();
    let cut = |server| {
        world.has_noted(server, |note| {
            matches!(note, Note::Breach { why: Breach::Circle(_), .. } | Note::Refused(_))
        })
    };
    assert!(cut(one) || cut(two), "the circle stands");
    let open = world.links.iter().filter(|link| link.open == [true, true]).count();
    assert!(open <= 2, "three servers, {open} links");
}

#[test]
fn whoever_says_nothing_is_closed() {
    let (mut world, [_, two, ..]) = four();
    let silent = world.peer(two);
    let named = world.client(101, two);
    assert_eq!(world.links[silent].deadline[1], Some(world.now + World::limits().name_timeout));
    assert_eq!(world.links[named].deadline[1], None);
    world.event(two, Event::Deadline((named, true)));
    world.event(two, Event::Deadline((silent, true)));
    assert!(world.is_open(named) && !world.is_open(silent));
    assert_eq!(world.heard(silent), ["2 to 0: 3 Closing: no registration came within 10s"]);
}

#[test]
fn a_neighbour_that_brings_too_many_is_cut_off() {
    let limits = Limits { max_directory: 2000, ..World::limits() };
    let mut world = World::new();
    let one = world.start(Node::root(World::profile(1), limits));
    let evil = world.peer(one);
    world.say(evil, registration(Kind::Server, 50, 0));
    for id in 1000..1100 {
        if world.is_open(evil) {
            world.say(evil, registration(Kind::Client, id, 50));
        }
    }
    assert!(!world.is_open(evil));
    assert!(world.heard(evil).pop().is_some_and(|last| last.contains("no room")));
    assert!(world.view(one).is_empty());
}

/// Whatever a server says about itself, its directory forgets what it was told to.
#[test]
fn the_directory_counts_what_it_keeps() {
    use super::Directory as _;
    let mut hosts = Hosts::default();
    let host = Registration {
        kind: Kind::Client,
        source: Id(7),
        last_hop: Id(9),
        name: "name",
        info: "info",
    };
    hosts.insert(&host, Id(9));
    let one = hosts.bytes();
    hosts.insert(&host, Id(9));
    assert_eq!(hosts.bytes(), one);
    hosts.remove(Id(7));
    hosts.remove(Id(7));
    assert_eq!(hosts.bytes(), 0);
    assert!(hosts.next(Id::NONE).is_none());
}

#[derive(Debug, Clone)]
enum Deed {
    /// A new server hangs itself on one of those there are.
    Server(usize),
    /// A new client connects.
    Client(usize),
    /// A link is cut.
    Cut(usize),
    /// Those who lost their parent come back.
    Return,
    /// Some of what is on its way arrives, at one end after the other.
    Moves(Vec<usize>),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        3 => any::<usize>().prop_map(Deed::Server),
        3 => any::<usize>().prop_map(Deed::Client),
        2 => any::<usize>().prop_map(Deed::Cut),
        1 => Just(Deed::Return),
        6 => prop::collection::vec(any::<usize>(), 1..12).prop_map(Deed::Moves),
    ];
    prop::collection::vec(deed, 1..40)
}

/// All that is reached from `start` and over which link of it, from the links alone.
fn from_scratch(world: &World, clients: &[(u32, usize)], start: usize) -> Vec<(u32, u32)> {
    let id = |server: usize| world.servers[server].node.state().id.0;
    let mut found = Vec::new();
    let mut queue = VecDeque::from([(start, start, 0)]);
    while let Some((server, before, first)) = queue.pop_front() {
        if server != start {
            found.push((id(server), first));
        }
        for link in world.links.iter().filter(|link| link.open == [true, true]) {
            let [Some(a), Some(b)] = link.ends else { continue };
            for (here, there) in [(a, b), (b, a)] {
                if here == server && there != before {
                    queue.push_back((there, server, if first == 0 { id(there) } else { first }));
                }
            }
        }
        for (client, link) in clients {
            if world.is_open(*link) && world.links[*link].ends[1] == Some(server) {
                found.push((*client, if first == 0 { *client } else { first }));
            }
        }
    }
    found.sort_unstable();
    found
}

proptest! {
    /// Random joins and losses, news overtaking each other on different links: when all has
    /// arrived, everybody knows what is there, and nobody heard anything twice.
    #[test]
    fn the_view_is_what_there_is(deeds in deeds()) {
        let mut world = World::new();
        let mut parents = vec![0];
        let mut clients = Vec::new();
        world.root(1);
        for (n, deed) in (0u32..).zip(&deeds) {
            let count = world.servers.len();
            match deed {
                Deed::Server(parent) if count < 9 => {
                    world.child(2 + n, parent % count, true);
                    parents.push(parent % count);
                }
                Deed::Server(_) => {}
                Deed::Client(server) => {
                    let link = world.peer(server % count);
                    world.links[link].pipes[1].push_back(registration(Kind::Client, 1000 + n, 0).encode());
                    clients.push((1000 + n, link));
                }
                Deed::Cut(link) if !world.links.is_empty() => world.cut(link % world.links.len()),
                Deed::Cut(_) => {}
                Deed::Return => {
                    for (server, parent) in parents.iter().copied().enumerate() {
                        if world.servers[server].wake_at.take().is_some() {
                            world.event(server, Event::Awake);
                            world.hang(server, parent);
                        }
                    }
                }
                Deed::Moves(choices) => {
                    for choice in choices {
                        let moves = world.moves();
                        if let Some(chosen) = moves.get(choice % moves.len().max(1)) {
                            world.step(*chosen);
                        }
                    }
                }
            }
        }
        world.settle();
        for server in 0..world.servers.len() {
            prop_assert_eq!(world.view(server), from_scratch(&world, &clients, server), "server {}", server);
        }
        // Each client knows exactly the others of its tree, and heard of each join once.
        for (client, link) in &clients {
            let mut known = std::collections::BTreeSet::new();
            for news in world.heard(*link) {
                let words: Vec<&str> = news.split(' ').collect();
                match words[..] {
                    ["client", id, "by", _] => prop_assert!(known.insert(id.to_owned()), "{} twice", news),
                    ["client", id, "quits:", _] => prop_assert!(known.remove(id), "{} for nothing", news),
                    _ => prop_assert!(news.contains("Welcome"), "{}", news),
                }
            }
            if world.is_open(*link) {
                let server = world.links[*link].ends[1].unwrap();
                let there: std::collections::BTreeSet<String> = world.view(server).iter().map(|(id, _)| *id)
                    .filter(|id| *id >= 1000 && id != client).map(|id| id.to_string()).collect();
                prop_assert_eq!(known, there);
            }
        }
    }
}
