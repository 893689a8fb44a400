//! The last bytes of a stream.

use std::collections::VecDeque;

/// Keeps the newest bytes, so many of them.
#[derive(Debug)]
pub(super) struct Tail {
    bytes: VecDeque<u8>,
    limit: usize,
}

impl Tail {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: VecDeque::new(), limit }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let newest = &bytes[bytes.len().saturating_sub(self.limit)..];
        let surplus = (self.bytes.len() + newest.len()).saturating_sub(self.limit);
        self.bytes.drain(..surplus);
        self.bytes.extend(newest);
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest() {
        let mut tail = Tail::new(5);
        for piece in ["abc", "", "def", "0123456789", "xy"] {
            tail.push(piece.as_bytes());
        }
        assert_eq!(tail.into_bytes(), b"789xy");
    }
}
