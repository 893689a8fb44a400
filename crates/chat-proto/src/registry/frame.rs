//! The frame `HEADER DATA`: HEADER is the number of characters of DATA in decimal digits,
//! in exactly five bytes, padded with blanks.
//!
//! We write the number first (`"4    "`). Blanks before it are accepted too, for some
//! senders write `" 4   "`. What a registry sends is two frames in a row,
//! `HEADER NAME HEADER DATA`, so the same decoder reads both.

use crate::frame::{FrameError, Header, HeaderDecoder};
use bytes::Bytes;

/// The length of a header, in bytes.
pub const HEADER_BYTES: usize = 5;

/// The most characters that a header can announce.
pub const MAX_CHARS: usize = 99_999;

/// Cuts a stream of these frames.
pub type Decoder = HeaderDecoder<Padded>;

/// Encodes one frame; `None` if `data` has more than [`MAX_CHARS`] characters.
#[must_use]
pub fn encode(data: &str) -> Option<Bytes> {
    encode_all(&[data])
}

/// Encodes what a registry sends: whom it is about or from, and the data.
#[must_use]
pub fn encode_from(name: &str, data: &str) -> Option<Bytes> {
    encode_all(&[name, data])
}

fn encode_all(contents: &[&str]) -> Option<Bytes> {
    let length: usize = contents.iter().map(|content| HEADER_BYTES + content.len()).sum();
    let mut frame = String::with_capacity(length);
    for content in contents {
        let chars = content.chars().count();
        if chars > MAX_CHARS {
            return None;
        }
        frame.push_str(&format!("{chars:<HEADER_BYTES$}"));
        frame.push_str(content);
    }
    Some(frame.into())
}

/// Five bytes: a number, with blanks before or behind it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Padded {
    value: usize,
    seen: usize,
    digits: usize,
    /// A blank came behind the digits.
    closed: bool,
}

impl Header for Padded {
    fn push(&mut self, byte: u8, _: usize) -> Result<Option<usize>, FrameError> {
        self.seen += 1;
        match byte {
            b'0'..=b'9' if !self.closed => {
                self.value = self.value * 10 + usize::from(byte - b'0');
                self.digits += 1;
            }
            b' ' => self.closed = self.digits > 0,
            _ => return Err(FrameError::PaddedHeader),
        }
        match (self.seen, self.digits) {
            (HEADER_BYTES, 0) => Err(FrameError::PaddedHeader),
            (HEADER_BYTES, _) => Ok(Some(self.value)),
            _ => Ok(None),
        }
    }

    fn is_empty(&self) -> bool {
        self.seen == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(limit: usize, pieces: &[&[u8]]) -> (Vec<String>, Option<FrameError>) {
        let mut decoder = Decoder::new(limit);
        let mut frames = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            loop {
                match decoder.next(&mut input) {
                    Ok(Some(content)) => frames.push(content.to_owned()),
                    Ok(None) => break,
                    Err(error) => return (frames, Some(error)),
                }
            }
        }
        (frames, None)
    }

    #[test]
    fn headers() {
        for (bytes, content) in [
            ("4    abcd", "abcd"),
            (" 4   abcd", "abcd"),
            ("    4abcd", "abcd"),
            ("00004abcd", "abcd"),
            ("0    ", ""),
            ("2    \u{20ac}\u{1f600}", "\u{20ac}\u{1f600}"),
        ] {
            assert_eq!(decode(99, &[bytes.as_bytes()]), (vec![content.into()], None), "{bytes:?}");
        }
        for bytes in [&b"     "[..], b"4:abcd", b"1 2  ", b"-1   ", b"+1   ", b"\t1   ", b"abcd"] {
            assert_eq!(decode(99, &[bytes]).1, Some(FrameError::PaddedHeader), "{bytes:?}");
        }
        assert_eq!(decode(99, &[b"100  "]).1, Some(FrameError::TooLong { limit: 99 }));
        assert_eq!(decode(99, &[b"1    \xff"]).1, Some(FrameError::Utf8));
    }

    #[test]
    fn what_is_sent() {
        assert_eq!(encode("h\u{e9}").unwrap(), "2    h\u{e9}".as_bytes());
        assert_eq!(encode_from("ali", "").unwrap(), "3    ali0    ".as_bytes());
        assert!(encode(&"\u{20ac}".repeat(99_999)).is_some());
        assert!(encode(&"x".repeat(100_000)).is_none());
    }

    #[test]
    fn an_end_inside_a_header_is_noticed() {
        let mut decoder = Decoder::new(9);
        assert!(decoder.is_between_frames());
        assert_eq!(decoder.next(&mut &b" "[..]), Ok(None));
        assert!(!decoder.is_between_frames());
    }

    proptest! {
        #[test]
        fn any_text_comes_back_however_it_is_cut(texts in prop::collection::vec(".{0,12}", 0..6), size in 1usize..40) {
            let stream: Vec<u8> = texts.iter().flat_map(|text| encode(text).unwrap()).collect();
            let pieces: Vec<&[u8]> = stream.chunks(size).collect();
            prop_assert_eq!(decode(100, &pieces), (texts, None));
        }

        #[test]
        fn cuts_change_nothing_for_any_bytes(bytes in prop::collection::vec(prop_oneof![Just(b' '), Just(b'0'), Just(b'3'), any::<u8>()], 0..60), size in 1usize..20) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(decode(20, &pieces), decode(20, &[&bytes]));
        }
    }
}
