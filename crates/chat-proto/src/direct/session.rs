//! The server's side of one connection.
//!
//! A session takes [`Event`]s and appends [`Action`]s; the program around it
//! carries them out. Frames for one recipient leave in the order in which the
//! actions stand, which keeps the order between one sender and one recipient
//! however many threads there are: a sender's events are all handled by one.

use super::users::{NameError, Users};
use super::{FORMAT_ERROR, NAME_REFUSED, Request, UNREACHABLE};
use crate::frame::{self, Decoder, FrameError};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Instant;

/// What happens to a connection.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Bytes arrived.
    Received(&'a [u8]),
    /// The peer will send no more. It may still read.
    Ended,
    /// The deadline that was asked for has come.
    Deadline,
    /// The connection is no more.
    Gone,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Action<K> {
    /// Send this frame to this connection.
    Send {
        /// To whom; often somebody else's connection.
        to: K,
        /// The encoded frame.
        frame: Bytes,
    },
    /// Wake this session with [`Event::Deadline`] then; `None`: never.
    Deadline(Option<Instant>),
    /// Close this session's connection once all frames for it are sent.
    Close,
    /// Something worth a line in the log.
    Note(Note),
}

/// What the log should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The user is now reachable under this name.
    Joined(Arc<str>),
    /// The user is no longer reachable.
    Left(Arc<str>, Ending),
    /// The name was refused.
    Refused(NameError),
    /// No name came in time.
    Silent,
    /// The stream was not made of frames. The name, if there was one.
    Broken(Option<Arc<str>>, FrameError),
    /// The connection ended before it gave a name.
    Unnamed,
    /// A message was passed on.
    Message {
        /// Who wrote.
        from: Arc<str>,
        /// To whom.
        to: String,
        /// Bytes of the frame that was sent.
        bytes: usize,
    },
    /// A message had no recipient.
    Unreachable {
        /// Who wrote.
        from: Arc<str>,
        /// To whom.
        to: String,
    },
    /// A frame was not `To NAME:TEXT`.
    Format(Arc<str>),
}

/// How a user left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The stream ended between two frames.
    Closed,
    /// The stream ended inside a frame.
    Truncated,
    /// What came was not a frame.
    Broken,
    /// The connection was lost or cut.
    Lost,
}

#[derive(Debug)]
enum Phase {
    Unnamed,
    Named(Arc<str>),
    Over,
}

/// One connection as the server sees it. Dropping it frees the user's name.
#[derive(Debug)]
pub struct Session<K: Copy + PartialEq> {
    users: Arc<Users<K>>,
    key: K,
    decoder: Decoder,
    phase: Phase,
}

impl<K: Copy + PartialEq> Session<K> {
    /// A connection was made; `key` is what it is called.
    pub fn open(users: Arc<Users<K>>, key: K, now: Instant, out: &mut Vec<Action<K>>) -> Self {
        let limits = users.limits();
        out.push(Action::Deadline(now.checked_add(limits.name_timeout)));
        Self { users, key, decoder: Decoder::new(limits.max_frame), phase: Phase::Unnamed }
    }

    /// The user's name, while there is one.
    #[must_use]
    pub fn name(&self) -> Option<&Arc<str>> {
        match &self.phase {
            Phase::Named(name) => Some(name),
            Phase::Unnamed | Phase::Over => None,
        }
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(&mut self, event: Event<'_>, out: &mut Vec<Action<K>>) {
        match event {
            Event::Received(bytes) => self.received(bytes, out),
            Event::Ended if self.decoder.is_between_frames() => self.leave(Ending::Closed, out),
            Event::Ended => self.leave(Ending::Truncated, out),
            Event::Gone => self.leave(Ending::Lost, out),
            Event::Deadline if matches!(self.phase, Phase::Unnamed) => {
                let seconds = self.users.limits().name_timeout.as_secs_f64();
                self.reply(&format!("No name came within {seconds} s."), out);
                self.phase = Phase::Over;
                out.extend([Action::Note(Note::Silent), Action::Close]);
            }
            Event::Deadline => {}
        }
    }

    fn received(&mut self, mut input: &[u8], out: &mut Vec<Action<K>>) {
        let Self { users, key, decoder, phase } = self;
        let key = *key;
        loop {
            let content = match (&*phase, decoder.next(&mut input)) {
                (Phase::Over, _) | (_, Ok(None)) => return,
                (_, Ok(Some(content))) => content,
                (_, Err(error)) => {
                    self.reply(&format!("Frame error: {error}."), out);
                    out.push(Action::Note(Note::Broken(self.name().cloned(), error)));
                    return self.leave(Ending::Broken, out);
                }
            };
            match phase {
                Phase::Named(name) => request(users, key, name, content, out),
                Phase::Over => return,
                Phase::Unnamed => match users.claim(content, key) {
                    Ok(name) => {
                        out.extend([
                            Action::Deadline(None),
                            Action::Note(Note::Joined(name.clone())),
                        ]);
                        *phase = Phase::Named(name);
                    }
                    Err(error) => {
                        *phase = Phase::Over;
                        let frame = frame::encode(&format!("{NAME_REFUSED}{error}"));
                        out.extend([
                            Action::Send { to: key, frame },
                            Action::Note(Note::Refused(error)),
                            Action::Close,
                        ]);
                    }
                },
            }
        }
    }

    fn reply(&self, content: &str, out: &mut Vec<Action<K>>) {
        out.push(Action::Send { to: self.key, frame: frame::encode(content) });
    }

    fn leave(&mut self, how: Ending, out: &mut Vec<Action<K>>) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Named(name) => {
                self.users.free(&name, self.key);
                out.push(Action::Note(Note::Left(name, how)));
            }
            Phase::Unnamed if how != Ending::Broken => out.push(Action::Note(Note::Unnamed)),
            Phase::Unnamed => {}
            Phase::Over => return,
        }
        out.push(Action::Close);
    }
}

/// Handles one frame of a user who has a name.
fn request<K: Copy + PartialEq>(
    users: &Users<K>,
    key: K,
    name: &Arc<str>,
    content: &str,
    out: &mut Vec<Action<K>>,
) {
    let Some(Request { to, text }) = Request::parse(content) else {
        let frame = frame::encode(FORMAT_ERROR);
        return out
            .extend([Action::Send { to: key, frame }, Action::Note(Note::Format(name.clone()))]);
    };
    let from = name.clone();
    let note = if let Some(target) = users.find(to) {
        let frame = frame::encode_parts(&[text, " From ", name]);
        let bytes = frame.len();
        out.push(Action::Send { to: target, frame });
        Note::Message { from, to: to.to_owned(), bytes }
    } else {
        out.push(Action::Send { to: key, frame: frame::encode(UNREACHABLE) });
        Note::Unreachable { from, to: to.to_owned() }
    };
    out.push(Action::Note(note));
}

impl<K: Copy + PartialEq> Drop for Session<K> {
    fn drop(&mut self) {
        if let Phase::Named(name) = &self.phase {
            self.users.free(name, self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::direct::{Limits, MAX_NAME_CHARS};
    use proptest::prelude::*;
    use std::time::Duration;

    /// A server in memory: every connection is a number, every frame is kept.
    struct World {
        users: Arc<Users<usize>>,
        sessions: Vec<Option<Session<usize>>>,
        got: Vec<Vec<String>>,
        closed: Vec<bool>,
        deadlines: Vec<Option<Instant>>,
        notes: Vec<Note>,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            let limits = Limits { max_frame: 200, name_timeout: Duration::from_millis(1500) };
            Self {
                users: Arc::new(Users::new(limits)),
                sessions: Vec::new(),
                got: Vec::new(),
                closed: Vec::new(),
                deadlines: Vec::new(),
                notes: Vec::new(),
                now: Instant::now(),
            }
        }

        fn open(&mut self) -> usize {
            let key = self.sessions.len();
            let mut out = Vec::new();
            self.sessions.push(Some(Session::open(self.users.clone(), key, self.now, &mut out)));
            self.got.push(Vec::new());
            self.closed.push(false);
            self.deadlines.push(None);
            self.carry_out(key, out);
            key
        }

        fn event(&mut self, key: usize, event: Event<'_>) {
            let mut out = Vec::new();
            if let Some(session) = &mut self.sessions[key] {
                session.handle(event, &mut out);
            }
            self.carry_out(key, out);
        }

        fn send(&mut self, key: usize, content: &str) {
            self.event(key, Event::Received(&frame::encode(content)));
        }

        fn join(&mut self, name: &str) -> usize {
            let key = self.open();
            self.send(key, name);
            key
        }

        fn carry_out(&mut self, key: usize, out: Vec<Action<usize>>) {
            for action in out {
                match action {
                    Action::Send { to, frame } => {
                        assert!(!self.closed[to] || to != key, "nothing may be sent after a close");
                        let mut decoder = Decoder::new(10_000);
                        let mut input = &frame[..];
                        let content = decoder.next(&mut input).unwrap().unwrap().to_owned();
                        assert!(input.is_empty());
                        self.got[to].push(content);
                    }
                    Action::Deadline(deadline) => self.deadlines[key] = deadline,
                    Action::Close => self.closed[key] = true,
                    Action::Note(note) => self.notes.push(note),
                }
            }
        }
    }

    #[test]
    fn messages_arrive_with_their_sender() {
        let mut world = World::new();
        let (alice, bob) = (world.join("alice"), world.join("bob the builder"));
        world.send(alice, "To bob the builder:a:b\n\u{20ac}");
        world.send(bob, "To bob the builder:");
        assert_eq!(world.got[bob], ["a:b\n\u{20ac} From alice", " From bob the builder"]);
        assert!(world.got[alice].is_empty());
    }

    #[test]
    fn errors_go_to_the_sender_alone() {
        let mut world = World::new();
        let (alice, bob) = (world.join("alice"), world.join("bob"));
        world.send(alice, "nonsense");
        world.send(alice, "To carol:hi");
        assert_eq!(world.got[alice], [FORMAT_ERROR, UNREACHABLE]);
        assert!(world.got[bob].is_empty() && !world.closed[alice]);
    }

    #[test]
    fn unfit_names_are_refused_with_a_reason() {
        let mut world = World::new();
        let first = world.join("alice");
        let longest = "\u{20ac}".repeat(MAX_NAME_CHARS);
        for (name, reason) in [
            ("", "Name refused: the name is empty."),
            ("alice", "Name refused: \"alice\" is already in use."),
            ("a:b", "Name refused: \"a:b\" holds a ':', so nobody could write to it."),
            (
                &format!("{longest}x"),
                "Name refused: \"\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\"... has 65 characters, the limit is 64.",
            ),
        ] {
            let key = world.join(name);
            assert_eq!(world.got[key], [reason]);
            assert!(world.closed[key]);
            // Frames behind the refused name mean nothing any more.
            world.send(key, "To alice:hi");
        }
        assert!(world.got[first].is_empty());
        let key = world.join(&longest);
        assert!(!world.closed[key]);
    }

    #[test]
    fn a_name_is_free_again_however_its_user_went() {
        let mut world = World::new();
        for how in [Event::Ended, Event::Gone, Event::Received(b"x")] {
            let key = world.join("alice");
            assert_eq!(world.users.find("alice"), Some(key));
            world.event(key, how);
            assert_eq!(world.users.find("alice"), None);
            assert!(world.closed[key]);
        }
        let key = world.join("alice");
        world.sessions[key] = None;
        assert!(world.users.is_empty());
    }

    #[test]
    fn a_silent_connection_is_closed_and_a_named_one_is_not() {
        let mut world = World::new();
        let (silent, named) = (world.open(), world.join("alice"));
        assert_eq!(world.deadlines[silent], Some(world.now + Duration::from_millis(1500)));
        assert_eq!(world.deadlines[named], None);
        world.event(silent, Event::Deadline);
        world.event(named, Event::Deadline);
        assert_eq!(world.got[silent], ["No name came within 1.5 s."]);
        assert_eq!((world.closed[silent], world.closed[named]), (true, false));
    }

    #[test]
    fn a_name_at_a_byte_a_second_does_not_come_in_time() {
        let mut world = World::new();
        let (slow, alice) = (world.open(), world.join("alice"));
        let until = world.deadlines[slow].unwrap();
        for (second, byte) in (1..).zip(b"5:sloth") {
            world.now += Duration::from_secs(1);
            if world.deadlines[slow].is_some_and(|at| at <= world.now) {
                world.event(slow, Event::Deadline);
            }
            world.event(slow, Event::Received(&[*byte]));
            assert_eq!(world.closed[slow], world.now >= until);
            world.send(alice, "To alice:still quick");
            assert_eq!(world.got[alice].len(), second);
        }
        assert_eq!(world.got[slow], ["No name came within 1.5 s."]);
        assert_eq!(world.users.find("sloth"), None);
    }

    #[test]
    fn what_came_before_a_broken_frame_still_counts() {
        let mut world = World::new();
        let (alice, bob) = (world.join("alice"), world.join("bob"));
        world.event(alice, Event::Received(b"9:To bob:hi3:\xff"));
        assert_eq!(world.got[bob], ["hi From alice"]);
        assert_eq!(world.got[alice], ["Frame error: a frame must be valid UTF-8."]);
        assert_eq!((world.closed[alice], world.closed[bob]), (true, false));
        let error = FrameError::Utf8;
        assert!(world.notes.contains(&Note::Broken(Some("alice".into()), error)));
        assert!(world.notes.contains(&Note::Left("alice".into(), Ending::Broken)));
    }

    #[test]
    fn ends_inside_a_frame_are_told_apart() {
        let mut world = World::new();
        for (bytes, ending) in [(&b"1:a"[..], Ending::Closed), (b"1:a7:T", Ending::Truncated)] {
            let key = world.open();
            world.event(key, Event::Received(bytes));
            world.event(key, Event::Ended);
            assert_eq!(world.notes.last(), Some(&Note::Left("a".into(), ending)));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..10)) {
            let mut world = World::new();
            let (bob, key) = (world.join("bob"), world.open());
            for piece in &pieces {
                world.event(key, Event::Received(piece));
            }
            world.event(key, Event::Ended);
            world.event(key, Event::Gone);
            prop_assert!(!world.closed[bob]);
            prop_assert!(world.users.len() == 1);
        }

        #[test]
        fn order_is_kept_for_any_cut(texts in prop::collection::vec("[a-z\u{e9}:]{0,9}", 1..20), size in 1usize..30) {
            let mut world = World::new();
            let (alice, bob) = (world.join("alice"), world.join("bob"));
            let stream: Vec<u8> = texts.iter().flat_map(|text| frame::encode(&format!("To bob:{text}"))).collect();
            for piece in stream.chunks(size) {
                world.event(alice, Event::Received(piece));
            }
            let expected: Vec<String> = texts.iter().map(|text| format!("{text} From alice")).collect();
            prop_assert_eq!(&world.got[bob], &expected);
        }
    }
}
