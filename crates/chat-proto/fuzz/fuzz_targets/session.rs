//! Four connections to one server in memory. The input is a list of events: one byte
//! chooses the connection and what happens, one the length of what it sends.
#![no_main]

use chat_proto::direct::{Action, Event, Limits, Session, Users};
use chat_proto::frame::Decoder;
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use std::time::{Duration, Instant};

fuzz_target!(|data: &[u8]| {
    let limits = Limits { max_frame: 100, name_timeout: Duration::from_secs(10) };
    let users = Arc::new(Users::new(limits));
    let now = Instant::now();
    let mut out = Vec::new();
    let mut key = 0;
    let mut places: [Option<(Session<usize>, bool)>; 4] = [const { None }; 4];
    let mut rest = data;
    while let [what, length, after @ ..] = rest {
        let (bytes, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        let place = &mut places[usize::from(what % 4)];
        let (session, closed) = place.get_or_insert_with(|| {
            key += 1;
            (Session::open(users.clone(), key, now, &mut out), false)
        });
        let event = match what / 4 % 8 {
            0 => Event::Ended,
            1 => Event::Deadline,
            2 => Event::Gone,
            3 => {
                *place = None;
                continue;
            }
            _ => Event::Received(bytes),
        };
        session.handle(event, &mut out);
        for action in out.drain(..) {
            match action {
                Action::Send { frame, .. } => {
                    // Everything that is sent is one whole frame of bearable length.
                    let mut input = &frame[..];
                    assert!(matches!(Decoder::new(100 + 300).next(&mut input), Ok(Some(_))));
                    assert!(input.is_empty());
                }
                Action::Close => {
                    assert!(!*closed, "closed twice");
                    *closed = true;
                }
                Action::Deadline(_) | Action::Note(_) => {}
            }
        }
    }
    drop(places);
    assert!(users.is_empty(), "a name outlived its user");
});
