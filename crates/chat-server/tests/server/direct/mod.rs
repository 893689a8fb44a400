//! `chat-server direct`.

mod peer;

use crate::harness::{PATIENCE, Server};
use chat_proto::direct::{FORMAT_ERROR, UNREACHABLE};
use peer::Peer;
use rustix::process::Signal;
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn messages_errors_and_oneself() {
    let server = Server::start("direct", &[]);
    let (mut alice, mut bob) = (server.join("alice"), server.join("bob the \u{e9}"));
    alice.say("To bob the \u{e9}:a:b\n\u{20ac}\u{1f600}");
    assert_eq!(bob.hear(), some("a:b\n\u{20ac}\u{1f600} From alice"));
    bob.say("To bob the \u{e9}:");
    assert_eq!(bob.hear(), some(" From bob the \u{e9}"));
    for wrong in ["", "hello", "To bob", "to alice:x", "To :x", "Toalice:x"] {
        alice.say(wrong);
        assert_eq!(alice.hear(), some(FORMAT_ERROR), "{wrong:?}");
    }
    for nobody in ["To bob:x", "To alice :x", "To Alice:x"] {
        alice.say(nobody);
        assert_eq!(alice.hear(), some(UNREACHABLE), "{nobody:?}");
    }
}

#[test]
fn names_are_refused_with_one_line_and_freed_when_their_user_leaves() {
    let server = Server::start("direct", &[]);
    let alice = server.join("alice");
    for (name, reason) in [
        ("", "Name refused: the name is empty."),
        ("alice", "Name refused: \"alice\" is already in use."),
        (
            &"x".repeat(65),
            "Name refused: \"xxxxxxxxxxxxxxxx\"... has 65 characters, the limit is 64.",
        ),
    ] {
        let mut peer = server.connect();
        peer.say(name);
        assert_eq!(peer.hear_all(), [reason]);
    }
    // Characters, not bytes.
    server.join(&"\u{1f600}".repeat(64));
    drop(alice);
    server.wait_for_log(&["left", "\"alice\""]);
    let alice = server.join("alice");
    // A reset instead of an end.
    socket2::SockRef::from(&alice.stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(alice);
    server.wait_for_log(&["connection lost", "\"alice\""]);
    server.wait_for_log(&["left", "\"alice\""]);
    server.join("alice");
}

#[test]
fn frames_may_be_cut_anywhere() {
    let server = Server::start("direct", &["--threads", "1"]);
    let (mut alice, mut bob, mut carol) =
        (server.join("alice"), server.join("bob"), server.join("carol"));
    alice.raw("8:To bob:19:To bob:\u{20ac}\u{20ac}".as_bytes());
    assert_eq!(
        [bob.hear(), bob.hear()],
        [some("1 From alice"), some("\u{20ac}\u{20ac} From alice")]
    );
    let stream = "13:To bob:h\u{e9}\u{20ac}\u{1f600}ll8:To bob:2".as_bytes();
    for cut in 1..stream.len() {
        alice.raw(&stream[..cut]);
        // The answer to carol's question shows that the server has come so far.
        carol.sync();
        alice.raw(&stream[cut..]);
        assert_eq!(
            [bob.hear(), bob.hear()],
            [some("h\u{e9}\u{20ac}\u{1f600}ll From alice"), some("2 From alice")]
        );
    }
    for byte in stream {
        alice.raw(&[*byte]);
    }
    assert_eq!(
        [bob.hear(), bob.hear()],
        [some("h\u{e9}\u{20ac}\u{1f600}ll From alice"), some("2 From alice")]
    );
}

#[test]
fn broken_streams_get_an_error_and_nobody_else_notices() {
    let server = Server::start("direct", &["--max-frame", "1KiB"]);
    let mut bob = server.join("bob");
    let header = "Frame error: a frame must begin with its length in decimal digits and ':'.";
    let long = "Frame error: a frame may hold at most 1024 bytes.";
    for (bytes, error) in [
        (&b"hello"[..], header),
        (b"-1:x", header),
        (b"5 :hello", header),
        (b":", header),
        (b"1025:", long),
        (b"99999999999999999999:", long),
        (b"2:\xff\xff", "Frame error: a frame must be valid UTF-8."),
    ] {
        for named in [false, true] {
            let mut peer = if named { server.join("alice") } else { server.connect() };
            peer.raw(bytes);
            assert_eq!(peer.hear_all(), [error], "{bytes:?}");
            drop(peer);
            bob.sync();
        }
    }
    let mut alice = server.join("alice");
    let longest = "x".repeat(1024 - "To bob:".len());
    alice.say(&format!("To bob:{longest}"));
    assert_eq!(bob.hear(), Some(format!("{longest} From alice")));
    alice.raw(format!("513:{}", "\u{e9}".repeat(513)).as_bytes());
    assert_eq!(alice.hear_all(), [long]);
}

#[test]
fn an_error_survives_what_its_cause_still_sends() {
    let server = Server::start("direct", &[]);
    for _ in 0..20 {
        let mut peer = server.connect();
        peer.raw(&[b"70000:".as_slice(), &[b'x'; 70_000]].concat());
        assert_eq!(peer.hear_all(), ["Frame error: a frame may hold at most 65536 bytes."]);
    }
}

#[test]
fn silence_is_closed_and_the_named_may_be_silent() {
    let server = Server::start("direct", &["--name-timeout", "200ms"]);
    let mut alice = server.join("alice");
    let mut silent = server.connect();
    let mut half = server.connect();
    half.raw(b"5:al");
    for peer in [&mut silent, &mut half] {
        assert_eq!(peer.hear_all(), ["No name came within 0.2 s."]);
    }
    alice.sync();
}

#[test]
fn a_thousand_that_say_nothing_disturb_nobody() {
    let server = Server::start("direct", &["--threads", "2"]);
    // Each needs a descriptor here as well.
    assert!(chat_net::raise_file_limit().is_none_or(|files| files > 1200), "raise `ulimit -n`");
    let silent: Vec<TcpStream> =
        (0..1000).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let (mut alice, mut bob) = (server.join("alice"), server.join("bob"));
    alice.say("To bob:hi");
    assert_eq!(bob.hear(), some("hi From alice"));
    assert_eq!(silent.len(), 1000);
}

#[test]
fn one_connection_too_many_is_told_so() {
    let server = Server::start("direct", &["--max-connections", "2"]);
    let (alice, _bob) = (server.join("alice"), server.join("bob"));
    let mut carol = server.connect();
    carol.say("carol");
    assert_eq!(carol.hear_all(), ["The server is full. Try again later."]);
    drop((alice, carol));
    server.wait_for_log(&["left", "\"alice\""]);
    // The last place is free once both sides have closed.
    let end = Instant::now() + PATIENCE;
    loop {
        let mut carol = server.connect();
        carol.say("carol");
        carol.say("?");
        if carol.hear() == some(FORMAT_ERROR) {
            break;
        }
        assert!(Instant::now() < end);
    }
}

#[test]
fn a_slow_reader_is_dropped_and_delays_nobody() {
    for threads in ["1", "2"] {
        let server = Server::start("direct", &["--threads", threads, "--max-queue", "256KiB"]);
        let slow = server.join("slow");
        let (mut alice, mut bob) = (server.join("alice"), server.join("bob"));
        let burst = format!("To slow:{}", "x".repeat(60_000));
        let mut worst = Duration::ZERO;
        let end = Instant::now() + PATIENCE;
        while !server.has_logged("dropped: does not read what is sent to it") {
            assert!(Instant::now() < end, "never dropped");
            for _ in 0..10 {
                alice.say(&burst);
            }
            let start = Instant::now();
            bob.say("To bob:ping");
            assert_eq!(bob.hear(), some("ping From bob"));
            worst = worst.max(start.elapsed());
        }
        assert!(worst < Duration::from_secs(2), "somebody else waited for {worst:?}");
        // Its name is free again; those who wrote to it in between were told.
        alice.say("To slow:still there?");
        while alice.hear() != some(UNREACHABLE) {}
        server.join("slow");
        drop(slow);
    }
}

#[test]
fn thirty_users_each_write_to_each() {
    let server = Server::start("direct", &["--threads", "4"]);
    let mut users: Vec<Peer> = (0..30).map(|n| server.join(&format!("user {n}"))).collect();
    for round in 0..5 {
        for (from, user) in users.iter_mut().enumerate() {
            for to in 0..30 {
                user.say(&format!("To user {to}:{round} {from} to {to}"));
            }
        }
    }
    for (to, user) in users.iter_mut().enumerate() {
        let mut heard: Vec<String> = (0..150).map(|_| user.hear().unwrap()).collect();
        for from in 0..30 {
            let expected: Vec<String> =
                (0..5).map(|round| format!("{round} {from} to {to} From user {from}")).collect();
            let suffix = format!(" From user {from}");
            let own: Vec<String> =
                heard.iter().filter(|content| content.ends_with(&suffix)).cloned().collect();
            assert_eq!(own, expected, "in order");
        }
        heard.sort();
        heard.dedup();
        assert_eq!(heard.len(), 150);
        user.sync();
    }
}

#[test]
fn order_is_kept_across_threads() {
    for threads in ["1", "2", "4"] {
        let server = Server::start("direct", &["--threads", threads]);
        let mut bob = server.join("bob");
        let senders: Vec<_> = (0..4)
            .map(|n| {
                let mut peer = server.join(&format!("s{n}"));
                std::thread::spawn(move || {
                    for number in 0..2000 {
                        peer.say(&format!("To bob:{number}"));
                    }
                    peer
                })
            })
            .collect();
        let mut next = [0; 4];
        for _ in 0..8000 {
            let content = bob.hear().unwrap();
            let (number, sender) = content.split_once(" From s").unwrap();
            let sender: usize = sender.parse().unwrap();
            assert_eq!(number, next[sender].to_string(), "from s{sender} with {threads} threads");
            next[sender] += 1;
        }
        drop(senders.into_iter().map(|sender| sender.join().unwrap()).collect::<Vec<_>>());
    }
}

#[test]
fn who_stops_sending_still_gets_all_answers() {
    let server = Server::start("direct", &[]);
    let mut peer = server.connect();
    peer.raw(b"1:a7:To a:hi8:nonsense");
    peer.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(peer.hear_all(), ["hi From a", FORMAT_ERROR]);
}

#[test]
fn signals_stop_the_server_and_its_users_see_the_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start("direct", &["--threads", "2"]);
        let (mut alice, mut silent) = (server.join("alice"), server.connect());
        server.signal(signal);
        assert_eq!((alice.hear(), silent.hear()), (None, None));
        server.wait_for_log(&["stopped"]);
        assert_eq!(server.wait().code(), Some(0));
    }
}

#[test]
fn a_user_who_never_reads_does_not_keep_the_server_from_stopping() {
    let mut server = Server::start("direct", &[]);
    let _slow = server.join("slow");
    let mut alice = server.join("alice");
    for _ in 0..100 {
        alice.say(&format!("To slow:{}", "x".repeat(60_000)));
    }
    alice.say("To slow:end");
    server.signal(Signal::TERM);
    let start = Instant::now();
    assert_eq!(server.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn log_lines_cannot_be_forged() {
    let server = Server::start("direct", &[]);
    server.join("eve\n2026 INFO joined \x1b[2J");
    let line = server.wait_for_log(&["joined", "eve"]);
    assert!(line.contains("\"eve\\n2026 INFO joined \\u{1b}[2J\""), "{line}");
    let server = Server::start("direct", &["--log-format", "json"]);
    assert!(server.first_line.contains(&format!("listening on {}", server.address)));
    server.join("eve\n");
    let line: serde_json::Value = serde_json::from_str(&server.wait_for_log(&["joined"])).unwrap();
    assert_eq!((line["message"].as_str(), line["level"].as_str()), (Some("joined"), Some("INFO")));
    assert!(line["user"].as_str().is_some_and(|user| user.contains("eve\\n")), "{line}");
    assert!(line["timestamp"].is_string() && line["peer"].is_string());
}

#[test]
fn running_out_of_descriptors_is_survived_without_spinning() {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_chat-server");
    command.args([
        "-c",
        "ulimit -n 32; exec \"$0\" direct --threads 1 --listen 127.0.0.1:0",
        program,
    ]);
    let server = Server::spawn(command);
    let mut crowd: Vec<TcpStream> =
        (0..60).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    server.wait_for_log(&["cannot accept connections"]);
    let before = cpu_ticks(&server);
    // Somebody who was accepted is served as before, for a while.
    let mut first = Peer::new(crowd.remove(0));
    first.say("first");
    let end = Instant::now() + Duration::from_millis(700);
    while Instant::now() < end {
        first.sync();
        // One question every few milliseconds: the socket's own timeout is the pause.
        first.stream.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let _ = first.stream.peek(&mut [0]);
        first.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    let ticks = cpu_ticks(&server) - before;
    assert!(ticks < 35, "used {ticks} of 70 ticks");
    crowd.clear();
    server.join("second");
}

/// Hundredths of a second of processor time used by the server.
fn cpu_ticks(server: &Server) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.child.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn bad_usage_says_what_is_wrong() {
    for (args, code, expected) in [
        (&["direct", "--max-frame", "12 apples"][..], 2, "unknown unit: write a number of bytes"),
        (&["direct", "--name-timeout", "10"], 2, "the unit is missing"),
        (&["direct", "--threads", "0"], 2, "--threads"),
        (&["direct", "--listen", "nowhere"], 1, "is not an address to listen on"),
        (&["direct", "--listen", "192.0.2.77:1"], 1, "cannot listen on 192.0.2.77:1"),
        (&["telepathy"], 2, "telepathy"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_chat-server")).args(args).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(code) && stderr.contains(expected),
            "{args:?}: {stderr}"
        );
    }
}
