//! Any bytes, cut anywhere: the relay's decoder must not panic, the cuts must not matter, and what
//! it understands is what is written again. A client hears them too. The first byte says
//! in what pieces the rest arrives.
#![no_main]

use chat_proto::relay::{Client, ClientEvent, Decoder, Id};
use libfuzzer_sys::fuzz_target;
use std::time::{Duration, Instant};

/// What was understood, written again; false if it ended with an error.
fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, bool) {
    let mut decoder = Decoder::new(100);
    let mut again = Vec::new();
    for mut input in pieces {
        loop {
            match decoder.next(&mut input) {
                Ok(Some(message)) => again.extend_from_slice(&message.encode()),
                Ok(None) => break,
                Err(_) => return (again, false),
            }
        }
        assert!(input.is_empty());
    }
    (again, true)
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, stream)) = data.split_first() else { return };
    let pieces = || stream.chunks(usize::from(size).max(1));
    let whole = decode(std::iter::once(stream));
    assert_eq!(whole, decode(pieces()));
    assert!(stream.starts_with(&whole.0));

    let name = Some("fuzz".to_owned());
    let mut client = Client::new(Id(1), name, String::new(), 100, Duration::from_secs(1));
    let (now, mut out) = (Instant::now(), Vec::new());
    client.handle(ClientEvent::Connected, now, &mut out);
    for piece in pieces() {
        client.handle(ClientEvent::Received(piece), now, &mut out);
        if let Ok(line) = std::str::from_utf8(piece) {
            client.handle(ClientEvent::Line(line), now, &mut out);
        }
        client.handle(ClientEvent::Deadline, now, &mut out);
    }
});
