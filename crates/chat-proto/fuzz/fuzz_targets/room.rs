//! A room in memory, of two threads and four connections, and a client that hears what the
//! server says. The input is a list of events: one byte chooses the connection and what
//! happens, one the length of what it sends.
#![no_main]

use chat_proto::room::{Action, Client, ClientEvent, Event, Happening, Order, Room, Session};
use libfuzzer_sys::fuzz_target;
use std::time::{Duration, Instant};

fuzz_target!(|data: &[u8]| {
    let mut rooms = [Room::default(), Room::default()];
    let mut places: [Option<Session<usize>>; 4] = [const { None }; 4];
    let mut client = Client::new(100, Duration::ZERO);
    let (mut out, mut shown) = (Vec::new(), Vec::new());
    let (mut next, mut present) = (0, 0);
    client.handle(ClientEvent::Connected, Instant::now(), &mut shown);
    let mut rest = data;
    while let [what, length, after @ ..] = rest {
        let (bytes, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        let place = &mut places[usize::from(what % 4)];
        let session = place.get_or_insert_with(|| {
            next += 1;
            Session::open(next, ([10, 0, 0, 1], 4000).into(), 100, &mut out)
        });
        session.handle(
            match what / 4 % 8 {
                0 => Event::Ended,
                1 => Event::Gone,
                _ => Event::Received(bytes),
            },
            &mut out,
        );
        if what / 4 % 8 < 2 {
            *place = None;
        }
        for action in out.drain(..) {
            let Action::Publish(happening) = action else { continue };
            match &happening {
                Happening::Entered { .. } => present += 1,
                Happening::Left { .. } => present -= 1,
                Happening::Wrote { echo, .. } => assert!(echo.ends_with(b"\n")),
            }
            for (number, room) in rooms.iter_mut().enumerate() {
                let mut tell = |order| {
                    if let Order::Send(1, bytes) = order {
                        client.handle(ClientEvent::Received(&bytes), Instant::now(), &mut shown);
                    }
                };
                room.apply(happening.clone(), happening.who() % 2 == number, &mut tell);
                if what % 3 == 0 {
                    room.tell_news(&mut tell);
                }
                assert_eq!(room.online(), present);
            }
        }
    }
    // What a server really says never ends a client.
    assert!(!shown.iter().any(|action| matches!(action, chat_proto::room::ClientAction::Over(_))));
});
