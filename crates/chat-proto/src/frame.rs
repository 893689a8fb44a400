//! The frame `N:CONTENT`, where `N` counts the *characters* (Unicode scalar
//! values, not bytes) of CONTENT, which is UTF-8.
//!
//! What differs between the dialects that count characters is how the number is
//! written. So a decoder is made of a [`Header`] and all the rest, which is the same:
//! [`Decoder`] is the one with a [`Colon`].
//!
//! # What is accepted
//!
//! * `N` is one to [`MAX_DIGITS`] ASCII digits followed at once by `:`. A sign,
//!   white space, an empty number or any other byte is an error. Leading zeros are
//!   accepted: they are a decimal number still, and some senders pad.
//! * The limit of a [`Decoder`] is in *bytes of CONTENT*; a frame of exactly that
//!   many bytes passes. A frame is refused as early as it can be known to be too
//!   long: at its header when `N` alone exceeds the limit.
//! * Invalid UTF-8 is refused at the first byte that cannot belong to any character.
//!
//! # Cost
//!
//! Every byte is looked at a bounded number of times however the stream is cut,
//! and memory grows only with content really received, never with what `N`
//! promises. A frame that lies whole in the input is returned without a copy.

use bytes::Bytes;
use std::fmt;
use thiserror::Error;

/// The longest header: ten digits.
pub const MAX_DIGITS: usize = 10;

/// Why a stream is not a sequence of frames. The stream cannot be read any
/// further: where the next frame would begin is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A byte other than a digit or the `:` after at least one digit.
    #[error("a frame must begin with its length in decimal digits and ':'")]
    Header,
    /// Five bytes that are not one number with blanks before or behind it.
    #[error("a frame must begin with its length in 5 bytes: decimal digits, padded with blanks")]
    PaddedHeader,
    /// The content is (or is announced to be) longer than the limit in bytes.
    #[error("a frame may hold at most {limit} bytes")]
    TooLong {
        /// The decoder's limit.
        limit: usize,
    },
    /// The content is not UTF-8.
    #[error("a frame must be valid UTF-8")]
    Utf8,
}

/// Encodes one frame: `content` preceded by its length in characters.
#[must_use]
pub fn encode(content: &str) -> Bytes {
    encode_parts(&[content])
}

/// Encodes one frame whose content is `parts` put together, with one allocation.
#[must_use]
pub fn encode_parts(parts: &[&str]) -> Bytes {
    let chars: usize = parts.iter().map(|part| part.chars().count()).sum();
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    let header = chars.to_string();
    let mut frame = Vec::with_capacity(header.len() + 1 + bytes);
    frame.extend_from_slice(header.as_bytes());
    frame.push(b':');
    for part in parts {
        frame.extend_from_slice(part.as_bytes());
    }
    frame.into()
}

/// How the number of a frame's characters is written before them.
pub trait Header: Copy + Default + fmt::Debug {
    /// Takes the next byte; the number of characters with the header's last one.
    ///
    /// # Errors
    /// When no header has this byte here. `limit` is for [`FrameError::TooLong`].
    fn push(&mut self, byte: u8, limit: usize) -> Result<Option<usize>, FrameError>;

    /// True before the first byte.
    fn is_empty(&self) -> bool;
}

/// Digits, and a `:`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Colon {
    value: usize,
    digits: usize,
}

impl Header for Colon {
    fn push(&mut self, byte: u8, limit: usize) -> Result<Option<usize>, FrameError> {
        match byte {
            b'0'..=b'9' if self.digits == MAX_DIGITS => Err(FrameError::TooLong { limit }),
            b'0'..=b'9' => {
                self.value = self.value.saturating_mul(10).saturating_add(usize::from(byte - b'0'));
                self.digits += 1;
                Ok(None)
            }
            b':' if self.digits > 0 => Ok(Some(self.value)),
            _ => Err(FrameError::Header),
        }
    }

    fn is_empty(&self) -> bool {
        self.digits == 0
    }
}

#[derive(Debug, Clone, Copy)]
enum State<H> {
    Header(H),
    /// `need` characters are missing; `kept` holds what came before.
    Content {
        need: usize,
    },
    /// `kept` was handed out and is emptied by the next call.
    Delivered,
    Failed(FrameError),
}

/// Cuts a stream of `N:CONTENT` frames.
pub type Decoder = HeaderDecoder<Colon>;

/// Cuts a stream of bytes into frames.
///
/// ```
/// use chat_proto::frame::Decoder;
/// let mut decoder = Decoder::new(64 * 1024);
/// let mut input = "5:hello2:\u{20ac}".as_bytes();
/// assert_eq!(decoder.next(&mut input), Ok(Some("hello")));
/// assert_eq!(decoder.next(&mut input), Ok(None));
/// assert_eq!(decoder.next(&mut b"!".as_slice()), Ok(Some("\u{20ac}!")));
/// ```
#[derive(Debug)]
pub struct HeaderDecoder<H> {
    limit: usize,
    state: State<H>,
    /// Content of an unfinished frame; its last one to three bytes may be the
    /// beginning of a character (see `partial`).
    kept: Vec<u8>,
    /// How many bytes at the end of `kept` begin an unfinished character.
    partial: usize,
}

impl<H: Header> HeaderDecoder<H> {
    /// A decoder that refuses contents of more than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, state: State::Header(H::default()), kept: Vec::new(), partial: 0 }
    }

    /// True when the stream ends between two frames, so an end here loses nothing.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        match self.state {
            State::Header(header) => header.is_empty(),
            State::Delivered => true,
            State::Content { .. } | State::Failed(_) => false,
        }
    }

    /// Takes the next frame's content from `input`, advancing it past what was
    /// used. `Ok(None)` means that all of `input` was used and more is needed.
    ///
    /// # Errors
    /// [`FrameError`] when the stream is not made of frames; every later call
    /// returns the same error.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<&'a str>, FrameError> {
        match self.advance(input) {
            Ok(None) => Ok(None),
            // Valid by construction; checking again keeps this module free of unsafe code.
            Ok(Some(Found::Input(content))) => Ok(Some(as_str(content)?)),
            Ok(Some(Found::Kept)) => Ok(Some(as_str(&self.kept)?)),
            Err(error) => {
                self.state = State::Failed(error);
                self.kept = Vec::new();
                *input = &[];
                Err(error)
            }
        }
    }

    fn advance<'i>(&mut self, input: &mut &'i [u8]) -> Result<Option<Found<'i>>, FrameError> {
        if let State::Delivered = self.state {
            self.kept.clear();
            // One long frame should not make an idle connection keep its memory.
            self.kept.shrink_to(256);
            self.state = State::Header(H::default());
        }
        if let State::Header(_) = self.state
            && !self.header(input)?
        {
            return Ok(None);
        }
        match self.state {
            State::Content { need } => self.content(need, input),
            State::Failed(error) => Err(error),
            State::Header(_) | State::Delivered => Ok(None),
        }
    }

    /// Reads the header; true once its last byte was seen.
    fn header(&mut self, input: &mut &[u8]) -> Result<bool, FrameError> {
        let State::Header(mut header) = self.state else { return Ok(true) };
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            match header.push(byte, self.limit)? {
                None => {}
                // A character takes at least one byte.
                Some(chars) if chars > self.limit => {
                    return Err(FrameError::TooLong { limit: self.limit });
                }
                Some(chars) => {
                    self.state = State::Content { need: chars };
                    return Ok(true);
                }
            }
        }
        self.state = State::Header(header);
        Ok(false)
    }

    fn content<'i>(
        &mut self,
        mut need: usize,
        input: &mut &'i [u8],
    ) -> Result<Option<Found<'i>>, FrameError> {
        while self.partial > 0 {
            let Some((&byte, rest)) = input.split_first() else { return Ok(None) };
            *input = rest;
            self.kept.push(byte);
            self.partial += 1;
            if first_char(&self.kept[self.kept.len() - self.partial..])?.is_some() {
                self.partial = 0;
                need -= 1;
            }
        }
        let taken = take_chars(input, need)?;
        let (now, rest) = input.split_at(taken.bytes);
        need -= taken.chars;
        // Each missing character will take at least one byte more.
        if self.kept.len() + now.len() + need > self.limit {
            return Err(FrameError::TooLong { limit: self.limit });
        }
        if need == 0 {
            *input = rest;
            if self.kept.is_empty() {
                self.state = State::Header(H::default());
                return Ok(Some(Found::Input(now)));
            }
            self.kept.extend_from_slice(now);
            self.state = State::Delivered;
            return Ok(Some(Found::Kept));
        }
        // `rest` is empty or begins one character.
        self.kept.extend_from_slice(input);
        self.partial = rest.len();
        *input = &[];
        self.state = State::Content { need };
        Ok(None)
    }
}

enum Found<'i> {
    Input(&'i [u8]),
    Kept,
}

struct Taken {
    bytes: usize,
    chars: usize,
}

fn as_str(bytes: &[u8]) -> Result<&str, FrameError> {
    std::str::from_utf8(bytes).map_err(|_| FrameError::Utf8)
}

/// The length of the first character, or `None` when `bytes` ends inside it.
fn first_char(bytes: &[u8]) -> Result<Option<usize>, FrameError> {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => as_str(&head[..error.valid_up_to()])?,
        Err(error) if error.error_len().is_none() => return Ok(None),
        Err(_) => return Err(FrameError::Utf8),
    };
    Ok(valid.chars().next().map(char::len_utf8))
}

/// As many whole characters of `bytes` as there are, at most `need`. Never judges
/// bytes behind the last of them: those belong to the next frame.
fn take_chars(bytes: &[u8], need: usize) -> Result<Taken, FrameError> {
    let mut taken = Taken { bytes: 0, chars: 0 };
    while taken.chars < need {
        let rest = &bytes[taken.bytes..];
        // `missing` bytes hold at most `missing` characters: the window cannot reach
        // into the next frame, and no byte is in more than two windows.
        let missing = need - taken.chars;
        let window = &rest[..missing.min(rest.len())];
        let valid = match std::str::from_utf8(window) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => as_str(&window[..error.valid_up_to()])?,
            Err(_) => return Err(FrameError::Utf8),
        };
        if valid.is_empty() {
            // Nothing left, or a character longer than the window.
            match first_char(rest)? {
                None => break,
                Some(length) => {
                    taken.bytes += length;
                    taken.chars += 1;
                }
            }
        } else {
            taken.bytes += valid.len();
            taken.chars += valid.chars().count();
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `pieces` one after the other and collects the frames.
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
            assert!(input.is_empty(), "all input must be used");
        }
        (frames, None)
    }

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(
            &encode("h\u{e9}\u{20ac}\u{1f600}")[..],
            "4:h\u{e9}\u{20ac}\u{1f600}".as_bytes()
        );
        assert_eq!(&encode("")[..], b"0:");
        assert_eq!(encode_parts(&["a", "", "b\u{e9}"]), encode("ab\u{e9}"));
    }

    #[test]
    fn splits_several_frames() {
        let (frames, error) = decode(100, &[b"1:a0:3:b:c", b"02:", "\u{e9}1:".as_bytes(), b"x1:y"]);
        assert_eq!(
            (frames, error),
            (["a", "", "b:c", "\u{e9}1"].map(String::from).to_vec(), Some(FrameError::Header))
        );
    }

    #[test]
    fn refuses_bad_headers() {
        for bad in ["hello", ":x", "-1:x", "+1:x", " 1:x", "1 :x", "1x", "\u{661}:x", "\n"] {
            assert_eq!(decode(100, &[bad.as_bytes()]).1, Some(FrameError::Header), "{bad:?}");
        }
        assert_eq!(decode(100, &[b"00000000001:x"]).1, Some(FrameError::TooLong { limit: 100 }));
        assert_eq!(decode(100, &[b"0000000001:x"]).0, ["x"]);
    }

    #[test]
    fn refuses_what_is_too_long_as_early_as_possible() {
        let too_long = Some(FrameError::TooLong { limit: 4 });
        assert_eq!(decode(4, &[b"4:abcd"]).0, ["abcd"]);
        assert_eq!(decode(4, &[b"5:"]).1, too_long);
        assert_eq!(decode(4, &[b"99999999999"]).1, too_long);
        assert_eq!(decode(4, &["3:\u{e9}\u{e9}".as_bytes()]).1, too_long);
        assert_eq!(decode(4, &["2:\u{20ac}".as_bytes(), &"\u{20ac}".as_bytes()[..1]]).1, None);
        assert_eq!(decode(4, &["2:\u{20ac}".as_bytes(), "\u{20ac}".as_bytes()]).1, too_long);
    }

    #[test]
    fn invalid_utf8_is_found_in_its_own_frame() {
        assert_eq!(decode(100, &[b"1:a\xff"]), (vec!["a".into()], Some(FrameError::Header)));
        assert_eq!(decode(100, &[b"1:a2:b\xff"]), (vec!["a".into()], Some(FrameError::Utf8)));
        // A lone continuation byte, a surrogate, an overlong form, cut at once.
        for bad in [&b"1:\x80"[..], b"9:\xed\xa0", b"9:\xc0", b"9:\xf5"] {
            assert_eq!(decode(100, &[bad]).1, Some(FrameError::Utf8), "{bad:?}");
        }
        assert_eq!(decode(100, &[b"1:\xe2", b"\x82", b"x"]).1, Some(FrameError::Utf8));
    }

    #[test]
    fn knows_whether_it_stands_between_frames() {
        let mut decoder = Decoder::new(100);
        assert!(decoder.is_between_frames());
        for (piece, between) in
            [(&b"1"[..], false), (b":", false), (b"x", true), (b"2:a", false), (b"b", true)]
        {
            let mut input = piece;
            while decoder.next(&mut input).unwrap().is_some() {}
            assert_eq!(decoder.is_between_frames(), between);
        }
    }

    #[test]
    fn a_promise_allocates_nothing() {
        let mut decoder = Decoder::new(1 << 30);
        assert_eq!(decoder.next(&mut b"1000000000:x".as_slice()), Ok(None));
        assert!(decoder.kept.capacity() < 100);
    }

    proptest! {
        #[test]
        fn any_split_decodes_the_same(
            contents in prop::collection::vec("[a-c:0-9\n\u{e9}\u{20ac}\u{1f600}]{0,12}", 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let stream: Vec<u8> = contents.iter().flat_map(|content| encode(content)).collect();
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            places.extend([0, stream.len()]);
            places.sort_unstable();
            let pieces: Vec<&[u8]> = places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
            prop_assert_eq!(decode(1000, &pieces), (contents.clone(), None));
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            prop_assert_eq!(decode(1000, &bytes), (contents, None));
        }

        #[test]
        fn encode_then_decode_is_identity(content in any::<String>()) {
            prop_assert_eq!(decode(usize::MAX, &[&encode(&content)]), (vec![content], None));
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_cuts_change_nothing(
            bytes in prop::collection::vec(prop_oneof![Just(b':'), b'0'..=b'9', any::<u8>()], 0..200),
            cut in any::<prop::sample::Index>(),
        ) {
            let cut = cut.index(bytes.len() + 1);
            let whole = decode(64, &[&bytes]);
            let halves = decode(64, &[&bytes[..cut], &bytes[cut..]]);
            prop_assert_eq!(whole.0, halves.0);
            // Of two errors in one frame, which is met first may depend on the cut.
            prop_assert_eq!(whole.1.is_some(), halves.1.is_some());
        }
    }
}
