//! The client's side: from typed lines to lines sent, from what arrives to what is shown.
//!
//! ```text
//!   connected ──► talking ──(empty line, end of input)──► leaving ──► over
//! ```
//! Leaving means: everything typed is sent, then the sending side is closed, and what
//! the server still says is shown until it closes too or the linger time is over.

use super::lines::Lines;
use super::{CONNECTED, MAX_GROWTH};
use crate::client::{ClientAction, ClientEvent, Outcome, too_long};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Bytes of sent lines that are remembered until their echo comes. A server that keeps to
/// the protocol answers long before; echoes of what was forgotten are shown like
/// any other line.
const MAX_UNCONFIRMED: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    /// The input ended before the connection stood.
    LeavingEarly,
    Talking,
    Leaving,
    Over,
}

/// One client.
#[derive(Debug)]
pub struct Client {
    phase: Phase,
    max_line: usize,
    linger: Duration,
    /// What was typed before the connection stood.
    early: Vec<u8>,
    lines: Lines,
    /// An empty line came: the next one is not an echo.
    announced: bool,
    /// Lines sent of which no echo came yet, and their bytes.
    unconfirmed: VecDeque<Box<str>>,
    unconfirmed_bytes: usize,
}

impl Client {
    /// A client that will send lines of at most `max_line` bytes, line feed and all, and waits at most `linger`
    /// for the server's last words.
    #[must_use]
    pub fn new(max_line: usize, linger: Duration) -> Self {
        Self {
            phase: Phase::Connecting,
            max_line,
            linger,
            early: Vec::new(),
            // What others may send us is longer than what they sent the server.
            lines: Lines::new(max_line.saturating_add(MAX_GROWTH)),
            announced: false,
            unconfirmed: VecDeque::new(),
            unconfirmed_bytes: 0,
        }
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(&mut self, event: ClientEvent<'_>, now: Instant, out: &mut Vec<ClientAction>) {
        match event {
            _ if self.phase == Phase::Over => {}
            ClientEvent::Connected => self.connected(now, out),
            ClientEvent::Line("") | ClientEvent::InputEnded => self.leave(now, out),
            ClientEvent::Line(line) => self.line(line, out),
            ClientEvent::Received(bytes) => self.received(bytes, out),
            ClientEvent::Closed if self.phase == Phase::Leaving => self.over(Outcome::Left, out),
            ClientEvent::Closed => self.over(Outcome::ServerGone, out),
            ClientEvent::Deadline if self.phase == Phase::Leaving => self.over(Outcome::Left, out),
            ClientEvent::Deadline => {}
        }
    }

    fn connected(&mut self, now: Instant, out: &mut Vec<ClientAction>) {
        out.push(ClientAction::Show(CONNECTED.to_owned()));
        let early = std::mem::take(&mut self.early);
        if !early.is_empty() {
            out.push(ClientAction::Send(early.into()));
        }
        let leaves = self.phase == Phase::LeavingEarly;
        self.phase = Phase::Talking;
        if leaves {
            self.leave(now, out);
        }
    }

    fn line(&mut self, line: &str, out: &mut Vec<ClientAction>) {
        if !matches!(self.phase, Phase::Connecting | Phase::Talking) {
            return;
        }
        let bytes = [line.as_bytes(), b"\n"].concat();
        if let Some(why) = too_long(bytes.len(), self.max_line) {
            return out.push(ClientAction::Complain(why));
        }
        self.remember(line);
        if self.phase == Phase::Connecting {
            self.early.extend(bytes);
        } else {
            out.push(ClientAction::Send(bytes.into()));
        }
    }

    fn remember(&mut self, line: &str) {
        self.unconfirmed.push_back(line.into());
        self.unconfirmed_bytes += line.len();
        while self.unconfirmed_bytes > MAX_UNCONFIRMED {
            let oldest = self.unconfirmed.pop_front().unwrap_or_default();
            self.unconfirmed_bytes -= oldest.len();
        }
    }

    fn leave(&mut self, now: Instant, out: &mut Vec<ClientAction>) {
        match self.phase {
            Phase::Connecting => self.phase = Phase::LeavingEarly,
            Phase::Talking => {
                self.phase = Phase::Leaving;
                out.push(ClientAction::Finish);
                out.extend(now.checked_add(self.linger).map(ClientAction::Deadline));
            }
            Phase::LeavingEarly | Phase::Leaving | Phase::Over => {}
        }
    }

    fn received(&mut self, bytes: &[u8], out: &mut Vec<ClientAction>) {
        let (lines, result) = self.lines.take(bytes);
        for line in lines.split_terminator('\n') {
            let is_echo = !std::mem::replace(&mut self.announced, line.is_empty());
            if is_echo && let Some(sent) = self.confirm(line) {
                out.push(ClientAction::Confirm(sent.into()));
            } else if !line.is_empty() {
                // Somebody's program may end its lines with `\r\n`.
                let line = line.strip_suffix('\r').unwrap_or(line);
                out.push(ClientAction::Show(line.to_owned()));
            }
        }
        if let Err(error) = result {
            out.push(ClientAction::Complain(format!(
                "what the server sent cannot be read: {error}"
            )));
            self.over(Outcome::Garbled, out);
        }
    }

    /// The sent line of which this is the echo, if it is one; some servers take off what is blank
    /// at its end. Echoes come in order, so none will come any more of the lines before.
    fn confirm(&mut self, echo: &str) -> Option<Box<str>> {
        let at = self.unconfirmed.iter().position(|sent| {
            // What is nothing but blanks must come back as it was sent.
            **sent == *echo || (sent.trim_end() == echo.trim_end() && !echo.trim_end().is_empty())
        })?;
        let mut found = None;
        for sent in self.unconfirmed.drain(..=at) {
            self.unconfirmed_bytes -= sent.len();
            found = Some(sent);
        }
        found
    }

    fn over(&mut self, outcome: Outcome, out: &mut Vec<ClientAction>) {
        self.phase = Phase::Over;
        out.push(ClientAction::Over(outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClientAction::{Complain, Confirm, Deadline, Finish, Over, Send};
    use ClientEvent::{Closed, Connected, InputEnded, Line, Received};
    use proptest::prelude::*;

    const LINGER: Duration = Duration::from_secs(1);

    fn show(text: &str) -> ClientAction {
        ClientAction::Show(text.to_owned())
    }

    fn play(events: &[ClientEvent<'_>]) -> Vec<ClientAction> {
        let mut client = Client::new(11, LINGER);
        let mut out = Vec::new();
        for event in events {
            client.handle(*event, Instant::now(), &mut out);
        }
        out.retain(|action| !matches!(action, Deadline(_)));
        out
    }

    #[test]
    fn lines_are_sent_and_confirmed_once() {
        assert_eq!(
            play(&[
                Line("early"),
                Connected,
                Line("late"),
                Received(b"early\nla"),
                Received(b"te\n")
            ]),
            [
                show("> Connected to the chat server"),
                Send("early\n".into()),
                Send("late\n".into()),
                Confirm("early".into()),
                Confirm("late".into())
            ]
        );
    }

    #[test]
    fn what_others_write_is_shown_and_never_taken_for_an_echo() {
        let out = play(&[
            Connected,
            Line("[::1]:2] x"),
            Received(b"\n[::1]:2] x\n\n> New user [::1]:2 entered.( 2 users online)\n"),
            Received(b"\n[::1]:2] \r\nloose\n[::1]:2] x\n"),
        ]);
        assert_eq!(
            out[2..],
            [
                show("[::1]:2] x"),
                show("> New user [::1]:2 entered.( 2 users online)"),
                show("[::1]:2] "),
                show("loose"),
                Confirm("[::1]:2] x".into())
            ]
        );
    }

    #[test]
    fn echoes_may_lack_blanks_or_not_come_at_all() {
        let out = play(&[
            Connected,
            Line("a \t"),
            Line("a"),
            Line("lost"),
            Line(" b"),
            Line("  "),
            Received(b"a\na\n b\r\n"),
            Received(b"lost\n  \n b\n"),
        ]);
        let confirm = |line: &str| Confirm(line.to_owned());
        assert_eq!(
            out[6..],
            [confirm("a \t"), confirm("a"), confirm(" b"), show("lost"), confirm("  "), show(" b")]
        );
    }

    #[test]
    fn an_empty_line_and_the_end_of_input_leave() {
        for end in [Line(""), InputEnded] {
            assert_eq!(
                play(&[Connected, Line("a"), end, Line("b"), Received(b"a\n"), Closed, Closed])
                    [1..],
                [Send("a\n".into()), Finish, Confirm("a".into()), Over(Outcome::Left)]
            );
            // Also before there is a connection.
            assert_eq!(
                play(&[Line("a"), end, Line("b"), Connected, ClientEvent::Deadline])[1..],
                [Send("a\n".into()), Finish, Over(Outcome::Left)]
            );
        }
    }

    #[test]
    fn the_server_may_go_or_talk_nonsense() {
        assert_eq!(play(&[Connected, Closed])[1..], [Over(Outcome::ServerGone)]);
        let out = play(&[Connected, Received(b"\nok\n\xff"), Received(b"more\n")]);
        assert_eq!(out[1], show("ok"));
        assert!(matches!(&out[2], Complain(why) if why.contains("UTF-8")));
        assert_eq!(out[3..], [Over(Outcome::Garbled)]);
        let out = play(&[Connected, Line("12345678901"), Line("1234567890")]);
        assert!(matches!(&out[1], Complain(why) if why.contains("12 bytes")));
        assert_eq!(out[2..], [Send("1234567890\n".into())]);
    }

    #[test]
    fn a_server_that_never_echoes_costs_bounded_memory() {
        let mut client = Client::new(70_000, LINGER);
        let mut out = Vec::new();
        client.handle(Connected, Instant::now(), &mut out);
        for _ in 0..100 {
            client.handle(Line(&"x".repeat(65_000)), Instant::now(), &mut out);
        }
        assert!(client.unconfirmed_bytes <= MAX_UNCONFIRMED && client.unconfirmed.len() == 16);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(pieces in prop::collection::vec(prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..40), 0..10)) {
            let events: Vec<ClientEvent<'_>> = std::iter::once(Connected)
                .chain(pieces.iter().map(|piece| Received(piece)))
                .chain([Closed])
                .collect();
            let out = play(&events);
            prop_assert!(matches!(out.last(), Some(Over(_))));
        }
    }
}
