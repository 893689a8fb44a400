//! The UDP chat's datagram: one [frame](mod@crate::frame) whose content is
//! `[UUID] TEXT`, with the sender's UUID as 36 characters in lower case.

use crate::frame::{self, Decoder, FrameError};
use bytes::Bytes;
use thiserror::Error;

/// The most that one UDP datagram over IPv4 can carry, in bytes.
pub const MAX_DATAGRAM: usize = 65_507;

const UUID_LENGTH: usize = 36;

/// Why a datagram is not one of this chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DatagramError {
    /// It is not a frame.
    #[error("not a frame: {0}")]
    Frame(#[from] FrameError),
    /// The frame is longer than the datagram.
    #[error("the frame is cut short")]
    Short,
    /// Something follows the frame.
    #[error("{0} bytes follow the frame")]
    Trailing(usize),
    /// The content does not begin with `[UUID] `.
    #[error("the content does not begin with `[UUID] `")]
    NoSender,
}

/// A datagram of the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// The sender's UUID as it was written.
    pub sender: &'a str,
    /// The text as sent.
    pub text: &'a str,
}

/// True if `text` has the form of a UUID, in either case: `8-4-4-4-12` hexadecimal digits.
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    text.len() == UUID_LENGTH
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Encodes one datagram, or `None` if it would be longer than [`MAX_DATAGRAM`].
#[must_use]
pub fn encode(sender: &str, text: &str) -> Option<Bytes> {
    let datagram = frame::encode_parts(&["[", sender, "] ", text]);
    (datagram.len() <= MAX_DATAGRAM).then_some(datagram)
}

impl<'a> Datagram<'a> {
    /// Takes a datagram apart.
    ///
    /// # Errors
    /// [`DatagramError`] says what it is instead. Nothing may follow the frame.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DatagramError> {
        let mut decoder = Decoder::new(bytes.len());
        let mut rest = bytes;
        match decoder.next(&mut rest) {
            Ok(Some(_)) => {}
            // More than there is.
            Ok(None) | Err(FrameError::TooLong { .. }) => return Err(DatagramError::Short),
            Err(error) => return Err(error.into()),
        }
        if !rest.is_empty() {
            return Err(DatagramError::Trailing(rest.len()));
        }
        // The decoder found one whole valid frame; its content follows the first colon.
        let content = bytes
            .iter()
            .position(|&byte| byte == b':')
            .map_or(&[][..], |colon| &bytes[colon + 1..]);
        let content = std::str::from_utf8(content).map_err(|_| FrameError::Utf8)?;
        content
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "))
            .filter(|(sender, _)| is_uuid(sender))
            .map(|(sender, text)| Self { sender, text })
            .ok_or(DatagramError::NoSender)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UUID: &str = "0a1b2c3d-0000-4000-8000-00000000ffff";

    #[test]
    fn round_trip() {
        for text in ["", "hi", "a] b", "h\u{e9}\n\u{1f600}", "  spaces "] {
            let bytes = encode(UUID, text).unwrap();
            assert_eq!(Datagram::decode(&bytes), Ok(Datagram { sender: UUID, text }));
        }
        assert_eq!(&encode(UUID, "hi").unwrap()[..], format!("41:[{UUID}] hi").as_bytes());
    }

    #[test]
    fn the_longest_text_fits_exactly() {
        let most = MAX_DATAGRAM - "65501:".len() - "[] ".len() - UUID.len();
        assert_eq!(encode(UUID, &"x".repeat(most)).unwrap().len(), MAX_DATAGRAM);
        assert_eq!(encode(UUID, &"x".repeat(most + 1)), None);
    }

    #[test]
    fn what_is_not_ours() {
        let whole = encode(UUID, "hi").unwrap();
        for (bytes, error) in [
            (&b""[..], DatagramError::Short),
            (b"x", DatagramError::Frame(FrameError::Header)),
            (&whole[..whole.len() - 1], DatagramError::Short),
            (b"99:short", DatagramError::Short),
            (b"5:hello", DatagramError::NoSender),
            (b"5:hellox", DatagramError::Trailing(1)),
            (b"1:", DatagramError::Short),
            (b"2:\xff\xff", DatagramError::Frame(FrameError::Utf8)),
        ] {
            assert_eq!(Datagram::decode(bytes), Err(error), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Datagram::decode(&bytes);
        }
    }
}
