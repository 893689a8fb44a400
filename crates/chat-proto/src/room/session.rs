//! The server's side of one connection.
//!
//! A session takes [`Event`]s and appends [`Action`]s. It never closes its connection itself:
//! its last lines travel through the room, and so does its leaving, behind them, so that
//! the echo of the last line comes before the end of the stream.

use super::lines::{LineError, Lines};
use super::{Happening, farewell};
use bytes::Bytes;
use std::net::SocketAddr;

/// What happens to a connection.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Bytes arrived.
    Received(&'a [u8]),
    /// The peer will send no more. It may still read.
    Ended,
    /// The connection is no more.
    Gone,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<K> {
    /// Let the whole room know, in the same order on every thread.
    Publish(Happening<K>),
    /// Something worth a line in the log.
    Note(Note),
}

/// What the log should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Somebody entered.
    Entered,
    /// Somebody wrote.
    Wrote {
        /// Bytes of text.
        bytes: usize,
    },
    /// Somebody left.
    Left(Ending),
}

/// How somebody left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The stream ended between two lines.
    Closed,
    /// The stream ended inside a line, which is not passed on.
    Truncated,
    /// What came could not be passed on.
    Broken(LineError),
    /// The connection was lost or cut.
    Gone,
}

/// One connection.
#[derive(Debug)]
pub struct Session<K> {
    key: K,
    address: SocketAddr,
    /// What stands before each of its lines.
    prefix: Box<str>,
    lines: Lines,
    over: bool,
}

impl<K: Copy> Session<K> {
    /// Somebody connected from `address`, and may write lines of at most `max_line` bytes.
    pub fn open(key: K, address: SocketAddr, max_line: usize, out: &mut Vec<Action<K>>) -> Self {
        // Who comes over IPv4 is shown so, also by a socket that listens on both.
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        out.push(Action::Publish(Happening::Entered { who: key, address }));
        out.push(Action::Note(Note::Entered));
        let prefix = format!("\n[{address}] ").into();
        Self { key, address, prefix, lines: Lines::new(max_line), over: false }
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(&mut self, event: Event<'_>, out: &mut Vec<Action<K>>) {
        match event {
            _ if self.over => {}
            Event::Received(bytes) => self.received(bytes, out),
            Event::Ended if self.lines.is_between_lines() => self.leave(Ending::Closed, out),
            Event::Ended => self.leave(Ending::Truncated, out),
            Event::Gone => self.leave(Ending::Gone, out),
        }
    }

    fn received(&mut self, bytes: &[u8], out: &mut Vec<Action<K>>) {
        let (lines, result) = self.lines.take(bytes);
        if !lines.is_empty() {
            let notice = with_prefix(&self.prefix, &lines);
            let bytes = lines.len();
            let echo = Bytes::from(lines.into_owned());
            out.push(Action::Publish(Happening::Wrote { who: self.key, notice, echo }));
            out.push(Action::Note(Note::Wrote { bytes }));
        }
        if let Err(error) = result {
            self.leave(Ending::Broken(error), out);
        }
    }

    fn leave(&mut self, how: Ending, out: &mut Vec<Action<K>>) {
        self.over = true;
        let farewell = match how {
            Ending::Broken(error) => farewell(&format!("Line error: {error}.")),
            Ending::Closed | Ending::Truncated | Ending::Gone => Bytes::new(),
        };
        let Self { key: who, address, .. } = *self;
        out.push(Action::Publish(Happening::Left { who, address, farewell }));
        out.push(Action::Note(Note::Left(how)));
    }
}

/// Puts `prefix` before each of `lines`, with one allocation.
fn with_prefix(prefix: &str, lines: &str) -> Bytes {
    let count = memchr::memchr_iter(b'\n', lines.as_bytes()).count();
    let mut notice = Vec::with_capacity(lines.len() + count * prefix.len());
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', lines.as_bytes()) {
        notice.extend_from_slice(prefix.as_bytes());
        notice.extend_from_slice(&lines.as_bytes()[start..=end]);
        start = end + 1;
    }
    notice.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address() -> SocketAddr {
        "10.0.0.1:4000".parse().unwrap()
    }

    fn open() -> Session<u8> {
        Session::open(1, address(), 40, &mut Vec::new())
    }

    /// What the others and the writer hear, and how it ended.
    fn play(session: &mut Session<u8>, events: &[Event<'_>]) -> (String, String, Option<Ending>) {
        let mut out = Vec::new();
        for event in events {
            session.handle(*event, &mut out);
        }
        let (mut others, mut own, mut ending) = (Vec::new(), Vec::new(), None);
        let mut gone = false;
        for action in out {
            assert!(!gone || matches!(action, Action::Note(_)), "leaving comes last");
            match action {
                Action::Publish(Happening::Wrote { notice, echo, .. }) => {
                    others.extend_from_slice(&notice);
                    own.extend_from_slice(&echo);
                }
                Action::Publish(Happening::Left { farewell, .. }) => {
                    own.extend_from_slice(&farewell);
                    gone = true;
                }
                Action::Publish(Happening::Entered { .. }) => panic!("entered twice"),
                Action::Note(Note::Left(how)) => ending = Some(how),
                Action::Note(_) => {}
            }
        }
        (String::from_utf8(others).unwrap(), String::from_utf8(own).unwrap(), ending)
    }

    #[test]
    fn entering_is_published_with_the_address_people_know() {
        let mut out = Vec::new();
        Session::open(1, "[::ffff:10.0.0.1]:4000".parse().unwrap(), 40, &mut out);
        let entered = Happening::Entered { who: 1, address: address() };
        assert_eq!(out, [Action::Publish(entered), Action::Note(Note::Entered)]);
    }

    #[test]
    fn lines_go_out_with_their_writer_and_come_back_without() {
        let (others, own, ending) =
            play(&mut open(), &[Event::Received("one\n\nzwei \u{20ac}\nthr".as_bytes())]);
        assert_eq!(
            others,
            "\n[10.0.0.1:4000] one\n\n[10.0.0.1:4000] \n\n[10.0.0.1:4000] zwei \u{20ac}\n"
        );
        assert_eq!((own.as_str(), ending), ("one\n\nzwei \u{20ac}\n", None));
    }

    /// A session knows no clock: a byte a second, for however long, is a byte at a time.
    #[test]
    fn a_byte_at_a_time_says_nothing_before_its_line_ends() {
        let mut slow = open();
        let bytes = [b'z'; 40];
        for byte in bytes.chunks(1) {
            let said = play(&mut slow, &[Event::Received(byte)]);
            assert_eq!(said, (String::new(), String::new(), None));
        }
        let (_, _, ending) = play(&mut slow, &[Event::Received(b"z")]);
        assert!(matches!(ending, Some(Ending::Broken(LineError::TooLong { .. }))), "{ending:?}");
    }

    #[test]
    fn lines_pass_byte_for_byte() {
        let (others, own, _) = play(&mut open(), &[Event::Received(b"\x1b[2J\0\r\n")]);
        assert_eq!(others, "\n[10.0.0.1:4000] \x1b[2J\0\r\n");
        assert_eq!(own, "\x1b[2J\0\r\n");
    }

    #[test]
    fn what_came_before_a_bad_line_still_counts() {
        let (others, own, ending) =
            play(&mut open(), &[Event::Received(b"a\n\xff\n"), Event::Gone]);
        assert_eq!(others, "\n[10.0.0.1:4000] a\n");
        assert_eq!(own, "a\n\n< Line error: a line must be valid UTF-8.\n");
        assert_eq!(ending, Some(Ending::Broken(LineError::Utf8)));
        let (_, own, _) =
            play(&mut open(), &[Event::Received(&[b'x'; 41]), Event::Received(b"\n")]);
        assert_eq!(own, "\n< Line error: a line may hold at most 40 bytes.\n");
    }

    #[test]
    fn everybody_leaves_once() {
        for (event, bytes, how) in [
            (Event::Ended, &b"a\n"[..], Ending::Closed),
            (Event::Ended, b"a\nb", Ending::Truncated),
            (Event::Gone, b"a\nb", Ending::Gone),
        ] {
            let events = [Event::Received(bytes), event, Event::Gone, Event::Received(b"late\n")];
            let (_, own, ending) = play(&mut open(), &events);
            assert_eq!((own.as_str(), ending), ("a\n", Some(how)));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10)) {
            let mut session = open();
            let mut events: Vec<Event<'_>> = pieces.iter().map(|piece| Event::Received(piece)).collect();
            events.extend([Event::Ended, Event::Gone]);
            let (_, _, ending) = play(&mut session, &events);
            prop_assert!(ending.is_some());
        }

        #[test]
        fn the_cuts_do_not_matter(texts in prop::collection::vec("[a-z\u{e9}\u{1b}]{0,9}", 1..20), size in 1usize..30) {
            let stream: String = texts.iter().map(|text| format!("{text}\n")).collect();
            let pieces: Vec<Event<'_>> = stream.as_bytes().chunks(size).map(Event::Received).collect();
            let (others, own, ending) = play(&mut open(), &pieces);
            let expected: String = texts.iter().map(|text| format!("\n[10.0.0.1:4000] {text}\n")).collect();
            prop_assert_eq!((others, own, ending), (expected, stream, None));
        }
    }
}
