//! The frame with a five-byte header: any bytes, cut anywhere. The decoder must not panic, the
//! cuts must not matter, and what is read as a request or reply is written the same way.
//! The first byte says in what pieces the rest arrives.
#![no_main]

mod pieces;

use chat_proto::frame::FrameError;
use chat_proto::registry::frame::{Decoder, encode};
use chat_proto::registry::{Command, Reply, Request, hello, parse_hello};
use libfuzzer_sys::fuzz_target;

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
    let mut decoder = Decoder::new(100);
    pieces::decode(pieces, |input| Ok::<_, FrameError>(decoder.next(input)?.map(str::to_owned)))
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, stream)) = data.split_first() else { return };
    let whole = decode(std::iter::once(stream));
    assert_eq!(whole, decode(stream.chunks(usize::from(size).max(1))));
    for data in &whole.0 {
        assert!(data.len() <= 100);
        let frame = encode(data).expect("short enough");
        assert_eq!(decode(std::iter::once(&frame[..])).0, [data.as_str()]);
    }
    if let Some(name) = parse_hello(stream) {
        let datagram = hello(&name).expect("short enough");
        assert_eq!(parse_hello(&datagram), Some(name));
    }
    let Ok(text) = std::str::from_utf8(stream) else { return };
    if let Some(request) = Request::parse(text) {
        // Not the same text: a list may or may not end with a `|`.
        let written = request.to_string();
        if !written.contains("||") {
            assert_eq!(Request::parse(&written), Some(request));
        }
    }
    let reply = Reply::parse(text);
    if !matches!(reply, Reply::Text(_)) {
        assert_eq!(Reply::parse(&reply.to_string()), reply);
    }
    if let Command::Request(request) = Command::parse(text, "me", 7) {
        // What is typed as a command is one for the registry too, and by nobody else.
        let written = request.to_string();
        let read = Request::parse(&written).expect("a request");
        assert_eq!(read, request);
        assert!(read.claimed().is_none_or(|name| name == "me"));
    }
});
