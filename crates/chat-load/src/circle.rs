//! Numbered lines in a circle: what is sent, and what must therefore arrive.
//!
//! A receiver's stream is the circle as the dialect delivers it, again and again.
//! So it is verified with one `memcmp` per piece, and the total at the end tells
//! whether whole rounds were lost: together that is every byte of every line, in order.

/// Lines of the circle. What a receiver compares with should stay in the cache.
pub(crate) const LINES: usize = 1024;

/// The bytes of [`LINES`] lines, each between `prefix` and `suffix`.
#[derive(Debug, Clone)]
pub(crate) struct Circle {
    bytes: Vec<u8>,
    line: usize,
}

/// The text of a line: its number, and letters up to `length` bytes.
pub(crate) fn text(number: usize, length: usize) -> String {
    let number = number % LINES;
    let mut text = format!("{number:04} ");
    text.extend((b'a'..=b'z').map(char::from).cycle().skip(number % 26).take(length));
    text.truncate(length);
    text
}

impl Circle {
    /// The circle of texts of `length` bytes, at least 4.
    pub(crate) fn new(prefix: &[u8], length: usize, suffix: &[u8]) -> Self {
        let mut bytes = Vec::new();
        for number in 0..LINES {
            bytes.extend_from_slice(prefix);
            bytes.extend_from_slice(text(number, length).as_bytes());
            bytes.extend_from_slice(suffix);
        }
        Self { line: bytes.len() / LINES, bytes }
    }

    /// Bytes of one line.
    pub(crate) fn line(&self) -> u64 {
        self.line as u64
    }

    /// What comes at place `at` of the endless stream, up to the end of the circle.
    pub(crate) fn from(&self, at: u64) -> &[u8] {
        // The remainder is less than the circle's length.
        &self.bytes[(at % self.bytes.len() as u64) as usize..]
    }

    /// Compares what arrived at place `at` of the stream with what must be there.
    ///
    /// # Errors
    /// What is there and what must be, from the line on where they differ.
    pub(crate) fn verify(&self, mut at: u64, mut arrived: &[u8]) -> Result<(), String> {
        while !arrived.is_empty() {
            let expected = self.from(at);
            let count = expected.len().min(arrived.len());
            if expected[..count] != arrived[..count] {
                let same = expected.iter().zip(arrived).take_while(|(a, b)| a == b).count();
                let excerpt = |bytes: &[u8]| {
                    let from = same.saturating_sub(same % self.line);
                    bytes[from..bytes.len().min(from + 2 * self.line)].escape_ascii().to_string()
                };
                let line = (at + same as u64) / self.line();
                return Err(format!(
                    "line {line} is not as sent: `{}` instead of `{}`",
                    excerpt(arrived),
                    excerpt(expected)
                ));
            }
            at += count as u64;
            arrived = &arrived[count..];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream(circle: &Circle, lines: u64) -> Vec<u8> {
        let mut stream = Vec::new();
        while (stream.len() as u64) < lines * circle.line() {
            stream.extend_from_slice(circle.from(stream.len() as u64));
        }
        stream
    }

    #[test]
    fn lines_have_their_numbers_and_length() {
        let circle = Circle::new(b"<", 20, b">\n");
        assert_eq!(circle.line(), 23);
        assert_eq!(&circle.from(23)[..23], b"<0001 bcdefghijklmnop>\n");
        assert_eq!(text(LINES + 1, 20), text(1, 20));
        assert_eq!(text(12, 4), "0012");
    }

    #[test]
    fn a_lost_a_doubled_and_a_changed_line_are_noticed() {
        let circle = Circle::new(b"", 9, b"\n");
        let line = circle.line() as usize;
        let good = stream(&circle, 2 * LINES as u64);
        assert_eq!(circle.verify(0, &good), Ok(()));
        assert_eq!(circle.verify(30, &good[30..]), Ok(()));
        let lost = [&good[..5 * line], &good[6 * line..]].concat();
        let doubled = [&good[..5 * line], &good[4 * line..]].concat();
        let mut changed = good.clone();
        changed[5 * line + 8] ^= 1;
        for bad in [lost, doubled, changed] {
            assert!(circle.verify(0, &bad).unwrap_err().starts_with("line 5 "));
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(cuts in prop::collection::vec(1_usize..3000, 1..200)) {
            let circle = Circle::new(b"[", 17, b"]\n");
            let stream = stream(&circle, 3 * LINES as u64);
            let mut at = 0;
            for cut in cuts {
                let end = (at + cut).min(stream.len());
                prop_assert_eq!(circle.verify(at as u64, &stream[at..end]), Ok(()));
                at = end;
            }
        }
    }
}
