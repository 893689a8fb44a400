//! `chat-udp` as a process, on the loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::UdpSocket;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const LOOPBACK: &[&str] = &["--broadcast", "127.255.255.255"];

struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    out: Receiver<String>,
    err: Receiver<String>,
    uuid: String,
}

impl Client {
    /// Starts a client and waits until it is ready.
    fn start(port: u16, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-udp"));
        command.args(["--port", &port.to_string()]).args(args);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        let mut client = Self { child, stdin, out, err, uuid: String::new() };
        let ready = client.wait_for_err("listening on 0.0.0.0:");
        client.uuid = ready.rsplit_once(" as ").unwrap().1.to_owned();
        client
    }

    fn say(&mut self, text: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{text}").unwrap();
    }

    fn hear(&self) -> String {
        self.out.recv_timeout(PATIENCE).expect("a message")
    }

    fn wait_for_err(&self, part: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self
                .err
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no {part:?} on standard error"));
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Ends the input; what was still shown, what was still complained about, the exit code.
    fn finish(mut self) -> (Vec<String>, Vec<String>, Option<i32>) {
        self.stdin = None;
        let status = self.child.wait().unwrap();
        (self.out.iter().collect(), self.err.iter().collect(), status.code())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// A port that nobody uses at the moment.
fn free_port() -> u16 {
    UdpSocket::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn several_clients_on_one_port_hear_each_other_and_not_themselves() {
    let port = free_port();
    let mut clients: Vec<Client> = (0..3).map(|_| Client::start(port, LOOPBACK)).collect();
    for n in 0..3 {
        clients[n].say(&format!("h\u{e9}llo \u{1f600}: from {n}"));
        for (other, client) in clients.iter().enumerate() {
            if other != n {
                assert_eq!(client.hear(), format!("h\u{e9}llo \u{1f600}: from {n}"));
            }
        }
    }
    for client in clients {
        // Nothing more, above all not what they said themselves.
        assert_eq!(client.finish(), (vec![], vec![], Some(0)));
    }
}

#[test]
fn the_datagram_is_a_frame_with_a_lower_case_uuid_of_version_four() {
    let port = free_port();
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    listener.set_reuse_address(true).unwrap();
    listener.bind(&std::net::SocketAddrV4::new([0; 4].into(), port).into()).unwrap();
    let listener = UdpSocket::from(listener);
    listener.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut client = Client::start(port, LOOPBACK);
    client.say("h\u{e9} \u{20ac}");
    let mut buffer = [0; 1000];
    let length = listener.recv(&mut buffer).unwrap();
    let uuid = client.uuid.clone();
    assert_eq!(
        std::str::from_utf8(&buffer[..length]),
        Ok(format!("43:[{uuid}] h\u{e9} \u{20ac}").as_str())
    );
    assert_eq!((uuid.len(), &uuid[14..15], uuid.to_lowercase()), (36, "4", uuid.clone()));
    // `exit` leaves, also with the input still open.
    client.say("exit");
    assert_eq!(client.child.wait().unwrap().code(), Some(0));
}

#[test]
fn junk_is_ignored_and_the_sender_shown_on_request() {
    let port = free_port();
    let client =
        Client::start(port, &[LOOPBACK, &["--show-sender", "--log-level", "debug"]].concat());
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_broadcast(true).unwrap();
    let send = |bytes: &[u8]| stranger.send_to(bytes, ("127.255.255.255", port)).unwrap();
    let own = format!("41:[{}] hi", client.uuid);
    for junk in
        [&b""[..], b"junk", b"5:hello", b"99:short", b"2:\xff\xff", b"3:abcd", own.as_bytes()]
    {
        send(junk);
    }
    send(b"44:[0a1b2c3d-0000-4000-8000-00000000ffff] \x1b: yo");
    assert_eq!(client.hear(), "127.0.0.1: \x1b: yo");
    for why in [
        "the frame is cut short",
        "not a frame",
        "does not begin with `[UUID] `",
        "cut short",
        "UTF-8",
        "follow the frame",
    ] {
        assert!(client.wait_for_err("datagram ignored").contains(why), "{why}");
    }
    assert_eq!(client.finish(), (vec![], vec![], Some(0)));
}

#[test]
fn multicast_reaches_the_group_on_this_host() {
    let port = free_port();
    let group = format!("239.1.2.3:{port}");
    let args = ["--multicast", &group, "--interface", "127.0.0.1", "--show-sender"];
    let (mut alice, bob) = (Client::start(port, &args), Client::start(port, &args));
    let deaf =
        Client::start(port, &["--multicast", &format!("239.1.2.4:{port}"), "--interface", "lo"]);
    alice.say("hi group");
    assert_eq!(bob.hear(), "127.0.0.1: hi group");
    for client in [alice, bob, deaf] {
        assert_eq!(client.finish(), (vec![], vec![], Some(0)));
    }
}

#[test]
fn too_long_a_text_is_refused_and_the_rest_goes_on() {
    let port = free_port();
    let mut client = Client::start(port, LOOPBACK);
    let other = Client::start(port, LOOPBACK);
    client.say(&"x".repeat(65_480));
    client.wait_for_err("not sent: 65480 bytes do not fit into one datagram");
    client.say(&"x".repeat(100_000));
    client.wait_for_err("line 2 was not sent");
    let longest = "x".repeat(65_507 - "65501:[] ".len() - 36);
    client.say(&longest);
    assert_eq!(other.hear().len(), longest.len());
    client.say("goes on");
    assert_eq!(other.hear(), "goes on");
}

#[test]
fn what_was_typed_is_sent_before_the_end_of_input_leaves() {
    let port = free_port();
    let listener = Client::start(port, LOOPBACK);
    let mut client = Client::start(port, LOOPBACK);
    for n in 0..50 {
        client.say(&format!("line {n}"));
    }
    assert_eq!(client.finish().2, Some(0));
    for n in 0..50 {
        assert_eq!(listener.hear(), format!("line {n}"));
    }
}

/// Runs in a network namespace of its own, where not even the loopback is up at first.
#[test]
fn the_network_may_go_and_come_back() {
    let inside = |command: &mut Command, pid: u32| {
        let status = command.args([
            "-t",
            &pid.to_string(),
            "-U",
            "-n",
            "--preserve-credentials",
            "ip",
            "link",
            "set",
            "lo",
        ]);
        status.stdout(Stdio::null()).stderr(Stdio::null());
    };
    let probe = Command::new("unshare").args(["-rn", "ip", "link", "set", "lo", "up"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("LABRUN_CI").is_none(), "CI has `unshare` and `ip`");
        // Past the test runner, which would keep it to itself.
        let why = "SKIPPED: the_network_may_go_and_come_back needs `unshare -rn` and `ip`";
        let _ = writeln!(std::io::stderr(), "{why}");
        return;
    }
    let port = free_port();
    let mut command = Command::new("unshare");
    command.args([
        "-rn",
        env!("CARGO_BIN_EXE_chat-udp"),
        "--linger",
        "100ms",
        "--port",
        &port.to_string(),
    ]);
    let mut client = Client::spawn(command);
    let pid = client.child.id();
    let switch = |state: &str| {
        let mut command = Command::new("nsenter");
        inside(&mut command, pid);
        assert!(command.arg(state).status().unwrap().success());
    };
    client.say("lost");
    client.wait_for_err("not sent to 127.255.255.255:");
    switch("up");
    client.say("sent");
    switch("up");
    client.say("exit");
    let (_, err, code) = client.finish();
    assert_eq!((err, code), (vec![], Some(0)));
}

#[test]
fn bad_usage_says_what_is_wrong() {
    for (args, code, expected) in [
        (&["--multicast", "10.0.0.1"][..], 2, "is not a multicast address"),
        (&["--port", "0"], 2, "--port"),
        (&["--interface", "nope9"], 1, "no interface `nope9` has an IPv4 address; there are: "),
        (&["--no-loop"], 2, "--multicast"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_chat-udp"))
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(code) && stderr.contains(expected),
            "{args:?}: {stderr}"
        );
    }
}
