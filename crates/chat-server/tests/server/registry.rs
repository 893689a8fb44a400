//! `chat-server registry`, byte by byte.

use crate::harness::{PATIENCE, Server};
use rustix::process::Signal;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};

/// One user's connection to the registry.
struct User {
    stream: TcpStream,
}

impl User {
    fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// Registers; returns when the registry knows it.
    fn join(server: &Server, name: &str, port: u16) -> Self {
        let mut user = Self::connect(server);
        user.say(&format!("&&REGISTER&&|{name}|{port}"));
        user.say("?");
        user.hear(name, "that is not a request");
        user
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn say(&mut self, data: &str) {
        self.raw(format!("{:<5}{data}", data.chars().count()).as_bytes());
    }

    /// The next bytes must be this frame, and nothing else.
    fn hear(&mut self, name: &str, data: &str) {
        let (name_chars, chars) = (name.chars().count(), data.chars().count());
        let expected = format!("{name_chars:<5}{name}{chars:<5}{data}");
        let mut found = vec![0; expected.len()];
        self.stream.read_exact(&mut found).unwrap();
        assert_eq!(String::from_utf8_lossy(&found), expected);
    }

    fn hear_the_end(&mut self) {
        match self.stream.read(&mut [0; 1]) {
            Ok(count) => assert_eq!(count, 0, "something came that was not expected"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

fn start(args: &[&str]) -> (Server, SocketAddr) {
    let server = Server::start("registry", args);
    let line = server.wait_for_log(&["hearing HELLO on "]);
    let udp = line.split_once("hearing HELLO on ").unwrap().1.trim().parse().unwrap();
    (server, udp)
}

#[test]
fn the_wire_format_of_a_private_chat() {
    let (server, _) = start(&[]);
    let (mut ali, mut bob) =
        (User::join(&server, "ali", 7820), User::join(&server, "b\u{f6}b", 7821));
    ali.raw("23   &&CHATREQUEST&&|b\u{f6}b|ali".as_bytes());
    bob.raw(b" 6   ");
    bob.hear("ali", "ali would like to chat with you? (OK/REJECT)");
    bob.raw(b"&&NO&&");
    bob.hear("b\u{f6}b", "that is not a request");
    bob.say("&&OK&&|b\u{f6}b|ali|7821");
    bob.hear("ali", "&&CLIENTOK&&|you have entered into a private chat with ali. you can send your message now!|127.0.0.1|7820");
    ali.hear("b\u{f6}b", "&&CLIENTOK&&|b\u{f6}b accepted the chat request. you can send your message now!|127.0.0.1|7821");
    bob.say("&&EXIT&&|b\u{f6}b");
    bob.hear("ali", "&&CLIENTEXIT&&|you have left the private chat with ali");
    ali.hear("b\u{f6}b", "&&CLIENTEXIT&&|b\u{f6}b left the private chat");
    ali.say("&&LOGOUT&&");
    ali.hear("ali", "&&LOGOUTSUCCESS&&");
    ali.hear_the_end();
    bob.say("&&SEARCH&&|ali|b\u{f6}b");
    bob.hear("ali", "&&NOTFOUND&&|ali is not online");
}

#[test]
fn a_group_hears_its_members_and_nobody_else_does() {
    let (server, _) = start(&["--threads", "4"]);
    let [mut ali, mut bob, mut carol] =
        ["ali", "bob", "carol"].map(|name| User::join(&server, name, 1));
    ali.say("&&GROUPCHAT&&|ali|bob|nobody|");
    ali.hear("ali", "you are in group chat room 1");
    ali.hear("nobody", "&&NOTFOUND&&|nobody is not online");
    bob.hear("ali", "ali would like to add you to group chat room 1? (OK/REJECT GROUP 1)");
    bob.say("&&OKGROUP&&|bob|1");
    for user in [&mut ali, &mut bob] {
        user.hear("bob", "bob joined the group chat");
    }
    carol.say("&&CHATREQUEST&&|bob|carol");
    carol.hear("bob", "&&BUSY&&|the user is busy. try again later.");
    bob.say("&&MESSAGE&&|bob: OK &&LOGOUT&& |");
    for user in [&mut ali, &mut bob] {
        user.hear("bob", "bob: OK &&LOGOUT&& |");
    }
    drop(bob);
    ali.hear("bob", "bob left the group chat");
    carol.say("&&MESSAGE&&|ali: forged");
    carol.hear("carol", "you are not in a chat");
    ali.say("&&EXITGROUP&&|ali");
    ali.hear("ali", "you have left the group chat");
    server.wait_for_log(&["room closed"]);
}

#[test]
fn who_is_silent_is_removed_and_hellos_keep_the_others() {
    let (server, udp) = start(&["--activity-limit", "1s"]);
    let mut ali = User::join(&server, "ali", 1);
    let mut bob = User::join(&server, "bob", 1);
    ali.say("&&CHATREQUEST&&|bob|ali");
    bob.hear("ali", "ali would like to chat with you? (OK/REJECT)");
    bob.say("&&OK&&|bob|ali|1");
    // Hellos for bob alone, until ali is removed. Forged ones come from another address.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let forger = UdpSocket::bind("127.0.0.2:0").unwrap();
    bob.hear("ali", "&&CLIENTOK&&|you have entered into a private chat with ali. you can send your message now!|127.0.0.1|1");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let hellos = std::thread::spawn(move || {
        while stopped.recv_timeout(std::time::Duration::from_millis(100)).is_err() {
            socket.send_to(b"13   &&HELLO&&|bob", udp).unwrap();
            forger.send_to(b"13   &&HELLO&&|ali", udp).unwrap();
            forger.send_to(b"\xff junk", udp).unwrap();
        }
    });
    bob.hear("ali", "&&CLIENTEXIT&&|ali was not heard any more and has been removed");
    ali.hear(
        "bob",
        "&&CLIENTOK&&|bob accepted the chat request. you can send your message now!|127.0.0.1|1",
    );
    ali.hear("ali", "you are removed: no HELLO came from you for 1 s");
    ali.hear_the_end();
    bob.say("&&SEARCH&&|ali|bob");
    bob.hear("ali", "&&NOTFOUND&&|ali is not online");
    stop.send(()).unwrap();
    hellos.join().unwrap();
}

#[test]
fn strangers_and_broken_streams_get_an_answer_and_nobody_else_notices() {
    let (server, _) = start(&["--max-frame", "1KiB", "--name-timeout", "300ms"]);
    let mut ali = User::join(&server, "ali", 1);
    let header = "frame error: a frame must begin with its length in 5 bytes: decimal digits, padded with blanks";
    for (bytes, answer) in [
        (&b"hello"[..], header),
        (b"     ", header),
        (b"1025 ", "frame error: a frame may hold at most 1024 bytes"),
        (b"2    \xff\xff", "frame error: a frame must be valid UTF-8"),
        (b"5    hello", "register first: &&REGISTER&&|NAME|TCP_PORT"),
        (b"16   &&REGISTER&&|x|0", "register first: &&REGISTER&&|NAME|TCP_PORT"),
        (b"", "you did not register within 0.3 s"),
    ] {
        let mut stranger = User::connect(&server);
        stranger.raw(bytes);
        stranger.hear("server", answer);
        stranger.hear_the_end();
    }
    let mut second = User::connect(&server);
    second.say("&&REGISTER&&|ali|1");
    second.hear("ali", "Name refused: \"ali\" is already in use.");
    second.hear_the_end();
    ali.say("&&EXIT&&|ali");
    ali.hear("ali", "you are not in a private chat");
}

#[test]
fn a_signal_ends_it_and_a_taken_port_is_said() {
    let (mut server, udp) = start(&[]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_chat-server"))
        .args(["registry", "--listen", "127.0.0.1:0", "--udp", &udp.to_string()])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("cannot hear on UDP"), "{error}");
    let mut ali = User::join(&server, "ali", 1);
    server.signal(Signal::TERM);
    ali.hear_the_end();
    assert_eq!(server.wait().code(), Some(0));
}
