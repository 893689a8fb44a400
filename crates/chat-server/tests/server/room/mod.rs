//! `chat-server room`.

mod hostile;
mod member;

use crate::harness::Server;
use member::{Member, left};
use rustix::process::Signal;
use std::net::Shutdown;

#[test]
fn byte_for_byte() {
    for threads in ["1", "2", "3"] {
        let server = Server::start("room", &["--threads", threads]);
        let mut alice = Member::enter(&server, &mut []);
        let mut bob = Member::enter(&server, &mut [&mut alice]);
        let mut carol = Member::enter(&server, &mut [&mut alice, &mut bob]);
        alice.says("hello \u{20ac}");
        for other in [&mut bob, &mut carol] {
            other.hears(&alice.notice("hello \u{20ac}"));
        }
        // Also an empty line is a line, and what acts on terminals is passed on as it is.
        for line in ["", " ", "\x1b[2J\x07\0\r", "\u{202e}[10.0.0.1:1] x"] {
            bob.says(line);
            alice.hears(&bob.notice(line));
            carol.hears(&bob.notice(line));
        }
        carol.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(carol.hears_all(), "");
        alice.hears(&left(&carol, 2));
        bob.hears(&left(&carol, 2));
        let address = bob.address;
        drop(bob);
        alice.hears(&format!("\n< The user {address} left(1 users left)\n"));
    }
}

#[test]
fn lines_may_be_cut_anywhere() {
    let server = Server::start("room", &["--threads", "1"]);
    let mut alice = Member::enter(&server, &mut []);
    let mut bob = Member::enter(&server, &mut [&mut alice]);
    bob.raw(b"one\ntwo\n");
    bob.hears("one\ntwo\n");
    alice.hears(&format!("{}{}", bob.notice("one"), bob.notice("two")));
    let stream = "h\u{e9}\u{20ac}\u{1f600}llo\nx\n".as_bytes();
    for cut in 1..="h\u{e9}\u{20ac}\u{1f600}llo".len() {
        bob.raw(&stream[..cut]);
        // The echo of alice's line shows that the server has come so far.
        alice.says("sync");
        bob.raw(&stream[cut..]);
        alice.hears(&format!("{}{}", bob.notice("h\u{e9}\u{20ac}\u{1f600}llo"), bob.notice("x")));
    }
    for byte in stream {
        bob.raw(&[*byte]);
    }
    alice.hears(&format!("{}{}", bob.notice("h\u{e9}\u{20ac}\u{1f600}llo"), bob.notice("x")));
}

#[test]
fn bad_lines_get_an_error_and_nobody_else_notices() {
    let server = Server::start("room", &["--max-frame", "1KiB"]);
    let mut alice = Member::enter(&server, &mut []);
    let long = "\n< Line error: a line may hold at most 1024 bytes.\n";
    let junk = "\n< Line error: a line must be valid UTF-8.\n";
    for (bytes, heard) in [
        (&[b'x'; 1025][..], long),
        (&[&[b'x'; 2000][..], b"\nmore\n"].concat(), long),
        (b"\xff", junk),
        (b"ok\n\x80\n", &format!("ok\n{junk}")),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0\xf0\n", junk),
    ] {
        let mut bob = Member::enter(&server, &mut [&mut alice]);
        bob.raw(bytes);
        assert_eq!(bob.hears_all(), heard);
        if bytes.starts_with(b"ok") {
            alice.hears(&bob.notice("ok"));
        }
        alice.hears(&left(&bob, 1));
    }
    alice.says(&"x".repeat(1024));
}

#[test]
fn the_last_line_is_echoed_before_the_end_and_half_a_line_is_none() {
    let server = Server::start("room", &["--threads", "2"]);
    let mut alice = Member::enter(&server, &mut []);
    for (text, echo) in [("a\nb\n", "a\nb\n"), ("a\nb\nhal", "a\nb\n")] {
        let mut bob = Member::enter(&server, &mut [&mut alice]);
        bob.raw(text.as_bytes());
        bob.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(bob.hears_all(), echo);
        alice.hears(&format!("{}{}{}", bob.notice("a"), bob.notice("b"), left(&bob, 1)));
    }
}

#[test]
fn the_count_has_one_order_however_many_come_at_once() {
    let server = Server::start("room", &["--threads", "4"]);
    let mut first = Member::enter(&server, &mut []);
    let address = server.address;
    let crowd: Vec<Member> = std::thread::scope(|scope| {
        let come = || (0..25).map(|_| Member::connect(address)).collect::<Vec<Member>>();
        let comers: Vec<_> = (0..8).map(|_| scope.spawn(come)).collect();
        comers.into_iter().flat_map(|comer| comer.join().unwrap()).collect()
    });
    let heard = first.notices(200);
    let counts: Vec<&str> =
        heard.lines().filter_map(|line| line.split_once("entered.( ")).map(|(_, n)| n).collect();
    let expected: Vec<String> = (2..=201).map(|n| format!("{n} users online)")).collect();
    assert_eq!(counts, expected);
    drop(crowd);
    let heard = first.notices(200);
    let counts: Vec<&str> =
        heard.lines().filter_map(|line| line.split_once("left(")).map(|(_, n)| n).collect();
    let expected: Vec<String> = (1..=200).rev().map(|n| format!("{n} users left)")).collect();
    assert_eq!(counts, expected);
}

#[test]
fn one_connection_too_many_is_told_so_and_is_not_in_the_room() {
    let server = Server::start("room", &["--max-connections", "2"]);
    let mut alice = Member::enter(&server, &mut []);
    let mut bob = Member::enter(&server, &mut [&mut alice]);
    let mut carol = Member::connect(server.address);
    assert_eq!(carol.hears_all(), "\n< The server is full. Try again later.\n");
    bob.says("still two");
    alice.hears(&bob.notice("still two"));
}

#[test]
fn signals_stop_the_server_and_its_users_see_the_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start("room", &["--threads", "2"]);
        let mut alice = Member::enter(&server, &mut []);
        let mut bob = Member::enter(&server, &mut [&mut alice]);
        server.signal(signal);
        assert_eq!((alice.hears_all(), bob.hears_all()), (String::new(), String::new()));
        server.wait_for_log(&["stopped"]);
        assert_eq!(server.wait().code(), Some(0));
    }
}
