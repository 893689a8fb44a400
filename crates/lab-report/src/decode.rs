//! The bytes of a terminal as text that another terminal can play.

/// Decodes a stream of bytes that comes in pieces: characters that are cut in two
/// are put together again, and what is not UTF-8 becomes U+FFFD.
#[derive(Debug, Clone)]
pub(crate) struct Decoder {
    /// The beginning of a character whose end has not come.
    cut: Vec<u8>,
    returned: bool,
    adds_returns: bool,
}

impl Decoder {
    /// A decoder at the start of a stream. Terminals of runs do not put a carriage
    /// return before a newline, but one that plays this expects it: then returns
    /// are to be added.
    pub(crate) fn new(adds_returns: bool) -> Self {
        Self { cut: Vec::new(), returned: false, adds_returns }
    }

    /// The text of a piece.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        let text = self.decode(bytes);
        if self.adds_returns { self.with_returns(&text) } else { text }
    }

    fn decode(&mut self, bytes: &[u8]) -> String {
        let mut joined = std::mem::take(&mut self.cut);
        joined.extend_from_slice(bytes);
        let last = joined.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
        let is_cut = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
        if is_cut {
            self.cut = joined.split_off(joined.len() - last.len());
        }
        String::from_utf8_lossy(&joined).into_owned()
    }

    fn with_returns(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for character in text.chars() {
            if character == '\n' && !self.returned {
                out.push('\r');
            }
            self.returned = character == '\r';
            out.push(character);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_and_returns() {
        let mut decoder = Decoder::new(true);
        let texts: Vec<String> = [&b"gr\xc3"[..], b"\xbc\xff\n", b"a\r", b"\n"]
            .into_iter()
            .map(|bytes| decoder.push(bytes))
            .collect();
        assert_eq!(texts, ["gr", "ü\u{fffd}\r\n", "a\r", "\n"]);
        assert_eq!(Decoder::new(false).push(b"a\nb"), "a\nb");
    }
}
