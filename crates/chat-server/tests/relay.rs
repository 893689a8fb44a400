//! `chat-server relay` as processes, over the loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chat_proto::relay::{Decoder, Id, Kind, Message, Registration};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    child: Child,
    stdin: ChildStdin,
    address: SocketAddr,
    states: Receiver<String>,
    log: Receiver<String>,
}

fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

impl Server {
    fn start(id: u32, args: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", id, args)
    }

    fn start_at(address: &str, id: u32, args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chat-server"))
            .args(["relay", "--listen", address, "--id", &id.to_string()])
            .args(["--name", &format!("s{id}"), "--info", "here"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let states = lines(child.stdout.take().unwrap());
        let log = lines(child.stderr.take().unwrap());
        let first = log.recv_timeout(PATIENCE).unwrap();
        let (_, address) = first.split_once("listening on ").expect(&first);
        let (address, stdin) = (address.parse().unwrap(), child.stdin.take().unwrap());
        Self { child, stdin, address, states, log }
    }

    fn child(id: u32, parent: &Self, args: &[&str]) -> Self {
        Self::start(id, &[&["--connect", &parent.address.to_string()], args].concat())
    }

    fn ask(&mut self) -> serde_json::Value {
        self.stdin.write_all(b"state\n").unwrap();
        serde_json::from_str(&self.states.recv_timeout(PATIENCE).unwrap()).unwrap()
    }

    /// Asks until the server knows these machines, by these first links.
    fn wait_for(&mut self, hosts: &[(u64, u64)]) {
        let end = Instant::now() + PATIENCE;
        loop {
            let state = self.ask();
            let number = |host: &serde_json::Value, key: &str| host[key].as_u64().unwrap();
            let all = state["hosts"].as_array().unwrap().iter();
            let known: Vec<_> =
                all.map(|host| (number(host, "id"), number(host, "first_link"))).collect();
            if known == hosts {
                return;
            }
            assert!(Instant::now() < end, "{state}");
        }
    }

    fn wait_for_log(&self, texts: &[&str]) {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.log.recv_timeout(left).expect("the line never came");
            if texts.iter().all(|text| line.contains(text)) {
                return;
            }
        }
    }

    fn connect(&self) -> Peer {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Peer { stream, decoder: Decoder::new(1 << 20), heard: VecDeque::new() }
    }

    fn join(&self, kind: Kind, id: u32) -> Peer {
        let mut peer = self.connect();
        peer.say(registration(kind, id, 0, "peer", ""));
        peer
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Peer {
    stream: TcpStream,
    decoder: Decoder,
    heard: VecDeque<String>,
}

impl Peer {
    fn say(&mut self, message: Message<'_>) {
        self.stream.write_all(&message.encode()).unwrap();
    }

    /// The next message; `None` when the stream ended.
    fn hear(&mut self) -> Option<String> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(message) = self.heard.pop_front() {
                return Some(message);
            }
            let length = match self.stream.read(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                Err(error) => panic!("nothing came: {error}"),
            };
            if length == 0 {
                return None;
            }
            let mut input = &buffer[..length];
            while let Some(message) = self.decoder.next(&mut input).unwrap() {
                self.heard.push_back(match message {
                    Message::Registration(Registration { kind, source, last_hop, name, info }) => {
                        format!("{kind} {source} by {last_hop}: {name}, {} bytes", info.len())
                    }
                    Message::Status { code, text, .. } => format!("status {code}: {text}"),
                    Message::Chat { source, text, .. } => format!("{source}: {} bytes", text.len()),
                    Message::ClientQuit { source, text } => format!("client {source} quit: {text}"),
                    Message::ServerQuit { source, .. } => format!("server {source} quit"),
                });
            }
        }
    }

    fn expect(&mut self, messages: &[&str]) {
        for message in messages {
            assert_eq!(self.hear().as_deref(), Some(*message));
        }
    }
}

fn registration<'a>(
    kind: Kind,
    source: u32,
    last_hop: u32,
    name: &'a str,
    info: &'a str,
) -> Message<'a> {
    let (source, last_hop) = (Id(source), Id(last_hop));
    Message::Registration(Registration { kind, source, last_hop, name, info })
}

const WELCOME: &str = "status 0: Welcome to the Clemson Relay Chat network peer";

#[test]
fn three_servers_and_what_state_prints() {
    let mut one = Server::start(1, &[]);
    let mut two = Server::child(2, &one, &[]);
    let mut three = Server::child(3, &two, &[]);
    one.wait_for(&[(2, 2), (3, 2)]);
    two.wait_for(&[(1, 1), (3, 3)]);
    three.wait_for(&[(1, 2), (2, 2)]);
    let mut a = one.join(Kind::Client, 101);
    a.expect(&[WELCOME]);
    three.wait_for(&[(1, 2), (2, 2), (101, 2)]);
    let mut b = three.join(Kind::Client, u32::MAX);
    b.expect(&[WELCOME, "client 101 by 3: peer, 0 bytes"]);
    a.expect(&["client 4294967295 by 1: peer, 0 bytes"]);
    three.stdin.write_all(b"state\n").unwrap();
    assert_eq!(
        three.states.recv_timeout(PATIENCE).unwrap(),
        r#"{"id":3,"name":"s3","adjacent_servers":[2],"adjacent_clients":[4294967295],"hosts":[{"id":1,"kind":"server","name":"s1","info":"here","first_link":2},{"id":2,"kind":"server","name":"s2","info":"here","first_link":2},{"id":101,"kind":"client","name":"peer","info":"","first_link":2},{"id":4294967295,"kind":"client","name":"peer","info":"","first_link":4294967295}],"status_log":[]}"#
    );
    let text = "x".repeat(65_536);
    b.say(Message::Chat { source: Id(u32::MAX), destination: Id(101), text: &text });
    a.expect(&["4294967295: 65536 bytes"]);
    b.say(Message::Chat { source: Id(u32::MAX), destination: Id(7), text: &text });
    b.expect(&["status 1: Unknown ID 7"]);
    b.say(Message::ClientQuit { source: Id(u32::MAX), text: "bye" });
    assert_eq!(b.hear(), None);
    a.expect(&["client 4294967295 quit: bye"]);
    one.wait_for(&[(2, 2), (3, 2), (101, 101)]);
}

#[test]
fn the_longest_names_and_infos_travel() {
    let one = Server::start(1, &[]);
    let mut two = Server::child(2, &one, &[]);
    let mut a = one.join(Kind::Client, 101);
    a.expect(&[WELCOME]);
    let (name, info) = ("n".repeat(255), "i".repeat(65_535));
    let mut b = one.connect();
    b.say(registration(Kind::Client, 102, 0, &name, &info));
    a.expect(&[&format!("client 102 by 1: {name}, 65535 bytes")]);
    two.wait_for(&[(1, 1), (101, 1), (102, 1)]);
    assert_eq!(two.ask()["hosts"][2]["info"], info);
    // A late comer is told in portions.
    for id in 200..240 {
        let mut peer = one.connect();
        peer.say(registration(Kind::Client, id, 0, "n", &info));
        assert!(peer.hear().is_some());
        if id == 239 {
            let told = std::iter::from_fn(|| peer.hear()).take(41).count();
            assert_eq!(told, 41);
        }
        // Kept until the end of the test.
        std::mem::forget(peer);
    }
}

#[test]
fn a_lost_parent_is_found_again() {
    let mut one = Server::start(1, &[]);
    let mut two = Server::child(2, &one, &["--reconnect=200ms"]);
    let mut three = Server::child(3, &two, &[]);
    let mut a = three.join(Kind::Client, 101);
    a.expect(&[WELCOME]);
    one.wait_for(&[(2, 2), (3, 2), (101, 2)]);
    let address = one.address.to_string();
    drop(one);
    three.wait_for(&[(2, 2), (101, 101)]);
    let mut one = Server::start_at(&address, 1, &[]);
    one.wait_for(&[(2, 2), (3, 2), (101, 2)]);
    three.wait_for(&[(1, 2), (2, 2), (101, 101)]);
    // A stop in order is told.
    one.signal(Signal::TERM);
    assert_eq!(one.child.wait().unwrap().code(), Some(0));
    two.wait_for(&[(3, 3), (101, 3)]);
    // And three, who was not told to come back, stays alone.
    drop(two);
    three.wait_for(&[(101, 101)]);
    a.say(Message::Chat { source: Id(101), destination: Id(101), text: "here" });
    a.expect(&["101: 4 bytes"]);
}

#[test]
fn a_twin_is_refused_and_can_be_asked_why() {
    let mut one = Server::start(1, &[]);
    let mut two = Server::child(2, &one, &[]);
    one.wait_for(&[(2, 2)]);
    let mut twin = Server::child(2, &one, &[]);
    twin.wait_for_log(&["refused by the server"]);
    let state = twin.ask();
    assert_eq!(state["status_log"][0], "A machine has already registered with ID 2");
    assert!(state["adjacent_servers"].as_array().unwrap().is_empty());
    one.wait_for(&[(2, 2)]);
    two.wait_for(&[(1, 1)]);
    let mut peer = two.join(Kind::Client, 1);
    peer.expect(&["status 2: Someone has already registered with ID 1"]);
    peer.say(registration(Kind::Client, 101, 0, "peer", ""));
    peer.expect(&[WELCOME]);
}

#[test]
fn a_broken_neighbour_loses_its_own_connection_only() {
    let mut one = Server::start(1, &["--name-timeout", "300ms"]);
    let mut two = Server::child(2, &one, &[]);
    let mut a = one.join(Kind::Client, 101);
    a.expect(&[WELCOME]);
    for (join, bytes, why) in [
        (None, &b"\x03"[..], "no message has the type 0x03"),
        (None, b"GET / HTTP/1.1\r\n", "no message has the type 0x47"),
        (
            None,
            b"\x81\0\0\0\x05\0\0\0\x65\0\0\0\x01x",
            "you may not send this message before a registration",
        ),
        (
            None,
            b"\x00\0\0\0\x32\0\0\0\x01\x01\0\0x",
            "the last hop of your own registration must be 0, not 1",
        ),
        (None, b"\x00\0\0\0\0\0\0\0\0\x01\0\0x", "no machine may have the ID 0"),
        (None, b"", "no registration came within 300ms"),
        (
            Some(Kind::Client),
            b"\x81\0\0\0\x33\0\0\0\x65\0\x01\0\x01",
            "a text of 65537 bytes is longer than the limit of 65536",
        ),
        (Some(Kind::Client), b"\x82\0\0\0\x65\0\0\0\0", "ID 101 is not yours, 50"),
        (
            Some(Kind::Server),
            b"\x80\0\0\0\x66\0\0\0\x02\x01\0\0x",
            "the last hop 2 of a registration is not you, 50",
        ),
        (
            Some(Kind::Server),
            b"\x80\0\0\0\x66\0\0\0\x32\x01\0\0\xff",
            "a name, info or text is not valid UTF-8",
        ),
    ] {
        let mut peer = one.connect();
        if let Some(kind) = join {
            peer.say(registration(kind, 50, 0, "peer", ""));
        }
        peer.stream.write_all(bytes).unwrap();
        let last = std::iter::from_fn(|| peer.hear()).last();
        assert_eq!(last, Some(format!("status 3: Closing: {why}")), "{bytes:?}");
        one.wait_for(&[(2, 2), (101, 101)]);
    }
    two.wait_for(&[(1, 1), (101, 1)]);
    // Who registered may be silent for as long as it likes.
    a.say(Message::Chat { source: Id(101), destination: Id(101), text: "" });
    while a.hear().unwrap() != "101: 0 bytes" {}
}

#[test]
fn who_cannot_be_reached_is_said_with_advice() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_chat-server"))
            .args(["relay", "--listen", "127.0.0.1:0"])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = run(&["--connect", &closed.to_string()]);
    assert!(code == Some(1) && err.contains(&format!("cannot connect to {closed}")), "{err}");
    assert!(err.contains("--reconnect"), "{err}");
    for wrong in [&["--id", "0"][..], &["--id", "4294967296"], &["--reconnect"]] {
        assert_eq!(run(wrong).0, Some(2), "{wrong:?}");
    }
    let long = "x".repeat(256);
    let (code, err) = run(&["--name", &long]);
    assert!(code == Some(2) && err.contains("256 bytes are more than the limit of 255"), "{err}");
}
