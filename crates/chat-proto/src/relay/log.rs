//! A bounded memory of texts.

use std::collections::VecDeque;

/// The newest texts; the oldest go first.
#[derive(Debug, Default)]
pub(super) struct Log {
    texts: VecDeque<String>,
    bytes: usize,
}

impl Log {
    /// Texts kept, and bytes of them.
    const MAX_TEXTS: usize = 1000;
    const MAX_BYTES: usize = 1 << 20;

    pub(super) fn push(&mut self, text: &str) {
        self.bytes += text.len();
        self.texts.push_back(text.to_owned());
        while self.texts.len() > Self::MAX_TEXTS || self.bytes > Self::MAX_BYTES {
            let Some(oldest) = self.texts.pop_front() else { return };
            self.bytes -= oldest.len();
        }
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let mut log = Log::default();
        for n in 0..=Log::MAX_TEXTS {
            log.push(&n.to_string());
        }
        assert_eq!((log.texts().count(), log.texts().next()), (Log::MAX_TEXTS, Some("1")));
        log.push(&"x".repeat(Log::MAX_BYTES));
        assert_eq!(log.texts().count(), 1);
        log.push("");
        log.push("y");
        assert_eq!(log.texts().collect::<Vec<_>>(), ["", "y"]);
    }
}
