//! Peers that mean harm, or no good.

use super::member::{Member, left};
use crate::harness::{PATIENCE, Server};
use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A room sets nobody a time, so how far apart the bytes come means nothing; where a line or a
/// name is due, the state machines are tested at a byte a second, with a clock of the test's.
#[test]
fn a_byte_at_a_time_disturbs_nobody() {
    let server = Server::start("room", &["--threads", "2"]);
    let mut alice = Member::enter(&server, &mut []);
    let mut bob = Member::enter(&server, &mut [&mut alice]);
    let mut drips: Vec<Member> = (0..50).map(|_| Member::connect(server.address)).collect();
    for member in [&mut alice, &mut bob] {
        assert!(member.notices(50).ends_with("( 52 users online)\n"));
    }
    for byte in b"slow" {
        for drip in &mut drips {
            drip.raw(&[*byte]);
        }
        alice.says("quick");
        bob.hears(&alice.notice("quick"));
    }
    drips[7].raw(b"\n");
    alice.hears(&drips[7].notice("slow"));
}

#[test]
fn a_line_of_a_gigabyte_is_cut_off_at_the_limit() {
    let server = Server::start("room", &["--linger", "100ms"]);
    let mut alice = Member::enter(&server, &mut []);
    let before = server.peak_memory();
    let mut endless = Member::enter(&server, &mut [&mut alice]);
    let piece = vec![b'x'; 1 << 20];
    let sent = (0..1024).take_while(|_| endless.stream.write_all(&piece).is_ok()).count();
    assert!(sent < 1024, "the whole gigabyte was taken");
    alice.hears(&left(&endless, 1));
    alice.says("still here");
    let grown = server.peak_memory() - before;
    assert!(grown < 8 * 1024, "{grown} KiB");
}

#[test]
fn who_sends_too_much_is_told_so_if_he_listens() {
    let server = Server::start("room", &[]);
    for _ in 0..20 {
        let mut peer = Member::connect(server.address);
        peer.raw(&[b'x'; 70_000]);
        assert_eq!(peer.hears_all(), "\n< Line error: a line may hold at most 65536 bytes.\n");
    }
}

#[test]
fn binary_junk_ends_with_an_error_for_its_sender_alone() {
    let server = Server::start("room", &["--threads", "2"]);
    let mut alice = Member::enter(&server, &mut []);
    // A generator with a fixed seed: the same junk in each run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..50 {
        let junk: Vec<u8> = (0..512)
            .flat_map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()
            })
            .collect();
        let mut peer = Member::connect(server.address);
        let entered = format!("\n> New user {} entered.( 2 users online)\n", peer.address);
        alice.hears(&entered);
        peer.raw(&junk);
        assert!(peer.hears_all().ends_with("\n< Line error: a line must be valid UTF-8.\n"));
        // Whatever junk happened to be lines of text was passed on.
        let leaving = left(&peer, 1);
        let mut heard = String::new();
        while !heard.ends_with(&leaving) {
            let mut byte = [0];
            alice.stream.read_exact(&mut byte).unwrap();
            heard.push(char::from(byte[0]));
        }
    }
    alice.says("unharmed");
}

#[test]
fn a_thousand_that_say_and_read_nothing_disturb_nobody() {
    let server = Server::start("room", &["--threads", "2"]);
    // Each needs a descriptor here as well.
    assert!(chat_net::raise_file_limit().is_none_or(|files| files > 1200), "raise `ulimit -n`");
    let mut alice = Member::enter(&server, &mut []);
    let silent: Vec<TcpStream> =
        (0..1000).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    assert!(alice.notices(1000).ends_with("( 1001 users online)\n"));
    for _ in 0..20 {
        alice.says("anybody?");
    }
    drop(silent);
    assert!(alice.notices(1000).ends_with("left(1 users left)\n"));
}

#[test]
fn ten_thousand_connect_and_vanish() {
    let server = Server::start("room", &["--threads", "2"]);
    let mut alice = Member::enter(&server, &mut []);
    let address = server.address;
    std::thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || {
                for number in 0..2500 {
                    let stream = TcpStream::connect(address).unwrap();
                    if number % 2 == part % 2 {
                        let _ = (&stream).write_all(b"half a li");
                    }
                    // A reset; besides, an end would keep the port for a minute.
                    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                }
            });
        }
        // All of them were there, if only for a moment.
        let heard = alice.notices(20_000);
        let (came, went) = (heard.matches("entered.(").count(), heard.matches(" left(").count());
        assert_eq!((came, went), (10_000, 10_000));
        assert!(heard.ends_with("left(1 users left)\n"));
    });
    alice.says("alone again");
    let peak = server.peak_memory();
    assert!(peak < 64 * 1024, "{peak} KiB");
}

#[test]
fn who_never_reads_is_dropped_while_twenty_chat_and_none_of_them_waits() {
    for threads in ["1", "2"] {
        let server = Server::start("room", &["--threads", threads]);
        let slow = Member::connect(server.address);
        let (address, long) = (server.address, "x".repeat(8000));
        let dropped = AtomicBool::new(false);
        // The slow one alone is never half of all.
        let all_here = Barrier::new(20);
        let worst = std::thread::scope(|scope| {
            let chat = || {
                let mut member = Member::connect(address);
                let mut heard = BufReader::new(member.stream.try_clone().unwrap());
                member.talk("here", &mut heard);
                all_here.wait();
                let end = Instant::now() + PATIENCE;
                let mut worst = Duration::ZERO;
                // As fast as the echo comes back.
                while !dropped.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    assert!(start < end, "the slow one was never dropped");
                    member.talk(&long, &mut heard);
                    worst = worst.max(start.elapsed());
                }
                worst
            };
            let chatters: Vec<_> = (0..20).map(|_| scope.spawn(chat)).collect();
            let line = server.wait_for_log(&["dropped: does not read what is sent to it"]);
            assert!(line.contains(&slow.address.to_string()), "{line}");
            dropped.store(true, Ordering::Relaxed);
            chatters.into_iter().map(|chatter| chatter.join().unwrap()).max().unwrap()
        });
        assert!(worst < Duration::from_secs(2), "somebody waited for {worst:?}");
        let peak = server.peak_memory();
        assert!(peak < 32 * 1024, "{peak} KiB");
    }
}
