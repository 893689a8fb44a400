//! Any bytes, cut anywhere: the decoder must not panic, and the cuts must not matter.
//! The first byte says in what pieces the rest arrives.
#![no_main]

mod pieces;

use chat_proto::datagram::Datagram;
use chat_proto::frame::{Decoder, FrameError, encode};
use libfuzzer_sys::fuzz_target;

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
    let mut decoder = Decoder::new(100);
    pieces::decode(pieces, |input| Ok::<_, FrameError>(decoder.next(input)?.map(str::to_owned)))
}

fuzz_target!(|data: &[u8]| {
    let Some((&size, stream)) = data.split_first() else { return };
    let whole = decode(std::iter::once(stream));
    assert_eq!(whole, decode(stream.chunks(usize::from(size).max(1))));
    for content in &whole.0 {
        assert!(content.len() <= 100);
        assert_eq!(decode(std::iter::once(&encode(content)[..])).0, [content.as_str()]);
    }
    let _ = Datagram::decode(stream);
});
