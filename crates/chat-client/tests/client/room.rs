//! `chat-client room`.

use crate::harness::{Client, Server, Terminal};
use rustix::process::Signal;
use std::net::Shutdown;
use std::process::Stdio;

const NEWS: &str = "\n> New user 10.0.0.2:4000 entered.( 2 users online)\n";
const GONE: &str = "< You have been disconnected.\n";

#[test]
fn a_pipe_is_one_line_in_one_line_out() {
    let server = Server::listen("room");
    let mut client = Client::start(&server, &[], Stdio::piped());
    client.type_in("hello\nunfinished \u{20ac}");
    client.end_input();
    let mut peer = server.accept();
    // The sending side ends after everything was sent; answers still arrive.
    assert_eq!(peer.everything(), "hello\nunfinished \u{20ac}\n".as_bytes());
    peer.raw(format!("hello\n{NEWS}\n[10.0.0.2:4000] a\x1b[2Jb\r\nunfin").as_bytes());
    peer.raw("ished \u{20ac}\n".as_bytes());
    drop(peer);
    let out = "> Connected to the chat server\nhello\n\
               > New user 10.0.0.2:4000 entered.( 2 users online)\n\
               [10.0.0.2:4000] a\x1b[2Jb\nunfinished \u{20ac}\n< You have been disconnected.\n";
    assert_eq!(client.finish(), (0, out.into(), String::new()));
}

#[test]
fn an_empty_line_leaves_and_what_follows_is_not_sent() {
    let server = Server::listen("room");
    let mut client = Client::start(&server, &["--linger", "100ms"], Stdio::piped());
    client.type_in("one\n\ntwo\n");
    let mut peer = server.accept();
    assert_eq!(peer.everything(), b"one\n");
    // Nobody need answer.
    let (code, out, _) = client.finish();
    assert_eq!((code, out.lines().last()), (0, Some("< You have been disconnected.")));
}

#[test]
fn a_server_that_goes_is_an_error() {
    let server = Server::listen("room");
    for (bytes, expected) in [(&b""[..], ""), (b"\xff", "must be valid UTF-8")] {
        let mut client = Client::start(&server, &[], Stdio::piped());
        let mut peer = server.accept();
        peer.raw(bytes);
        drop(peer);
        let (code, out, err) = client.finish();
        assert_eq!(out, "> Connected to the chat server\n< You have been disconnected.\n");
        assert!(code == 1 && err.contains(expected), "{code} {err}");
    }
    // What is unread turns the end into a reset.
    let mut client = Client::start(&server, &[], Stdio::piped());
    client.type_in("unread\n");
    let peer = server.accept();
    while peer.stream.peek(&mut [0]).unwrap() == 0 {}
    drop(peer);
    let (code, _, err) = client.finish();
    assert!(code == 1 && err.contains("was lost"), "{code} {err}");
}

#[test]
fn half_a_line_survives_what_arrives_and_a_typed_line_shows_once() {
    let server = Server::listen("room");
    let mut terminal = Terminal::start(&server, &[], "xterm", true);
    let mut peer = server.accept();
    terminal.wait_for("> Connected to the chat server\n");
    terminal.wait_for("[You] ");
    terminal.type_in("half");
    terminal.wait_for("[You] half");
    peer.raw(NEWS.as_bytes());
    // The row is emptied, the message written, and the row drawn again.
    terminal.wait_for("\r\x1b[K> New user 10.0.0.2:4000 entered.( 2 users online)\n\r[You] half");
    terminal.type_in(" a line\r");
    peer.expect(b"half a line\n");
    terminal.wait_for("[You] half a line\x1b[K");
    peer.raw(b"half a line\n\n[10.0.0.2:4000] \x1b]0;owned\x07\x9b\n");
    assert_eq!(terminal.wait(), 1);
    terminal.wait_for(GONE);
    // Its own line came back, and is not shown again.
    let output = terminal.output();
    assert_eq!(output.matches("half a line").count(), 1, "{output:?}");
}

#[test]
fn what_acts_on_terminals_is_made_visible() {
    for term in ["xterm", "dumb"] {
        let server = Server::listen("room");
        let mut terminal = Terminal::start(&server, &[], term, false);
        let mut peer = server.accept();
        peer.raw("\n[10.0.0.2:4000] \x1b]0;owned\x07\u{9b}2J\u{202e}\x08\r\n".as_bytes());
        terminal.wait_for("[10.0.0.2:4000] \\x1b]0;owned\\x07\\x9b2J\\u{202e}\\x08\n");
        // Also in an echo: somebody may have been talked into pasting it.
        peer.raw(b"\x1b[2J\n");
        terminal.wait_for("\\x1b[2J\n");
        drop(peer);
        assert_eq!(terminal.wait(), 1);
    }
}

#[test]
fn a_dumb_terminal_keeps_the_prompt_too() {
    for echo in [false, true] {
        let server = Server::listen("room");
        let mut terminal = Terminal::start(&server, &[], "dumb", echo);
        let mut peer = server.accept();
        terminal.wait_for("[You] ");
        peer.raw(NEWS.as_bytes());
        terminal.wait_for("online)\n[You] ");
        terminal.type_in("hello\n");
        peer.expect(b"hello\n");
        peer.raw(b"hello\n");
        terminal.wait_for("hello");
        terminal.wait_for("\n[You] ");
        terminal.type_in("\n");
        assert_eq!(peer.everything(), b"");
        drop(peer);
        assert_eq!(terminal.wait(), 0);
        terminal.wait_for(GONE);
        let expected = "> Connected to the chat server\n\
                        [You] \n> New user 10.0.0.2:4000 entered.( 2 users online)\n\
                        [You] hello\n[You] \n< You have been disconnected.\n";
        assert_eq!(terminal.output(), expected);
    }
}

#[test]
fn ctrl_c_leaves_no_mark_and_gives_the_terminal_back() {
    let server = Server::listen("room");
    let mut terminal = Terminal::start(&server, &[], "xterm", true);
    let mut peer = server.accept();
    terminal.wait_for("[You] ");
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
    for end in ["empty line", "ctrl-d", "term", "hangup", "server"] {
        let server = Server::listen("room");
        let mut terminal = Terminal::start(&server, &[], "xterm", true);
        let mut peer = server.accept();
        terminal.wait_for("[You] ");
        assert!(!terminal.echoes());
        match end {
            "empty line" => terminal.type_in("\r"),
            "ctrl-d" => terminal.type_in("\x04"),
            "term" => terminal.signal(Signal::TERM),
            "hangup" => terminal.signal(Signal::HUP),
            _ => peer.stream.shutdown(Shutdown::Both).unwrap(),
        }
        if end != "server" {
            assert_eq!(peer.everything(), b"");
        }
        drop(peer);
        assert_eq!(terminal.wait(), i32::from(end == "server"), "{end}");
        assert!(terminal.echoes(), "{end}");
        if ["empty line", "ctrl-d", "server"].contains(&end) {
            terminal.wait_for(GONE);
        }
    }
}

#[test]
fn a_client_whose_shell_is_killed_ends_and_gives_the_terminal_back() {
    let server = Server::listen("room");
    let mut terminal = Terminal::start_in_shell(&server);
    let mut peer = server.accept();
    terminal.wait_for("[You] ");
    assert!(!terminal.echoes());
    terminal.type_in("half");
    terminal.wait_for("[You] half");
    terminal.kill_shell();
    assert_eq!(peer.everything(), b"");
    drop(peer);
    // The outer shell's code: it goes on when the inner one is gone.
    assert_eq!(terminal.wait(), 77);
    let end = std::time::Instant::now() + crate::harness::PATIENCE;
    while !terminal.echoes() {
        assert!(std::time::Instant::now() < end, "never given back");
        std::thread::yield_now();
    }
}
