//! `chat-client direct`.

use crate::harness::{Client, Peer, Server, Terminal};
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::process::{Command, Stdio};

impl Peer {
    /// Sends one frame.
    fn send(&mut self, content: &str) {
        self.raw(format!("{}:{content}", content.chars().count()).as_bytes());
    }
}

#[test]
fn a_pipe_is_one_line_in_one_line_out() {
    let server = Server::listen("direct");
    let mut client = Client::start(&server, &["--name", "al \u{e9}"], Stdio::piped());
    client.type_in("To bob:hi\n\nnonsense\r\nunfinished \u{20ac}");
    client.end_input();
    let mut peer = server.accept();
    // The sending side ends after everything was sent; answers still arrive.
    assert_eq!(
        peer.everything(),
        "4:al \u{e9}9:To bob:hi0:8:nonsense12:unfinished \u{20ac}".as_bytes()
    );
    peer.send("hi From bob");
    peer.raw("9:two\nlines0:2:\u{1b}\u{e9}".as_bytes());
    drop(peer);
    assert_eq!(
        client.finish(),
        (0, "hi From bob\ntwo\nlines\n\n\u{1b}\u{e9}\n".into(), String::new())
    );
}

#[test]
fn the_name_is_asked_for_without_a_prompt_in_a_pipe() {
    let server = Server::listen("direct");
    let mut client = Client::start(&server, &[], Stdio::piped());
    client.type_in("alice\nTo bob:hi\nexit\nlost\n");
    let mut peer = server.accept();
    assert_eq!(peer.everything(), b"5:alice9:To bob:hi");
    drop(peer);
    assert_eq!(client.finish(), (0, String::new(), String::new()));
    let mut client = Client::start(&server, &[], Stdio::null());
    let (code, out, err) = client.finish();
    assert!(code == 2 && out.is_empty() && err.contains("no name was given"), "{code} {err}");
}

#[test]
fn input_may_be_a_file_or_nothing() {
    let server = Server::listen("direct");
    let mut file: File = tempfile::tempfile().unwrap();
    let lines: String = (0..5000).map(|n| format!("To bob:line {n}\n")).collect();
    file.write_all(lines.as_bytes()).unwrap();
    file.rewind().unwrap();
    let mut client = Client::start(&server, &["--name", "a"], file.into());
    let mut peer = server.accept();
    let frames: String = lines.lines().map(|line| format!("{}:{line}", line.len())).collect();
    assert_eq!(peer.everything(), format!("1:a{frames}").as_bytes());
    drop(peer);
    assert_eq!(client.finish().0, 0);
    let mut client = Client::start(&server, &["--name", "a"], Stdio::null());
    let mut peer = server.accept();
    assert_eq!(peer.everything(), b"1:a");
    drop(peer);
    assert_eq!(client.finish().0, 0);
}

#[test]
fn a_server_that_never_closes_is_waited_for_only_so_long() {
    let server = Server::listen("direct");
    let mut client = Client::start(&server, &["--name", "a", "--linger", "100ms"], Stdio::null());
    let mut peer = server.accept();
    peer.send("early");
    assert_eq!(client.finish(), (0, "early\n".into(), String::new()));
}

#[test]
fn a_server_that_goes_is_an_error() {
    let server = Server::listen("direct");
    let mut client = Client::start(&server, &["--name", "a"], Stdio::piped());
    // What is read leaves nothing that would turn the end into a reset.
    server.accept().expect(b"1:a");
    let (code, _, err) = client.finish();
    assert!(code == 1 && err.contains("closed the connection"), "{code} {err}");
    for (bytes, expected) in [(&b"junk"[..], "cannot be read"), (b"2:\xff\xff", "cannot be read")] {
        let mut client = Client::start(&server, &["--name", "a"], Stdio::piped());
        let mut peer = server.accept();
        peer.expect(b"1:a");
        peer.raw(bytes);
        drop(peer);
        let (code, _, err) = client.finish();
        assert!(code == 1 && err.contains(expected), "{code} {err}");
    }
    let mut client = Client::start(&server, &["--name", "a"], Stdio::null());
    let mut peer = server.accept();
    peer.everything();
    peer.send("Name refused: \"a\" is already in use.");
    drop(peer);
    assert_eq!(
        client.finish(),
        (1, "Name refused: \"a\" is already in use.\n".into(), String::new())
    );
}

#[test]
fn who_cannot_be_reached_is_said_with_advice() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let run = |server: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_chat-client"))
            .args(["direct", server, "--name", "a", "--connect-timeout", "200ms"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, err) = run(&format!("127.0.0.1:{port}"));
    assert!(
        code == Some(1)
            && err.contains(&format!("cannot connect to 127.0.0.1:{port}"))
            && err.contains("help: "),
        "{err}"
    );
    let (code, err) = run("no-such-host.invalid");
    assert!(
        code == Some(1) && err.contains("cannot find the host `no-such-host.invalid`"),
        "{err}"
    );
    let (code, err) = run("a:b:c");
    assert!(code == Some(2) && err.contains("[ADDRESS]:PORT"), "{err}");
}

#[test]
fn unusable_lines_are_refused_and_the_rest_goes_on() {
    let server = Server::listen("direct");
    let mut client = Client::start(&server, &["--name", "a", "--max-frame", "10"], Stdio::piped());
    client.type_bytes(b"12345678901\n\xff\n123456789\n12345678\n");
    client.end_input();
    let mut peer = server.accept();
    assert_eq!(peer.everything(), b"1:a8:12345678");
    drop(peer);
    let (code, _, err) = client.finish();
    assert!(
        code == 0
            && err.contains("line 1 was not sent: 11 bytes")
            && err.contains("line 2 was not sent")
            // Its frame is longer than the line.
            && err.contains("chat-client: not sent: 11 bytes"),
        "{err}"
    );
}

#[test]
fn nobody_reading_the_output_is_a_quiet_end() {
    let server = Server::listen("direct");
    let mut client = Client::start(&server, &["--name", "a"], Stdio::piped());
    let mut peer = server.accept();
    client.close_output();
    peer.send("hi From bob");
    let (code, _, err) = client.finish();
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn signals_leave_politely() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let server = Server::listen("direct");
        let mut client = Client::start(&server, &["--name", "a"], Stdio::piped());
        let mut peer = server.accept();
        peer.expect(b"1:a");
        client.signal(signal);
        assert_eq!(peer.everything(), b"");
        assert_eq!(client.finish().0, 0);
    }
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let server = Server::listen("direct");
    let mut terminal = Terminal::start(&server, &[], "dumb", false);
    terminal.wait_for("Enter your username: ");
    terminal.type_in("alice\n");
    let mut peer = server.accept();
    peer.expect(b"5:alice");
    peer.send("hi \x1b[2J\r From bob");
    terminal.wait_for("\nhi \\x1b[2J\\r From bob\n");
    terminal.type_in("To bob:x\n");
    peer.expect(b"8:To bob:x");
    terminal.type_in("exit\n");
    assert_eq!(peer.everything(), b"");
    drop(peer);
    assert_eq!(terminal.wait(), 0);
    assert_eq!(terminal.output(), "Enter your username: \nhi \\x1b[2J\\r From bob\n");
}

#[test]
fn a_half_typed_line_survives_what_arrives() {
    let server = Server::listen("direct");
    let mut terminal = Terminal::start(&server, &["--name", "alice"], "xterm", true);
    let mut peer = server.accept();
    terminal.wait_for("> ");
    terminal.type_in("To bob:half");
    terminal.wait_for("> To bob:half");
    peer.send("hello From bob");
    // The row is emptied, the message written, and the row drawn again.
    terminal.wait_for("\r\x1b[Khello From bob\n\r> To bob:half\x1b[K");
    terminal.type_in("x\x7f done\r");
    peer.expect(b"5:alice16:To bob:half done");
    // Ctrl-C leaves, marks nothing, and gives the terminal back.
    assert!(!terminal.echoes());
    terminal.type_in("abc\x03");
    assert_eq!(peer.everything(), b"");
    drop(peer);
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.echoes());
    assert!(!terminal.output().contains("^C"));
}

#[test]
fn the_terminal_is_given_back_however_the_client_ends() {
    for end in ["ctrl-d", "term", "server"] {
        let server = Server::listen("direct");
        let mut terminal = Terminal::start(&server, &["--name", "alice"], "xterm", true);
        let mut peer = server.accept();
        peer.expect(b"5:alice");
        terminal.wait_for("> ");
        assert!(!terminal.echoes());
        match end {
            "ctrl-d" => terminal.type_in("\x04"),
            "term" => terminal.signal(rustix::process::Signal::TERM),
            _ => peer.stream.shutdown(Shutdown::Both).unwrap(),
        }
        let mut rest = Vec::new();
        let _ = peer.stream.read_to_end(&mut rest);
        drop(peer);
        assert_eq!(terminal.wait(), i32::from(end == "server"), "{end}");
        assert!(terminal.echoes(), "{end}");
    }
}

#[test]
fn a_large_input_arrives_whole() {
    let server = Server::listen("direct");
    let mut client = Client::start(&server, &["--name", "a"], Stdio::piped());
    let mut peer = server.accept();
    let mut stdin = client.take_input();
    let writer = std::thread::spawn(move || {
        let line = format!("{}\n", "x".repeat(60_000));
        for _ in 0..400 {
            stdin.write_all(line.as_bytes()).unwrap();
        }
    });
    let all = peer.everything();
    assert_eq!(all.len(), 3 + 400 * (60_000 + "60000:".len()));
    writer.join().unwrap();
    drop(peer);
    assert_eq!(client.finish().0, 0);
}
