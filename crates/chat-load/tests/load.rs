//! The load against the bare loop, and against servers that make mistakes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use chat_load::fan_out::{self, FanOut};
use chat_load::latency::{self, Latency};
use chat_load::{Dialect, usage::Usage};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Bare {
    child: Child,
    address: SocketAddr,
}

impl Bare {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chat-load"))
            .arg("bare")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap().parse().unwrap();
        Self { child, address }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn load(server: SocketAddr) -> FanOut {
    FanOut {
        server,
        dialect: Dialect::Bare,
        receivers: 5,
        length: 100,
        time: Duration::from_millis(50),
        window: None,
        threads: 1,
        count_only: false,
        process: None,
    }
}

#[test]
fn every_line_is_delivered_in_every_mode() {
    for (window, threads, count_only) in
        [(None, 1, false), (Some(10), 1, false), (None, 2, false), (None, 1, true)]
    {
        let server = Bare::start();
        let process = Some(server.child.id());
        let load = FanOut { window, threads, count_only, process, ..load(server.address) };
        let outcome = fan_out::run(&load).unwrap();
        assert!(outcome.sent > 0, "{load:?}");
        assert_eq!(outcome.delivered, 5 * outcome.sent, "{load:?}");
        assert!(outcome.rate() > 0.0 && outcome.busy().unwrap() > 0.0);
    }
}

#[test]
fn users_at_a_steady_pace_all_hear_each_other() {
    let server = Bare::start();
    let load = Latency {
        server: server.address,
        dialect: Dialect::Bare,
        users: 4,
        pace: 100.0,
        length: 60,
        time: Duration::from_millis(200),
        idle: 3,
        process: Some(server.child.id()),
    };
    let outcome = latency::run(&load).unwrap();
    assert_eq!(outcome.times.len(), 4 * 20 * 3);
    assert!(outcome.percentile(50.0) > Duration::ZERO);
    assert!(outcome.idle_memory.is_some() && Usage::of(server.child.id()).unwrap().resident > 0);
}

/// Passes on what the first client says to the second, `changed` after the first 50,000 bytes.
fn faulty(change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut from, _) = listener.accept().unwrap();
        let (mut to, _) = listener.accept().unwrap();
        let mut change = Some(change);
        let mut buffer = vec![0; 10_000];
        let mut passed = 0;
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let mut piece = buffer[..length].to_vec();
            passed += length;
            if passed > 50_000
                && let Some(change) = change.take()
            {
                match change(piece) {
                    Some(changed) => piece = changed,
                    None => return,
                }
            }
            if to.write_all(&piece).is_err() {
                return;
            }
        }
    });
    address
}

#[test]
fn what_a_faulty_server_does_is_noticed() {
    let run =
        |server| fan_out::run(&FanOut { receivers: 1, ..load(server) }).unwrap_err().to_string();
    let lost = run(faulty(|piece| Some(piece[100..].to_vec())));
    assert!(lost.contains("is not as sent"), "{lost}");
    let doubled = run(faulty(|piece| Some([&piece[..], &piece[..]].concat())));
    assert!(doubled.contains("is not as sent"), "{doubled}");
    let dropped = run(faulty(|_| None));
    assert!(dropped.contains("closed connection") || dropped.contains("broke"), "{dropped}");
}
