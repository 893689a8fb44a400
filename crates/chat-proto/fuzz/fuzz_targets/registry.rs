//! A registry in memory, and six users. The input is a list of events, three bytes each: who,
//! what, about whom; `what` may ask for raw bytes, which follow. After every event all that
//! should always hold is checked, and nobody may hear a message twice.
#![no_main]

use chat_proto::registry::frame::{Decoder, encode};
use chat_proto::registry::{Action, Event, Limits, Registry, hello};
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

const SEATS: u8 = 6;

struct World {
    registry: Registry<usize>,
    now: Instant,
    wake: Option<Instant>,
    closed: Vec<bool>,
    /// Which connections sent raw bytes: an unfinished frame can hide others.
    raw: Vec<bool>,
    /// How many frames each connection got from the last event.
    got: HashMap<usize, usize>,
}

impl World {
    fn act(&mut self, act: impl FnOnce(&mut Registry<usize>, Instant, &mut Vec<Action<usize>>)) {
        let mut out = Vec::new();
        act(&mut self.registry, self.now, &mut out);
        self.got.clear();
        for action in out {
            match action {
                Action::Send { to, frame } => {
                    assert!(!self.closed[to], "sent after a close");
                    *self.got.entry(to).or_default() += 1;
                    // A name and the data, each of bearable length.
                    let mut decoder = Decoder::new(500);
                    let mut input = &frame[..];
                    for _ in 0..2 {
                        assert!(matches!(decoder.next(&mut input), Ok(Some(_))));
                    }
                    assert!(input.is_empty());
                }
                Action::Close(key) => {
                    assert!(!std::mem::replace(&mut self.closed[key], true), "closed twice");
                }
                Action::Wake(at) => self.wake = at,
                Action::Note(_) => {}
            }
        }
        self.registry.assert_consistent();
    }

    fn event(&mut self, key: usize, event: Event<'_>) {
        self.act(|registry, now, out| registry.handle(key, event, now, out));
    }
}

fn host(seat: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, seat + 1).into()
}

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        max_frame: 100,
        name_timeout: Duration::from_secs(10),
        activity_limit: Duration::from_secs(200),
    };
    let mut world = World {
        registry: Registry::new(limits),
        now: Instant::now(),
        wake: None,
        closed: Vec::new(),
        raw: Vec::new(),
        got: HashMap::new(),
    };
    let mut seats = [None; SEATS as usize];
    let mut rest = data;
    while let [who, what, other, after @ ..] = rest {
        rest = after;
        let (seat, other) = (who % SEATS, other % SEATS);
        let (me, peer, third) =
            (format!("u{seat}"), format!("u{other}"), format!("u{}", (other + 1) % SEATS));
        let key = *seats[usize::from(seat)].get_or_insert_with(|| {
            let key = world.closed.len();
            world.closed.push(false);
            world.raw.push(false);
            world.act(|registry, now, out| registry.open(key, host(seat), host(99), now, out));
            key
        });
        let data = match what % 20 {
            0 | 1 => format!("&&CHATREQUEST&&|{peer}|{me}"),
            2 | 3 => format!("&&OK&&|{me}|{peer}|7"),
            4 => format!("&&REJECT&&|{me}|{peer}"),
            5 => format!("&&EXIT&&|{me}"),
            6 => format!("&&GROUPCHAT&&|{me}|{peer}|{third}|"),
            7 | 8 => format!("&&OKGROUP&&|{me}|{}", other + 1),
            9 => format!("&&REJECTGROUP&&|{me}|{}", other + 1),
            10 => format!("&&EXITGROUP&&|{me}"),
            11 => format!("&&MESSAGE&&|{me}: hello"),
            12 => "&&LOGOUT&&".into(),
            13 => format!("&&SEARCH&&|{peer}|{me}"),
            14 | 15 => format!("&&REGISTER&&|{me}|7"),
            16 => {
                let datagram = hello(&peer).expect("short enough");
                world.act(|registry, now, out| registry.datagram(host(seat), &datagram, now, out));
                continue;
            }
            17 => {
                world.now += Duration::from_secs(u64::from(other) * 10);
                while world.wake.take_if(|at| *at <= world.now).is_some() {
                    world.act(Registry::wake);
                }
                continue;
            }
            18 => {
                let (bytes, after) = rest.split_at(rest.len().min(usize::from(other) * 8));
                rest = after;
                world.raw[key] = true;
                world.event(key, Event::Received(bytes));
                continue;
            }
            _ => {
                world.event(key, if other % 2 == 0 { Event::Ended } else { Event::Gone });
                if other % 2 == 1 {
                    seats[usize::from(seat)] = None;
                }
                continue;
            }
        };
        world.event(key, Event::Received(&encode(&data).expect("short enough")));
        if what % 20 == 11 && !world.raw[key] {
            assert!(world.got.values().all(|count| *count == 1), "heard twice");
        }
        if world.closed[key] {
            world.event(key, Event::Gone);
            seats[usize::from(seat)] = None;
        }
    }
    for key in seats.into_iter().flatten() {
        world.event(key, Event::Gone);
    }
    assert_eq!((world.registry.users(), world.registry.rooms()), (0, 0), "somebody stayed");
});
