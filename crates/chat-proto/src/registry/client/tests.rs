//! A client in memory: callers are numbers.

use super::super::frame::{encode, encode_from};
use super::*;
use ClientAction::{Complain, Dial, Dismiss, Finish, HangUp, Hello, Over, Send, Show, Tell};
use ClientEvent::{Called, CallerReceived, Closed, Connected, InputEnded, Line, LinkDown, LinkUp};
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

/// The peer of the private chats here, and somebody else.
const BOB: u8 = 2;
const MALLORY: u8 = 66;

struct Rig {
    client: Client<u32>,
    now: Instant,
    timers: Vec<(Timer, Instant)>,
    out: Vec<ClientAction<u32>>,
}

impl Rig {
    fn new() -> Self {
        let limits = ClientLimits {
            max_frame: 100,
            linger: Duration::from_secs(1),
            hello_interval: Duration::from_secs(60),
            caller_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(2),
        };
        let client = Client::new(Some("ali".into()), 7820, limits);
        Self { client, now: Instant::now(), timers: Vec::new(), out: Vec::new() }
    }

    /// Registered, with nothing left to look at.
    fn joined() -> Self {
        let mut rig = Self::new();
        assert_eq!(rig.event(Connected(ip(99))), [sends("&&REGISTER&&|ali|7820")]);
        rig
    }

    /// In a private chat with bob, whose link stands and who has called.
    fn chatting() -> Self {
        let mut rig = Self::joined();
        rig.begin();
        rig.event(LinkUp);
        assert_eq!(rig.event(Called(1, ip(BOB))), []);
        assert_eq!(rig.hear(1, "&&MESSAGE&&|bob: hi"), [shows("bob: hi")]);
        rig
    }

    fn begin(&mut self) {
        let text = "bob accepted the chat request. you can send your message now!";
        let dial = Dial(SocketAddr::new(ip(BOB), 7821));
        assert_eq!(
            self.says("bob", &format!("&&CLIENTOK&&|{text}|10.0.0.2|7821")),
            [shows(&format!("server: {text}")), dial]
        );
    }

    /// What comes of an event, without the timers that are set.
    fn event(&mut self, event: ClientEvent<'_, u32>) -> Vec<ClientAction<u32>> {
        self.client.handle(event, self.now, &mut self.out);
        let mut rest = Vec::new();
        for action in self.out.drain(..) {
            match action {
                ClientAction::Timer(timer, at) => {
                    self.timers.retain(|(set, _)| *set != timer);
                    self.timers.extend(at.map(|at| (timer, at)));
                }
                action => rest.push(action),
            }
        }
        rest
    }

    fn says(&mut self, about: &str, data: &str) -> Vec<ClientAction<u32>> {
        self.event(ClientEvent::Received(&encode_from(about, data).unwrap()))
    }

    fn hear(&mut self, caller: u32, data: &str) -> Vec<ClientAction<u32>> {
        self.event(CallerReceived(caller, &encode(data).unwrap()))
    }

    fn pass(&mut self, time: Duration) -> Vec<ClientAction<u32>> {
        let until = self.now + time;
        let mut all = Vec::new();
        while let Some((timer, at)) =
            self.timers.iter().copied().filter(|(_, at)| *at <= until).min_by_key(|(_, at)| *at)
        {
            self.now = at;
            self.timers.retain(|(set, _)| *set != timer);
            all.extend(self.event(ClientEvent::Timer(timer)));
        }
        self.now = until;
        all
    }
}

fn sends(data: &str) -> ClientAction<u32> {
    Send(encode(data).unwrap())
}

fn tells(data: &str) -> ClientAction<u32> {
    Tell(encode(data).unwrap())
}

fn shows(line: &str) -> ClientAction<u32> {
    Show(line.into())
}

#[test]
fn lines_become_requests_and_replies_lines() {
    let mut rig = Rig::joined();
    assert_eq!(rig.event(Line("SEARCH bob")), [sends("&&SEARCH&&|bob|ali")]);
    assert_eq!(rig.event(Line("hi OK")), [sends("&&MESSAGE&&|ali: hi OK")]);
    assert_eq!(rig.event(Line("OK bob")), [sends("&&OK&&|ali|bob|7820")]);
    assert_eq!(rig.event(Line("GROUP CHAT b c")), [sends("&&GROUPCHAT&&|ali|b|c|")]);
    // The header counts, too.
    let (longest, long) = ("x".repeat(78), "x".repeat(79));
    assert_eq!(rig.event(Line(&longest)), [sends(&format!("&&MESSAGE&&|ali: {longest}"))]);
    assert!(matches!(&rig.event(Line(&long))[..], [Complain(why)] if why.contains("101 bytes")));
    for (about, data, shown) in [
        ("bob", "&&FOUND&&|bob is there", "server: bob is there"),
        ("bob", "&&BUSY&&|busy", "server: busy"),
        ("bob", "bob: hi", "bob: hi"),
        ("bob", "&&MESSAGE&&|bob: hi", "bob: hi"),
        ("bob", "carol: hi", "server: carol: hi"),
        ("bob", "bob would like to", "server: bob would like to"),
        ("bob", "bob: a\nmallory: b\x1b[2J", "bob: a\\nmallory: b\\x1b[2J"),
        ("bob", "bob: &&CLIENTOK&&|x|10.0.0.9|1", "bob: &&CLIENTOK&&|x|10.0.0.9|1"),
        ("", ": x", "server: : x"),
    ] {
        assert_eq!(rig.says(about, data), [shows(shown)], "{data}");
    }
}

#[test]
fn frames_from_the_registry_may_be_cut_anywhere() {
    let stream =
        [encode_from("b\u{f6}b", "b\u{f6}b: h\u{e9}").unwrap(), encode_from("x", "").unwrap()];
    let stream = stream.concat();
    for size in 1..stream.len() {
        let mut rig = Rig::joined();
        let shown: Vec<_> =
            stream.chunks(size).flat_map(|piece| rig.event(ClientEvent::Received(piece))).collect();
        assert_eq!(shown, [shows("b\u{f6}b: h\u{e9}"), shows("server: ")]);
    }
    let mut rig = Rig::joined();
    let out = rig.event(ClientEvent::Received(b"hello"));
    assert!(matches!(out[..], [Complain(_), Over(Outcome::Garbled)]));
}

#[test]
fn lines_before_the_connection_wait() {
    let mut rig = Rig::new();
    assert_eq!(rig.event(Line("SEARCH bob")), []);
    assert_eq!(rig.event(InputEnded), []);
    assert_eq!(
        rig.event(Connected(ip(99))),
        [sends("&&REGISTER&&|ali|7820"), sends("&&SEARCH&&|bob|ali"), sends("&&LOGOUT&&"), Finish]
    );
    let goodbye = shows("logging out from session. goodbye ali");
    assert_eq!(rig.says("ali", "&&LOGOUTSUCCESS&&"), [goodbye, Over(Outcome::Left)]);
    assert_eq!(rig.event(Closed), []);
}

#[test]
fn a_private_chat_goes_over_the_link() {
    let mut rig = Rig::chatting();
    assert_eq!(rig.event(Line("hi bob")), [tells("&&MESSAGE&&|ali: hi bob")]);
    assert_eq!(rig.event(Line("&&EXIT&&|ali")), [tells("&&MESSAGE&&|ali: &&EXIT&&|ali")]);
    assert_eq!(rig.event(Line("OK, see you")), [tells("&&MESSAGE&&|ali: OK, see you")]);
    // A program that answers on our link is heard there.
    let answer = encode("&&MESSAGE&&|bob: here").unwrap();
    assert_eq!(rig.event(ClientEvent::LinkReceived(&answer)), [shows("bob: here")]);
    assert_eq!(rig.event(Line("EXIT")), [sends("&&EXIT&&|ali")]);
    assert_eq!(
        rig.says("bob", "&&CLIENTEXIT&&|you have left"),
        [shows("server: you have left"), HangUp, Dismiss(1)]
    );
    assert_eq!(rig.event(Line("hi")), [sends("&&MESSAGE&&|ali: hi")]);
}

#[test]
fn the_chat_goes_on_without_the_registry() {
    let mut rig = Rig::chatting();
    assert!(matches!(&rig.event(Closed)[..], [Complain(why)] if why.contains("goes on")));
    assert_eq!(rig.event(Line("still there?")), [tells("&&MESSAGE&&|ali: still there?")]);
    assert_eq!(rig.hear(1, "&&MESSAGE&&|bob: yes"), [shows("bob: yes")]);
    assert!(matches!(&rig.event(Line("SEARCH bob"))[..], [Complain(_)]));
    assert_eq!(rig.pass(Duration::from_secs(200)), []);
    assert_eq!(
        rig.event(LinkDown("it was closed")),
        [shows("bob has left the private chat"), HangUp, Dismiss(1), Over(Outcome::ServerGone)]
    );
    let mut rig = Rig::chatting();
    rig.event(Closed);
    assert_eq!(rig.event(Line("EXIT")), [HangUp, Dismiss(1), Over(Outcome::ServerGone)]);
    let mut rig = Rig::chatting();
    rig.event(Closed);
    assert_eq!(rig.event(InputEnded), [HangUp, Dismiss(1), Over(Outcome::Left)]);
}

#[test]
fn without_a_chat_the_registry_is_missed() {
    assert_eq!(Rig::joined().event(Closed), [Over(Outcome::ServerGone)]);
    let mut rig = Rig::joined();
    rig.says("ali", "Name refused: \"ali\" is already in use.");
    assert_eq!(rig.event(Closed), [Over(Outcome::Refused)]);
}

#[test]
fn a_text_and_a_port_alone_mean_the_registrys_host() {
    let mut rig = Rig::joined();
    let text = "you have entered into a private chat with bob. you can send your message now!";
    let out = rig.says("ali", &format!("&&CLIENTOK&&|{text}|7821"));
    assert_eq!(out[1], Dial(SocketAddr::new(ip(99), 7821)));
    // The other's name is in the text, whatever name stands before it.
    rig.event(Called(1, ip(99)));
    assert_eq!(rig.hear(1, "bob: hi"), [shows("bob: hi")]);
}

#[test]
fn a_registry_that_names_nobody_begins_a_chat_with_whom_the_user_wants() {
    for line in ["CHAT REQUEST bob", "OK bob"] {
        for about in ["", "ali", "server"] {
            let mut rig = Rig::joined();
            rig.event(Line(line));
            let out = rig.says(about, "&&CLIENTOK&&|you may begin|10.0.0.2|7821");
            assert_eq!(out[1], Dial(SocketAddr::new(ip(BOB), 7821)));
            rig.event(Called(1, ip(BOB)));
            assert_eq!(rig.hear(1, "bob: hi"), [shows("bob: hi")], "{line} {about:?}");
        }
    }
}

#[test]
fn a_link_that_cannot_be_made_ends_the_chat() {
    let mut rig = Rig::joined();
    rig.begin();
    let out = rig.event(LinkDown("refused"));
    assert!(matches!(&out[0], Complain(why) if why.contains("cannot connect to bob: refused")));
    assert_eq!(out[1], sends("&&EXIT&&|ali"));
    assert!(matches!(&rig.event(Line("hi"))[..], [Complain(_)]));
}

#[test]
fn a_lost_link_waits_for_the_registrys_word() {
    let mut rig = Rig::chatting();
    assert_eq!(rig.event(LinkDown("closed")), []);
    assert_eq!(rig.says("bob", "&&CLIENTEXIT&&|bob left"), [shows("server: bob left"), HangUp]);
    // What bob said before he left may come after the registry's word.
    assert_eq!(rig.hear(1, "bob: bye"), [shows("bob: bye")]);
    assert_eq!(rig.pass(Duration::from_secs(5)), [Dismiss(1)]);
    let mut rig = Rig::chatting();
    rig.event(LinkDown("closed"));
    let out = rig.pass(Duration::from_secs(5));
    assert!(matches!(&out[..], [Complain(_), exit] if *exit == sends("&&EXIT&&|ali")));
}

#[test]
fn only_the_agreed_peer_is_heard() {
    let mut rig = Rig::joined();
    // Before there is a chat: nobody.
    rig.event(Called(5, ip(BOB)));
    assert_eq!(rig.hear(5, "&&MESSAGE&&|mallory: hi"), []);
    rig.event(Called(6, ip(MALLORY)));
    assert_eq!(rig.hear(6, "bob: hi"), []);
    let out = rig.says("bob", "&&CLIENTOK&&|bob accepted the chat request.|10.0.0.2|7821");
    // The right address with a wrong name is found out; the right name from elsewhere waits.
    assert_eq!(out[2..], [Dismiss(5)]);
    rig.event(Called(1, ip(BOB)));
    assert_eq!(rig.hear(1, "bob: first"), [shows("bob: first")]);
    for data in ["bob: forged", "server: forged", "&&CLIENTEXIT&&|x", "&&MESSAGE&&|bob: forged"] {
        assert_eq!(rig.hear(6, data), [], "{data}");
    }
    // A second caller from the peer's address is not heard while the first one is there.
    rig.event(Called(7, ip(BOB)));
    assert_eq!(rig.hear(7, "bob: forged"), []);
    assert_eq!(rig.hear(1, "bob: second"), [shows("bob: second")]);
    // Nor can the peer say what another one would.
    assert_eq!(rig.hear(1, "&&MESSAGE&&|carol: hi")[0], Dismiss(1));
}

#[test]
fn a_peer_may_call_before_the_registrys_word() {
    let mut rig = Rig::joined();
    rig.event(Called(1, ip(BOB)));
    let early = encode("&&MESSAGE&&|bob: early").unwrap();
    for byte in early.chunks(1) {
        assert_eq!(rig.event(CallerReceived(1, byte)), []);
    }
    let out = rig.says("bob", "&&CLIENTOK&&|bob accepted the chat request.|10.0.0.2|7821");
    assert_eq!(out[2..], [shows("bob: early")]);
    // It may hang up and call again.
    rig.event(ClientEvent::CallerGone(1));
    rig.event(Called(2, ip(BOB)));
    assert_eq!(rig.hear(2, "bob: again"), [shows("bob: again")]);
}

#[test]
fn callers_are_limited_in_number_in_words_and_in_time() {
    let mut rig = Rig::joined();
    for key in 0..4 {
        assert_eq!(rig.event(Called(key, ip(MALLORY))), []);
    }
    assert_eq!(rig.event(Called(4, ip(MALLORY))), [Dismiss(4)]);
    for key in 10..22 {
        let from = ip(u8::try_from(key).unwrap());
        assert_eq!(rig.event(Called(key, from)), []);
    }
    assert_eq!(rig.event(Called(22, ip(BOB))), [Dismiss(22)]);
    assert_eq!(rig.event(CallerReceived(0, &[b'x'; 105])), []);
    assert_eq!(rig.event(CallerReceived(0, b"x")), [Dismiss(0)]);
    assert_eq!(rig.pass(Duration::from_secs(9)), []);
    assert_eq!(rig.pass(Duration::from_secs(1)).len(), 15);
    assert!(rig.timers.iter().all(|(timer, _)| *timer != Timer::Callers));
    // A peer may be silent for as long as it likes.
    let mut rig = Rig::chatting();
    rig.event(Called(2, ip(MALLORY)));
    assert_eq!(rig.pass(Duration::from_secs(30)), [Dismiss(2)]);
    assert_eq!(rig.hear(1, "bob: still here"), [shows("bob: still here")]);
}

#[test]
fn hellos_go_out_while_the_registry_is_there() {
    let mut rig = Rig::joined();
    let out = rig.pass(Duration::from_secs(180));
    assert_eq!(out, vec![Hello(hello("ali").unwrap()); 3]);
}

#[test]
fn leaving_says_goodbye_to_all() {
    let mut rig = Rig::chatting();
    assert_eq!(rig.event(InputEnded), [sends("&&EXIT&&|ali"), sends("&&LOGOUT&&"), Finish]);
    let mut rig = Rig::joined();
    rig.says("ali", "ali joined the group chat");
    assert_eq!(rig.event(InputEnded), [sends("&&EXITGROUP&&|ali"), sends("&&LOGOUT&&"), Finish]);
    assert_eq!(rig.pass(Duration::from_secs(1)), [Over(Outcome::Left)]);
    // Whatever the registry says of a room, or if it has said nothing yet.
    for line in ["GROUP CHAT bob", "OK GROUP 1"] {
        let mut rig = Rig::joined();
        rig.event(Line(line));
        assert_eq!(
            rig.event(InputEnded),
            [sends("&&EXITGROUP&&|ali"), sends("&&LOGOUT&&"), Finish]
        );
        assert_eq!(rig.says("ali", "you are not in a group chat"), []);
        let mut rig = Rig::joined();
        rig.event(Line(line));
        rig.event(Line("EXIT GROUP"));
        assert_eq!(rig.event(InputEnded), [sends("&&LOGOUT&&"), Finish]);
    }
    // What was said to a peer has to be on its way first.
    let mut rig = Rig::joined();
    rig.begin();
    assert_eq!(rig.event(Line("bye")), [tells("&&MESSAGE&&|ali: bye")]);
    assert_eq!(rig.event(InputEnded), []);
    assert_eq!(rig.event(LinkUp), [sends("&&EXIT&&|ali"), sends("&&LOGOUT&&"), Finish]);
}

proptest! {
    /// Whatever strangers say at whatever moment: only bob's texts are shown.
    #[test]
    fn strangers_are_never_heard(events in prop::collection::vec((0u8..8, 0u32..6, "(&&MESSAGE&&\\|)?(mallory|bo|bobby|server)?(: )?[a-z]{0,4}", prop::collection::vec(any::<u8>(), 0..20)), 0..60)) {
        let mut rig = Rig::joined();
        let mut out = Vec::new();
        for (what, key, text, bytes) in events {
            out.extend(match what {
                0 | 1 => rig.event(Called(key, ip(if key < 3 { BOB } else { MALLORY }))),
                2 if key < 3 => rig.hear(key, &text),
                2 => rig.hear(key, &format!("bob: {text}")),
                3 => rig.event(CallerReceived(key, &bytes)),
                4 => rig.event(ClientEvent::CallerGone(key)),
                5 => rig.pass(Duration::from_secs(4)),
                6 => rig.event(LinkUp),
                _ if rig.client.is_private() => rig.says("bob", "&&CLIENTEXIT&&|over"),
                _ => rig.says("bob", "&&CLIENTOK&&|bob accepted the chat request.|10.0.0.2|1"),
            });
        }
        for action in out {
            if let Show(line) = action {
                prop_assert!(line.starts_with("server: over") || line.starts_with("server: bob accepted"), "{}", line);
            }
        }
    }

    #[test]
    fn any_bytes_from_the_registry(pieces in prop::collection::vec("([0-9]{1,2} {3})?(&&[A-Z]{2,9}&&)?(\\|[a-z0-9.]{0,3}){0,3}", 0..12)) {
        let mut rig = Rig::joined();
        for piece in &pieces {
            rig.event(ClientEvent::Received(piece.as_bytes()));
        }
        rig.event(Closed);
    }
}
