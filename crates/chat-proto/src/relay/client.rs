//! A client: from typed lines to messages, from messages to shown lines.
//!
//! ```text
//!   connected ──► registered ──(welcome)──► talking ──(quit, end of input)──► leaving ──► over
//!                     └──(status 2)──► refused: it can be asked, but nobody hears it
//! ```
//! The server tells a new client who else is there, and not when it has finished. So lines wait for
//! the welcome, and a message to a name that is not known yet waits for it, both for at
//! most [`SETTLING`]: a program that pipes in a few lines need not guess how long to wait.

use super::command::parse_id;
use super::log::Log;
use super::state::{ClientState, UserState};
use super::{
    Command, Decoder, Directory, Hosts, Id, Kind, MAX_NAME, Message, Profile, Registration, status,
};
use crate::client::{ClientAction, ClientEvent, Outcome, too_long};
use crate::text::for_one_line;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a new client waits for what its first lines need.
pub const SETTLING: Duration = Duration::from_secs(1);

/// What all users may take in memory; those beyond it are not remembered.
const MAX_DIRECTORY: usize = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not connected, or not yet welcome.
    Joining,
    Talking,
    Refused,
    Leaving,
    Over,
}

/// One client.
#[derive(Debug)]
pub struct Client {
    me: Profile,
    has_name: bool,
    connected: bool,
    max_text: usize,
    linger: Duration,
    phase: Phase,
    /// Nothing is waited for any longer before a line is dealt with.
    settled: bool,
    decoder: Decoder,
    users: Hosts,
    status_log: Log,
    chat_log: Log,
    /// Lines that wait.
    lines: VecDeque<String>,
    input_ended: bool,
}

impl Client {
    /// A client that will send messages of at most `max_text` bytes, header and all, and, when it leaves, waits at
    /// most `linger` for the server to close.
    #[must_use]
    pub fn new(
        id: Id,
        name: Option<String>,
        info: String,
        max_text: usize,
        linger: Duration,
    ) -> Self {
        Self {
            has_name: name.is_some(),
            me: Profile { id, name: name.unwrap_or_default(), info },
            connected: false,
            max_text,
            linger,
            phase: Phase::Joining,
            settled: false,
            // A welcome holds a name, whatever we want to read of others.
            decoder: Decoder::new(max_text.max(1024)),
            users: Hosts::default(),
            status_log: Log::default(),
            chat_log: Log::default(),
            lines: VecDeque::new(),
            input_ended: false,
        }
    }

    /// True while the next typed line will be taken as the user's name.
    #[must_use]
    pub fn wants_name(&self) -> bool {
        !self.has_name && self.phase == Phase::Joining
    }

    /// True while lines wait: the program should not bring more than a few.
    #[must_use]
    pub fn has_waiting_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    /// What `state` prints.
    #[must_use]
    pub fn state(&self) -> ClientState {
        let users = self.users().map(|host| UserState {
            id: host.source,
            name: host.name.to_owned(),
            info: host.info.to_owned(),
        });
        ClientState {
            id: self.me.id,
            name: self.me.name.clone(),
            connected_users: users.collect(),
            status_log: self.status_log.texts().map(str::to_owned).collect(),
            chat_log: self.chat_log.texts().map(str::to_owned).collect(),
        }
    }

    fn users(&self) -> impl Iterator<Item = Registration<'_>> {
        let mut from = Some(Id::NONE);
        std::iter::from_fn(move || {
            let (host, _) = self.users.next(from?)?;
            from = host.source.0.checked_add(1).map(Id);
            Some(host)
        })
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(&mut self, event: ClientEvent<'_>, now: Instant, out: &mut Vec<ClientAction>) {
        match event {
            _ if self.phase == Phase::Over => {}
            ClientEvent::Connected => {
                self.connected = true;
                let frame = self.me.registration(Kind::Client, Id::NONE);
                out.push(ClientAction::Send(frame));
                self.settle_until(now, out);
            }
            ClientEvent::Line(line) if self.wants_name() => self.take_name(line, out),
            ClientEvent::Line(line) => self.lines.push_back(line.to_owned()),
            ClientEvent::InputEnded => self.input_ended = true,
            ClientEvent::Received(bytes) => self.received(bytes, now, out),
            ClientEvent::Closed => {
                let outcome = match self.phase {
                    Phase::Refused => Outcome::Refused,
                    Phase::Leaving => Outcome::Left,
                    _ => Outcome::ServerGone,
                };
                self.over(outcome, out);
            }
            ClientEvent::Deadline if self.phase == Phase::Leaving => self.over(Outcome::Left, out),
            ClientEvent::Deadline => self.settled = true,
        }
        self.deal_with_lines(now, out);
    }

    /// Says goodbye, since the program has to end at once.
    pub fn stop(&mut self, out: &mut Vec<ClientAction>) {
        if self.phase != Phase::Over {
            self.say_goodbye("", out);
            self.over(Outcome::Left, out);
        }
    }

    fn settle_until(&mut self, now: Instant, out: &mut Vec<ClientAction>) {
        match now.checked_add(SETTLING) {
            Some(at) => out.push(ClientAction::Deadline(at)),
            None => self.settled = true,
        }
    }

    fn take_name(&mut self, line: &str, out: &mut Vec<ClientAction>) {
        if line.is_empty() {
            let why = "without a name nobody knows whom to answer; type one";
            return out.push(ClientAction::Complain(why.into()));
        }
        if line.len() > MAX_NAME {
            let length = line.len();
            return out.push(ClientAction::Complain(format!(
                "a name may have {MAX_NAME} bytes, not {length}; type another one"
            )));
        }
        line.clone_into(&mut self.me.name);
        self.has_name = true;
    }

    /// Deals with the lines that came, up to one that has to wait.
    fn deal_with_lines(&mut self, now: Instant, out: &mut Vec<ClientAction>) {
        while matches!(self.phase, Phase::Talking | Phase::Refused)
            || (self.phase == Phase::Joining && self.connected && self.settled)
        {
            let Some(line) = self.lines.pop_front() else {
                if self.input_ended {
                    self.leave("", now, out);
                }
                return;
            };
            match Command::parse(&line) {
                Err(why) => out.push(ClientAction::Complain(why.to_string())),
                Ok(Command::Nothing) => {}
                Ok(Command::Message { .. }) if self.phase == Phase::Refused => {
                    out.push(ClientAction::Complain("not sent: the server has refused you".into()));
                }
                Ok(Command::Message { to, text }) => match self.find(to) {
                    Err(_) if !self.settled && self.phase == Phase::Talking => {
                        self.lines.push_front(line);
                        return;
                    }
                    Err(why) => out.push(ClientAction::Complain(why)),
                    Ok(to) => self.send_chat(to, text, out),
                },
                Ok(Command::Users) => self.show_users(out),
                Ok(Command::State) => match serde_json::to_string(&self.state()) {
                    Ok(line) => out.push(ClientAction::Show(line)),
                    Err(error) => out.push(ClientAction::Complain(error.to_string())),
                },
                Ok(Command::Quit(text)) => {
                    match too_long(self.quit(text).encode().len(), self.max_text) {
                        Some(why) => out.push(ClientAction::Complain(why)),
                        None => self.leave(text, now, out),
                    }
                }
            }
        }
    }

    /// Who is meant by an id or a name. A number is an id: whether anybody has it, the server
    /// will say.
    fn find(&self, who: &str) -> Result<Id, String> {
        if let Some(id) = parse_id(who) {
            return Ok(id);
        }
        let all = self.users().map(|user| (user.name, user.source));
        let myself = (self.me.name.as_str(), self.me.id);
        let named: Vec<Id> =
            all.chain([myself]).filter(|(name, _)| *name == who).map(|(_, id)| id).collect();
        match &named[..] {
            [one] => Ok(*one),
            [] => Err(format!("nobody is called `{}`; see `users`", for_one_line(who))),
            several => {
                let ids: Vec<String> = several.iter().map(Id::to_string).collect();
                let (who, ids) = (for_one_line(who), ids.join(", "));
                Err(format!("several are called `{who}`: {ids}; use the id"))
            }
        }
    }

    fn send_chat(&mut self, destination: Id, text: &str, out: &mut Vec<ClientAction>) {
        let chat = Message::Chat { source: self.me.id, destination, text }.encode();
        out.push(match too_long(chat.len(), self.max_text) {
            Some(why) => ClientAction::Complain(why),
            None => ClientAction::Send(chat),
        });
    }

    fn show_users(&self, out: &mut Vec<ClientAction>) {
        let before = out.len();
        out.extend(self.users().map(|Registration { source, name, info, .. }| {
            let separator = if info.is_empty() { "" } else { ": " };
            let line = format!("{source} {name}{separator}{info}");
            ClientAction::Show(for_one_line(&line).into_owned())
        }));
        if out.len() == before {
            out.push(ClientAction::Show("nobody else is here".into()));
        }
    }

    fn quit<'a>(&self, text: &'a str) -> Message<'a> {
        Message::ClientQuit { source: self.me.id, text }
    }

    /// Who was refused has nothing to say: its id is somebody else's.
    fn say_goodbye(&self, text: &str, out: &mut Vec<ClientAction>) {
        if self.connected && self.phase != Phase::Refused {
            out.push(ClientAction::Send(self.quit(text).encode()));
        }
    }

    fn leave(&mut self, text: &str, now: Instant, out: &mut Vec<ClientAction>) {
        self.say_goodbye(text, out);
        if self.phase == Phase::Refused {
            return self.over(Outcome::Refused, out);
        }
        self.phase = Phase::Leaving;
        out.push(ClientAction::Finish);
        out.extend(now.checked_add(self.linger).map(ClientAction::Deadline));
    }

    fn received(&mut self, mut input: &[u8], now: Instant, out: &mut Vec<ClientAction>) {
        let mut decoder = std::mem::take(&mut self.decoder);
        loop {
            match decoder.next(&mut input) {
                Ok(None) => break,
                Ok(Some(message)) => self.message(message, now, out),
                Err(error) => {
                    out.push(ClientAction::Complain(format!(
                        "what the server sent cannot be read: {error}"
                    )));
                    return self.over(Outcome::Garbled, out);
                }
            }
        }
        self.decoder = decoder;
    }

    fn message(&mut self, message: Message<'_>, now: Instant, out: &mut Vec<ClientAction>) {
        let line = match message {
            Message::Registration(user)
                if user.kind == Kind::Client && user.source != self.me.id =>
            {
                let is_new = self.users.find(user.source).is_none();
                if self.users.bytes() < MAX_DIRECTORY {
                    self.users.insert(&user, user.source);
                }
                is_new.then(|| format!("joined: {} ({})", user.name, user.source))
            }
            Message::Status { code, text, .. } => {
                self.status_log.push(text);
                match code {
                    status::WELCOME if self.phase == Phase::Joining => {
                        self.phase = Phase::Talking;
                        self.settle_until(now, out);
                    }
                    status::DUPLICATE if self.phase == Phase::Joining => {
                        self.phase = Phase::Refused;
                    }
                    _ => {}
                }
                Some(format!("status {code}: {text}"))
            }
            Message::Chat { source, text, .. } => {
                self.chat_log.push(text);
                Some(format!("{}: {text}", self.name_of(source)))
            }
            Message::ClientQuit { source, text } => self.users.find(source).map(|_| {
                let name = self.name_of(source);
                self.users.remove(source);
                let separator = if text.is_empty() { "" } else { ": " };
                format!("left: {name} ({source}){separator}{text}")
            }),
            Message::Registration(_) | Message::ServerQuit { .. } => None,
        };
        out.extend(line.map(|line| ClientAction::Show(for_one_line(&line).into_owned())));
    }

    /// A user's name, or the id of who is not known.
    fn name_of(&self, id: Id) -> String {
        match self.users.next(id) {
            _ if id == self.me.id => self.me.name.clone(),
            Some((user, _)) if user.source == id => user.name.to_owned(),
            _ => id.to_string(),
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
    use ClientAction::{Complain, Finish, Over, Send, Show};
    use ClientEvent::{Closed, Connected, Deadline, InputEnded, Line, Received};
    use bytes::Bytes;

    fn joined(id: u32, name: &str) -> Bytes {
        let info = "i".to_owned();
        Profile { id: Id(id), name: name.into(), info }.registration(Kind::Client, Id(1))
    }

    fn status(code: u16, text: &str) -> Bytes {
        Message::Status { source: Id(1), destination: Id(101), code, text }.encode()
    }

    fn chat(source: u32, destination: u32, text: &str) -> Bytes {
        Message::Chat { source: Id(source), destination: Id(destination), text }.encode()
    }

    fn new(name: Option<&str>) -> Client {
        let linger = Duration::from_secs(1);
        Client::new(Id(101), name.map(str::to_owned), "i".into(), 20, linger)
    }

    /// All that is done but deadlines.
    fn run(name: Option<&str>, events: &[ClientEvent<'_>]) -> Vec<ClientAction> {
        let mut client = new(name);
        let (now, mut out) = (Instant::now(), Vec::new());
        for event in events {
            client.handle(*event, now, &mut out);
        }
        out.retain(|action| !matches!(action, ClientAction::Deadline(_)));
        out
    }

    fn registration() -> ClientAction {
        Send(
            Profile { id: Id(101), name: "frodo".into(), info: "i".into() }
                .registration(Kind::Client, Id::NONE),
        )
    }

    fn show(line: &str) -> ClientAction {
        Show(line.to_owned())
    }

    #[test]
    fn talks_and_leaves() {
        let (welcome, sam, hi) = (status(0, "Welcome"), joined(102, "sam"), chat(102, 101, "a\nb"));
        let quit = Message::ClientQuit { source: Id(102), text: "bye" }.encode();
        let out = run(
            None,
            &[
                Line("frodo"),
                Connected,
                Received(&welcome),
                Received(&sam[..5]),
                Received(&sam[5..]),
                Line("message sam hi"),
                Line("message 102 you"),
                Line("message frodo me"),
                Received(&hi),
                Line("users"),
                Received(&quit),
                Line("users"),
                Line("state"),
                Line("quit so long"),
                Line("lost"),
                Closed,
            ],
        );
        assert_eq!(
            out,
            [
                registration(),
                show("status 0: Welcome"),
                show("joined: sam (102)"),
                Send(chat(101, 102, "hi")),
                Send(chat(101, 102, "you")),
                Send(chat(101, 101, "me")),
                show("sam: a\\nb"),
                show("102 sam: i"),
                show("left: sam (102): bye"),
                show("nobody else is here"),
                show(
                    r#"{"id":101,"name":"frodo","connected_users":[],"status_log":["Welcome"],"chat_log":["a\nb"]}"#
                ),
                Send(Message::ClientQuit { source: Id(101), text: "so long" }.encode()),
                Finish,
                Over(Outcome::Left),
            ]
        );
    }

    #[test]
    fn early_lines_wait_for_what_they_need() {
        let (welcome, sam) = (status(0, "Welcome"), joined(102, "sam"));
        let goodbye = Send(Message::ClientQuit { source: Id(101), text: "" }.encode());
        let early = [Line("message sam hi"), Line("users"), InputEnded, Connected];
        assert_eq!(run(Some("frodo"), &early), [registration()]);
        let heard = [&early[..], &[Received(&welcome), Received(&sam)]].concat();
        assert_eq!(
            run(Some("frodo"), &heard)[3..],
            [Send(chat(101, 102, "hi")), show("102 sam: i"), goodbye.clone(), Finish]
        );
        let in_vain = [&early[..], &[Received(&welcome), Deadline]].concat();
        assert_eq!(
            run(Some("frodo"), &in_vain)[2..],
            [
                Complain("nobody is called `sam`; see `users`".into()),
                show("nobody else is here"),
                goodbye,
                Finish
            ]
        );
        // Whether anybody has an id, the server knows.
        let number = [Connected, Received(&welcome), Line("message 9 x")];
        assert_eq!(run(Some("frodo"), &number)[2..], [Send(chat(101, 9, "x"))]);
    }

    #[test]
    fn a_refused_client_can_be_asked_but_not_heard() {
        let refused = status(2, "Someone has already registered with ID 101");
        let events = [Connected, Received(&refused), Line("message 5 x"), Line("state"), Closed];
        assert_eq!(
            run(Some("frodo"), &events)[1..],
            [
                show("status 2: Someone has already registered with ID 101"),
                Complain("not sent: the server has refused you".into()),
                show(
                    r#"{"id":101,"name":"frodo","connected_users":[],"status_log":["Someone has already registered with ID 101"],"chat_log":[]}"#
                ),
                Over(Outcome::Refused),
            ]
        );
        // Nor does it take leave in the name of whose id it is.
        for end in [InputEnded, Line("quit bye")] {
            assert_eq!(
                run(Some("frodo"), &[Connected, Received(&refused), end])[2..],
                [Over(Outcome::Refused)]
            );
        }
        assert_eq!(
            run(Some("frodo"), &[Connected, InputEnded, Received(&refused)])[2..],
            [Over(Outcome::Refused)]
        );
    }

    #[test]
    fn ends_are_told_apart() {
        assert_eq!(run(Some("a"), &[Connected, Closed]).last(), Some(&Over(Outcome::ServerGone)));
        assert_eq!(
            run(Some("a"), &[Connected, Received(b"\x7f")]).last(),
            Some(&Over(Outcome::Garbled))
        );
    }

    #[test]
    fn stopping_says_goodbye_if_there_is_a_connection() {
        let stopped = |events: &[ClientEvent<'_>]| {
            let mut client = new(Some("a"));
            let mut out = Vec::new();
            for event in events {
                client.handle(*event, Instant::now(), &mut out);
            }
            out.clear();
            client.stop(&mut out);
            out
        };
        let quit = Send(Message::ClientQuit { source: Id(101), text: "" }.encode());
        assert_eq!(stopped(&[Connected]), [quit, Over(Outcome::Left)]);
        let refused = status(2, "Someone has already registered with ID 101");
        assert_eq!(stopped(&[Connected, Received(&refused)]), [Over(Outcome::Left)]);
        assert_eq!(stopped(&[]), [Over(Outcome::Left)]);
        assert_eq!(stopped(&[Connected, Closed]), []);
    }

    #[test]
    fn mistakes_are_complained_about() {
        let (welcome, a, b) = (status(0, ""), joined(102, "sam"), joined(103, "sam"));
        let out = run(
            Some("frodo"),
            &[
                Connected,
                Received(&welcome),
                Received(&a),
                Received(&b),
                Deadline,
                Line("message sam x"),
                Line("message 102 12345678"),
                Line("quit 1234567890123"),
                Line("message 102 1234567"),
                Line("hello"),
                Line(""),
            ],
        );
        assert_eq!(
            out[4..],
            [
                Complain("several are called `sam`: 102, 103; use the id".into()),
                Complain("not sent: 21 bytes are more than the limit of 20".into()),
                Complain("not sent: 22 bytes are more than the limit of 20".into()),
                Send(chat(101, 102, "1234567")),
                Complain(
                    "there is no command `hello`; type `message ID_OR_NAME TEXT`, `users`, `state` or `quit [TEXT]`"
                        .into()
                ),
            ]
        );
        for bad in ["", &"x".repeat(256)] {
            assert!(matches!(&run(None, &[Line(bad)])[..], [Complain(_)]), "{bad}");
        }
    }
}
