//! Cutting a stream into lines, as many at a time as there are.

use std::borrow::Cow;
use thiserror::Error;

/// Why a stream is not a sequence of lines that can be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LineError {
    /// A line is longer than the limit.
    #[error("a line may hold at most {limit} bytes")]
    TooLong {
        /// The limit in bytes, without the line end.
        limit: usize,
    },
    /// A line is not UTF-8.
    #[error("a line must be valid UTF-8")]
    Utf8,
}

/// Cuts a stream of bytes at its last line end so far.
///
/// Every byte is looked at a bounded number of times however the stream is cut, and at most
/// one unfinished line is kept. What is wrong with a line is noticed as soon as it
/// is there, not at the line's end.
///
/// ```
/// use chat_proto::room::Lines;
/// let mut lines = Lines::new(64 * 1024);
/// assert_eq!(lines.take(b"one\ntwo\nthr"), ("one\ntwo\n".into(), Ok(())));
/// assert_eq!(lines.take(b"e"), ("".into(), Ok(())));
/// assert_eq!(lines.take(b"e\n"), ("three\n".into(), Ok(())));
/// ```
#[derive(Debug)]
pub struct Lines {
    limit: usize,
    /// The line that has no end yet.
    unfinished: Vec<u8>,
    /// How much of it is known to be UTF-8.
    valid: usize,
    failed: Option<LineError>,
}

impl Lines {
    /// Lines of at most `limit` bytes each, without the line end.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, unfinished: Vec::new(), valid: 0, failed: None }
    }

    /// True when the stream ends between two lines, so an end here loses nothing.
    #[must_use]
    pub fn is_between_lines(&self) -> bool {
        self.unfinished.is_empty()
    }

    /// Takes all of `input`; gives all lines that are complete now, with their ends, as
    /// one text. When they lie whole in the input nothing is copied.
    ///
    /// The lines before an error are given beside it; after it there are none, and every later
    /// call returns it again.
    pub fn take<'i>(&mut self, input: &'i [u8]) -> (Cow<'i, str>, Result<(), LineError>) {
        if let Some(error) = self.failed {
            return (Cow::Borrowed(""), Err(error));
        }
        let (complete, rest) = match memchr::memrchr(b'\n', input) {
            Some(end) => input.split_at(end + 1),
            None => (&input[..0], input),
        };
        let (lines, mut result) = if complete.is_empty() {
            (Cow::Borrowed(""), Ok(()))
        } else if self.unfinished.is_empty() {
            let (lines, result) = good_lines(complete, self.limit);
            (Cow::Borrowed(lines), result)
        } else {
            self.valid = 0;
            let mut kept = std::mem::take(&mut self.unfinished);
            kept.extend_from_slice(complete);
            let (lines, result) = good_lines(&kept, self.limit);
            (Cow::Owned(lines.to_owned()), result)
        };
        if result.is_ok() {
            result = self.keep(rest);
        }
        if let Err(error) = result {
            self.failed = Some(error);
            self.unfinished = Vec::new();
        }
        (lines, result)
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), LineError> {
        if self.unfinished.len() + rest.len() > self.limit {
            return Err(LineError::TooLong { limit: self.limit });
        }
        self.unfinished.extend_from_slice(rest);
        match std::str::from_utf8(&self.unfinished[self.valid..]) {
            Err(error) if error.error_len().is_some() => Err(LineError::Utf8),
            Err(error) => {
                self.valid += error.valid_up_to();
                Ok(())
            }
            Ok(_) => {
                self.valid = self.unfinished.len();
                Ok(())
            }
        }
    }
}

/// The lines of `block` before the first that is not good, and what is wrong with that one.
fn good_lines(block: &[u8], limit: usize) -> (&str, Result<(), LineError>) {
    let (mut good, mut result) = (block, Ok(()));
    // A block within the limit has no line beyond it.
    if block.len() > limit + 1 {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', block) {
            if end - start > limit {
                good = &block[..start];
                result = Err(LineError::TooLong { limit });
                break;
            }
            start = end + 1;
        }
    }
    match std::str::from_utf8(good) {
        Ok(text) => (text, result),
        Err(error) => {
            let valid = &good[..error.valid_up_to()];
            let end = memchr::memrchr(b'\n', valid).map_or(0, |end| end + 1);
            // A prefix of valid text, cut behind a line end, is valid.
            (std::str::from_utf8(&valid[..end]).unwrap_or_default(), Err(LineError::Utf8))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `pieces` and puts together what comes out.
    fn cut<'a>(
        limit: usize,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> (String, Result<(), LineError>) {
        let mut lines = Lines::new(limit);
        let mut all = String::new();
        for piece in pieces {
            let (text, result) = lines.take(piece);
            assert!(text.is_empty() || text.ends_with('\n'));
            all.push_str(&text);
            if result.is_err() {
                assert_eq!(lines.take(b"more\n"), ("".into(), result));
                return (all, result);
            }
        }
        (all, Ok(()))
    }

    #[test]
    fn the_limit_is_met_exactly() {
        let long = Err(LineError::TooLong { limit: 4 });
        for (stream, text, result) in [
            ("1234\n\n123\n", "1234\n\n123\n", Ok(())),
            ("1234", "", Ok(())),
            ("12345", "", long),
            ("a\n12345\nb\n", "a\n", long),
            ("a\nb\n12345", "a\nb\n", long),
        ] {
            for size in 1..=stream.len() {
                let found = cut(4, stream.as_bytes().chunks(size));
                assert_eq!(found, (text.into(), result), "{stream:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn what_is_not_text_is_noticed_at_once() {
        assert_eq!(cut(99, [&b"ok\nx\xff"[..]]), ("ok\n".into(), Err(LineError::Utf8)));
        assert_eq!(cut(99, [&b"ok\nx\xff\nok\n"[..]]), ("ok\n".into(), Err(LineError::Utf8)));
        assert_eq!(cut(99, [&b"\xe2\x82"[..], b"\n"]), (String::new(), Err(LineError::Utf8)));
        assert_eq!(cut(99, [&b"\xe2\x82"[..], b"\xac\n"]), ("\u{20ac}\n".into(), Ok(())));
        assert_eq!(cut(99, [&b"\0\x1b\r\n"[..]]), ("\0\x1b\r\n".into(), Ok(())));
    }

    #[test]
    fn ends_inside_a_line_are_told_apart() {
        let mut lines = Lines::new(9);
        assert!(lines.is_between_lines());
        let _ = lines.take(b"a");
        assert!(!lines.is_between_lines());
        let _ = lines.take(b"\n");
        assert!(lines.is_between_lines());
    }

    proptest! {
        #[test]
        fn the_cuts_do_not_matter(
            bytes in prop::collection::vec(prop_oneof![3 => Just(b'\n'), 9 => Just(b'a'), 2 => Just(0xc3), 2 => Just(0xa9), 1 => any::<u8>()], 0..80),
            size in 1usize..20,
        ) {
            let (whole, result) = cut(10, [&bytes[..]]);
            // Which of two faults of one line is named may depend on them.
            let pieces = cut(10, bytes.chunks(size));
            prop_assert_eq!((&whole, result.is_ok()), (&pieces.0, pieces.1.is_ok()));
            prop_assert!(bytes.starts_with(whole.as_bytes()));
            if result.is_ok() {
                let end = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
                prop_assert_eq!(whole.as_bytes(), &bytes[..end]);
            }
        }
    }
}
