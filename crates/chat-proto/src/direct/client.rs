//! The client's side: from typed lines to frames, from frames to shown lines.
//!
//! ```text
//!   connected, name known ──► talking ──(end of input, `exit`)──► leaving ──► over
//! ```
//! Leaving means: everything typed is sent, then the sending side is closed, and
//! what the server still answers is shown until it closes too or the linger time
//! is over. A program that pipes a few lines in thus sees every answer.

use super::{MAX_GROWTH, NAME_REFUSED};
use crate::client::{ClientAction, ClientEvent, Outcome, too_long};
use crate::frame::{self, Decoder};
use bytes::Bytes;
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Talking,
    Leaving,
    Over,
}

/// One client.
#[derive(Debug)]
pub struct Client {
    name: Option<String>,
    connected: bool,
    /// Lines that came before the connection stood are encoded here.
    early: Vec<Bytes>,
    decoder: Decoder,
    max_frame: usize,
    linger: Duration,
    phase: Phase,
    /// The input ended before the connection stood.
    ended_early: bool,
    /// The last content shown has the form of a refusal.
    refused: bool,
}

impl Client {
    /// A client that will send frames of at most `max_frame` bytes, header and all, and
    /// waits at most `linger` for the server's last words.
    #[must_use]
    pub fn new(name: Option<String>, max_frame: usize, linger: Duration) -> Self {
        let early = name.iter().map(|name| frame::encode(name)).collect();
        Self {
            name,
            connected: false,
            early,
            // What others may send us is longer than what they sent the server.
            decoder: Decoder::new(max_frame.saturating_add(MAX_GROWTH)),
            max_frame,
            linger,
            phase: Phase::Talking,
            ended_early: false,
            refused: false,
        }
    }

    /// True while the next typed line will be taken as the user's name.
    #[must_use]
    pub fn wants_name(&self) -> bool {
        self.name.is_none() && self.phase == Phase::Talking
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(&mut self, event: ClientEvent<'_>, now: Instant, out: &mut Vec<ClientAction>) {
        match event {
            _ if self.phase == Phase::Over => {}
            ClientEvent::Connected => {
                self.connected = true;
                out.extend(self.early.drain(..).map(ClientAction::Send));
                if self.ended_early {
                    self.leave(now, out);
                }
            }
            ClientEvent::Line(line) => self.line(line, now, out),
            ClientEvent::InputEnded => self.leave(now, out),
            ClientEvent::Received(bytes) => self.received(bytes, out),
            ClientEvent::Closed if self.refused => self.over(Outcome::Refused, out),
            ClientEvent::Closed if self.phase == Phase::Leaving => self.over(Outcome::Left, out),
            ClientEvent::Closed => self.over(Outcome::ServerGone, out),
            ClientEvent::Deadline if self.phase == Phase::Leaving => self.over(Outcome::Left, out),
            ClientEvent::Deadline => {}
        }
    }

    fn line(&mut self, line: &str, now: Instant, out: &mut Vec<ClientAction>) {
        if self.phase != Phase::Talking || self.ended_early {
            return;
        }
        if self.name.is_some() && line.trim() == "exit" {
            return self.leave(now, out);
        }
        let frame = frame::encode(line);
        if let Some(why) = too_long(frame.len(), self.max_frame) {
            return out.push(ClientAction::Complain(why));
        }
        self.name.get_or_insert_with(|| line.to_owned());
        if self.connected {
            out.push(ClientAction::Send(frame));
        } else {
            self.early.push(frame);
        }
    }

    fn leave(&mut self, now: Instant, out: &mut Vec<ClientAction>) {
        if self.phase != Phase::Talking {
            return;
        }
        if !self.connected {
            self.ended_early = true;
            return;
        }
        self.phase = Phase::Leaving;
        out.push(ClientAction::Finish);
        out.extend(now.checked_add(self.linger).map(ClientAction::Deadline));
    }

    fn received(&mut self, mut input: &[u8], out: &mut Vec<ClientAction>) {
        loop {
            match self.decoder.next(&mut input) {
                Ok(None) => return,
                Ok(Some(content)) => {
                    self.refused = content.starts_with(NAME_REFUSED);
                    out.push(ClientAction::Show(content.to_owned()));
                }
                Err(error) => {
                    out.push(ClientAction::Complain(format!(
                        "what the server sent cannot be read: {error}"
                    )));
                    return self.over(Outcome::Garbled, out);
                }
            }
        }
    }

    fn over(&mut self, outcome: Outcome, out: &mut Vec<ClientAction>) {
        self.phase = Phase::Over;
        out.push(ClientAction::Over(outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClientAction::{Complain, Deadline, Finish, Over, Send, Show};
    use ClientEvent::{Closed, Connected, InputEnded, Line, Received};

    const LINGER: Duration = Duration::from_secs(1);

    fn run(name: Option<&str>, events: &[ClientEvent<'_>]) -> Vec<ClientAction> {
        let mut client = Client::new(name.map(str::to_owned), 20, LINGER);
        let mut out = Vec::new();
        for event in events {
            client.handle(*event, start(), &mut out);
        }
        out
    }

    /// One instant for the whole test program.
    fn start() -> Instant {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now)
    }

    fn send(content: &str) -> ClientAction {
        Send(frame::encode(content))
    }

    #[test]
    fn the_name_goes_first_from_wherever_it_comes() {
        let expected = [send("alice"), send("To bob:hi")];
        assert_eq!(run(Some("alice"), &[Connected, Line("To bob:hi")]), expected);
        assert_eq!(run(None, &[Connected, Line("alice"), Line("To bob:hi")]), expected);
        assert_eq!(run(Some("alice"), &[Line("To bob:hi"), Connected]), expected);
    }

    #[test]
    fn leaving_waits_for_the_last_answers() {
        let events = [Connected, Line("x"), InputEnded, Received(b"2:no"), Closed];
        let expected = [
            send("a"),
            send("x"),
            Finish,
            Deadline(start() + LINGER),
            Show("no".into()),
            Over(Outcome::Left),
        ];
        assert_eq!(run(Some("a"), &events), expected);
        let early = [Line("x"), InputEnded, Connected, Received(b"2:no"), Closed];
        assert_eq!(run(Some("a"), &early), expected);
        let exit = [
            Connected,
            Line("x"),
            Line("exit"),
            Line("lost"),
            Received(b"2:no"),
            ClientEvent::Deadline,
        ];
        assert_eq!(run(Some("a"), &exit), expected);
    }

    #[test]
    fn a_server_that_goes_is_told_apart_from_leaving() {
        assert_eq!(run(Some("a"), &[Connected, Closed]).last(), Some(&Over(Outcome::ServerGone)));
        let refusal = b"22:Name refused: too bad.";
        assert_eq!(
            run(Some("a"), &[Connected, Received(refusal), Closed]).last(),
            Some(&Over(Outcome::Refused))
        );
        assert_eq!(
            run(Some("a"), &[Connected, InputEnded, Received(refusal), Closed]).last(),
            Some(&Over(Outcome::Refused))
        );
        assert_eq!(
            run(Some("a"), &[Connected, Received(b"x")]).last(),
            Some(&Over(Outcome::Garbled))
        );
    }

    #[test]
    fn too_long_a_line_is_not_sent() {
        let out =
            run(Some("a"), &[Connected, Line("123456789012345678"), Line("12345678901234567")]);
        assert!(matches!(&out[1], Complain(why) if why.contains("21 bytes")));
        assert_eq!(out[2], send("12345678901234567"));
    }
}
