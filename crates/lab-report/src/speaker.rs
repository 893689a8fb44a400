//! What a program says, line by line, clean.

use crate::clean::Cleaner;

/// Longest line that is waited for the end of.
const MAX_LINE: usize = 4 << 10;

/// Puts lines together from pieces of output.
#[derive(Debug, Default)]
pub(crate) struct Speaker {
    cleaner: Cleaner,
    /// Said, but the line has not ended.
    partial: String,
}

impl Speaker {
    /// Takes a piece and returns the lines that it ends, without blank ones. A line
    /// that is too long to wait for ends here, too.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Vec<String> {
        self.cleaner.push(bytes, &mut self.partial);
        let mut lines = Vec::new();
        if let Some(end) = self.partial.rfind('\n') {
            let rest = self.partial.split_off(end + 1);
            let said = std::mem::replace(&mut self.partial, rest);
            lines.extend(said.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
        }
        if self.partial.len() > MAX_LINE {
            lines.extend(self.break_line());
        }
        lines
    }

    /// What was said of a line that has not ended, if anything was.
    pub(crate) fn break_line(&mut self) -> Option<String> {
        Some(std::mem::take(&mut self.partial)).filter(|partial| !partial.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together() {
        let mut speaker = Speaker::default();
        assert!(speaker.hear(b"hel").is_empty());
        assert_eq!(speaker.hear(b"lo\r\n\n\x1b[1mbo\x1b[0mb\n> "), ["hello", "bob"]);
        assert_eq!(speaker.break_line().as_deref(), Some("> "));
        assert_eq!(speaker.break_line(), None);
        assert_eq!(speaker.hear(&[b'x'; MAX_LINE + 1]).len(), 1, "nobody waits for its end");
    }
}
