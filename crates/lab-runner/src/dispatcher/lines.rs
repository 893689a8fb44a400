//! Cuts a stream of bytes into lines, none longer than a bound.

use memchr::memchr;

/// Longest line that a stage may say. A failure with the last words of
/// hundreds of processes fits; a program that floods its output does not
/// come here as one line, because the stage forwards it in small pieces.
pub(super) const MAX_LINE: usize = 4 << 20;

/// The line had no end within the bound. Holds how it begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) Vec<u8>);

/// The beginning of a line whose end has not come.
#[derive(Debug)]
pub(super) struct Lines {
    partial: Vec<u8>,
    limit: usize,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self { partial: Vec::new(), limit }
    }

    /// Takes bytes and hands each line that they complete, with its newline,
    /// to `take`, which says whether to go on.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        mut take: impl FnMut(Vec<u8>) -> bool,
    ) -> Result<(), TooLong> {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            bytes = rest;
            self.extend(line)?;
            if !take(std::mem::take(&mut self.partial)) {
                return Ok(());
            }
        }
        self.extend(bytes)
    }

    /// What came after the last newline.
    pub(super) fn partial(&self) -> &[u8] {
        &self.partial
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.partial.len() + bytes.len() > self.limit {
            let mut start = std::mem::take(&mut self.partial);
            start.extend_from_slice(bytes);
            return Err(TooLong(start));
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(limit: usize, chunks: &[&str]) -> (Vec<String>, Option<TooLong>, String) {
        let mut lines = Lines::new(limit);
        let mut seen = Vec::new();
        let mut error = None;
        for chunk in chunks {
            let result = lines.push(chunk.as_bytes(), |line| {
                seen.push(String::from_utf8(line).unwrap());
                true
            });
            error = error.or(result.err());
        }
        let rest = String::from_utf8(lines.partial().to_vec()).unwrap();
        (seen, error, rest)
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let (seen, error, rest) = cut(10, &["a", "b\ncd", "\n", "\nef"]);
        assert_eq!(seen, ["ab\n", "cd\n", "\n"]);
        assert_eq!((error, rest.as_str()), (None, "ef"));
    }

    #[test]
    fn a_line_beyond_the_bound_is_refused() {
        let (seen, error, _) = cut(4, &["abc\n", "12", "345"]);
        assert_eq!(seen, ["abc\n"]);
        assert_eq!(error, Some(TooLong(b"12345".to_vec())));
    }
}
