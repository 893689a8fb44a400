//! The server is killed at any instant, again and again, and every message is accounted for.
//!
//! A sender knows that a message was taken when the connection ends in order. When it is
//! reset the message may have been taken or not, and is not sent again.

use super::{Client, PASSWORD, Store};
use crate::harness::Server;
use std::collections::HashSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const SENDERS: [&str; 3] = ["columbia", "google", "seas"];
const KILLS: usize = 12;

/// Small numbers that differ, from any seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// Kills the server and starts it again on the same port, so often, each time after
/// `progress` has grown by a random number.
fn kill_again_and_again(store: &Store, mut server: Server, progress: &AtomicUsize) -> Server {
    let address = server.address;
    let seed = std::process::id().into();
    println!("seed {seed}");
    let mut chance = Chance(seed);
    for _ in 0..KILLS {
        let goal = progress.load(Ordering::Relaxed) + chance.below(25) as usize;
        let end = Instant::now() + Duration::from_secs(20);
        while progress.load(Ordering::Relaxed) < goal {
            assert!(Instant::now() < end, "no progress");
            std::thread::yield_now();
        }
        // Somewhere within a commit, too.
        let until = Instant::now() + Duration::from_micros(chance.below(3000));
        while Instant::now() < until {}
        server.child.kill().unwrap();
        server.wait();
        server = store.serve_at(address, &["--push-timeout", "500ms"]);
    }
    server
}

/// Sends numbered messages until told to stop; those that were taken.
fn send(client: &Client, progress: &AtomicUsize, stop: &AtomicBool) -> Vec<usize> {
    let mut taken = Vec::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        match client.ask("message", &format!("facebook {number}")) {
            Ok(answer) => {
                assert!(answer.is_empty() || answer == "ok", "{answer}");
                taken.push(number);
                progress.fetch_add(1, Ordering::Relaxed);
            }
            // Refused, reset: perhaps taken, perhaps not.
            Err(_) => std::thread::yield_now(),
        }
    }
    taken
}

/// Has all clients send while the server is killed time and again: the server that is left,
/// and what of each client was taken.
fn send_while_it_is_killed(
    store: &Store,
    server: Server,
    clients: &[Client],
) -> (Server, Vec<Vec<usize>>) {
    let (progress, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let senders: Vec<_> =
            clients.iter().map(|client| scope.spawn(|| send(client, &progress, &stop))).collect();
        let server = kill_again_and_again(store, server, &progress);
        stop.store(true, Ordering::Relaxed);
        (server, senders.into_iter().map(|sender| sender.join().unwrap()).collect())
    })
}

/// The numbers that each sender's messages had, in the order in which they came.
type Heard = [Vec<usize>; 3];

fn note(push: &str, heard: &mut Heard) {
    let (from, number) = push.strip_prefix("print ").unwrap().split_once(": ").unwrap();
    let sender = SENDERS.iter().position(|name| *name == from).unwrap();
    heard[sender].push(number.parse().unwrap());
}

fn account_for(taken: &[Vec<usize>], heard: &Heard) {
    for (taken, heard) in taken.iter().zip(heard) {
        println!("{} taken, {} heard", taken.len(), heard.len());
        assert!(heard.is_sorted_by(|a, b| a < b), "out of order, or twice: {heard:?}");
        let heard: HashSet<_> = heard.iter().collect();
        let lost: Vec<_> = taken.iter().filter(|number| !heard.contains(number)).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
    }
}

fn log_in(address: SocketAddr, name: &'static str, tries: &str) -> Client {
    let mut client = Client::new(address, name);
    assert!(client.log_in(PASSWORD, tries).starts_with("successfully"));
    client
}

#[test]
fn every_message_that_was_taken_arrives_once_and_in_order() {
    let store = Store::with(&["columbia", "facebook", "google", "seas"]);
    let server = store.serve(&[]);
    // One sender is an old client, the others have receipts.
    let clients: Vec<Client> = SENDERS
        .iter()
        .zip(["1", "01", "01"])
        .map(|(name, tries)| log_in(server.address, name, tries))
        .collect();
    let (server, taken) = send_while_it_is_killed(&store, server, &clients);
    let total: usize = taken.iter().map(Vec::len).sum();
    assert!(total > KILLS, "{total}");

    // The recipient comes, and the server is killed while it delivers.
    let facebook = log_in(server.address, "facebook", "01");
    let (progress, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let heard = Mutex::new(Heard::default());
    std::thread::scope(|scope| {
        let hearer = scope.spawn(|| {
            let mut seen = HashSet::new();
            while !done.load(Ordering::Relaxed) {
                let Some((id, push, mut stream)) = facebook.hear_with() else { continue };
                if push != "print facebook: the end" && seen.insert(id.clone()) {
                    note(&push, &mut heard.lock().unwrap());
                }
                done.store(push == "print facebook: the end", Ordering::Relaxed);
                // The server may be dead by now.
                let _ = stream.write_all(format!("ok {id}\n").as_bytes());
                progress.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Each start delivers something: what was not acknowledged before.
        let server = kill_while_delivering(&store, server, &progress);
        assert_eq!(facebook.ask("message", "facebook the end").as_deref(), Ok("ok"));
        hearer.join().unwrap();
        drop(server);
    });
    account_for(&taken, &heard.into_inner().unwrap());
}

fn kill_while_delivering(store: &Store, mut server: Server, progress: &AtomicUsize) -> Server {
    let address = server.address;
    for kill in 0..KILLS {
        let goal = progress.load(Ordering::Relaxed) + kill;
        let end = Instant::now() + Duration::from_secs(2);
        while progress.load(Ordering::Relaxed) < goal && Instant::now() < end {
            std::thread::yield_now();
        }
        server.child.kill().unwrap();
        server.wait();
        server = store.serve_at(address, &[]);
    }
    server
}

#[test]
fn a_killed_server_resets_whatever_it_has_not_answered() {
    let store = Store::with(&["columbia"]);
    let mut server = store.serve(&[]);
    let mut silent = super::connect(server.address, super::HOME).unwrap();
    // The answer to the second connection shows that the first one was accepted.
    log_in(server.address, "columbia", "1");
    server.child.kill().unwrap();
    server.wait();
    let error = std::io::Read::read(&mut silent, &mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn an_old_client_hears_everything_at_least_once() {
    let store = Store::with(&["columbia", "facebook", "google", "seas"]);
    let server = store.serve(&[]);
    let clients: Vec<Client> =
        SENDERS.iter().map(|name| log_in(server.address, name, "1")).collect();
    let (server, taken) = send_while_it_is_killed(&store, server, &clients);
    let facebook = log_in(server.address, "facebook", "1");
    facebook.ask("message", "facebook the end").unwrap();
    let mut heard = Heard::default();
    loop {
        let push = facebook.hear();
        if push == "print facebook: the end" {
            break;
        }
        note(&push, &mut heard);
    }
    account_for(&taken, &heard);
}
