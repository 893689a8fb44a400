//! From a stream of bytes to messages.

use super::message::{
    CHAT, CLIENT_QUIT, CLIENT_REGISTRATION, SERVER_QUIT, SERVER_REGISTRATION, STATUS,
};
use super::{Id, Kind, Message, Registration};
use thiserror::Error;

/// Why a stream is not a sequence of messages. It cannot be read any further, unless a
/// message is only [left out](DecodeError::LeftOut).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No message begins with this byte.
    #[error("no message has the type 0x{0:02x}")]
    Type(u8),
    /// The text is announced to be longer than the limit.
    #[error("a text of {length} bytes is longer than the limit of {limit}")]
    TooLong {
        /// As announced, in bytes.
        length: usize,
        /// The decoder's limit.
        limit: usize,
    },
    /// The same of a chat. Where the next message begins is known, so reading can go on there.
    #[error("a text of {length} bytes is longer than the limit of {limit}")]
    LeftOut {
        /// As announced, in bytes.
        length: usize,
        /// The decoder's limit.
        limit: usize,
    },
    /// A name, info or text is not UTF-8.
    #[error("a name, info or text is not valid UTF-8")]
    Utf8,
}

/// Cuts a stream of bytes into messages, wherever reads cut it.
///
/// Memory grows only with bytes really received, never with what a length promises. A
/// message that lies whole in the input is not copied.
///
/// ```
/// use chat_proto::relay::{Decoder, Id, Message};
/// let quit = Message::ClientQuit { source: Id(101), text: "bye" };
/// let bytes = quit.encode();
/// let mut decoder = Decoder::new(64 * 1024);
/// let (mut first, mut rest) = bytes.split_at(7);
/// assert_eq!(decoder.next(&mut first), Ok(None));
/// assert_eq!(decoder.next(&mut rest), Ok(Some(quit)));
/// ```
#[derive(Debug)]
pub struct Decoder {
    /// The longest text, in bytes.
    limit: usize,
    /// The longest text of a chat that can be left out; none if it is not above `limit`.
    left_out: usize,
    /// Bytes to come of a chat that is left out.
    skipping: usize,
    /// The beginning of an unfinished message.
    kept: Vec<u8>,
    /// `kept` was handed out and is emptied by the next call.
    delivered: bool,
    failed: Option<DecodeError>,
}

impl Default for Decoder {
    /// Takes no text at all.
    fn default() -> Self {
        Self::new(0)
    }
}

impl Decoder {
    /// A decoder that refuses texts of more than `limit` bytes. Names and infos are limited by
    /// their own length fields.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (left_out, skipping, delivered) = Default::default();
        Self { limit, left_out, skipping, kept: Vec::new(), delivered, failed: None }
    }

    /// The same, but chats whose texts are longer, up to `length` bytes, are left out.
    #[must_use]
    pub fn leaving_out(self, length: usize) -> Self {
        Self { left_out: length, ..self }
    }

    /// Takes the next message from `input`, advancing it past what was used.
    /// `Ok(None)` means that all of `input` was used and more is needed.
    ///
    /// # Errors
    /// [`DecodeError`] when the stream is not made of messages; every later call
    /// returns the same error. After [`DecodeError::LeftOut`] it goes on.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Message<'a>>, DecodeError> {
        if let Some(error) = self.failed {
            *input = &[];
            return Err(error);
        }
        if std::mem::take(&mut self.delivered) {
            self.kept.clear();
            // One long message should not make an idle connection keep its memory.
            self.kept.shrink_to(256);
        }
        let skipped = input.len().min(self.skipping);
        self.skipping -= skipped;
        *input = &input[skipped..];
        let whole = match self.advance(input) {
            Ok(None) => return Ok(None),
            Ok(Some(whole)) => whole,
            Err(DecodeError::TooLong { length, limit })
                if length <= self.left_out
                    && self.kept.first().or(input.first()) == Some(&CHAT) =>
            {
                self.skipping = CHAT_HEADER + length - self.kept.len();
                self.kept.clear();
                return Err(DecodeError::LeftOut { length, limit });
            }
            Err(error) => return Err(self.fail(error, input)),
        };
        if let Some(bytes) = whole {
            return parse(bytes).map(Some).map_err(|error| self.fail(error, input));
        }
        self.delivered = true;
        if let Err(error) = parse(&self.kept) {
            return Err(self.fail(error, input));
        }
        parse(&self.kept).map(Some)
    }

    fn fail(&mut self, error: DecodeError, input: &mut &[u8]) -> DecodeError {
        self.failed = Some(error);
        self.kept = Vec::new();
        *input = &[];
        error
    }

    /// `Some(Some(…))`: a whole message of the input; `Some(None)`: `kept` is one.
    fn advance<'i>(
        &mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Option<&'i [u8]>>, DecodeError> {
        if self.kept.is_empty() {
            let length = needed(input, self.limit)?;
            if let Some((message, rest)) = input.split_at_checked(length) {
                *input = rest;
                return Ok(Some(Some(message)));
            }
        }
        loop {
            let length = needed(&self.kept, self.limit)?;
            if self.kept.len() >= length && !self.kept.is_empty() {
                return Ok(Some(None));
            }
            if input.is_empty() {
                return Ok(None);
            }
            let (now, rest) = input.split_at(input.len().min(length - self.kept.len()));
            self.kept.extend_from_slice(now);
            *input = rest;
        }
    }
}

/// The length of the header of a chat, in bytes.
const CHAT_HEADER: usize = 13;

/// How many bytes the message that begins with `start` has, as far as `start` tells: of a
/// message whose header is not yet complete, those of its header.
fn needed(start: &[u8], limit: usize) -> Result<usize, DecodeError> {
    let Some(&kind) = start.first() else { return Ok(1) };
    let (header, length_at) = match kind {
        SERVER_REGISTRATION | CLIENT_REGISTRATION => (12, 9),
        STATUS => (15, 11),
        CHAT | SERVER_QUIT => (CHAT_HEADER, 9),
        CLIENT_QUIT => (9, 5),
        other => return Err(DecodeError::Type(other)),
    };
    if start.len() < header {
        return Ok(header);
    }
    if header == 12 {
        let [name, high, low] = [start[length_at], start[10], start[11]];
        return Ok(header + usize::from(name) + usize::from(u16::from_be_bytes([high, low])));
    }
    let length = u32_at(start, length_at) as usize;
    if length > limit {
        return Err(DecodeError::TooLong { length, limit });
    }
    Ok(header + length)
}

/// How many messages lie one after the other in `bytes`, up to the first that does not lie there
/// whole. Their contents are not looked at.
#[must_use]
pub fn count(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while let Some((_, rest)) = needed(bytes, usize::MAX)
        .ok()
        .filter(|_| !bytes.is_empty())
        .and_then(|length| bytes.split_at_checked(length))
    {
        (bytes, count) = (rest, count + 1);
    }
    count
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// Reads one whole message of a known type.
fn parse(bytes: &[u8]) -> Result<Message<'_>, DecodeError> {
    let id = |at| Id(u32_at(bytes, at));
    let text = |at: usize| std::str::from_utf8(&bytes[at..]).map_err(|_| DecodeError::Utf8);
    let source = id(1);
    Ok(match bytes[0] {
        kind @ (SERVER_REGISTRATION | CLIENT_REGISTRATION) => {
            let (name, info) = bytes[12..].split_at(usize::from(bytes[9]));
            let text = |bytes| std::str::from_utf8(bytes).map_err(|_| DecodeError::Utf8);
            Message::Registration(Registration {
                kind: if kind == SERVER_REGISTRATION { Kind::Server } else { Kind::Client },
                source,
                last_hop: id(5),
                name: text(name)?,
                info: text(info)?,
            })
        }
        STATUS => Message::Status {
            source,
            destination: id(5),
            code: u16::from_be_bytes([bytes[9], bytes[10]]),
            text: text(15)?,
        },
        CHAT => Message::Chat { source, destination: id(5), text: text(13)? },
        CLIENT_QUIT => Message::ClientQuit { source, text: text(9)? },
        SERVER_QUIT => Message::ServerQuit { source, replacement: id(5), text: text(13)? },
        other => return Err(DecodeError::Type(other)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `pieces` one after the other; gives back what was understood, encoded again.
    fn decode<'a>(
        limit: usize,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<u8>, Option<DecodeError>) {
        let mut decoder = Decoder::new(limit);
        let mut again = Vec::new();
        for mut input in pieces {
            loop {
                match decoder.next(&mut input) {
                    Ok(Some(message)) => again.extend_from_slice(&message.encode()),
                    Ok(None) => break,
                    Err(error) => return (again, Some(error)),
                }
            }
            assert!(input.is_empty(), "all input must be used");
        }
        (again, None)
    }

    #[test]
    fn the_bytes_of_each_message() {
        let registration = |kind| {
            Message::Registration(Registration {
                kind,
                source: Id(1),
                last_hop: Id(0x0102_0304),
                name: "the\u{e9}",
                info: "i",
            })
        };
        for (message, bytes) in [
            (
                registration(Kind::Server),
                &b"\x00\0\0\0\x01\x01\x02\x03\x04\x05\0\x01the\xc3\xa9i"[..],
            ),
            (registration(Kind::Client), b"\x80\0\0\0\x01\x01\x02\x03\x04\x05\0\x01the\xc3\xa9i"),
            (
                Message::Status { source: Id(2), destination: Id::NONE, code: 258, text: "ok" },
                b"\x01\0\0\0\x02\0\0\0\0\x01\x02\0\0\0\x02ok",
            ),
            (
                Message::Chat { source: Id(u32::MAX), destination: Id(3), text: "" },
                b"\x81\xff\xff\xff\xff\0\0\0\x03\0\0\0\0",
            ),
            (Message::ClientQuit { source: Id(4), text: "x" }, b"\x82\0\0\0\x04\0\0\0\x01x"),
            (
                Message::ServerQuit { source: Id(5), replacement: Id(6), text: "y" },
                b"\x02\0\0\0\x05\0\0\0\x06\0\0\0\x01y",
            ),
        ] {
            assert_eq!(&message.encode()[..], bytes);
            assert_eq!(Decoder::new(2).next(&mut &*bytes), Ok(Some(message)));
        }
    }

    #[test]
    fn lengths_at_their_limits() {
        let (name, info) = ("n".repeat(255), "i".repeat(65_535));
        let longest = Message::Registration(Registration {
            kind: Kind::Client,
            source: Id(u32::MAX),
            last_hop: Id(u32::MAX),
            name: &name,
            info: &info,
        });
        let bytes = longest.encode();
        assert_eq!(bytes.len(), 12 + 255 + 65_535);
        // Whatever the limit of texts is.
        assert_eq!(Decoder::new(0).next(&mut &bytes[..]), Ok(Some(longest)));
        let chat = |text| Message::Chat { source: Id(1), destination: Id(2), text }.encode();
        assert_eq!(decode(4, [&chat("abcd")[..]]).1, None);
        let too_long = Some(DecodeError::TooLong { length: 5, limit: 4 });
        // Known as soon as the header is there.
        assert_eq!(decode(4, [&chat("abcde")[..13]]).1, too_long);
        assert_eq!(
            decode(4, [&b"\x82\0\0\0\x04\xff\xff\xff\xff"[..]]).1,
            Some(DecodeError::TooLong { length: u32::MAX as usize, limit: 4 })
        );
    }

    #[test]
    fn a_chat_that_is_too_long_can_be_left_out() {
        let chat = |text| Message::Chat { source: Id(1), destination: Id(2), text };
        let quit = |text| Message::ClientQuit { source: Id(1), text };
        let messages = [chat("a"), chat("abcde"), quit("b"), chat("abcdef"), chat(""), quit("x")];
        let stream = messages.map(|message| message.encode()).concat();
        for size in 1..=stream.len() {
            let mut decoder = Decoder::new(4).leaving_out(6);
            let (mut heard, mut left_out) = (Vec::new(), Vec::new());
            for mut input in stream.chunks(size) {
                loop {
                    match decoder.next(&mut input) {
                        Ok(Some(message)) => heard.extend_from_slice(&message.encode()),
                        Ok(None) => break,
                        Err(DecodeError::LeftOut { length, limit: 4 }) => left_out.push(length),
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            let expected = [chat("a"), quit("b"), chat(""), quit("x")];
            assert_eq!(heard, expected.map(|message| message.encode()).concat());
            assert_eq!(left_out, [5, 6]);
        }
        // Nothing else is, and no chat that is far too long.
        for bad in [chat("abcdefg"), quit("abcde")] {
            let mut decoder = Decoder::new(4).leaving_out(6);
            let error = decoder.next(&mut &bad.encode()[..]).unwrap_err();
            assert!(matches!(error, DecodeError::TooLong { .. }));
            assert_eq!(decoder.next(&mut &quit("b").encode()[..]), Err(error));
        }
    }

    #[test]
    fn what_is_not_a_message() {
        assert_eq!(
            decode(9, [&b"\x82\0\0\0\x04\0\0\0\x00\x7f"[..]]).1,
            Some(DecodeError::Type(0x7f))
        );
        assert_eq!(decode(9, [&b"\x03"[..]]).1, Some(DecodeError::Type(3)));
        for bad in [
            &b"\x82\0\0\0\x04\0\0\0\x01\xff"[..],
            b"\x00\0\0\0\x04\0\0\0\x00\x01\0\x01\xc3\xa9",
            b"\x00\0\0\0\x04\0\0\0\x00\x00\0\x01\xff",
        ] {
            assert_eq!(decode(9, [bad]).1, Some(DecodeError::Utf8));
            assert_eq!(decode(9, bad.chunks(1)).1, Some(DecodeError::Utf8));
        }
        let mut decoder = Decoder::new(9);
        assert_eq!(decoder.next(&mut &b"\x03"[..]), Err(DecodeError::Type(3)));
        assert_eq!(decoder.next(&mut &b"\x82"[..]), Err(DecodeError::Type(3)));
    }

    prop_compose! {
        fn message()(what in 0..6, ids in any::<[u32; 2]>(), code in any::<u16>(), name in "\\PC{0,9}", text in "\\PC{0,30}") -> Vec<u8> {
            let [source, other] = ids.map(Id);
            let (name, text) = (name.as_str(), text.as_str());
            let registration = |kind| Message::Registration(Registration { kind, source, last_hop: other, name, info: text });
            match what {
                0 => registration(Kind::Server),
                1 => registration(Kind::Client),
                2 => Message::Status { source, destination: other, code, text },
                3 => Message::Chat { source, destination: other, text },
                4 => Message::ClientQuit { source, text },
                _ => Message::ServerQuit { source, replacement: other, text },
            }.encode().to_vec()
        }
    }

    proptest! {
        #[test]
        fn every_message_survives_any_cut(messages in prop::collection::vec(message(), 0..8), size in 1usize..40) {
            let stream = messages.concat();
            prop_assert_eq!(decode(200, stream.chunks(size)), (stream.clone(), None));
            prop_assert_eq!(count(&stream), messages.len());
            prop_assert_eq!(count(&[&stream[..], &[0x82, 0]].concat()), messages.len());
        }

        #[test]
        fn nonsense_is_cut_the_same_everywhere(bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(0x80), 0u8..3, any::<u8>()], 0..80), size in 1usize..9) {
            prop_assert_eq!(decode(20, bytes.chunks(size)), decode(20, [&bytes[..]]));
        }
    }
}
