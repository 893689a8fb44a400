//! The line of one connection, however it ends.
//!
//! Programs of ours end a line by a line feed. Older ones do not end it at all: what
//! came before a pause, or before the end of the stream, is their line. Lines with a
//! token (`with …`) are whole only with their line feed.
//!
//! A connection brings one line. But some servers say several things over one, so who
//! hears them may [take more](Intake::of_lines), each with its line feed but the last.

use super::WITH;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Why there is no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LineError {
    /// It is longer than the limit.
    #[error("a line may hold at most {limit} bytes")]
    TooLong {
        /// In bytes, without the line's end.
        limit: usize,
    },
    /// It is not UTF-8.
    #[error("a line must be valid UTF-8")]
    Utf8,
    /// It did not come, or not whole, in time.
    #[error("no whole line came in time")]
    Late,
    /// The stream ended before its first byte, or before the line feed of a line with a token.
    #[error("the connection was closed before a line came")]
    Ended,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Wait for more, and say when this time has come.
    Wait(Instant),
    /// This is the line, without its end.
    Line(String),
    /// There will be none.
    Failed(LineError),
    /// All was said before.
    Done,
}

/// The beginning of a connection, up to its last line. What follows is not looked at.
#[derive(Debug)]
pub struct Intake {
    bytes: Vec<u8>,
    limit: usize,
    pause: Duration,
    until: Instant,
    /// How many may still come.
    lines: usize,
}

impl Intake {
    /// Waits for a line of at most `limit` bytes for at most `patience` altogether;
    /// a silence of `pause` ends the line of an older program.
    #[must_use]
    pub fn new(limit: usize, pause: Duration, patience: Duration, now: Instant) -> Self {
        // Centuries from now will do if a number overflows.
        let until = now.checked_add(patience).unwrap_or(now);
        Self { bytes: Vec::new(), limit, pause, until, lines: 1 }
    }

    /// Waits for up to so many lines, all within the same patience. A silence of `pause` is the
    /// end of them, and so is a line with a token.
    #[must_use]
    pub fn of_lines(self, lines: usize) -> Self {
        Self { lines, ..self }
    }

    /// True if no line will come any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.lines == 0
    }

    /// When waiting for the first byte ends.
    #[must_use]
    pub fn patience(&self) -> Instant {
        self.until
    }

    /// When waiting for the next line ends, if one may follow that which has just come.
    #[must_use]
    pub fn next_until(&self, now: Instant) -> Option<Instant> {
        (!self.is_done()).then(|| self.paused(now))
    }

    fn paused(&self, now: Instant) -> Instant {
        now.checked_add(self.pause).map_or(self.until, |at| at.min(self.until))
    }

    /// Bytes arrived.
    pub fn received(&mut self, bytes: &[u8], now: Instant) -> Step {
        self.take(&mut &bytes[..], now)
    }

    /// The same up to the end of a line: what is behind it is left in `bytes`.
    pub fn take(&mut self, bytes: &mut &[u8], now: Instant) -> Step {
        let all = std::mem::take(bytes);
        if self.is_done() {
            return Step::Done;
        }
        let end = all.iter().position(|byte| *byte == b'\n');
        let piece = &all[..end.unwrap_or(all.len())];
        // One more for a carriage return.
        if self.bytes.len() + piece.len() > self.limit + 1 {
            return self.fail(LineError::TooLong { limit: self.limit });
        }
        self.bytes.extend_from_slice(piece);
        if let Some(end) = end {
            *bytes = &all[end + 1..];
            return self.line(self.lines - 1);
        }
        Step::Wait(if self.must_be_whole() { self.until } else { self.paused(now) })
    }

    /// The peer will send no more.
    pub fn ended(&mut self) -> Step {
        match self.bytes.is_empty() || self.must_be_whole() {
            _ if self.is_done() => Step::Done,
            true => self.fail(LineError::Ended),
            false => self.line(0),
        }
    }

    /// The time that was waited for has come.
    pub fn deadline(&mut self) -> Step {
        match self.bytes.is_empty() || self.must_be_whole() {
            _ if self.is_done() => Step::Done,
            true => self.fail(LineError::Late),
            false => self.line(0),
        }
    }

    fn must_be_whole(&self) -> bool {
        let known = self.bytes.len().min(WITH.len());
        self.bytes[..known] == WITH.as_bytes()[..known]
    }

    /// A line is whole; so many may follow.
    fn line(&mut self, lines: usize) -> Step {
        let mut bytes = std::mem::take(&mut self.bytes);
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        if bytes.len() > self.limit {
            return self.fail(LineError::TooLong { limit: self.limit });
        }
        match String::from_utf8(bytes) {
            Ok(line) => {
                self.lines = if line.starts_with(WITH) { 0 } else { lines };
                Step::Line(line)
            }
            Err(_) => self.fail(LineError::Utf8),
        }
    }

    fn fail(&mut self, error: LineError) -> Step {
        self.lines = 0;
        self.bytes = Vec::new();
        Step::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAUSE: Duration = Duration::from_millis(50);
    const PATIENCE: Duration = Duration::from_secs(10);

    fn intake(now: Instant) -> Intake {
        Intake::new(20, PAUSE, PATIENCE, now)
    }

    fn line(text: &str) -> Step {
        Step::Line(text.into())
    }

    #[test]
    fn a_line_feed_ends_it_at_once() {
        let now = Instant::now();
        for bytes in [&b"online\n"[..], b"online\r\n", b"online\njunk\xff"] {
            let mut intake = intake(now);
            assert_eq!(intake.received(bytes, now), line("online"));
            assert_eq!(intake.received(b"more\n", now), Step::Done);
            assert_eq!((intake.ended(), intake.deadline()), (Step::Done, Step::Done));
        }
    }

    #[test]
    fn so_does_a_pause_and_the_end_of_the_stream() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let mut paused = intake(start);
        assert_eq!(paused.received(b"onl", start), Step::Wait(start + PAUSE));
        assert_eq!(paused.received(b"ine", later), Step::Wait(later + PAUSE));
        assert_eq!(paused.deadline(), line("online"));
        let mut ended = intake(start);
        assert_eq!(ended.received(b"online", start), Step::Wait(start + PAUSE));
        assert_eq!(ended.ended(), line("online"));
    }

    #[test]
    fn a_line_with_a_token_waits_for_its_line_feed() {
        let now = Instant::now();
        let mut whole = intake(now);
        for bytes in [&b"w"[..], b"ith", b" 1 online"] {
            assert_eq!(whole.received(bytes, now), Step::Wait(now + PATIENCE));
        }
        assert_eq!(whole.received(b"\n", now), line("with 1 online"));
        let mut cut = intake(now);
        cut.received(b"with 1 mess", now);
        assert_eq!(cut.ended(), Step::Failed(LineError::Ended));
    }

    #[test]
    fn several_lines() {
        let now = Instant::now();
        let take = |lines, bytes: &[u8]| {
            let (mut intake, mut rest, mut found) =
                (intake(now).of_lines(lines), bytes, Vec::new());
            while !rest.is_empty() {
                match intake.take(&mut rest, now) {
                    Step::Line(line) => found.push(line),
                    step => assert!(matches!(step, Step::Wait(_) | Step::Done), "{step:?}"),
                }
            }
            let waits = intake.next_until(now);
            if let Step::Line(line) = intake.ended() {
                found.push(line);
            }
            assert!(intake.is_done() && intake.next_until(now).is_none());
            (found.join("|"), waits)
        };
        let pause = Some(now + PAUSE);
        assert_eq!(take(9, b"one\ntwo\r\n\nthree"), ("one|two||three".into(), pause));
        assert_eq!(take(9, b"one\ntwo\n"), ("one|two".into(), pause));
        assert_eq!(take(2, b"one\ntwo\nthree"), ("one|two".into(), None));
        assert_eq!(take(9, b"one\nwith 1 two\nthree"), ("one|with 1 two".into(), None));
        // The pause after a line is the end; what cannot be read is, too.
        let mut paused = intake(now).of_lines(9);
        assert_eq!(paused.received(b"one\n", now), line("one"));
        assert_eq!(paused.deadline(), Step::Failed(LineError::Late));
        let mut wrong = intake(now).of_lines(9);
        let mut rest = &b"one\n\xff\ntwo\n"[..];
        assert_eq!(wrong.take(&mut rest, now), line("one"));
        assert_eq!(wrong.take(&mut rest, now), Step::Failed(LineError::Utf8));
        assert_eq!((wrong.take(&mut rest, now), rest), (Step::Done, &b""[..]));
    }

    #[test]
    fn patience_ends() {
        let now = Instant::now();
        assert_eq!(intake(now).deadline(), Step::Failed(LineError::Late));
        assert_eq!(intake(now).ended(), Step::Failed(LineError::Ended));
        // A byte now and then does not prolong it.
        let mut slow = intake(now);
        let late = now + PATIENCE - Duration::from_millis(1);
        assert_eq!(slow.received(b"o", late), Step::Wait(now + PATIENCE));
    }

    /// What comes of a line of which a byte comes each second, and after how many of them.
    fn at_a_byte_a_second(text: &str) -> (Step, u64) {
        let start = Instant::now();
        let mut intake = Intake::new(60, PAUSE, PATIENCE, start);
        let mut wake = intake.patience();
        for (second, byte) in (1..).zip(text.bytes()) {
            let now = start + Duration::from_secs(second);
            if wake <= now {
                return (intake.deadline(), second);
            }
            match intake.received(&[byte], now) {
                Step::Wait(at) => wake = at,
                step => return (step, second),
            }
        }
        panic!("it is still waited for");
    }

    #[test]
    fn a_byte_a_second_holds_no_connection() {
        // A line with a token may take all of the patience, and no more.
        let whole = "with 1 message columbia seas slowly\n";
        assert_eq!(at_a_byte_a_second(whole), (Step::Failed(LineError::Late), PATIENCE.as_secs()));
        // Of any other the first byte is all, for a pause follows.
        assert_eq!(at_a_byte_a_second("message columbia seas slowly\n"), (line("m"), 2));
    }

    #[test]
    fn limits() {
        let now = Instant::now();
        let longest = "x".repeat(20);
        for end in ["\n", "\r\n"] {
            assert_eq!(
                intake(now).received(format!("{longest}{end}").as_bytes(), now),
                line(&longest)
            );
        }
        for bytes in ["x".repeat(21) + "\n", "x".repeat(22)] {
            assert_eq!(
                intake(now).received(bytes.as_bytes(), now),
                Step::Failed(LineError::TooLong { limit: 20 })
            );
        }
        assert_eq!(intake(now).received(b"\xff\n", now), Step::Failed(LineError::Utf8));
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'w'), any::<u8>()], 0..40), size in 1usize..10) {
            let now = Instant::now();
            let read = |size: usize| {
                let mut intake = intake(now);
                for piece in bytes.chunks(size) {
                    match intake.received(piece, now) {
                        Step::Wait(_) => {}
                        step => return step,
                    }
                }
                intake.ended()
            };
            prop_assert_eq!(read(size), read(100));
        }
    }
}
