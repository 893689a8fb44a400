//! Peers that mean no good.

use super::{Client, HOME, PASSWORD, Store, connect, talk};
use crate::harness::PATIENCE;
use socket2::SockRef;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, TcpStream};
use std::time::{Duration, Instant};

/// The most memory the process ever had, in KiB.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_byte_now_and_then_does_not_hold_a_connection() {
    let store = Store::with(&["columbia"]);
    // A pause that never comes, so that only patience ends it.
    let server = store.serve(&["--name-timeout", "500ms", "--pause", "10s"]);
    let columbia = Client::online(&server, "columbia");
    let mut slow = connect(server.address, HOME).unwrap();
    let since = Instant::now();
    while slow.write_all(b"x").is_ok() {
        assert!(since.elapsed() < PATIENCE);
        assert_eq!(columbia.ask("heartbeat", "").as_deref(), Ok(""));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(since.elapsed() >= Duration::from_millis(400));
}

#[test]
fn a_line_without_end_is_cut_off() {
    let store = Store::with(&["columbia"]);
    let server = store.serve(&["--linger", "200ms"]);
    let mut stream = connect(server.address, HOME).unwrap();
    let chunk = vec![b'x'; 64 * 1024];
    let since = Instant::now();
    // It is read and dropped for a while, so that the error can arrive, and no longer.
    while stream.write_all(&chunk).is_ok() {
        assert!(since.elapsed() < PATIENCE);
    }
    assert!(peak_memory(server.child.id()) < 150 * 1024);
    let exact = format!("message columbia columbia {}\n", "x".repeat(65_536 - 26));
    let columbia = Client::online(&server, "columbia");
    assert_eq!(talk(server.address, HOME, exact.as_bytes()).as_deref(), Ok(""));
    assert_eq!(columbia.hear().len(), exact.len() - 27 + "print columbia: ".len());
}

#[test]
fn junk_gets_an_error_and_nobody_else_notices() {
    let store = Store::with(&["columbia"]);
    let server = store.serve(&[]);
    let columbia = Client::online(&server, "columbia");
    for (junk, answer) in [
        (&b"\xff\xfe\x00\n"[..], "wrong format: a line must be valid UTF-8"),
        (b"\x00\x01\x02\n", "wrong format"),
        (b"\n", "wrong format"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "wrong format"),
        (b"check_password columbia 116bway 1 127.0.0.1 99999\n", "wrong format"),
        (b"check_password columbia 116bway\n", "wrong format"),
    ] {
        assert_eq!(talk(server.address, HOME, junk).as_deref(), Ok(answer));
    }
    assert_eq!(columbia.ask("heartbeat", "").as_deref(), Ok(""));
}

#[test]
fn a_thousand_that_say_nothing_are_closed_and_others_are_served() {
    let store = Store::with(&["columbia"]);
    let server = store.serve(&["--name-timeout", "2s"]);
    let flood: Vec<_> = (0..1000).map(|_| connect(server.address, HOME).unwrap()).collect();
    let columbia = Client::online(&server, "columbia");
    assert_eq!(columbia.ask("message", "columbia hi").as_deref(), Ok(""));
    assert_eq!(columbia.hear(), "print columbia: hi");
    assert!(peak_memory(server.child.id()) < 150 * 1024);
    for mut stream in flood {
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn ten_thousand_that_come_and_vanish_leave_nothing() {
    let store = Store::with(&["columbia"]);
    let server = store.serve(&[]);
    let columbia = Client::online(&server, "columbia");
    for number in 0..10_000 {
        let stream = TcpStream::connect(server.address).unwrap();
        if number % 2 == 0 {
            // A reset instead of an end.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }
    let files = format!("/proc/{}/fd", server.child.id());
    let end = Instant::now() + PATIENCE;
    while std::fs::read_dir(&files).unwrap().count() > 50 {
        assert!(Instant::now() < end, "connections stay");
        assert_eq!(columbia.ask("heartbeat", "").as_deref(), Ok(""));
    }
    assert!(peak_memory(server.child.id()) < 150 * 1024);
}

#[test]
fn escape_codes_reach_nobody() {
    let store = Store::with(&["columbia", "seas"]);
    let server = store.serve(&[]);
    let columbia = Client::online(&server, "columbia");
    let seas = Client::online(&server, "seas");
    columbia.ask("message", "seas \x1b]0;title\x07\u{9b}2J\r\tx").unwrap();
    assert_eq!(seas.hear(), "print columbia: \\x1b]0;title\\x07\\x9b2J\\r\tx");
    columbia.ask("broadcast", "\x1b[2J").unwrap();
    assert_eq!(seas.hear(), "print columbia: \\x1b[2J");
    // What would be too long for its recipients once it is harmless is not taken.
    let many = format!("seas {}", "\x1b".repeat(20_000));
    let answer = "wrong format: a line may hold at most 65536 bytes";
    assert_eq!(columbia.ask("message", &many).as_deref(), Ok(answer));
    assert_eq!(columbia.ask("message", "seas on").as_deref(), Ok(""));
    assert_eq!(seas.hear(), "print columbia: on");
    // A name that is one gets neither into the log nor anywhere else.
    assert_eq!(talk(server.address, HOME, b"login \x1b[2J 1 1\n").as_deref(), Ok("error 1"));
    let line = server.wait_for_log(&["no such user"]);
    assert!(!line.contains('\x1b') && line.contains("\\u{1b}[2J"), "{line}");
}

#[test]
fn nobody_speaks_in_the_name_of_others() {
    let store = Store::with(&["columbia", "seas"]);
    let server = store.serve(&[]);
    let columbia = Client::online(&server, "columbia");
    let mut seas = Client::new(server.address, "seas");
    seas.log_in(PASSWORD, "01");
    let elsewhere = IpAddr::from([127, 0, 0, 66]);
    for verb in ["message", "broadcast", "block", "getaddress", "Y", "heartbeat", "logout"] {
        for (user, from) in [("columbia", elsewhere), ("seas", elsewhere), ("seas", HOME)] {
            let line = format!("{verb} {user} seas forged\n");
            assert_eq!(
                talk(server.address, from, line.as_bytes()).as_deref(),
                Ok("not logged in"),
                "{line}"
            );
        }
    }
    assert_eq!(columbia.ask("online", "").as_deref(), Ok("columbia, seas"));
    assert!(columbia.hears_nothing() && seas.hears_nothing());
    server.wait_for_log(&["WARN", "not from that user's session", "127.0.0.66"]);
    // Unless anybody is to be believed, as the original did.
    drop(server);
    let server = store.serve(&["--trust-clients"]);
    let columbia = Client::online(&server, "columbia");
    let line = b"message seas columbia forged\n";
    assert_eq!(talk(server.address, elsewhere, line).as_deref(), Ok(""));
    assert_eq!(columbia.hear(), "print seas: forged");
}

#[test]
fn guessing_from_many_addresses_costs_little_and_holds_up_nobody() {
    let store = Store::with(&["columbia", "google", "seas"]);
    let server = store.serve(&["--log-level", "info"]);
    let seas = Client::online(&server, "seas");
    let (address, guesses) = (server.address, 600);
    let answers: Vec<Result<String, ErrorKind>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..12u8)
            .map(|worker| {
                scope.spawn(move || {
                    let guess = |number: u32| {
                        let from = [127, 0, worker + 1, number as u8 + 1].into();
                        let name = if number.is_multiple_of(2) { "columbia" } else { "google" };
                        let line = format!("check_password {name} guess{number} 1 127.0.0.1 1\n");
                        talk(address, from, line.as_bytes())
                    };
                    (0..guesses / 12).map(guess).collect::<Vec<_>>()
                })
            })
            .collect();
        // Meanwhile others are served.
        for _ in 0..20 {
            assert_eq!(seas.ask("message", "seas hi").as_deref(), Ok(""));
            assert_eq!(seas.hear(), "print seas: hi");
        }
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let wrong = answers.iter().filter(|answer| answer.as_deref() == Ok("wrong password")).count();
    let blocked = answers.iter().filter(|answer| answer.as_deref() == Ok("still blocked")).count();
    // Three for each of the two, in thirty seconds; the machine may have taken longer.
    assert!((6..=24).contains(&wrong), "{wrong}");
    assert_eq!(wrong + blocked, answers.len());
    assert!(peak_memory(server.child.id()) < 150 * 1024);
}
