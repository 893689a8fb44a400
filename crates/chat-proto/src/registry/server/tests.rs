//! A registry in memory: every connection is a number, everything sent is kept.

use super::*;
use proptest::prelude::*;
use std::net::Ipv4Addr;

struct World {
    registry: Registry<usize>,
    got: Vec<Vec<(String, String)>>,
    closed: Vec<bool>,
    wake: Option<Instant>,
    notes: Vec<Note>,
    now: Instant,
}

const LIMIT: Duration = Duration::from_secs(200);

/// The address of a connection's host; the registry is 10.0.0.99.
fn host(key: usize) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(key % 90 + 1).unwrap()).into()
}

impl World {
    fn new() -> Self {
        let limits = Limits {
            max_frame: 200_000,
            name_timeout: Duration::from_secs(10),
            activity_limit: LIMIT,
        };
        Self {
            registry: Registry::new(limits),
            got: Vec::new(),
            closed: Vec::new(),
            wake: None,
            notes: Vec::new(),
            now: Instant::now(),
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut Registry<usize>, Instant, &mut Vec<Action<usize>>)) {
        let mut out = Vec::new();
        act(&mut self.registry, self.now, &mut out);
        for action in out {
            match action {
                Action::Send { to, frame } => {
                    assert!(!self.closed[to], "nothing may be sent after a close");
                    self.got[to].push(read(&frame));
                }
                Action::Close(key) => assert!(!std::mem::replace(&mut self.closed[key], true)),
                Action::Wake(at) => self.wake = at,
                Action::Note(note) => self.notes.push(note),
            }
        }
        self.registry.assert_consistent();
    }

    fn open_from(&mut self, ip: IpAddr, local: IpAddr) -> usize {
        let key = self.got.len();
        self.got.push(Vec::new());
        self.closed.push(false);
        self.act(|registry, now, out| registry.open(key, ip, local, now, out));
        key
    }

    fn open(&mut self) -> usize {
        self.open_from(host(self.got.len()), Ipv4Addr::new(10, 0, 0, 99).into())
    }

    fn event(&mut self, key: usize, event: Event<'_>) {
        self.act(|registry, now, out| registry.handle(key, event, now, out));
    }

    fn send(&mut self, key: usize, data: &str) {
        self.event(key, Event::Received(&super::super::frame::encode(data).unwrap()));
    }

    fn hello(&mut self, from: IpAddr, name: &str) {
        let datagram = super::super::hello(name).unwrap();
        self.act(|registry, now, out| registry.datagram(from, &datagram, now, out));
    }

    /// Lets time pass, with every wake-up that was asked for in between.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.wake.filter(|at| *at <= until) {
            self.now = at;
            self.wake = None;
            self.act(Registry::wake);
        }
        self.now = until;
    }

    fn join<const N: usize>(&mut self, names: [&str; N]) -> [usize; N] {
        names.map(|name| {
            let key = self.open();
            self.send(key, &format!("&&REGISTER&&|{name}|{}", 7000 + key));
            key
        })
    }

    /// What came since the last call.
    fn new_for(&mut self, key: usize) -> Vec<String> {
        std::mem::take(&mut self.got[key]).into_iter().map(|(_, data)| data).collect()
    }

    fn hears(&mut self, key: usize, expected: &[&str]) {
        assert_eq!(self.new_for(key), expected, "user {key}");
    }

    fn chat(&mut self, a: usize, b: usize) {
        let (a_name, b_name) = (self.name(a), self.name(b));
        self.send(a, &format!("&&CHATREQUEST&&|{b_name}|{a_name}"));
        self.send(b, &format!("&&OK&&|{b_name}|{a_name}|{}", 7000 + b));
        self.got[a].clear();
        self.got[b].clear();
    }

    fn name(&self, key: usize) -> String {
        self.registry.name(key).unwrap().to_owned()
    }
}

/// Takes `HEADER NAME HEADER DATA` apart.
fn read(frame: &[u8]) -> (String, String) {
    let mut decoder = Decoder::new(1 << 20);
    let mut input = frame;
    let name = decoder.next(&mut input).unwrap().unwrap().to_owned();
    let data = decoder.next(&mut input).unwrap().unwrap().to_owned();
    assert!(input.is_empty());
    (name, data)
}

const BUSY: &str = "&&BUSY&&|the user is busy. try again later.";

#[test]
fn search_answers_in_all_ways() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.send(ali, "&&SEARCH&&|bob|ali");
    world.send(ali, "&&SEARCH&&|ali|ali");
    world.send(ali, "&&SEARCH&&|carol|ali");
    assert_eq!(
        world.got[ali],
        [
            ("bob".into(), "&&FOUND&&|bob is online at 10.0.0.2:7001".into()),
            ("ali".into(), "&&INVALIDSEARCH&&|you cannot search for yourself".into()),
            ("carol".into(), "&&NOTFOUND&&|carol is not online".into()),
        ]
    );
    world.hears(bob, &[]);
}

#[test]
fn a_private_chat_from_request_to_exit() {
    let mut world = World::new();
    let [ali, bob, carol] = world.join(["ali", "bob", "carol"]);
    world.send(ali, "&&CHATREQUEST&&|bob|ali");
    world.hears(ali, &[]);
    assert_eq!(
        world.got[bob],
        [("ali".into(), "ali would like to chat with you? (OK/REJECT)".into())]
    );
    world.got[bob].clear();
    world.send(bob, "&&OK&&|bob|ali|9999");
    world.hears(bob, &["&&CLIENTOK&&|you have entered into a private chat with ali. you can send your message now!|10.0.0.1|7000"]);
    assert_eq!(
        world.got[ali],
        [("bob".into(), "&&CLIENTOK&&|bob accepted the chat request. you can send your message now!|10.0.0.2|9999".into())]
    );
    world.got[ali].clear();
    world.send(carol, "&&CHATREQUEST&&|bob|carol");
    world.send(carol, "&&CHATREQUEST&&|ali|carol");
    world.hears(carol, &[BUSY, BUSY]);
    // Neither may log out, ask, answer or open a room now; messages do not come this way.
    for request in ["&&LOGOUT&&", "&&CHATREQUEST&&|carol|ali", "&&GROUPCHAT&&|ali|carol|"] {
        world.send(ali, request);
        world.hears(ali, &["you are in a private chat with bob. leave it with EXIT first"]);
    }
    world.send(ali, "&&MESSAGE&&|ali: hi");
    world.hears(ali, &["a private message goes to bob, not to the registry"]);
    world.send(ali, "&&EXITGROUP&&|ali");
    world.hears(ali, &["you are not in a group chat"]);
    world.send(ali, "&&EXIT&&|ali");
    world.hears(ali, &["&&CLIENTEXIT&&|you have left the private chat with bob"]);
    world.hears(bob, &["&&CLIENTEXIT&&|ali left the private chat"]);
    world.send(ali, "&&EXIT&&|ali");
    world.hears(ali, &["you are not in a private chat"]);
    world.send(ali, "&&MESSAGE&&|ali: hi");
    world.hears(ali, &["you are not in a chat"]);
    world.hears(carol, &[]);
}

#[test]
fn a_rejection_is_told_to_both_and_ends_the_request() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.send(ali, "&&CHATREQUEST&&|bob|ali");
    world.new_for(bob);
    world.send(bob, "&&REJECT&&|bob|ali");
    world.hears(bob, &["you have rejected the chat request!"]);
    world.hears(ali, &["bob rejected the chat request!"]);
    for late in ["&&REJECT&&|bob|ali", "&&OK&&|bob|ali|1"] {
        world.send(bob, late);
        world.hears(bob, &["&&NOTFOUND&&|ali does not wait for your answer"]);
    }
    world.hears(ali, &[]);
}

/// In the original a request for somebody unknown broke the server.
#[test]
fn unknown_users_are_not_found_by_any_request() {
    let mut world = World::new();
    let [ali] = world.join(["ali"]);
    for request in ["&&CHATREQUEST&&|nobody|ali", "&&OK&&|ali|nobody|1", "&&REJECT&&|ali|nobody"] {
        world.send(ali, request);
        world.hears(ali, &["&&NOTFOUND&&|nobody is not online"]);
    }
    world.send(ali, "&&GROUPCHAT&&|ali|nobody|");
    world.hears(ali, &["you are in group chat room 1", "&&NOTFOUND&&|nobody is not online"]);
    world.send(ali, &format!("&&SEARCH&&|{}|ali", "x".repeat(90_000)));
    assert!(world.new_for(ali)[0].len() < 100);
    assert!(!world.closed[ali]);
}

#[test]
fn nobody_chats_with_oneself() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.send(ali, "&&CHATREQUEST&&|ali|ali");
    world.hears(ali, &["&&INVALIDSEARCH&&|you cannot chat with yourself"]);
    world.send(ali, "&&OK&&|ali|ali|1");
    world.hears(ali, &["&&NOTFOUND&&|ali does not wait for your answer"]);
    world.send(ali, "&&GROUPCHAT&&|ali|ali|bob|bob|");
    world.hears(
        ali,
        &[
            "you are in group chat room 1",
            "&&INVALIDSEARCH&&|you are in the room without being asked",
        ],
    );
    world.hears(bob, &["ali would like to add you to group chat room 1? (OK/REJECT GROUP 1)"]);
}

#[test]
fn two_ask_each_other() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.send(ali, "&&CHATREQUEST&&|bob|ali");
    world.send(bob, "&&CHATREQUEST&&|ali|bob");
    world.new_for(ali);
    world.new_for(bob);
    world.send(ali, "&&OK&&|ali|bob|7000");
    world.send(bob, "&&OK&&|bob|ali|7001");
    assert_eq!(world.new_for(ali).len(), 1);
    let heard = world.new_for(bob);
    assert!(heard[0].starts_with("&&CLIENTOK&&|ali accepted"), "{heard:?}");
    assert_eq!(heard[1], "you are in a private chat with ali. leave it with EXIT first");
    // The second request went with the first chat.
    world.send(bob, "&&EXIT&&|bob");
    world.new_for(bob);
    world.send(bob, "&&OK&&|bob|ali|7001");
    world.hears(bob, &["&&NOTFOUND&&|ali does not wait for your answer"]);
}

#[test]
fn two_ask_the_same_one() {
    let mut world = World::new();
    let [ali, bob, carol] = world.join(["ali", "bob", "carol"]);
    world.send(ali, "&&CHATREQUEST&&|carol|ali");
    world.send(bob, "&&CHATREQUEST&&|carol|bob");
    assert_eq!(world.new_for(carol).len(), 2);
    world.send(carol, "&&OK&&|carol|bob|1");
    world.send(carol, "&&OK&&|carol|ali|1");
    world.hears(ali, &[]);
    let heard = world.new_for(carol);
    assert!(heard[0].starts_with("&&CLIENTOK&&"), "{heard:?}");
    assert_eq!(heard[1], "you are in a private chat with bob. leave it with EXIT first");
    // Ali waits still, and can be answered when carol is free again.
    world.send(carol, "&&EXIT&&|carol");
    world.send(carol, "&&OK&&|carol|ali|1");
    assert!(world.new_for(ali)[0].starts_with("&&CLIENTOK&&|carol accepted"));
}

#[test]
fn ok_after_the_asker_left() {
    for leaves in 0..4 {
        let mut world = World::new();
        let [ali, bob, carol] = world.join(["ali", "bob", "carol"]);
        world.send(ali, "&&CHATREQUEST&&|bob|ali");
        let answer = match leaves {
            0 => {
                world.send(ali, "&&LOGOUT&&");
                world.hears(ali, &["&&LOGOUTSUCCESS&&"]);
                assert!(world.closed[ali]);
                "&&NOTFOUND&&|ali is not online"
            }
            1 => {
                world.event(ali, Event::Gone);
                "&&NOTFOUND&&|ali is not online"
            }
            2 => {
                world.chat(carol, ali);
                "&&BUSY&&|ali is busy. try again later."
            }
            // Somebody else of that name has asked nothing.
            _ => {
                world.event(ali, Event::Ended);
                world.join(["ali"]);
                "&&NOTFOUND&&|ali does not wait for your answer"
            }
        };
        world.new_for(bob);
        world.send(bob, "&&OK&&|bob|ali|1");
        world.hears(bob, &[answer]);
    }
}

#[test]
fn ok_twice_and_without_a_request() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.send(bob, "&&OK&&|bob|ali|1");
    world.hears(bob, &["&&NOTFOUND&&|ali does not wait for your answer"]);
    world.send(ali, "&&CHATREQUEST&&|bob|ali");
    world.new_for(bob);
    world.send(bob, "&&OK&&|bob|ali|1");
    world.send(bob, "&&OK&&|bob|ali|1");
    assert_eq!(world.new_for(ali).len(), 1);
    let heard = world.new_for(bob);
    assert_eq!(heard[1..], ["you are in a private chat with ali. leave it with EXIT first"]);
}

#[test]
fn an_asker_hears_that_the_asked_one_left() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.send(ali, "&&CHATREQUEST&&|bob|ali");
    world.send(bob, "&&LOGOUT&&");
    world.hears(ali, &["bob is gone without an answer"]);
    let [bob] = world.join(["bob"]);
    world.send(ali, "&&GROUPCHAT&&|ali|bob|");
    world.new_for(ali);
    world.event(bob, Event::Gone);
    world.hears(ali, &["bob is gone without an answer"]);
}

#[test]
fn a_room_with_join_reject_leave_and_last_one_out() {
    let mut world = World::new();
    let [ali, bob, carol, dave, erin] = world.join(["ali", "bob", "carol", "dave", "erin"]);
    world.chat(dave, erin);
    world.send(ali, "&&GROUPCHAT&&|ali|bob|carol|dave|nobody|");
    world.hears(
        ali,
        &[
            "you are in group chat room 1",
            "&&BUSY&&|dave is busy. try again later.",
            "&&NOTFOUND&&|nobody is not online",
        ],
    );
    let question = "ali would like to add you to group chat room 1? (OK/REJECT GROUP 1)";
    world.hears(bob, &[question]);
    world.hears(carol, &[question]);
    world.send(bob, "&&OKGROUP&&|bob|1");
    world.hears(ali, &["bob joined the group chat"]);
    world.hears(bob, &["bob joined the group chat"]);
    world.hears(carol, &[]);
    world.send(carol, "&&REJECTGROUP&&|carol|1");
    world.hears(carol, &["you have rejected the group chat request!"]);
    world.hears(ali, &["carol rejected the group chat request!"]);
    // An invitation counts once, and only for whom it is.
    for (key, name) in [(carol, "carol"), (dave, "dave"), (bob, "bob")] {
        world.send(key, &format!("&&OKGROUP&&|{name}|1"));
        assert_eq!(world.new_for(key).len(), 1);
    }
    assert_eq!(world.registry.rooms(), 1);
    world.send(ali, "&&MESSAGE&&|ali: hi all");
    for key in [ali, bob] {
        assert_eq!(world.got[key], [("ali".into(), "ali: hi all".into())]);
        world.got[key].clear();
    }
    world.hears(carol, &[]);
    world.send(erin, "&&CHATREQUEST&&|bob|erin");
    world.new_for(erin);
    world.send(ali, "&&EXIT&&|ali");
    world.hears(ali, &["you are not in a private chat"]);
    world.send(ali, "&&LOGOUT&&");
    world.hears(ali, &["you are in group chat room 1. leave it with EXIT GROUP first"]);
    world.send(ali, "&&EXITGROUP&&|ali");
    world.hears(ali, &["you have left the group chat"]);
    world.hears(bob, &["ali left the group chat"]);
    world.send(bob, "&&EXITGROUP&&|bob");
    world.hears(bob, &["you have left the group chat"]);
    assert_eq!(world.registry.rooms(), 0);
    assert!(world.notes.contains(&Note::RoomOver(1)));
}

#[test]
fn an_invitation_ends_with_its_room() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.send(ali, "&&GROUPCHAT&&|ali|bob|");
    world.send(ali, "&&EXITGROUP&&|ali");
    world.new_for(bob);
    for request in ["&&OKGROUP&&|bob|1", "&&REJECTGROUP&&|bob|1", "&&OKGROUP&&|bob|77"] {
        world.send(bob, request);
        assert!(world.new_for(bob)[0].starts_with("&&NOTFOUND&&|you are not asked"));
    }
    world.send(ali, "&&GROUPCHAT&&|ali||");
    world.hears(
        ali,
        &[
            "you are in group chat room 1",
            "you have left the group chat",
            "name those with whom you would like to chat",
        ],
    );
}

/// In the original a chat text that held a command's word acted like the command.
#[test]
fn no_text_is_a_command() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.send(ali, "&&GROUPCHAT&&|ali|bob|");
    world.send(bob, "&&OKGROUP&&|bob|1");
    world.new_for(ali);
    world.new_for(bob);
    for text in [
        "OK",
        "that is OK with me",
        "SEARCH bob",
        "&&EXITGROUP&&|ali",
        "&&LOGOUT&&",
        "&&CLIENTOK&&|x|10.0.0.9|1",
        "a|b|c",
    ] {
        world.send(ali, &format!("&&MESSAGE&&|ali: {text}"));
        world.hears(bob, &[&format!("ali: {text}")]);
        world.hears(ali, &[&format!("ali: {text}")]);
    }
}

#[test]
fn nobody_speaks_or_acts_for_another() {
    let mut world = World::new();
    let [ali, bob, carol] = world.join(["ali", "bob", "carol"]);
    world.chat(ali, bob);
    for request in [
        "&&EXIT&&|ali",
        "&&SEARCH&&|bob|ali",
        "&&CHATREQUEST&&|bob|ali",
        "&&OK&&|bob|ali|1",
        "&&REJECT&&|bob|ali",
        "&&GROUPCHAT&&|ali|bob|",
        "&&OKGROUP&&|ali|1",
        "&&REJECTGROUP&&|ali|1",
        "&&EXITGROUP&&|ali",
    ] {
        world.send(carol, request);
        assert!(world.new_for(carol)[0].starts_with("you are carol, not "), "{request}");
    }
    world.hears(ali, &[]);
    world.send(ali, "&&EXIT&&|ali");
    world.new_for(ali);
    world.send(ali, "&&GROUPCHAT&&|ali|carol|");
    world.send(carol, "&&OKGROUP&&|carol|1");
    world.new_for(ali);
    // A text without its sender's name, or with another's, gets the right one.
    for (text, heard) in [
        ("bob: hi", "carol: bob: hi"),
        ("hi", "carol: hi"),
        ("", "carol: "),
        ("carol:hi", "carol: carol:hi"),
        ("carol: hi", "carol: hi"),
        ("&&LOGOUTSUCCESS&&", "carol: &&LOGOUTSUCCESS&&"),
    ] {
        world.send(carol, &format!("&&MESSAGE&&|{text}"));
        world.hears(ali, &[heard]);
    }
}

#[test]
fn the_longest_message_passes_and_a_longer_one_is_refused() {
    let mut world = World::new();
    let long_name = "b".repeat(30);
    let [ali, bob] = world.join(["ali", &long_name]);
    world.send(ali, &format!("&&GROUPCHAT&&|ali|{long_name}|"));
    world.send(bob, &format!("&&OKGROUP&&|{long_name}|1"));
    world.new_for(ali);
    world.new_for(bob);
    let longest = format!("&&MESSAGE&&|ali: {}", "x".repeat(99_999 - 17));
    world.send(ali, &longest);
    assert_eq!(world.new_for(bob)[0].len(), 99_999 - 12);
    world.new_for(ali);
    // With the name that is missing it would be too long.
    world.send(bob, &format!("&&MESSAGE&&|{}", "x".repeat(99_999 - 12)));
    world.hears(bob, &["not sent: the message is too long"]);
    world.hears(ali, &[]);
}

#[test]
fn unfit_names_are_refused_and_the_connection_closed() {
    let mut world = World::new();
    world.join(["ali"]);
    for (name, why) in [
        ("ali", "Name refused: \"ali\" is already in use."),
        ("", "Name refused: the name is empty."),
        ("server", "Name refused: \"server\" is the registry's own name."),
        ("a b", "Name refused: \"a b\" holds a blank, a ':', a '|', a '&' or a control character."),
    ] {
        let key = world.open();
        world.send(key, &format!("&&REGISTER&&|{name}|1"));
        assert_eq!(world.got[key], [(name.to_owned(), why.to_owned())]);
        assert!(world.closed[key]);
        // What comes behind means nothing any more.
        world.send(key, "&&REGISTER&&|dave|1");
    }
    assert_eq!(world.registry.users(), 1);
    let [ali] = world.join(["zoe"]);
    world.send(ali, "&&REGISTER&&|zoe2|1");
    world.hears(ali, &["you are zoe already"]);
}

#[test]
fn who_does_not_register_is_told_and_closed() {
    let mut world = World::new();
    let (silent, wrong, garbled) = (world.open(), world.open(), world.open());
    world.send(wrong, "&&SEARCH&&|ali|bob");
    world.hears(wrong, &["register first: &&REGISTER&&|NAME|TCP_PORT"]);
    world.event(garbled, Event::Received(b"hello"));
    world.hears(
        garbled,
        &["frame error: a frame must begin with its length in 5 bytes: decimal digits, padded with blanks"],
    );
    assert!(world.closed[wrong] && world.closed[garbled]);
    world.pass(Duration::from_secs(9));
    assert!(!world.closed[silent]);
    world.pass(Duration::from_secs(1));
    world.hears(silent, &["you did not register within 10 s"]);
    assert!(world.closed[silent]);
    assert_eq!(world.wake, None);
}

#[test]
fn a_broken_stream_costs_only_its_own_connection() {
    let mut world = World::new();
    let [ali, bob] = world.join(["ali", "bob"]);
    world.chat(ali, bob);
    world.send(ali, "&&NONSENSE&&|x");
    world.send(ali, "hello");
    world.send(ali, "&&HELLO&&|ali");
    world.hears(ali, &["that is not a request"; 3]);
    world.event(ali, Event::Received(b"1    \xff"));
    world.hears(ali, &["frame error: a frame must be valid UTF-8"]);
    world.hears(bob, &["&&CLIENTEXIT&&|ali is gone"]);
    assert!(world.closed[ali] && !world.closed[bob]);
}

#[test]
fn who_is_silent_is_removed_and_peers_and_rooms_are_told() {
    let mut world = World::new();
    let [ali, bob, carol, dave] = world.join(["ali", "bob", "carol", "dave"]);
    world.chat(ali, bob);
    world.send(carol, "&&GROUPCHAT&&|carol|dave|");
    world.send(dave, "&&OKGROUP&&|dave|1");
    world.new_for(carol);
    world.pass(Duration::from_secs(150));
    for (key, name) in [(ali, "ali"), (carol, "carol")] {
        world.hello(host(key), name);
    }
    world.new_for(dave);
    world.pass(Duration::from_secs(50));
    world.hears(bob, &["you are removed: no HELLO came from you for 200 s"]);
    world.hears(ali, &["&&CLIENTEXIT&&|bob was not heard any more and has been removed"]);
    world.hears(carol, &["dave left the group chat"]);
    assert_eq!(world.closed, [false, true, false, true]);
    world.send(ali, "&&SEARCH&&|bob|ali");
    world.hears(ali, &["&&NOTFOUND&&|bob is not online"]);
    world.pass(Duration::from_secs(150));
    assert_eq!(world.registry.users(), 0);
}

/// A forged HELLO must neither keep somebody nor do anything else.
#[test]
fn a_hello_counts_only_from_its_users_address() {
    let mut world = World::new();
    let [ali] = world.join(["ali"]);
    world.pass(Duration::from_secs(100));
    let elsewhere: IpAddr = Ipv4Addr::new(10, 0, 0, 66).into();
    world.hello(elsewhere, "ali");
    world.hello(host(ali), "nobody");
    world.act(|registry, now, out| registry.datagram(host(0), b"3    ali", now, out));
    assert_eq!(world.notes.iter().filter(|note| matches!(note, Note::BadHello(_))).count(), 3);
    let mapped: IpAddr = match host(ali) {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().into(),
        ip => ip,
    };
    world.hello(mapped, "ali");
    world.pass(Duration::from_secs(199));
    assert!(!world.closed[ali]);
    world.hello(elsewhere, "ali");
    world.pass(Duration::from_secs(1));
    assert!(world.closed[ali]);
}

#[test]
fn who_came_over_the_loopback_is_shown_as_this_machine() {
    let mut world = World::new();
    let loopback: IpAddr = Ipv4Addr::LOCALHOST.into();
    let near = world.open_from(loopback, loopback);
    world.send(near, "&&REGISTER&&|near|7000");
    let [far] = world.join(["far"]);
    world.send(far, "&&SEARCH&&|near|far");
    world.hears(far, &["&&FOUND&&|near is online at 10.0.0.99:7000"]);
    world.send(near, "&&SEARCH&&|near|near");
    world.send(near, "&&SEARCH&&|far|near");
    assert_eq!(world.new_for(near)[1], "&&FOUND&&|far is online at 10.0.0.2:7001");
}

#[test]
fn requests_without_answers_are_limited() {
    let mut world = World::new();
    let [ali] = world.join(["ali"]);
    for n in 0..65 {
        world.join([&*format!("user{n}")]);
        world.send(ali, &format!("&&CHATREQUEST&&|user{n}|ali"));
    }
    world.hears(ali, &["64 of your requests wait for an answer: no more"]);
    world.send(ali, "&&CHATREQUEST&&|user0|ali");
    world.hears(ali, &[]);
}

/// One event of the property test below: who, what, about whom.
fn play(world: &mut World, seats: &mut [Option<usize>], seat: usize, what: u8, other: usize) {
    let name = |seat: usize| format!("u{seat}");
    let (me, peer) = (name(seat), name(other));
    let room = other as u64;
    let Some(key) = seats[seat] else {
        let [key] = world.join([&*me]);
        seats[seat] = Some(key);
        return;
    };
    let data = match what {
        0 | 1 => format!("&&CHATREQUEST&&|{peer}|{me}"),
        2 | 3 => format!("&&OK&&|{me}|{peer}|7"),
        4 => format!("&&REJECT&&|{me}|{peer}"),
        5 => format!("&&EXIT&&|{me}"),
        6 => format!("&&GROUPCHAT&&|{me}|{peer}|{}|", name((other + 1) % seats.len())),
        7 | 8 => format!("&&OKGROUP&&|{me}|{room}"),
        9 => format!("&&REJECTGROUP&&|{me}|{room}"),
        10 => format!("&&EXITGROUP&&|{me}"),
        11 => format!("&&MESSAGE&&|{me}: hello"),
        12 => "&&LOGOUT&&".into(),
        13 => format!("&&SEARCH&&|{peer}|{me}"),
        14 => return world.hello(host(key), &me),
        15 => return world.pass(Duration::from_secs(30)),
        16 => return world.event(key, Event::Ended),
        _ => {
            world.event(key, Event::Gone);
            seats[seat] = None;
            return;
        }
    };
    let before: Vec<usize> = world.got.iter().map(Vec::len).collect();
    world.send(key, &data);
    if what == 11 {
        for (got, before) in world.got.iter().zip(before) {
            assert!(got.len() <= before + 1, "somebody heard a message twice");
        }
    }
    if world.closed[key] {
        world.event(key, Event::Gone);
        seats[seat] = None;
    }
}

proptest! {
    #[test]
    fn any_events_in_any_order(events in prop::collection::vec((0usize..6, 0u8..18, 0usize..6), 0..200)) {
        let mut world = World::new();
        let mut seats = vec![None; 6];
        for (seat, what, other) in events {
            play(&mut world, &mut seats, seat, what, other);
        }
        for key in seats.into_iter().flatten() {
            world.event(key, Event::Gone);
        }
        prop_assert_eq!((world.registry.users(), world.registry.rooms()), (0, 0));
        world.pass(LIMIT);
        prop_assert_eq!(world.wake, None);
    }

    #[test]
    fn arbitrary_bytes_never_panic(pieces in prop::collection::vec("(5    )?(12   )?(&&[A-Z]{2,8}&&)?(\\|[ab]{0,2}){0,3}", 0..10)) {
        let mut world = World::new();
        let [bob] = world.join(["bob"]);
        let key = world.open();
        for piece in &pieces {
            world.event(key, Event::Received(piece.as_bytes()));
        }
        world.event(key, Event::Ended);
        world.event(key, Event::Gone);
        prop_assert!(!world.closed[bob]);
        prop_assert_eq!(world.registry.users(), 1);
    }
}
