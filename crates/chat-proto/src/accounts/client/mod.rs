//! The client: from typed lines to requests, from answers and pushes to shown lines.
//!
//! ```text
//!   name ──► password ──► talking ──(`logout`, a login elsewhere)──► name
//! ```
//! Lines are dealt with one after the other: the next one only when the answer to the
//! one before has come, so messages keep their order. Heartbeats go beside them.

mod command;
mod event;
mod seen;
#[cfg(test)]
mod tests;

pub use event::{ClientAction, ClientEvent, Exchange, Outcome, Wants};

use super::answer::{answers, is_logged_in};
use super::{OK, Push, Token, WITH, receipt};
use command::Command;
use seen::Seen;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Wrong passwords after which the server no longer listens.
const TRIES: u32 = 3;

/// Pushes that are kept until the answer to the password is there.
const EARLY: usize = 64;

#[derive(Debug)]
enum Phase {
    /// The next line is a user's name.
    Name,
    /// The next line is this user's password.
    Password(String),
    Talking(Session),
    Over,
}

#[derive(Debug)]
struct Session {
    name: String,
    /// If the server gives receipts.
    token: Option<Token>,
    /// Who has agreed to talk, and where.
    addresses: HashMap<String, SocketAddr>,
}

/// What the answer that is waited for is about.
#[derive(Debug)]
enum Waiting {
    Login {
        name: String,
    },
    Check {
        name: String,
    },
    GetAddress {
        target: String,
    },
    /// The line as it was typed.
    Ask {
        line: String,
    },
    Logout,
    Private,
}

/// One client.
#[derive(Debug)]
pub struct Client<C> {
    /// Addresses of the server.
    servers: Vec<IpAddr>,
    /// Where this client listens for pushes.
    listens: SocketAddr,
    heartbeat: Duration,
    linger: Duration,
    max_line: usize,
    phase: Phase,
    waiting: Option<Waiting>,
    lines: VecDeque<String>,
    /// No more lines will come.
    ended: bool,
    /// The time to leave was set.
    leaving: bool,
    /// Wrong passwords in a row.
    wrong: u32,
    /// Heartbeats are not answered.
    out_of_reach: bool,
    seen: Seen,
    early: Vec<(C, IpAddr, String)>,
}

impl<C: Copy> Client<C> {
    /// A client of the server at `servers`, which listens for pushes at `listens`.
    /// `linger` is how long it goes on listening after the end of its input.
    #[must_use]
    pub fn new(
        servers: &[IpAddr],
        listens: SocketAddr,
        heartbeat: Duration,
        linger: Duration,
        max_line: usize,
    ) -> Self {
        Self {
            servers: servers.iter().map(IpAddr::to_canonical).collect(),
            listens,
            heartbeat,
            linger,
            max_line,
            phase: Phase::Name,
            waiting: None,
            lines: VecDeque::new(),
            ended: false,
            leaving: false,
            wrong: 0,
            out_of_reach: false,
            seen: Seen::default(),
            early: Vec::new(),
        }
    }

    /// What the next line is.
    #[must_use]
    pub fn wants(&self) -> Wants {
        match self.phase {
            Phase::Name => Wants::Name,
            Phase::Password(_) => Wants::Password,
            Phase::Talking(_) | Phase::Over => Wants::Command,
        }
    }

    fn is_logged_in(&self) -> bool {
        matches!(self.phase, Phase::Talking(_))
    }

    /// Lines that were typed and that nothing was done about yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lines.len()
    }

    /// What to say to the server when the program has to end at once.
    #[must_use]
    pub fn goodbye(&self) -> Option<String> {
        match &self.phase {
            Phase::Talking(session) => Some(session.request("logout", "")),
            _ => None,
        }
    }

    /// Handles one event and appends what is to be done to `out`.
    pub fn handle(
        &mut self,
        event: ClientEvent<'_, C>,
        now: Instant,
        out: &mut Vec<ClientAction<C>>,
    ) {
        if let Phase::Over = self.phase {
            return;
        }
        match event {
            ClientEvent::Started => self.ask_name(out),
            ClientEvent::Line(line) => self.lines.push_back(line.to_owned()),
            ClientEvent::InputEnded => self.ended = true,
            ClientEvent::Answered(Exchange::Heartbeat, answer) => self.heard_heart(answer, out),
            ClientEvent::Answered(_, answer) => {
                if let Some(waiting) = self.waiting.take() {
                    self.answered(waiting, answer, now, out);
                }
            }
            ClientEvent::Heard { conn, from, line } => self.heard(conn, from, line, out),
            ClientEvent::Heartbeat => {
                if let Phase::Talking(session) = &self.phase {
                    let line = session.request("heartbeat", "");
                    out.push(ClientAction::Request(Exchange::Heartbeat, line));
                    out.push(ClientAction::HeartbeatAt(now.checked_add(self.heartbeat)));
                }
            }
            ClientEvent::Leave => match &self.phase {
                Phase::Talking(session) if self.waiting.is_none() => {
                    let line = session.request("logout", "");
                    out.push(ClientAction::Request(Exchange::Request, line));
                    self.waiting = Some(Waiting::Logout);
                }
                _ => {}
            },
        }
        self.go_on(now, out);
    }

    /// Deals with the next lines, as far as they need no answer, and leaves after the last.
    fn go_on(&mut self, now: Instant, out: &mut Vec<ClientAction<C>>) {
        while self.waiting.is_none() {
            let Some(line) = self.lines.pop_front() else { break };
            if line.len() > self.max_line {
                let (length, limit) = (line.len(), self.max_line);
                out.push(ClientAction::Complain(format!(
                    "not sent: {length} bytes are more than the limit of {limit}"
                )));
                continue;
            }
            match &self.phase {
                Phase::Name => self.name(&line, out),
                Phase::Password(name) => {
                    let name = name.clone();
                    self.password(name, &line, out);
                }
                Phase::Talking(_) => self.command(&line, out),
                Phase::Over => return,
            }
        }
        if !self.ended || self.waiting.is_some() {
            return;
        }
        if !self.is_logged_in() {
            self.over(Outcome::Left, out);
        } else if !self.leaving {
            self.leaving = true;
            out.extend(now.checked_add(self.linger).map(ClientAction::LeaveAt));
        }
    }

    fn ask_name(&mut self, out: &mut Vec<ClientAction<C>>) {
        self.phase = Phase::Name;
        out.push(ClientAction::Show("Please enter username:".into()));
    }

    fn ask_password(&mut self, name: String, out: &mut Vec<ClientAction<C>>) {
        self.phase = Phase::Password(name);
        out.push(ClientAction::Show("Please enter password:".into()));
    }

    fn name(&mut self, line: &str, out: &mut Vec<ClientAction<C>>) {
        let name = line.trim();
        // No account has such a name, and the request would fall into other words.
        if name.is_empty() || name.contains(char::is_whitespace) {
            out.push(ClientAction::Show("Wrong username.".into()));
            return self.ask_name(out);
        }
        let (ip, port) = (self.listens.ip(), self.listens.port());
        let line = format!("login {name} {ip} {port}\n");
        out.push(ClientAction::Request(Exchange::Request, line));
        self.waiting = Some(Waiting::Login { name: name.to_owned() });
    }

    fn password(&mut self, name: String, line: &str, out: &mut Vec<ClientAction<C>>) {
        let password = line.trim();
        if password.is_empty() || password.contains(char::is_whitespace) {
            out.push(ClientAction::Show("Wrong format: a password is one word.".into()));
            return self.ask_password(name, out);
        }
        let (ip, port) = (self.listens.ip(), self.listens.port());
        // The leading zero says that we understand receipts.
        let line = format!("check_password {name} {password} 0{} {ip} {port}\n", self.wrong + 1);
        out.push(ClientAction::Request(Exchange::Request, line));
        self.waiting = Some(Waiting::Check { name });
    }

    fn command(&mut self, line: &str, out: &mut Vec<ClientAction<C>>) {
        let Phase::Talking(session) = &self.phase else { return };
        let (line, waiting) = match Command::parse(line) {
            Ok(Command::Ask { verb, rest }) => {
                (session.request(verb, rest), Waiting::Ask { line: line.to_owned() })
            }
            Ok(Command::GetAddress { target }) => {
                let waiting = Waiting::GetAddress { target: target.to_owned() };
                (session.request("getaddress", target), waiting)
            }
            Ok(Command::Logout) => (session.request("logout", ""), Waiting::Logout),
            Ok(Command::Private { target, text }) => {
                let Some(&to) = session.addresses.get(target) else {
                    return out.push(ClientAction::Show(format!(
                        "You do not have the address of {target}. You may type: getaddress {target}"
                    )));
                };
                let line = format!("private {}: {text}", session.name);
                self.waiting = Some(Waiting::Private);
                return out.push(ClientAction::Private { to, line });
            }
            Err(usage) => return out.push(ClientAction::Show(format!("Wrong format. {usage}"))),
        };
        out.push(ClientAction::Request(Exchange::Request, line));
        self.waiting = Some(waiting);
    }

    fn answered(
        &mut self,
        waiting: Waiting,
        answer: Result<&str, &str>,
        now: Instant,
        out: &mut Vec<ClientAction<C>>,
    ) {
        let answer = match (waiting, answer) {
            (Waiting::Private, Ok(_)) => return,
            (Waiting::Private, Err(_)) => {
                for line in [
                    "Connect failed. Maybe the user's ip has changed.",
                    "You may type: message <username> <message> to leave an offline message.",
                ] {
                    out.push(ClientAction::Show(line.into()));
                }
                return;
            }
            (Waiting::Logout, _) => return self.logged_out(None, out),
            (Waiting::Login { .. } | Waiting::Check { .. }, Err(why)) => {
                out.push(ClientAction::Complain(why.to_owned()));
                return self.over(Outcome::Unreachable, out);
            }
            (Waiting::Login { name }, Ok(answer)) => {
                match answer {
                    answers::RIGHT_USERNAME => return self.ask_password(name, out),
                    answers::NO_SUCH_USER => out.push(ClientAction::Show("Wrong username.".into())),
                    _ => self.strange(answer, out),
                }
                return self.ask_name(out);
            }
            (Waiting::Check { name }, Ok(answer)) => {
                self.checked(name, answer, now, out);
                for (conn, from, line) in std::mem::take(&mut self.early) {
                    self.heard(conn, from, &line, out);
                }
                return;
            }
            (Waiting::GetAddress { target }, Ok(answers::NOT_ONLINE)) => {
                let text = format!("{target} is not online. Can't get the address.");
                return out.push(ClientAction::Show(text));
            }
            (Waiting::GetAddress { target }, answer) => (format!("getaddress {target}"), answer),
            (Waiting::Ask { line }, answer) => (line, answer),
        };
        let (line, answer) = match answer {
            (line, Ok(answer)) => (line, answer),
            (line, Err(why)) => {
                return out.push(ClientAction::Complain(format!("not sent: `{line}`: {why}")));
            }
        };
        let Phase::Talking(session) = &self.phase else { return };
        match (answer, &session.token) {
            (answers::NOT_LOGGED_IN, _) => {
                self.logged_out(Some("The server no longer knows this session."), out);
            }
            (OK, Some(_)) | ("", None) => {}
            ("", Some(_)) => out.push(ClientAction::Complain(format!(
                "perhaps not sent: `{line}`: the server ended before it answered"
            ))),
            (answer, _) => out.push(ClientAction::Show(answer.to_owned())),
        }
    }

    fn checked(
        &mut self,
        name: String,
        answer: &str,
        now: Instant,
        out: &mut Vec<ClientAction<C>>,
    ) {
        if let Some(token) = is_logged_in(answer) {
            self.phase = Phase::Talking(Session { name, token, addresses: HashMap::new() });
            self.wrong = 0;
            self.out_of_reach = false;
            out.push(ClientAction::Show("You have successfully logged in.".into()));
            return out.push(ClientAction::HeartbeatAt(now.checked_add(self.heartbeat)));
        }
        match answer {
            answers::WRONG_PASSWORD => {
                self.wrong += 1;
                if self.wrong >= TRIES {
                    self.wrong = 0;
                    let text = "You have entered wrong password three times. You will be blocked \
                                for 30 seconds.";
                    out.push(ClientAction::Show(text.into()));
                    return self.ask_name(out);
                }
            }
            answers::STILL_BLOCKED => {
                let text = "You are still blocked, please try again later";
                out.push(ClientAction::Show(text.into()));
            }
            _ => {
                self.strange(answer, out);
                return self.ask_name(out);
            }
        }
        self.ask_password(name, out);
    }

    fn strange(&self, answer: &str, out: &mut Vec<ClientAction<C>>) {
        out.push(match answer {
            "" => ClientAction::Complain("the server gave no answer".into()),
            answer => ClientAction::Show(answer.to_owned()),
        });
    }

    fn heard_heart(&mut self, answer: Result<&str, &str>, out: &mut Vec<ClientAction<C>>) {
        if !self.is_logged_in() {
            return;
        }
        match answer {
            Ok(answers::NOT_LOGGED_IN) => {
                self.logged_out(Some("The server no longer knows this session."), out);
            }
            Ok(_) if std::mem::take(&mut self.out_of_reach) => {
                out.push(ClientAction::Complain("the server is there again".into()));
            }
            Err(why) if !std::mem::replace(&mut self.out_of_reach, true) => {
                out.push(ClientAction::Complain(format!("{why}; still trying")));
            }
            _ => {}
        }
    }

    /// Back to the login, perhaps for a reason the user does not know.
    fn logged_out(&mut self, why: Option<&str>, out: &mut Vec<ClientAction<C>>) {
        out.push(ClientAction::HeartbeatAt(None));
        if let Some(why) = why {
            out.push(ClientAction::Show(format!("You have been logged out. {why}")));
        }
        if self.leaving {
            return self.over(Outcome::Left, out);
        }
        self.ask_name(out);
    }

    fn heard(&mut self, conn: C, from: IpAddr, line: &str, out: &mut Vec<ClientAction<C>>) {
        // The server's first push may overtake its answer to the password.
        if let Some(Waiting::Check { .. }) = self.waiting {
            if self.early.len() < EARLY {
                return self.early.push((conn, from, line.to_owned()));
            }
            return out.push(ClientAction::Receipt(conn, None));
        }
        let mut proof = None;
        if let Phase::Talking(session) = &self.phase {
            match (Push::parse(line), &session.token) {
                (Some(Push::Private { name, text }), _) => {
                    let known = session.addresses.get(name);
                    if known.is_none_or(|known| known.ip() == from.to_canonical()) {
                        out.push(ClientAction::Show(format!("{name} (private): {text}")));
                    }
                }
                (Some(Push::With { token, id, push }), Some(secret)) if secret.is(token) => {
                    proof = Some(receipt(id));
                    if self.seen.insert(id)
                        && let Some(push) = Push::parse(push)
                    {
                        self.push(&push, out);
                    }
                }
                // Without a token, the server is known by its address only.
                (Some(push), None) if self.servers.contains(&from.to_canonical()) => {
                    self.push(&push, out);
                }
                _ => {}
            }
        }
        out.push(ClientAction::Receipt(conn, proof));
    }

    fn push(&mut self, push: &Push<'_>, out: &mut Vec<ClientAction<C>>) {
        match *push {
            Push::Print(text) => out.push(ClientAction::Show(text.to_owned())),
            Push::Logout => {
                self.logged_out(Some("Somebody has logged in elsewhere as this user."), out);
            }
            Push::Address { name, address } => {
                if let Phase::Talking(session) = &mut self.phase {
                    session.addresses.insert(name.to_owned(), address);
                }
                let (ip, port) = (address.ip(), address.port());
                out.push(ClientAction::Show("got address!".into()));
                out.push(ClientAction::Show(format!("{name} {ip} {port}")));
            }
            Push::Refused(name) => {
                out.push(ClientAction::Show(format!("{name} refused to have a private talk.")));
            }
            Push::Private { .. } | Push::With { .. } => {}
        }
    }

    fn over(&mut self, outcome: Outcome, out: &mut Vec<ClientAction<C>>) {
        if !matches!(self.phase, Phase::Over) {
            self.phase = Phase::Over;
            out.push(ClientAction::Over(outcome));
        }
    }
}

impl Session {
    /// A request of this session, with its line feed.
    fn request(&self, verb: &str, rest: &str) -> String {
        let mut line = String::new();
        if let Some(token) = &self.token {
            line = format!("{WITH}{token} ");
        }
        line.push_str(verb);
        // The one request that names nobody.
        if verb != "online" {
            line.push(' ');
            line.push_str(&self.name);
        }
        if !rest.is_empty() {
            line.push(' ');
            line.push_str(rest);
        }
        line.push('\n');
        line
    }
}
